// Each weaker model against its definition, tried in every way on small random histories.
#include "sim/history/consistency.h"

#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "sim/base/describe.h"
#include "sim/history/reads_from.h"
#include "sim/history/sequential.h"
#include "tests/history/histories.h"
#include "tests/history/weak_histories.h"

namespace ballast::history {
namespace {

// --- The definitions, by trying every order of the writes ---------------------------------------

using Set = std::set<std::size_t>;
constexpr std::size_t nothing = 1000;  // the write that was there before the first

struct Plain {
  const History& h;
  std::vector<std::size_t> writes;  // that may have happened

  explicit Plain(const History& history) : h(history) {
    for (std::size_t i = 0; i < h.operations.size(); ++i) {
      if (h.operations[i].action == Action::write) writes.push_back(i);
    }
  }
  bool is_read(std::size_t i) const {
    return h.operations[i].action == Action::read && h.operations[i].known();
  }
  // What the read saw, where each value is written once.
  std::optional<std::size_t> seen(std::size_t read) const {
    const Operation& r = h.operations[read];
    if (r.result == nil) return nothing;
    for (const std::size_t w : writes) {
      const Operation& op = h.operations[w];
      if (op.object == r.object && op.argument == r.result && op.called < r.returned) return w;
    }
    return std::nullopt;
  }
  bool session_before(std::size_t a, std::size_t b) const {
    return a < b && h.operations[a].process == h.operations[b].process;
  }
  template <class F>
  bool some_order(F allows) const {
    std::vector<std::size_t> order = writes;
    std::sort(order.begin(), order.end());
    do {
      std::map<std::size_t, std::size_t> place;
      for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i + 1;
      place[nothing] = 0;
      if (allows(place)) return true;
    } while (std::next_permutation(order.begin(), order.end()));
    return false;
  }
  // The write that a read returns of those that are visible to it is the last of them.
  bool returns_last(std::size_t read, const Set& visible,
                    std::map<std::size_t, std::size_t>& place) const {
    const std::size_t writer = *seen(read);
    for (const std::size_t w : visible) {
      if (w != nothing && h.operations[w].object == h.operations[read].object &&
          place[w] > place[writer]) {
        return false;
      }
    }
    return true;
  }
  bool agrees_with_time(std::map<std::size_t, std::size_t>& place) const {
    for (const std::size_t a : writes) {
      for (const std::size_t b : writes) {
        if (h.operations[a].known() && h.operations[a].returned < h.operations[b].called &&
            h.operations[a].object == h.operations[b].object && place[a] > place[b]) {
          return false;
        }
      }
    }
    return true;
  }
};

bool plainly(const Plain& plain, Consistency model, WriteOrder writes) {
  const History& h = plain.h;
  const std::size_t n = h.operations.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (plain.is_read(i) && !plain.seen(i)) return false;
  }
  const bool all = model == Consistency::session;
  const bool mw = all || model == Consistency::monotonic_writes;
  const bool wfr = all || model == Consistency::writes_follow_reads;
  const bool ryw = all || model == Consistency::read_your_writes;
  const bool mr = all || model != Consistency::read_your_writes;
  const bool time = writes == WriteOrder::time && model != Consistency::monotonic_writes &&
                    model != Consistency::writes_follow_reads;
  return plain.some_order([&](std::map<std::size_t, std::size_t>& place) {
    if (time && !plain.agrees_with_time(place)) return false;
    std::vector<Set> visible(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (plain.is_read(i)) visible[i].insert(*plain.seen(i));
      for (std::size_t before = 0; before < i; ++before) {
        if (!plain.session_before(before, i)) continue;
        const bool wrote = h.operations[before].action == Action::write;
        if (plain.is_read(i)) {
          if (ryw && wrote) visible[i].insert(before);
          if (mr) visible[i].insert(visible[before].begin(), visible[before].end());
        } else if (h.operations[i].action == Action::write) {
          if (mw && wrote && place[before] > place[i]) return false;
          if (!wfr || !plain.is_read(before)) continue;
          for (const std::size_t w : visible[before]) {
            if (place[w] > place[i]) return false;
          }
        }
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (plain.is_read(i) && !plain.returns_last(i, visible[i], place)) return false;
    }
    return true;
  });
}

bool plainly_causal(const Plain& plain) {
  const History& h = plain.h;
  const std::size_t n = h.operations.size();
  std::vector<std::vector<bool>> before(n, std::vector<bool>(n, false));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) before[i][j] = before[i][j] || plain.session_before(i, j);
    if (!plain.is_read(i)) continue;
    if (!plain.seen(i)) return false;
    if (*plain.seen(i) != nothing) before[*plain.seen(i)][i] = true;
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (before[i][k] && before[k][j]) before[i][j] = true;
      }
    }
  }
  return plain.some_order([&](std::map<std::size_t, std::size_t>& place) {
    for (const std::size_t a : plain.writes) {
      for (const std::size_t b : plain.writes) {
        if (before[a][b] && place[a] > place[b]) return false;
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (!plain.is_read(i)) continue;
      Set visible;
      for (const std::size_t w : plain.writes) {
        if (before[w][i]) visible.insert(w);
      }
      if (!plain.returns_last(i, visible, place)) return false;
    }
    return true;
  });
}

