// What the faults of clocks and timers do.
#include "sim/fault/act.h"

namespace ballast {
Wake begin(const ClockJump& jump, Scene& scene) {
  for (const NodeId node : nodes_of(jump.nodes)) scene.world.jump_clock(node, jump.by);
  return std::nullopt;
}

Wake begin(const ClockDrift& drift, Scene& scene) {
  impose(scene, drift.nodes, condition::Drift{drift.ppm * 1000});
  return std::nullopt;
}

Wake begin(const ClockStrobe& strobe, Scene& scene) { return wake(strobe, scene); }

// Forward at even turns, back at odd ones.
Wake wake(const ClockStrobe& strobe, Scene& scene) {
  const bool back = scene.hold().turns++ % 2 == 1;
  const Duration step = back ? Duration{} - strobe.by : strobe.by;
  for (const NodeId node : nodes_of(strobe.nodes)) scene.world.jump_clock(node, step);
  return strobe.period;
}

void end(const ClockStrobe& strobe, Scene& scene) {
  if (scene.hold().turns % 2 == 1) wake(strobe, scene);
}

Wake begin(const ClockFreeze& freeze, Scene& scene) {
  impose(scene, freeze.nodes, condition::FrozenClock{freeze.catch_up});
  return std::nullopt;
}

Wake begin(const LateTimers& timers, Scene& scene) {
  impose(scene, timers.nodes, condition::LateTimers{timers.late});
  return std::nullopt;
}

}  // namespace ballast
