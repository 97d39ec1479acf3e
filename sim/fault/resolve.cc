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

// Some nodes of a list, each with the same chance; the rest is thrown away.
void keep_random(std::vector<NodeId>& nodes, std::size_t count, Stream& dice) {
  if (nodes.size() == count) return;
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(nodes[i], nodes[i + dice.below(nodes.size() - i)]);
  }
  nodes.resize(count);
}

// The nodes that a role stands for among its group; whom they all mean, chance decides between.
bool resolve_role(Role role, bool up, const Casting& casting, Stream& dice,
                  std::vector<NodeId>& out) {
  const std::vector<NodeId>& members = casting.groups.front().nodes;
  if (role == Role::all) {
    out.insert(out.end(), members.begin(), members.end());
    return true;
  }
  std::vector<NodeId> wanted = members;
  if (role == Role::balancer || role == Role::lock_holder) {
    wanted.clear();
    for (std::uint32_t node = 1; node <= casting.world.node_count(); ++node) {
      wanted.push_back({node});
    }
  }
  // Nodes are chosen among those that are up, or down if that is what the fault is for, and that
  // the selector does not have yet.
  std::erase_if(wanted, [&](NodeId node) {
    return std::find(out.begin(), out.end(), node) != out.end() || casting.world.is_up(node) != up;
  });
  // The shortest log, or the youngest, is that of those who are there to be hit.
  const bool compared = role == Role::laggard || role == Role::newest;
  const std::vector<NodeId> among = compared ? wanted : members;
  std::erase_if(wanted, [&](NodeId node) {
    return role == Role::pending ? !casting.world.is_writing(node)
                                 : !casting.standing.plays(role, node, among);
  });
  std::size_t count = 1;
  if (role == Role::minority) count = (members.size() - 1) / 2;
  if (role == Role::majority) count = members.size() / 2 + 1;
  if (role == Role::random) count = 1 + dice.below(std::max<std::size_t>(wanted.size(), 1));
  if (wanted.size() < count || count == 0) return false;
  keep_random(wanted, count, dice);
  out.insert(out.end(), wanted.begin(), wanted.end());
  return true;
}

bool resolve_part(const Selector::Part& part, bool up, const Casting& casting, Stream& dice,
                  std::vector<NodeId>& out) {
  if (part.node) {
    out.push_back(part.node);
    return true;
  }
  if (part.group.empty()) return resolve_role(part.role, up, casting, dice, out);
  for (const Group& group : casting.groups) {
    if (group.name == part.group) out.insert(out.end(), group.nodes.begin(), group.nodes.end());
  }
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
  if (auto* swizzle = std::get_if<Swizzle>(&resolved)) draw_spans(*swizzle, drawn);
  if (!good || !settle_shape(resolved, casting, drawn)) return false;
  if (!settle_luck(resolved, casting.world, drawn)) return false;
  action = std::move(resolved);
  dice = drawn;
  return true;
}

}  // namespace ballast
