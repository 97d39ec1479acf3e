#include "sim/fault/trigger.h"

#include <algorithm>

namespace ballast {

bool means(const Selector& selector, NodeId node, const std::vector<Group>& groups,
           const Standing& standing) {
  const std::vector<NodeId>& members = groups.front().nodes;
  const bool member = std::find(members.begin(), members.end(), node) != members.end();
  const auto part_means = [&](const Selector::Part& part) {
    if (part.node) return part.node == node;
    if (!part.group.empty()) {
      return std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
        return group.name == part.group &&
               std::find(group.nodes.begin(), group.nodes.end(), node) != group.nodes.end();
      });
    }
    return member && standing.plays(part.role, node, members);
  };
  return std::any_of(selector.parts.begin(), selector.parts.end(), part_means);
}

SightMask Ambush::sights() const {
  switch (when_.what) {
    case Cue::booted:
      return sight(Sight::booted);
    case Cue::received:
      return sight(Sight::received);
    case Cue::fired:
      return sight(Sight::fired);
    case Cue::persisted:
      return sight(Sight::persisted);
    case Cue::stated:
      return sight(Sight::stated);
    case Cue::sent:
      return sight(Sight::sent);
    case Cue::dropped:
      return sight(Sight::dropped);
    case Cue::flushed:
      return sight(Sight::flushed);
    case Cue::crashed:
      return sight(Sight::crashed);
    case Cue::uncommitted:
    case Cue::leaderless:
    case Cue::two_leaders:
    case Cue::candidates:
      return sight(Sight::stated) | sight(Sight::crashed);
  }
  return 0;
}

FactMask Ambush::facts() const {
  return is_event() && !when_.node ? FactMask{0} : Standing::everything();
}

bool Ambush::see(const Occurrence& seen, const World& world, const std::vector<Group>& groups,
                 const Standing& standing) {
  if (seen.at < from_ || (sights() & sight(seen.what)) == 0) return false;
  if (is_event()) {
    if (!when_.of.empty() && subject(seen, world) != when_.of) return false;
    if (when_.node && !means(*when_.node, seen.node, groups, standing)) return false;
  } else {
    const bool before = held_;
    held_ = holds(groups.front().nodes, standing);
    if (before || !held_) return false;
  }
  ++count_;
  return when_.repeated ? count_ % when_.nth == 0 : count_ == when_.nth;
}

bool Ambush::holds(const std::vector<NodeId>& members, const Standing& standing) const {
  const NodeId leader = standing.leader(members);
  const auto how_many = [&](auto&& is) {
    return std::count_if(members.begin(), members.end(), is);
  };
  switch (when_.what) {
    case Cue::uncommitted:
      return leader && standing.log_length(leader) > standing.commit_index(leader);
    case Cue::leaderless:
      return !leader;
    case Cue::two_leaders:
      return how_many([&](NodeId node) { return standing.leads(node); }) >= 2;
    case Cue::candidates:
      return how_many([&](NodeId node) { return standing.is_candidate(node); }) >= 2;
    case Cue::booted:
    case Cue::received:
    case Cue::fired:
    case Cue::persisted:
    case Cue::stated:
    case Cue::sent:
    case Cue::dropped:
    case Cue::flushed:
    case Cue::crashed:
      break;
  }
  return false;
}

// What the event is about, by the name that a scenario would call it.
std::string_view Ambush::subject(const Occurrence& seen, const World& world) const {
  switch (when_.what) {
    case Cue::received:
    case Cue::sent:
    case Cue::dropped:
      return world.pools()[seen.payload].message_name(seen.payload.slot);
    case Cue::fired:
      return world.process(seen.node).timer_name(seen.timer);
    case Cue::persisted:
      return world.process(seen.node).record_name(world.process(seen.node).journal_size() - 1);
    case Cue::stated:
      return name_of(*seen.fact);
    case Cue::booted:
    case Cue::flushed:
    case Cue::crashed:
    case Cue::uncommitted:
    case Cue::leaderless:
    case Cue::two_leaders:
    case Cue::candidates:
      break;
  }
  return {};
}

}  // namespace ballast
