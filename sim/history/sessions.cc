// The session guarantees (Terry et al., "Session guarantees for weakly consistent replicated data",
// 1994; in the form of Viotti and Vukolic, "Consistency in non-transactional distributed storage
// systems", 2016). A read sees a set of writes and returns the last of them in one order of all
// writes. Each guarantee says what is in that set at least, and what the order agrees with. Where a
// read can be told to have seen a certain write, the others in its set came before that one; so the
// history keeps the guarantee exactly if what must come before what has no cycle.
#include <algorithm>

#include "sim/history/graph.h"
#include "sim/history/reads_from.h"
#include "sim/history/table.h"
#include "sim/history/words_of_order.h"

namespace ballast::history {
namespace {

struct Guarantees {
  bool monotonic_reads = false;
  bool read_your_writes = false;
  bool monotonic_writes = false;
  bool writes_follow_reads = false;
  bool time = false;
};

Guarantees guarantees_of(const WantedConsistency& wanted) {
  const bool time = wanted.writes == WriteOrder::time;
  switch (wanted.model) {
    case Consistency::session:
      return {true, true, true, true, time};
    case Consistency::monotonic_reads:
      return {true, false, false, false, time};
    case Consistency::read_your_writes:
      return {false, true, false, false, time};
    // A read of a register shows one write. That two came in the wrong order shows only to a
    // session whose reads do not go back.
    case Consistency::monotonic_writes:
      return {true, false, true, false, false};
    case Consistency::writes_follow_reads:
      return {true, false, false, true, false};
    case Consistency::linearizable:
    case Consistency::sequential:
    case Consistency::causal:
    case Consistency::bounded_staleness:
    case Consistency::mutual_exclusion:
      break;
  }
  return {};
}

class SessionGraph {
 public:
  SessionGraph(const History& history, const Guarantees& wanted)
      : history_(history),
        wanted_(wanted),
        reads_(find_writers(history)),
        order_(history),
        graph_(order_.nodes()) {
    for (const std::vector<std::uint32_t>& session : by_session(history)) follow(session);
    std::vector<std::vector<std::uint32_t>> writes(history.objects.size());
    for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
      const Operation& op = history.operations[i];
      if (!leaves(op) || reads_.skipped[op.object]) continue;
      graph_.add(order_.start_of(op.object), i, OrderWords::initial);
      writes[op.object].push_back(i);
    }
    if (wanted.time) {
      for (const std::vector<std::uint32_t>& each : writes) follow_time(each);
    }
    graph_.finish();
  }

  ConsistencyVerdict judge() {
    ConsistencyVerdict verdict;
    verdict.breaches = reads_.breaches;
    verdict.breach_count = reads_.breach_count;
    verdict.doubts = reads_.doubts;
    order_.report_cycles(graph_, verdict);
    conclude(verdict);
    return verdict;
  }

 private:
  // What a session did to one object.
  struct Past {
    std::uint32_t last_read = Operation::never;
    std::uint32_t last_seen = Operation::never;  // node of the write that it saw
    std::vector<std::uint32_t> writes;
    std::vector<std::uint32_t> until;      // by write: a node after it and all before it
    std::vector<std::size_t> own_ordered;  // by write: how many were put before it when it was read
  };

  void follow(const std::vector<std::uint32_t>& session) {
    pasts_ = PairTable();
    past_.clear();
    std::uint32_t last_write = Operation::never;
    std::uint32_t seen_so_far = Operation::never;  // a node after all that was seen
    for (const std::uint32_t i : session) {
      const Operation& op = history_.operations[i];
      if (reads_.skipped[op.object]) continue;
      const std::uint32_t writer = reads_.writer[i];
      if (writer != ReadsFrom::nobody) {
        const std::uint32_t node =
            writer == ReadsFrom::initial ? order_.start_of(op.object) : writer;
        read(past_of(op.object), i, node);
        if (wanted_.writes_follow_reads && node < history_.operations.size()) {
          const std::uint32_t next = graph_.add_node();
          if (seen_so_far != Operation::never) graph_.add(seen_so_far, next, OrderGraph::pass);
          graph_.add(node, next, OrderWords::follows, order_.note(i, i));
          seen_so_far = next;
        }
      }
      if (!leaves(op)) continue;
      if (wanted_.monotonic_writes && last_write != Operation::never) {
        graph_.add(last_write, i, OrderWords::session);
      }
      last_write = i;
      if (seen_so_far != Operation::never) graph_.add(seen_so_far, i, OrderGraph::pass);
      if (wanted_.read_your_writes) write(past_of(op.object), i);
    }
  }

