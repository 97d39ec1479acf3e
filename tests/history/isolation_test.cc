// Verdicts on transactions against plain definitions, on small random histories.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>

#include "sim/base/random.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

std::uint64_t attempts() {
  const char* more = std::getenv("BALLAST_FUZZ");
  return more == nullptr ? 3000 : std::strtoull(more, nullptr, 10);
}

// Transactions that overlap, each micro-operation at an instant of its own: serial or not as the
// dice fall, and now and then a read of something older.
TransactionHistory random_transactions(TransactionModel model, std::uint64_t seed, bool serial) {
  Stream dice(seed, Purpose::operation, 0);
  TransactionHistory history;
  const std::uint64_t keys = 2;
  const std::uint64_t count = 2 + dice.below(3);
  history.keys = {"x", "y"};
  struct Instant {
    std::uint64_t at = 0;
    std::uint32_t micro = 0;
    std::uint32_t transaction = 0;
  };
  std::vector<Instant> instants;
  Word fresh = 1;
  for (std::uint32_t t = 0; t < count; ++t) {
    Transaction transaction;
    transaction.process = t;
    const std::uint64_t begin = dice.below(8);
    const std::uint64_t length = 2 + dice.below(8);
    transaction.invoked = Time{static_cast<std::int64_t>(begin * 10)};
    transaction.ended = Time{static_cast<std::int64_t>((begin + length) * 10)};
    transaction.first = static_cast<std::uint32_t>(history.micros.size());
    transaction.count = static_cast<std::uint32_t>(1 + dice.below(3));
    const std::uint64_t fate = dice.below(10);
    transaction.fate = fate == 0 ? Fate::aborted : fate == 1 ? Fate::unknown : Fate::committed;
    const std::uint64_t together = begin * 10 + dice.below(length * 10);
    std::uint64_t last = begin * 10;
    for (std::uint32_t i = 0; i < transaction.count; ++i) {
      Micro micro;
      micro.key = static_cast<std::uint32_t>(dice.below(keys));
      micro.is_write = dice.below(2) == 0;
      if (micro.is_write) micro.value = fresh++;
      last = std::min(last + dice.below(length * 5), (begin + length) * 10);
      instants.push_back(
          {serial ? together : last, static_cast<std::uint32_t>(history.micros.size()), t});
      history.micros.push_back(micro);
    }
    history.transactions.push_back(transaction);
  }
  std::stable_sort(instants.begin(), instants.end(), [](const Instant& a, const Instant& b) {
    return a.at != b.at ? a.at < b.at : a.transaction < b.transaction;
  });
  std::vector<std::vector<Word>> pasts(keys, std::vector<Word>{nil});
  for (const Instant& instant : instants) {
    Micro& micro = history.micros[instant.micro];
    const Fate fate = history.transactions[instant.transaction].fate;
    std::vector<Word>& past = pasts[micro.key];
    if (!micro.is_write) {
      const std::uint64_t age = dice.below(12) == 0 ? dice.below(past.size()) : 0;
      if (fate == Fate::committed) micro.value = past[past.size() - 1 - age];
    } else if (fate == Fate::committed || dice.below(4) == 0) {
      past.push_back(model == TransactionModel::list_append
                         ? history.values.extended(past.back(), micro.value)
                         : micro.value);
    }
  }
  put_in_order(history);
  return history;
}

std::string in_lines(const TransactionHistory& history) {
  std::string text;
  for (const Transaction& each : history.transactions) {
    text += "  " + std::to_string(each.invoked.ns) + ".." + std::to_string(each.ended.ns) + " " +
            (each.fate == Fate::committed ? "ok: "
             : each.fate == Fate::aborted ? "fail: "
                                          : "info: ") +
            say(history, each) + "\n";
  }
  return text;
}

