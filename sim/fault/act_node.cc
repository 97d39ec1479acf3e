// What the faults of processes, disks and clocks do.
#include <algorithm>

#include "sim/fault/act.h"

namespace ballast {
namespace {

// The next fault of the same kind that came over this node, at `place` in its list, and is not
// over. It is in force, and puts back what it found: that of the fault before it.
Hold* heir(Scene& scene, NodeId node, std::size_t& place) {
  for (std::size_t i = scene.self + 1; i < scene.holds.size(); ++i) {
    Hold& later = scene.holds[i];
    if (later.ended || later.action.index() != scene.hold().action.index()) continue;
    const auto at = std::find(later.nodes.begin(), later.nodes.end(), node);
    if (at == later.nodes.end()) continue;
    place = static_cast<std::size_t>(at - later.nodes.begin());
    return &later;
  }
  return nullptr;
}

}  // namespace

Wake begin(const Crash& crash, Scene& scene) {
  scene.hold().nodes = nodes_of(crash.nodes);
  for (const NodeId node : scene.hold().nodes) scene.world.crash(node);
  return std::nullopt;
}

// A node that several crashes hold down starts when the last of them ends.
void end(const Crash&, Scene& scene) {
  for (const NodeId node : scene.hold().nodes) {
    const bool held = std::any_of(scene.holds.begin(), scene.holds.end(), [&](const Hold& other) {
      return !other.ended && std::holds_alternative<Crash>(other.action) &&
             std::find(other.nodes.begin(), other.nodes.end(), node) != other.nodes.end();
    });
    if (!held) scene.world.restart(node);
  }
}

// A restart undoes every crash of the node. One that would have lasted for the rest of the run ends
// with its last node.
Wake begin(const Restart& restart, Scene& scene) {
  for (const NodeId node : nodes_of(restart.nodes)) {
    scene.world.restart(node);
    for (Hold& crash : scene.holds) {
      if (!std::holds_alternative<Crash>(crash.action) || std::erase(crash.nodes, node) == 0)
        continue;
      if (crash.nodes.empty() && !crash.ends) crash.ended = true;
    }
  }
  return std::nullopt;
}

Wake begin(const Pause& pause, Scene& scene) {
  scene.hold().nodes = nodes_of(pause.nodes);
  for (const NodeId node : scene.hold().nodes) {
    scene.hold().lives.push_back(scene.world.is_up(node) ? scene.world.life(node) : Life{});
    scene.world.pause(node);
  }
  return std::nullopt;
}

// A crash has ended the pause; the node may have been paused anew since.
void end(const Pause&, Scene& scene) {
  const Hold& hold = scene.hold();
  for (std::size_t i = 0; i < hold.nodes.size(); ++i) {
    if (scene.world.life(hold.nodes[i]) == hold.lives[i]) scene.world.resume(hold.nodes[i]);
  }
}

Wake begin(const SlowDisk& slow, Scene& scene) {
  scene.hold().nodes = nodes_of(slow.nodes);
  for (const NodeId node : scene.hold().nodes) {
    scene.hold().old_flushes.push_back(scene.world.flush(node));
    scene.world.set_flush(node, slow.flush);
  }
  return std::nullopt;
}

void end(const SlowDisk&, Scene& scene) {
  const Hold& hold = scene.hold();
  for (std::size_t i = 0; i < hold.nodes.size(); ++i) {
    std::size_t place = 0;
    Hold* const later = heir(scene, hold.nodes[i], place);
    if (later != nullptr) {
      later->old_flushes[place] = hold.old_flushes[i];
    } else {
      scene.world.set_flush(hold.nodes[i], hold.old_flushes[i]);
    }
  }
}

Wake begin(const ClockJump& jump, Scene& scene) {
  for (const NodeId node : nodes_of(jump.nodes)) scene.world.jump_clock(node, jump.by);
  return std::nullopt;
}

Wake begin(const ClockDrift& drift, Scene& scene) {
  scene.hold().nodes = nodes_of(drift.nodes);
  for (const NodeId node : scene.hold().nodes) {
    scene.hold().old_drifts.push_back(scene.world.clock_drift(node));
    scene.world.set_clock_drift(node, drift.ppm * 1000);
  }
  return std::nullopt;
}

void end(const ClockDrift&, Scene& scene) {
  const Hold& hold = scene.hold();
  for (std::size_t i = 0; i < hold.nodes.size(); ++i) {
    std::size_t place = 0;
    Hold* const later = heir(scene, hold.nodes[i], place);
    if (later != nullptr) {
      later->old_drifts[place] = hold.old_drifts[i];
    } else {
      scene.world.set_clock_drift(hold.nodes[i], hold.old_drifts[i]);
    }
  }
}

}  // namespace ballast