  Past& past_of(std::uint32_t object) {
    const auto fresh = static_cast<std::uint32_t>(past_.size());
    const std::uint32_t at = pasts_.insert(object, 0, fresh);
    if (at == fresh) past_.emplace_back();
    return past_[at];
  }

  void write(Past& past, std::uint32_t i) {
    const std::uint32_t node = graph_.add_node();
    graph_.add(i, node, OrderGraph::pass);
    if (!past.until.empty()) graph_.add(past.until.back(), node, OrderGraph::pass);
    past.writes.push_back(i);
    past.until.push_back(node);
    past.own_ordered.push_back(past.writes.size());
  }

  void read(Past& past, std::uint32_t i, std::uint32_t node) {
    if (wanted_.monotonic_reads) {
      if (past.last_read != Operation::never && past.last_seen != node) {
        graph_.add(past.last_seen, node, OrderWords::reads, order_.note(past.last_read, i));
      }
      past.last_read = i;
      past.last_seen = node;
    }
    if (!wanted_.read_your_writes || past.writes.empty()) return;
    // All of its own writes came before the one that it saw, which may be one of them.
    const auto own = std::lower_bound(past.writes.begin(), past.writes.end(), node);
    const std::uint32_t note = order_.note(i, i);
    if (own == past.writes.end() || *own != node) {
      graph_.add(past.until.back(), node, OrderWords::own, note);
      return;
    }
    const auto at = static_cast<std::size_t>(own - past.writes.begin());
    if (at > 0) graph_.add(past.until[at - 1], node, OrderWords::own, note);
    for (std::size_t& later = past.own_ordered[at]; later < past.writes.size(); ++later) {
      graph_.add(past.writes[later], node, OrderWords::own, note);
    }
  }

  // A write that had returned comes before one that was called then.
  void follow_time(const std::vector<std::uint32_t>& writes) {
    std::vector<std::uint32_t> returns;
    for (const std::uint32_t i : writes) {
      if (history_.operations[i].known()) returns.push_back(i);
    }
    std::stable_sort(returns.begin(), returns.end(), [this](std::uint32_t a, std::uint32_t b) {
      return history_.operations[a].returned < history_.operations[b].returned;
    });
    std::size_t next = 0;
    std::uint32_t returned = Operation::never;  // a node after all that had returned
    for (const std::uint32_t i : writes) {
      for (; next < returns.size() &&
             history_.operations[returns[next]].returned < history_.operations[i].called;
           ++next) {
        const std::uint32_t node = graph_.add_node();
        if (returned != Operation::never) graph_.add(returned, node, OrderGraph::pass);
        graph_.add(returns[next], node, OrderWords::time);
        returned = node;
      }
      if (returned != Operation::never) graph_.add(returned, i, OrderGraph::pass);
    }
  }

  const History& history_;
  Guarantees wanted_;
  ReadsFrom reads_;
  OrderWords order_;
  OrderGraph graph_;
  PairTable pasts_;  // of the session that is being followed, by object
  std::vector<Past> past_;
};

}  // namespace

ConsistencyVerdict judge_sessions(const History& history, const WantedConsistency& wanted) {
  return SessionGraph(history, guarantees_of(wanted)).judge();
}

}  // namespace ballast::history