// Lamport's definition, by trying every interleaving.
bool plainly_sequential(const History& h, const std::vector<Machine>& objects,
                        std::vector<std::vector<std::uint32_t>> sessions) {
  bool over = true;
  for (std::size_t s = 0; s < sessions.size(); ++s) {
    if (sessions[s].empty()) continue;
    const Operation& op = h.operations[sessions[s].front()];
    over = over && !op.known();
    std::vector<Machine> next = objects;
    if (!next[op.object].apply(op)) continue;
    std::vector<std::vector<std::uint32_t>> rest = sessions;
    rest[s].erase(rest[s].begin());
    if (plainly_sequential(h, next, rest)) return true;
  }
  return over;
}

// The plain search again, where a read returns one of the last values.
bool plainly_stale(const History& h, std::vector<Word> last, std::size_t versions,
                   std::vector<bool>& taken) {
  std::uint32_t first_return = Operation::never;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i] && h.operations[i].known()) {
      first_return = std::min(first_return, h.operations[i].returned);
    }
  }
  if (first_return == Operation::never) return true;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const Operation& op = h.operations[i];
    if (taken[i] || op.called > first_return) continue;
    std::vector<Word> next = last;
    if (op.action == Action::read) {
      if (op.known() && std::find(last.begin(), last.end(), op.result) == last.end()) continue;
    } else if (op.action == Action::cas && op.outcome == Outcome::refused) {
      if (last.front() == op.expected) continue;
    } else {
      if (op.action == Action::cas && last.front() != op.expected) continue;
      next.insert(next.begin(), op.argument);
      if (next.size() > versions) next.pop_back();
    }
    taken[i] = true;
    const bool found = plainly_stale(h, next, versions, taken);
    taken[i] = false;
    if (found) return true;
  }
  return false;
}

template <class F, class G>
void both_verdicts(const WeakShape& shape, F checked, G plainly_so, bool may_be_unknown = false) {
  std::uint64_t held = 0;
  std::uint64_t decided = 0;
  for (std::uint64_t seed = 1; seed <= trials(); ++seed) {
    const History history = weak_history(shape, seed);
    const ConsistencyVerdict verdict = checked(history);
    INFO("seed ", seed, "\n", words_of(history));
    for (const Breach& breach : verdict.breaches) INFO(breach.sentence);
    const bool holds = plainly_so(history);
    if (verdict.answer == Holds::unknown && may_be_unknown) continue;
    ++decided;
    held += holds ? 1 : 0;
    REQUIRE(verdict.answer == (holds ? Holds::yes : Holds::no));
    CHECK(verdict.breaches.empty() == holds);
  }
  CHECK(held > decided / 20);
  CHECK(held < decided - decided / 20);
  CHECK(decided > trials() / 10);
}

WantedConsistency wanted(Consistency model, WriteOrder writes = WriteOrder::time) {
  WantedConsistency result;
  result.model = model;
  result.writes = writes;
  return result;
}

void against_definition(Consistency model, WriteOrder writes, const WeakShape& shape) {
  both_verdicts(
      shape, [&](const History& h) { return judge_sessions(h, wanted(model, writes)); },
      [&](const History& h) { return plainly(Plain(h), model, writes); });
}

}  // namespace

TEST_CASE("session guarantees are judged as their definitions say") {
  const WeakShape shape;
  const WeakShape one_key{6, 3, 1, true, false};
  for (const Consistency model :
       {Consistency::session, Consistency::monotonic_reads, Consistency::read_your_writes,
        Consistency::monotonic_writes, Consistency::writes_follow_reads}) {
    CAPTURE(name_of(model));
    against_definition(model, WriteOrder::time, shape);
    against_definition(model, WriteOrder::time, one_key);
  }
  against_definition(Consistency::session, WriteOrder::any, shape);
  against_definition(Consistency::monotonic_reads, WriteOrder::any, one_key);
}

TEST_CASE("causal consistency is judged as its definition says") {
  both_verdicts(
      {8, 3, 2, true, false}, [](const History& h) { return judge_causal(h, 0); },
      [](const History& h) { return plainly_causal(Plain(h)); });
}