// Strict serializability by the book: some of the unknown ones, all of the committed ones, one
// after the other, none before one that had returned when it was called.
bool plainly_serializable(const TransactionHistory& history, TransactionModel model, bool strict) {
  std::vector<std::uint32_t> members;
  std::vector<std::uint32_t> maybe;
  for (std::uint32_t t = 0; t < history.transactions.size(); ++t) {
    const Fate fate = history.transactions[t].fate;
    if (fate == Fate::committed) members.push_back(t);
    if (fate == Fate::unknown) maybe.push_back(t);
  }
  const auto executes = [&](const std::vector<std::uint32_t>& order) {
    std::map<std::uint32_t, std::vector<Word>> store;  // a list, or one value
    for (const std::uint32_t t : order) {
      const Transaction& transaction = history.transactions[t];
      for (const Micro* micro = history.begin_of(transaction); micro != history.end_of(transaction);
           ++micro) {
        std::vector<Word>& value = store[micro->key];
        if (micro->is_write) {
          if (model == TransactionModel::rw_register) value.clear();
          value.push_back(micro->value);
        } else if (transaction.fate == Fate::committed) {
          const std::vector<Word> read = model == TransactionModel::list_append
                                             ? history.values.elements(micro->value)
                                         : micro->value == nil ? std::vector<Word>{}
                                                               : std::vector<Word>{micro->value};
          if (read != value) return false;
        }
      }
    }
    return true;
  };
  for (std::uint32_t chosen = 0; chosen < 1U << maybe.size(); ++chosen) {
    std::vector<std::uint32_t> order = members;
    for (std::size_t i = 0; i < maybe.size(); ++i) {
      if ((chosen >> i & 1U) != 0) order.push_back(maybe[i]);
    }
    std::sort(order.begin(), order.end());
    do {
      bool in_time = true;
      for (std::size_t i = 0; strict && i < order.size(); ++i) {
        for (std::size_t j = i + 1; j < order.size(); ++j) {
          in_time = in_time &&
                    history.transactions[order[j]].returned > history.transactions[order[i]].called;
        }
      }
      if (in_time && executes(order)) return true;
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return false;
}

void compare_with_definition(TransactionModel model, Isolation isolation, bool may_be_unknown) {
  std::uint64_t held = 0;
  std::uint64_t decided = 0;
  for (std::uint64_t seed = 1; seed <= attempts(); ++seed) {
    const TransactionHistory history = random_transactions(model, seed, seed % 2 == 0);
    const TransactionVerdict verdict = judge_transactions(history, model, isolation);
    const bool holds =
        plainly_serializable(history, model, isolation == Isolation::strict_serializable);
    INFO("seed ", seed, "\n", in_lines(history), as_text(history, model, isolation, verdict));
    if (verdict.answer == Holds::unknown && may_be_unknown) continue;
    ++decided;
    held += holds ? 1 : 0;
    REQUIRE(verdict.answer == (holds ? Holds::yes : Holds::no));
  }
  CHECK(held > decided / 20);
  CHECK(held < decided - decided / 20);
  CHECK(decided > attempts() * 3 / 4);
}

// --- Adya's graph by the book, for lists ---------------------------------------------------------

struct PlainGraph {
  static constexpr int ww_arc = 1;
  static constexpr int wr_arc = 2;
  static constexpr int rw_arc = 4;
  std::vector<std::vector<int>> arcs;  // from, to: a set of kinds

  // The history was made by a store, so that the longest read of a key tells the versions.
  explicit PlainGraph(const TransactionHistory& history) {
    const std::size_t n = history.transactions.size();
    arcs.assign(n, std::vector<int>(n, 0));
    std::vector<std::vector<Word>> versions(history.keys.size());
    std::map<Word, std::size_t> writer;
    for (std::size_t t = 0; t < n; ++t) {
      const Transaction& transaction = history.transactions[t];
      for (const Micro* m = history.begin_of(transaction); m != history.end_of(transaction); ++m) {
        if (m->is_write) {
          writer[m->value] = t;
        } else if (transaction.fate == Fate::committed) {
          const std::vector<Word> read = history.values.elements(m->value);
          if (read.size() > versions[m->key].size()) versions[m->key] = read;
        }
      }
    }
    const auto arc = [&](std::size_t a, std::size_t b, int kind) {
      const bool aborted = history.transactions[a].fate == Fate::aborted ||
                           history.transactions[b].fate == Fate::aborted;
      if (a != b && !aborted) arcs[a][b] |= kind;
    };
    for (const std::vector<Word>& order : versions) {
      for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t j = i + 1; j < order.size(); ++j) {
          arc(writer[order[i]], writer[order[j]], ww_arc);
        }
      }
    }
    for (std::size_t t = 0; t < n; ++t) {
      const Transaction& transaction = history.transactions[t];
      if (transaction.fate != Fate::committed) continue;
      std::vector<bool> touched(history.keys.size(), false);
      for (const Micro* m = history.begin_of(transaction); m != history.end_of(transaction); ++m) {
        if (!m->is_write && !touched[m->key]) {
          const std::vector<Word> read = history.values.elements(m->value);
          for (const Word element : read) arc(writer[element], t, wr_arc);
          for (std::size_t i = read.size(); i < versions[m->key].size(); ++i) {
            const std::size_t other = writer[versions[m->key][i]];
            if (other == t) break;  // its own version is the next, and others follow that
            const bool same = !read.empty() && other == writer[read.back()];
            if (!same) arc(t, other, rw_arc);
          }
        }
        touched[m->key] = true;
      }
    }
  }

  // Whether a closed walk of the kinds has an arc of `needed`.
  bool cycle(int kinds, int needed) const {
    const std::size_t n = arcs.size();
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n, false));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) reach[i][j] = (arcs[i][j] & kinds) != 0 || i == j;
    }
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;
        }
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if ((arcs[i][j] & needed) != 0 && reach[j][i]) return true;
      }
    }
    return false;
  }
};

}  // namespace

