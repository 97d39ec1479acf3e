// How each fault takes hold of the world and lets go of it. A new fault is a described struct in
// the header of its family, an alternative of FaultAction, and the overloads here that it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/random.h"
#include "sim/check/checker.h"
#include "sim/fault/fault.h"
#include "sim/fault/standing.h"
#include "sim/kernel/world.h"

namespace ballast {

struct Link {
  NodeId from;
  NodeId to;
};

// What a fault that acted has changed, so that its end undoes exactly that. A value.
struct Hold {
  FaultAction action;  // resolved: every selector names nodes
  bool ends = false;   // by itself
  bool ended = false;
  std::vector<Link> links;  // those that it cuts
  bool links_cut = false;   // at the moment
  std::vector<NodeId> nodes;
  std::vector<Life> lives;                // pause: whom it stopped; 0 if the node was down
  std::vector<Distribution> old_flushes;  // slow_disk, by node
  std::vector<std::int64_t> old_drifts;   // clock_drift, by node
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

// The nodes of a resolved selector.
std::vector<NodeId> nodes_of(const Selector& selector);
// The group that a node belongs to.
const std::vector<NodeId>& group_of(NodeId node, const std::vector<Group>& groups);

// Cuts or heals the links of a hold, unless they are so already.
void change_links(Scene& scene, bool cut);

// Each begin() acts on the world and answers after how long it wants to be woken, if at all; wake()
// answers the same. Each end() undoes what is left to undo.
using Wake = std::optional<Duration>;
Wake begin(const Partition& partition, Scene& scene);
Wake begin(const Isolate& isolate, Scene& scene);
Wake begin(const Cut& cut, Scene& scene);
Wake begin(const Bridge& bridge, Scene& scene);
Wake begin(const Flap& flap, Scene& scene);
Wake begin(const Crash& crash, Scene& scene);
Wake begin(const Restart& restart, Scene& scene);
Wake begin(const Pause& pause, Scene& scene);
Wake begin(const SlowDisk& slow, Scene& scene);
Wake begin(const ClockJump& jump, Scene& scene);
Wake begin(const ClockDrift& drift, Scene& scene);

template <class Action>
Wake wake(const Action&, Scene&) {
  return std::nullopt;
}
Wake wake(const Flap& flap, Scene& scene);

// Faults of links end when these are healed.
template <class Action>
void end(const Action&, Scene& scene) {
  change_links(scene, false);
}
void end(const Crash& crash, Scene& scene);
void end(const Pause& pause, Scene& scene);
void end(const SlowDisk& slow, Scene& scene);
void end(const ClockDrift& drift, Scene& scene);

}  // namespace ballast
