// How each fault takes hold of the world and lets go of it. A new fault is a described struct in
// the header of its family, an alternative of FaultAction, and the overloads here that it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/random.h"
#include "sim/check/checker.h"
#include "sim/fault/fault.h"
#include "sim/fault/standing.h"
#include "sim/kernel/world.h"

namespace ballast {

struct Link {
  NodeId from;
  NodeId to;
  friend constexpr auto operator<=>(const Link&, const Link&) = default;
};

// What a fault that acted has changed, so that its end undoes exactly that. A value.
struct Hold {
  FaultAction action;  // resolved: every selector names nodes
  bool ends = false;   // by itself
  bool ended = false;
  std::vector<Link> links;                                    // those that it cuts
  bool links_cut = false;                                     // at the moment
  Time begun;                                                 // swizzle
  std::vector<std::vector<LinkConditionId>> link_conditions;  // that it imposed; swizzle: by span
  std::vector<NodeId> nodes;
  std::vector<Life> lives;              // pause: whom it stopped; 0 if the node was down
  std::vector<Time> clocks;             // pause: what they showed then
  std::vector<NodeId> down;             // whom it holds down at the moment
  std::vector<ConditionId> conditions;  // that it imposed
  Time since;
  std::uint64_t turns = 0;  // of a fault that repeats: how often it has acted
};

// What a fault sees when it acts.
struct Scene {
  World& world;
  const std::vector<Group>& groups;
  std::vector<Hold>& holds;  // of all faults that have acted, oldest first
  std::size_t self;          // which of them this one is
  Stream& dice;              // this fault's own

  Hold& hold() { return holds[self]; }
};

// Who may be meant, and by what luck.
struct Casting {
  const World& world;
  const std::vector<Group>& groups;  // the first is meant by a bare role
  const Standing& standing;
};

// Replaces every selector by explicit nodes, and a fault that is a matter of luck or of roles by
// the explicit one that it comes to. False, with nothing drawn, if it hits nobody now.
bool resolve(FaultAction& action, const Casting& casting, Stream& dice);
// The same for what else is a matter of luck, once the nodes are explicit; see luck.cc.
bool settle_luck(FaultAction& action, const World& world, Stream& dice);

// Its steps for partitions by shape, and for the clogs of a swizzle.
bool settle_shape(FaultAction& action, const Casting& casting, Stream& dice);
void draw_spans(Swizzle& swizzle, Stream& dice);

// The nodes of a resolved selector.
std::vector<NodeId> nodes_of(const Selector& selector);
// The group that a node belongs to.
const std::vector<NodeId>& group_of(NodeId node, const std::vector<Group>& groups);

// The armed timer of the node that has this name; without a name, the one that is due last.
std::optional<std::uint32_t> timer_meant(const World& world, NodeId node, std::string_view name);

// Imposes a condition on each of the nodes, until the fault ends.
void impose(Scene& scene, const Selector& nodes, const NodeCondition& condition);

// Cuts or heals the links of a hold, unless they are so already.
void change_links(Scene& scene, bool cut);
// Imposes a condition on links, and lifts all that a hold has imposed.
std::optional<Duration> impose(const LinkCondition& condition, const OnLinks& on, Scene& scene);
void lift_conditions(Scene& scene);

// Each begin() acts on the world and answers after how long it wants to be woken, if at all; wake()
// answers the same. Each end() undoes what is left to undo.
using Wake = std::optional<Duration>;
Wake begin(const Partition& partition, Scene& scene);
Wake begin(const Isolate& isolate, Scene& scene);
Wake begin(const Cut& cut, Scene& scene);
Wake begin(const Bridge& bridge, Scene& scene);
Wake begin(const Flap& flap, Scene& scene);
Wake begin(const LinksOnly& links_only, Scene& scene);
Wake begin(const Deaf& deaf, Scene& scene);
Wake begin(const Mute& mute, Scene& scene);
Wake begin(const Swizzle& swizzle, Scene& scene);
Wake begin(const Crash& crash, Scene& scene);
Wake begin(const Restart& restart, Scene& scene);
Wake begin(const Pause& pause, Scene& scene);
Wake begin(const SlowDisk& slow, Scene& scene);
Wake begin(const ClockJump& jump, Scene& scene);
Wake begin(const ClockDrift& drift, Scene& scene);
Wake begin(const CrashAtWrite& crash, Scene& scene);
Wake begin(const CrashLoop& loop, Scene& scene);
Wake begin(const SlowNode& slow, Scene& scene);
Wake begin(const Wipe& wipe, Scene& scene);
Wake begin(const Rollback& rollback, Scene& scene);
Wake begin(const Disturb& disturb, Scene& scene);
Wake begin(const Administer& order, Scene& scene);
Wake begin(const DiskStall& stall, Scene& scene);
Wake begin(const WriteError& error, Scene& scene);
Wake begin(const DiskFull& full, Scene& scene);
Wake begin(const LyingDisk& lying, Scene& scene);
Wake begin(const BitRot& rot, Scene& scene);
Wake begin(const MisdirectedWrite& write, Scene& scene);
Wake begin(const ClockStrobe& strobe, Scene& scene);
Wake begin(const ClockFreeze& freeze, Scene& scene);
Wake begin(const LateTimers& timers, Scene& scene);
Wake begin(const RateChange& rate, Scene& scene);
Wake begin(const DoubleSubmit& twice, Scene& scene);

template <class Condition>
Wake begin(const Imposed<Condition>& imposed, Scene& scene) {
  return impose(static_cast<const Condition&>(imposed), imposed, scene);
}
template <Template Action>
Wake begin(const Action&, Scene&) {
  SIM_ASSERT(false, "a shape is settled before it acts");
  return std::nullopt;
}

template <class Action>
Wake wake(const Action&, Scene&) {
  return std::nullopt;
}
Wake wake(const Flap& flap, Scene& scene);
Wake wake(const Swizzle& swizzle, Scene& scene);
Wake wake(const Crash& crash, Scene& scene);
Wake wake(const CrashLoop& loop, Scene& scene);
Wake wake(const ClockStrobe& strobe, Scene& scene);

// Links are healed, conditions lifted, and nodes that no other fault holds down restarted.
void let_go(Scene& scene);
template <class Action>
void end(const Action&, Scene& scene) {
  let_go(scene);
}
void end(const Pause& pause, Scene& scene);
void end(const ClockStrobe& strobe, Scene& scene);

}  // namespace ballast
