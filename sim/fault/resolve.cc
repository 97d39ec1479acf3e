// Whom a fault hits, decided at the moment at which it acts.
#include <algorithm>
#include <utility>

#include "sim/fault/act.h"

namespace ballast {

std::vector<NodeId> nodes_of(const Selector& selector) {
  std::vector<NodeId> nodes;
  for (const Selector::Part& part : selector.parts) nodes.push_back(part.node);
  return nodes;
}

const std::vector<NodeId>& group_of(NodeId node, const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    if (std::find(group.nodes.begin(), group.nodes.end(), node) != group.nodes.end()) {
      return group.nodes;
    }
  }
  return groups.front().nodes;
}

namespace {

// Random nodes are chosen among those that are up, or down if that is what the fault is for, and
// that the selector does not have yet.
bool resolve_part(const Selector::Part& part, bool up, const Casting& casting, Stream& dice,
                  std::vector<NodeId>& out) {
  if (part.node) {
    out.push_back(part.node);
    return true;
  }
  if (!part.group.empty()) {
    for (const Group& group : casting.groups) {
      if (group.name == part.group) out.insert(out.end(), group.nodes.begin(), group.nodes.end());
    }
    return true;
  }
  const std::vector<NodeId>& members = casting.groups.front().nodes;
  const NodeId leader = casting.standing.leader(members);
  std::vector<NodeId> candidates;
  switch (part.role) {
    case Role::all:
      out.insert(out.end(), members.begin(), members.end());
      return true;
    case Role::leader:
      if (!leader || !casting.world.is_up(leader)) return false;
      out.push_back(leader);
      return true;
    case Role::follower:
    case Role::any:
      break;
  }
  for (const NodeId node : members) {
    const bool taken = std::find(out.begin(), out.end(), node) != out.end();
    const bool meant = part.role == Role::any || node != leader;
    if (casting.world.is_up(node) == up && meant && !taken) candidates.push_back(node);
  }
  if (candidates.empty() || (part.role == Role::follower && !leader)) return false;
  out.push_back(candidates[dice.below(candidates.size())]);
  return true;
}

// A node that several groups mean, such as a leader in {"partition": ["leader", "all"]}, belongs to
// the first of them. False if that leaves fewer than two groups: nothing would be cut.
bool settle(Partition& partition) {
  std::vector<NodeId> taken;
  std::vector<Selector> groups;
  for (const Selector& group : partition.groups) {
    Selector kept;
    for (const Selector::Part& part : group.parts) {
      if (std::find(taken.begin(), taken.end(), part.node) != taken.end()) continue;
      taken.push_back(part.node);
      kept.parts.push_back(part);
    }
    if (!kept.parts.empty()) groups.push_back(std::move(kept));
  }
  partition.groups = std::move(groups);
  return partition.groups.size() >= 2;
}

}  // namespace

bool resolve(FaultAction& action, const Casting& casting, Stream& dice) {
  bool good = true;
  const bool up = !std::holds_alternative<Restart>(action);
  Stream drawn = dice;
  FaultAction resolved = action;
  for_each_selector(resolved, [&](Selector& selector) {
    std::vector<NodeId> nodes;
    for (const Selector::Part& part : selector.parts) {
      if (good) good = resolve_part(part, up, casting, drawn, nodes);
    }
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    selector = Selector::of(std::move(nodes));
  });
  if (auto* partition = std::get_if<Partition>(&resolved); partition != nullptr && good) {
    good = settle(*partition);
  }
  if (!good || !settle_luck(resolved, casting.world, drawn)) return false;
  action = std::move(resolved);
  dice = drawn;
  return true;
}

}  // namespace ballast
