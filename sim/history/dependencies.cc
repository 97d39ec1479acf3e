// What both models of transactions have in common; see dependencies_list.cc and
// dependencies_register.cc.
#include <algorithm>

#include "sim/base/describe.h"
#include "sim/history/transactions.h"

namespace ballast::history {
namespace {

constexpr std::uint32_t most_of_a_kind = 8;  // anomalies that are kept

std::string place_of(const Transaction& t, const Values& values) {
  return t.line > 0 ? "line " + std::to_string(t.line)
                    : say_process(t.process, values) + " at " + to_text(t.invoked);
}

}  // namespace

Dependencies::Dependencies(const TransactionHistory& history, TransactionModel model)
    : history_(history),
      model_(model),
      graph_(static_cast<std::uint32_t>(history.transactions.size())) {
  by_key_.resize(history.keys.size());
  happened_.resize(history.transactions.size());
  for (std::uint32_t t = 0; t < happened_.size(); ++t) {
    happened_[t] = transaction(t).fate == Fate::committed;
  }
  collect_writes();
  for (std::uint32_t t = 0; t < happened_.size(); ++t) {
    if (transaction(t).fate == Fate::committed) check_internal(t);
  }
  if (model == TransactionModel::list_append) {
    measure_lists();
    find_paths();
    walk_paths();
    settle_fates();
    link_lists();
  } else {
    check_register_reads();
    settle_fates();
    link_registers();
  }
  check_lost_updates();
  add_session_order();
  add_real_time();
  graph_.finish();
}

void Dependencies::add(AnomalyKind kind, std::vector<std::uint32_t> transactions,
                       std::string reason) {
  ++anomaly_count_;
  if (of_kind_[static_cast<std::size_t>(kind)]++ >= most_of_a_kind) return;
  anomalies_.push_back({kind, Besides::nothing, std::move(transactions), {reason}, {}, reason});
}

std::string Dependencies::whom(std::uint32_t t) const {
  return place_of(transaction(t), history_.values);
}

bool Dependencies::external(const Transaction& t, const Micro* micro) const {
  return std::none_of(history_.begin_of(t), micro,
                      [&](const Micro& before) { return before.key == micro->key; });
}

bool Dependencies::writes_key(const Transaction& t, std::uint32_t key) const {
  return std::any_of(history_.begin_of(t), history_.end_of(t),
                     [&](const Micro& each) { return each.is_write && each.key == key; });
}

void Dependencies::collect_writes() {
  std::vector<bool> doubted(history_.keys.size(), false);
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (!micro->is_write) continue;
      const auto fresh = static_cast<std::uint32_t>(writes_.size());
      const std::uint32_t at =
          write_of_.insert(micro->key, static_cast<std::uint64_t>(micro->value), fresh);
      Write write{t, micro->key, micro->value, none, true, false, false};
      write.final = std::none_of(micro + 1, end, [&](const Micro& later) {
        return later.is_write && later.key == micro->key;
      });
      if (at != fresh) {
        write.ambiguous = writes_[at].ambiguous = true;
        if (!doubted[micro->key]) {
          doubts_.push_back("key " + history_.keys[micro->key] + ": " +
                            history_.values.say(micro->value) + " was written twice (" +
                            whom(writes_[at].transaction) + ", " + whom(t) +
                            "), so that nobody can tell which of them a read saw");
        }
        doubted[micro->key] = true;
      }
      writes_.push_back(write);
      by_key_[micro->key].push_back(fresh);
    }
  }
}

void Dependencies::observe(std::uint32_t reader, std::uint32_t write, bool last) {
  Write& seen = writes_[write];
  seen.observed = true;
  if (seen.ambiguous || seen.transaction == reader) return;
  const std::string what = history_.values.say(seen.value) + " in key " + history_.keys[seen.key];
  if (aborted(write)) {
    add(AnomalyKind::aborted_read, {seen.transaction, reader},
        "T2 saw " + what + ", which T1 had written, and T1 aborted");
  } else if (last && !seen.final) {
    add(AnomalyKind::intermediate_read, {seen.transaction, reader},
        "T2 saw " + what + ", which T1 had written and replaced before it committed");
  }
}

// A transaction whose writes were seen has committed, whatever its client was told.
void Dependencies::settle_fates() {
  for (const Write& write : writes_) {
    if (write.observed && !write.ambiguous &&
        transaction(write.transaction).fate == Fate::unknown) {
      happened_[write.transaction] = true;
    }
  }
}

