// What the world knows to be committed, and since which term.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/check/shadow_log.h"

namespace ballast {

// The committed entries of a group, gathered from what its nodes state. A commitment binds the
// leaders of later terms only (Raft 5.4: "if a log entry is committed in a given term, then that
// entry will be present in the logs of the leaders for all higher-numbered terms"), so that each
// comes with a term in which, or before which, it happened. Nodes learn of commitments late, and
// the term of the one that says so first is never below that of the commitment.
class CommittedLog {
 public:
  // Up to `index` everything was committed by the end of `term`, as `node` stated in `event`.
  struct Mark {
    Term term;
    LogIndex index;
    EventId event;
    Time at;
    NodeId node;
  };

  const ShadowLog& log() const { return log_; }
  // As few as say all that is known: both their terms and their indexes rise.
  const std::vector<Mark>& marks() const { return marks_; }

  // Hears that a node, whose log is given, has moved its commit index. True if this made entries
  // known to be committed that were not so before.
  bool learn(const HeardFact& heard, const ShadowLog& log_of_node) {
    const Committed& committed = std::get<Committed>(*heard.fact);
    const LogIndex index = std::min(committed.index, log_of_node.last_index());
    // Mostly another node has said as much before.
    if (!marks_.empty() && marks_.back().term <= committed.term && marks_.back().index >= index) {
      return false;
    }
    return put({committed.term, index, heard.event, heard.at, heard.node}, log_of_node);
  }

  // The commitment that reaches furthest among those of terms below, or up to, `term`; null if
  // there is none.
  const Mark* before(Term term) const;
  const Mark* up_to(Term term) const { return before(term.next()); }

 private:
  bool put(const Mark& mark, const ShadowLog& log_of_node);

  ShadowLog log_;
  std::vector<Mark> marks_;
};

}  // namespace ballast