TEST_CASE("sequential consistency is judged as every interleaving says") {
  const auto plain = [](Model model) {
    return [model](const History& h) {
      return plainly_sequential(h, std::vector<Machine>(h.objects.size(), Machine(model, h.values)),
                                by_session(h));
    };
  };
  const auto checked = [](Model model) {
    return [model](const History& h) { return judge_sequential(h, model, {}); };
  };
  both_verdicts({8, 3, 2, true, false}, checked(Model::reg), plain(Model::reg));
  both_verdicts({8, 3, 2, false, false}, checked(Model::reg), plain(Model::reg));
  both_verdicts({8, 3, 2, false, true}, checked(Model::cas_register), plain(Model::cas_register));
  both_verdicts({8, 3, 2, true, true}, checked(Model::cas_register), plain(Model::cas_register));
  for (const Model model :
       {Model::queue, Model::lock, Model::counter, Model::set, Model::append_list, Model::kv}) {
    CAPTURE(name_of(model));
    for (std::uint64_t seed = 1; seed <= trials() / 10; ++seed) {
      const History history = RandomHistory(model, {6, 3, 3, 4, 2, true}, seed).make();
      const ConsistencyVerdict verdict = judge_sequential(history, model, {});
      INFO("seed ", seed, "\n", words_of(history));
      REQUIRE(verdict.answer == (plain(model)(history) ? Holds::yes : Holds::no));
    }
  }
}

TEST_CASE("what contradicts sequential consistency does so by itself, and any fewer do not") {
  std::uint64_t failed = 0;
  std::uint64_t smaller = 0;
  for (const Model model : {Model::reg, Model::cas_register, Model::queue, Model::counter}) {
    CAPTURE(name_of(model));
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
      const History history = RandomHistory(model, {7, 3, 3, 5, 2, true}, seed).make();
      if (judge_sequential(history, model, {}).answer != Holds::no) continue;
      ++failed;
      const std::vector<std::uint32_t> core = sequential_core(history, model, {});
      INFO("seed ", seed, "\n", words_of(history));
      // Everything but these relaxed, and perhaps one more of them.
      const auto fails = [&](std::uint32_t but) {
        History part = history;
        std::vector<Operation> kept;
        for (std::uint32_t i = 0; i < part.operations.size(); ++i) {
          Operation op = part.operations[i];
          const bool relaxed = !std::binary_search(core.begin(), core.end(), i) || i == but;
          if (op.known() && relaxed) {
            if (op.action == Action::read || op.outcome == Outcome::refused) continue;
            op.outcome = Outcome::unknown;
            op.returned = Operation::never;
            op.process = 100 + i;
            if (op.action == Action::dequeue) op.result = nil;
          }
          kept.push_back(op);
        }
        part.operations = kept;
        return !plainly_sequential(
            part, std::vector<Machine>(part.objects.size(), Machine(model, part.values)),
            by_session(part));
      };
      REQUIRE(!core.empty());
      REQUIRE(fails(Operation::never));
      for (const std::uint32_t needed : core) REQUIRE(!fails(needed));
      smaller += core.size() < history.operations.size() ? 1 : 0;
    }
  }
  CHECK(failed > 100);
  CHECK(smaller > failed / 2);
}

TEST_CASE("two tuples have one number if and only if they are equal") {
  Stream dice(1, Purpose::operation, 0);
  for (const std::size_t size : std::array<std::size_t, 5>{1, 2, 3, 8, 13}) {
    std::vector<std::uint32_t> tuple(size, 0);
    Identity identity(tuple);
    std::map<std::vector<std::uint32_t>, std::uint32_t> numbers{{tuple, identity.number()}};
    std::set<std::uint32_t> taken{identity.number()};
    for (int step = 0; step < 3000; ++step) {
      const std::uint64_t changes = 1 + dice.below(3);
      for (std::uint64_t i = 0; i < changes; ++i) {
        const std::uint64_t at = dice.below(size);
        tuple[at] = static_cast<std::uint32_t>(dice.below(4));
        identity.set(at, tuple[at]);
      }
      const std::uint32_t number = identity.number();
      const auto [place, fresh] = numbers.emplace(tuple, number);
      REQUIRE(place->second == number);
      REQUIRE(taken.insert(number).second == fresh);
    }
  }
}

TEST_CASE("the verifier of sequential orders objects to wrong ones") {
  const History h = written({"0 write x 1", "0 write x 2", "1 read x 1"});
  CHECK(refute_order(h, Model::reg, {0, 2, 1}).empty());
  CHECK(refute_order(h, Model::reg, {1, 0, 2}).find("later") != std::string::npos);
  CHECK(refute_order(h, Model::reg, {0, 1, 2}).find("not legal") != std::string::npos);
  CHECK(refute_order(h, Model::reg, {0, 2}).find("left out") != std::string::npos);
  CHECK(refute_order(h, Model::reg, {0, 2, 2, 1}).find("twice") != std::string::npos);
}

