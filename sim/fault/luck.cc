// What a fault leaves to chance besides its nodes, decided when it acts, so that it can be written
// down and a replay needs no luck.
#include <algorithm>

#include "sim/fault/act.h"

namespace ballast {
namespace {

// How many durable records the node has that no snapshot has replaced.
std::uint64_t present(NodeId node, const World& world) {
  return world.durable(node) - world.first_record(node);
}

// Keeps the nodes that have so many durable records; false if there are none.
bool keep_those_with(Selector& selector, std::uint64_t records, const World& world) {
  std::erase_if(selector.parts,
                [&](const Selector::Part& part) { return present(part.node, world) < records; });
  return !selector.parts.empty();
}

bool settle(BitRot& rot, const World& world, Stream& dice) {
  if (!rot.records.empty()) return rot.records.size() == rot.nodes.parts.size();
  if (!keep_those_with(rot.nodes, 1, world)) return false;
  for (const NodeId node : nodes_of(rot.nodes)) {
    rot.records.push_back(world.first_record(node) + dice.below(present(node, world)));
  }
  return true;
}

bool settle(MisdirectedWrite& write, const World& world, Stream& dice) {
  if (!write.records.empty() || !write.onto.empty()) {
    const std::size_t count = write.nodes.parts.size();
    return write.records.size() == count && write.onto.size() == count;
  }
  if (!keep_those_with(write.nodes, 2, world)) return false;
  for (const NodeId node : nodes_of(write.nodes)) {
    const std::uint64_t first = world.first_record(node);
    const std::uint64_t onto = dice.below(present(node, world) - 1);
    write.onto.push_back(first + onto);
    write.records.push_back(first + onto + 1 + dice.below(present(node, world) - 1 - onto));
  }
  return true;
}

bool settle(Crash& crash, const World&, Stream& dice) {
  if (!crash.offsets.empty()) return crash.offsets.size() == crash.nodes.parts.size();
  if (crash.stagger == Duration{}) return true;
  const auto span = static_cast<std::uint64_t>(crash.stagger.ns) + 1;
  for (std::size_t i = 0; i < crash.nodes.parts.size(); ++i) {
    crash.offsets.push_back({static_cast<std::int64_t>(dice.below(span))});
  }
  return true;
}

bool settle(Disturb& disturb, const World& world, Stream&) {
  std::erase_if(disturb.nodes.parts, [&](const Selector::Part& part) {
    return !timer_meant(world, part.node, disturb.timer);
  });
  return !disturb.nodes.parts.empty();
}

template <class Action>
bool settle(Action&, const World&, Stream&) {
  return true;
}

}  // namespace

bool settle_luck(FaultAction& action, const World& world, Stream& dice) {
  return std::visit([&](auto& held) { return settle(held, world, dice); }, action);
}

}  // namespace ballast
