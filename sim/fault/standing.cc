#include "sim/fault/standing.h"

namespace ballast {

void Standing::hear(const HeardFact& heard) {
  if (heard.node.value >= states_.size()) states_.resize(heard.node.value + 1);
  State& state = states_[heard.node.value];
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
  }
}

// The log is durable, and is stated again only as it changes.
void Standing::crashed(NodeId node) {
  if (node.value >= states_.size()) return;
  states_[node.value].leading = {};
  states_[node.value].campaigning = {};
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
