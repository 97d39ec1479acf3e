// Where nodes stand, by what they have stated: who leads, who stands for election, whose log is
// short. Selectors ask it which node plays a role at the moment.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/check/checker.h"
#include "sim/fault/selector.h"
#include "sim/kernel/world.h"

namespace ballast {

class Standing {
 public:
  // Leadership is always followed; the rest only on demand, for logs grow with every entry.
  static constexpr FactMask leadership() { return facts<Elected, SteppedDown>(); }
  static constexpr FactMask everything() {
    return leadership() |
           facts<Campaigned, Appended, Truncated, Committed, SnapshotInstalled, PolicySet,
                 LockGranted, LockReleased, Logged, LogCut, CommitAdvanced>();
  }

  void hear(const HeardFact& heard);
  void crashed(NodeId node);
  void booted(NodeId node, Time at);

  // Whether the node is what the role says; for a role that is chosen by lot, whether it could be.
  bool plays(Role role, NodeId node, const std::vector<NodeId>& among) const;

  // Among these nodes the one that was elected in the highest term of all, is up, and has not said
  // that it stepped down; none if nobody leads.
  NodeId leader(const std::vector<NodeId>& among) const;
  bool leads(NodeId node) const { return state(node).leading != Term{}; }
  // Whether the node stands for election, and was neither elected nor said that it gave up.
  bool is_candidate(NodeId node) const { return state(node).campaigning != Term{}; }
  std::uint64_t log_length(NodeId node) const { return state(node).log; }
  std::uint64_t commit_index(NodeId node) const { return state(node).committed; }
  bool balances(NodeId node) const { return state(node).balances; }
  bool holds_lock(NodeId node) const { return state(node).locks > 0; }
  Time booted_at(NodeId node) const { return state(node).booted; }

 private:
  struct State {
    Term leading;      // the term that it leads, or zero
    Term campaigning;  // the term in which it stands for election, or zero
    std::uint64_t log = 0;
    std::uint64_t committed = 0;
    bool balances = false;
    std::uint32_t locks = 0;  // that it holds
    Time booted;
  };
  State& state_of(NodeId node);
  State state(NodeId node) const {
    return node.value < states_.size() ? states_[node.value] : State{};
  }

  std::vector<State> states_;  // by node
};

}  // namespace ballast