TEST_CASE("states that are large count against the memory of a search") {
  // Only a search finds that the dequeue comes first; then each enqueue leaves a longer queue.
  History history;
  history.objects = {""};
  for (std::int64_t i = 1; i <= 2500; ++i) {
    Operation op;
    op.action = i == 2500 ? Action::dequeue : Action::enqueue;
    op.outcome = i == 2500 ? Outcome::refused : Outcome::ok;
    op.argument = i == 2500 ? nil : i;
    op.process = op.owner = i == 2500 ? 1 : 0;
    op.invoked = Time{2 * i};
    op.ended = Time{2 * i + 1};
    history.operations.push_back(op);
  }
  put_in_order(history);
  constexpr std::uint64_t megabyte = 1 << 20;
  CHECK(judge_sequential(history, Model::queue, {4 * megabyte}).answer == Holds::unknown);
  CHECK(judge_sequential(history, Model::queue, {256 * megabyte}).answer == Holds::yes);
}

TEST_CASE("bounded staleness is judged as the plain search says") {
  for (std::uint64_t versions = 1; versions <= 3; ++versions) {
    CAPTURE(versions);
    WantedConsistency bound = wanted(Consistency::bounded_staleness);
    bound.versions = versions;
    for (const bool unique : {true, false}) {
      both_verdicts(
          {8, 4, 1, unique, !unique},
          [&](const History& h) { return judge_staleness(h, Model::cas_register, bound, {}); },
          [&](const History& h) {
            std::vector<bool> taken(h.operations.size(), false);
            return plainly_stale(h, {nil}, versions, taken);
          });
    }
  }
  WantedConsistency bound = wanted(Consistency::bounded_staleness);
  bound.age = Duration{4};
  both_verdicts(
      {8, 4, 1, true, false},
      [&](const History& h) { return judge_staleness(h, Model::reg, bound, {}); },
      [&](const History& h) {
        History earlier = h;
        for (Operation& op : earlier.operations) {
          if (op.action == Action::read) op.invoked = Time{op.invoked.ns - 4};
        }
        put_in_order(earlier);
        return plainly_linearizable(earlier, Model::reg);
      });
}

TEST_CASE("where values were written twice, or a cas was refused, nothing false is said") {
  const WeakShape twice{7, 3, 2, false, false};
  both_verdicts(
      twice,
      [](const History& h) { return judge_sessions(h, wanted(Consistency::monotonic_reads)); },
      [](const History& h) {
        // Some choice of what each read saw must do; monotonic reads speak of one key at a time.
        const Plain plain(h);
        History unique = h;
        for (Operation& op : unique.operations) {
          if (op.action == Action::write) {
            op.argument = 100 + static_cast<Word>(&op - unique.operations.data());
          }
        }
        const std::function<bool(std::size_t)> some = [&](std::size_t i) {
          if (i == h.operations.size()) {
            return plainly(Plain(unique), Consistency::monotonic_reads, WriteOrder::time);
          }
          if (!plain.is_read(i) || h.operations[i].result == nil) return some(i + 1);
          for (const std::size_t w : plain.writes) {
            if (h.operations[w].object != h.operations[i].object ||
                h.operations[w].argument != h.operations[i].result) {
              continue;
            }
            unique.operations[i].result = unique.operations[w].argument;
            if (some(i + 1)) return true;
          }
          return false;
        };
        return some(0);
      },
      true);
}

TEST_CASE("sentences say which session saw what after what") {
  const auto sentence = [](const History& h, Consistency model) {
    const ConsistencyVerdict verdict = judge_sessions(h, wanted(model));
    REQUIRE(verdict.answer == Holds::no);
    REQUIRE(verdict.breaches.size() == 1);
    return verdict.breaches[0].sentence;
  };
  const History back = written({"0 write x 5", "0 write x 7", "1 read x 7", "1 read x 5"});
  CHECK(sentence(back, Consistency::monotonic_reads) ==
        "key x: process 1's read -> 5 (line 7 to line 8) came after its read -> 7 (line 5 to line "
        "6), but process 0's write 5 (line 1 to line 2) had returned when process 0's write 7 "
        "(line 3 to line 4) began");
  CHECK(sentence(back, Consistency::monotonic_writes)
            .find("process 0's write 5 (line 1 to line 2) came before its write 7") !=
        std::string::npos);
  CHECK(
      sentence(written({"1 write x 1", "0 write x 2", "0 read x 1"}), Consistency::read_your_writes)
          .find("process 0's read -> 1 (line 5 to line 6) came after its own write 2") !=
      std::string::npos);
  CHECK(sentence(written({"0 write x 1", "0 read x null"}), Consistency::session)
            .find("replaced the initial value") != std::string::npos);
  CHECK(sentence(written({"1 read x 9"}), Consistency::monotonic_reads)
            .find("saw 9, which nobody had begun to write") != std::string::npos);
}

}  // namespace ballast::history
