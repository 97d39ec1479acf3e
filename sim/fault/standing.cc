#include "sim/fault/standing.h"

#include <algorithm>

namespace ballast {

Standing::State& Standing::state_of(NodeId node) {
  if (node.value >= states_.size()) states_.resize(node.value + 1);
  return states_[node.value];
}

void Standing::hear(const HeardFact& heard) {
  State& state = state_of(heard.node);
  if (const auto* elected = std::get_if<Elected>(heard.fact)) {
    state.leading = elected->term;
    state.campaigning = {};
  } else if (const auto* down = std::get_if<SteppedDown>(heard.fact)) {
    if (down->term == state.leading) state.leading = {};
    state.campaigning = {};
  } else if (const auto* campaigned = std::get_if<Campaigned>(heard.fact)) {
    state.campaigning = campaigned->term;
  } else if (const auto* appended = std::get_if<Appended>(heard.fact)) {
    state.log = appended->index.value;
  } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
    state.log = truncated->last_kept.value;
  } else if (const auto* committed = std::get_if<Committed>(heard.fact)) {
    state.committed = committed->index.value;
  } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
    state.log = state.committed = installed->index.value;
  } else if (const auto* logged = std::get_if<Logged>(heard.fact)) {
    state.log = logged->slot.value;
  } else if (const auto* cut = std::get_if<LogCut>(heard.fact)) {
    state.log = cut->last_kept.value;
  } else if (const auto* advanced = std::get_if<CommitAdvanced>(heard.fact)) {
    state.committed = advanced->slot.value;
  } else if (std::holds_alternative<PolicySet>(*heard.fact)) {
    state.balances = true;
  } else if (const auto* granted = std::get_if<LockGranted>(heard.fact)) {
    ++state_of(granted->holder).locks;
  } else if (const auto* released = std::get_if<LockReleased>(heard.fact)) {
    State& holder = state_of(released->holder);
    if (holder.locks > 0) --holder.locks;
  }
}

// The log is durable, and is stated again only as it changes.
void Standing::crashed(NodeId node) {
  State& state = state_of(node);
  state.leading = {};
  state.campaigning = {};
}

void Standing::booted(NodeId node, Time at) { state_of(node).booted = at; }

bool Standing::plays(Role role, NodeId node, const std::vector<NodeId>& among) const {
  const auto extreme = [&](auto&& better) {
    return std::none_of(among.begin(), among.end(),
                        [&](NodeId other) { return better(other, node); });
  };
  switch (role) {
    case Role::leader:
      return leader(among) == node;
    case Role::follower:
      return leader(among) && leader(among) != node;
    case Role::candidate:
      return is_candidate(node);
    case Role::laggard:
      return extreme([&](NodeId a, NodeId b) { return log_length(a) < log_length(b); });
    case Role::newest:
      return extreme([&](NodeId a, NodeId b) { return booted_at(a) > booted_at(b); });
    case Role::balancer:
      return balances(node);
    case Role::lock_holder:
      return holds_lock(node);
    case Role::any:
    case Role::all:
    case Role::minority:
    case Role::majority:
    case Role::random:
    case Role::pending:
      break;
  }
  return true;
}

NodeId Standing::leader(const std::vector<NodeId>& among) const {
  NodeId best;
  Term term;
  for (const NodeId node : among) {
    const Term leading = state(node).leading;
    if (leading > term) {
      term = leading;
      best = node;
    }
  }
  return best;
}

}  // namespace ballast