TEST_CASE("lists are serializable if and only if some serial order explains them") {
  compare_with_definition(TransactionModel::list_append, Isolation::serializable, false);
}
TEST_CASE("lists are strictly serializable if and only if such an order agrees with time") {
  compare_with_definition(TransactionModel::list_append, Isolation::strict_serializable, false);
}
TEST_CASE("registers are never said to be serializable or not against the truth") {
  compare_with_definition(TransactionModel::rw_register, Isolation::serializable, true);
  compare_with_definition(TransactionModel::rw_register, Isolation::strict_serializable, true);
}

TEST_CASE("G0, G1c and G2-item are there exactly when the plain graph has such a cycle") {
  std::uint64_t seen[3] = {0, 0, 0};
  for (std::uint64_t seed = 1; seed <= attempts(); ++seed) {
    const TransactionHistory history =
        random_transactions(TransactionModel::list_append, seed, false);
    const TransactionVerdict verdict =
        judge_transactions(history, TransactionModel::list_append, Isolation::strict_serializable);
    const auto has = [&](AnomalyKind kind) {
      return std::any_of(verdict.anomalies.begin(), verdict.anomalies.end(),
                         [&](const Anomaly& each) {
                           return each.kind == kind && each.besides == Besides::nothing;
                         });
    };
    // A version that nobody saw is not in the plain graph, nor one of two that do not fit.
    bool all_seen = !has(AnomalyKind::incompatible_order);
    for (const Transaction& each : history.transactions) {
      if (each.fate == Fate::aborted) continue;
      std::size_t writes = 0;
      std::size_t seen_ones = 0;
      for (const Micro* m = history.begin_of(each); m != history.end_of(each); ++m) {
        if (!m->is_write) continue;
        ++writes;
        seen_ones +=
            std::any_of(history.micros.begin(), history.micros.end(),
                        [&](const Micro& o) {
                          if (o.is_write || o.key != m->key) return false;
                          const std::vector<Word> read = history.values.elements(o.value);
                          return std::find(read.begin(), read.end(), m->value) != read.end();
                        })
                ? 1
                : 0;
      }
      const bool none_seen = each.fate == Fate::unknown && seen_ones == 0;
      all_seen = all_seen && (seen_ones == writes || none_seen);
    }
    if (!all_seen) continue;
    const PlainGraph plain(history);
    INFO("seed ", seed, "\n", in_lines(history),
         as_text(history, TransactionModel::list_append, Isolation::serializable, verdict));
    const int w = PlainGraph::ww_arc;
    const int r = PlainGraph::wr_arc;
    const int a = PlainGraph::rw_arc;
    REQUIRE(has(AnomalyKind::g0) == plain.cycle(w, w));
    REQUIRE(has(AnomalyKind::g1c) == plain.cycle(w | r, r));
    const bool any_rw =
        has(AnomalyKind::g_single) || has(AnomalyKind::g_nonadjacent) || has(AnomalyKind::g2_item);
    REQUIRE(any_rw == plain.cycle(w | r | a, a));
    seen[0] += has(AnomalyKind::g0) ? 1 : 0;
    seen[1] += has(AnomalyKind::g1c) ? 1 : 0;
    seen[2] += any_rw ? 1 : 0;
  }
  for (const std::uint64_t each : seen) CHECK(each > attempts() / 500);
}

}  // namespace ballast::history