// Two that read one version and wrote the next: the one that came first is lost.
void Dependencies::check_lost_updates() {
  PairTable first_of;
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate != Fate::committed) continue;
    const Micro* const end = history_.end_of(transaction(t));
    for (const Micro* micro = history_.begin_of(transaction(t)); micro != end; ++micro) {
      if (micro->is_write || !external(transaction(t), micro)) continue;
      if (!writes_key(transaction(t), micro->key)) continue;
      const std::uint32_t other =
          first_of.insert(micro->key, static_cast<std::uint64_t>(micro->value), t);
      if (other == t) continue;
      const std::uint32_t write = micro->value == nil ? none : find_write(micro->key, micro->value);
      const bool lists = model_ == TransactionModel::list_append;
      if (!lists && write != none && writes_[write].ambiguous) continue;
      add(AnomalyKind::lost_update, {other, t},
          "T1 and T2 both read key " + history_.keys[micro->key] + " as " +
              history_.values.say(micro->value) + " and then wrote it");
    }
  }
}

void Dependencies::link(std::uint32_t a, std::uint32_t b, Dependency kind) {
  if (a != b) graph_.add(a, b, kind);
}

// Each reader comes before each writer other than itself. Where there are many of both, a node
// between them saves arcs; those that are both come before each other in a ring.
void Dependencies::link_all(std::vector<std::uint32_t> readers,
                            std::vector<std::uint32_t> writers) {
  for (std::vector<std::uint32_t>* each : {&readers, &writers}) {
    std::stable_sort(each->begin(), each->end());
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  constexpr std::size_t few = 16;
  if (readers.size() * writers.size() <= few || readers.size() <= 1 || writers.size() <= 1) {
    for (const std::uint32_t reader : readers) {
      for (const std::uint32_t writer : writers) link(reader, writer, rw);
    }
    return;
  }
  std::vector<std::uint32_t> both;
  std::set_intersection(readers.begin(), readers.end(), writers.begin(), writers.end(),
                        std::back_inserter(both));
  const std::uint32_t for_all = graph_.add_node();
  const std::uint32_t for_others = graph_.add_node();
  for (const std::uint32_t writer : writers) {
    const bool reads = std::binary_search(both.begin(), both.end(), writer);
    graph_.add(for_all, writer, OrderGraph::pass);
    if (!reads) graph_.add(for_others, writer, OrderGraph::pass);
  }
  for (const std::uint32_t reader : readers) {
    const bool writes = std::binary_search(both.begin(), both.end(), reader);
    graph_.add(reader, writes ? for_others : for_all, rw);
  }
  for (std::size_t i = 0; both.size() > 1 && i < both.size(); ++i) {
    const std::uint32_t next = both[(i + 1) % both.size()];
    link(both[i], next, rw);
    if (both.size() > 2) link(next, both[i], rw);
  }
}

void Dependencies::add_session_order() {
  WordTable processes;
  std::vector<std::uint32_t> last;
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (!happened_[t]) continue;
    const std::uint32_t process = processes.number(transaction(t).process);
    if (process == last.size()) {
      last.push_back(t);
      continue;
    }
    graph_.add(last[process], t, session_order);
    last[process] = t;
  }
}

// What had returned before another was called comes first: through one node for all that returned
// between two calls.
void Dependencies::add_real_time() {
  std::vector<std::uint32_t> returns;
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (transaction(t).fate == Fate::committed) returns.push_back(t);
  }
  std::stable_sort(returns.begin(), returns.end(), [this](std::uint32_t a, std::uint32_t b) {
    return transaction(a).returned < transaction(b).returned;
  });
  std::size_t next = 0;
  std::uint32_t now = none;
  for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
    if (!happened_[t]) continue;
    const std::uint32_t called = transaction(t).called;
    if (next < returns.size() && transaction(returns[next]).returned < called) {
      const std::uint32_t node = graph_.add_node();
      if (now != none) graph_.add(now, node, OrderGraph::pass);
      now = node;
      for (; next < returns.size() && transaction(returns[next]).returned < called; ++next) {
        graph_.add(returns[next], now, real_time);
      }
    }
    if (now != none) graph_.add(now, t, OrderGraph::pass);
  }
}

std::string Dependencies::reason(std::uint32_t a, std::uint32_t b, Dependency kind,
                                 const Names& names) const {
  switch (kind) {
    case session_order:
      return say_process(transaction(a).process, history_.values) + " called " + names.it +
             " before " + names.other;
    case real_time:
      return names.it + " had returned at " + say_time(history_.unit, transaction(a).ended) +
             ", before " + names.other + " began at " +
             say_time(history_.unit, transaction(b).invoked);
    case ww_later:
      kind = ww;
      break;
    case ww:
    case wr:
    case rw:
      break;
  }
  return model_ == TransactionModel::list_append ? list_reason(a, b, kind, names)
                                                 : register_reason(a, b, kind, names);
}

}  // namespace ballast::history
