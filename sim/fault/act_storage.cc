// What the faults of disks do.
#include "sim/fault/act.h"

namespace ballast {
Wake begin(const SlowDisk& slow, Scene& scene) {
  impose(scene, slow.nodes, condition::SlowFlush{slow.flush});
  return std::nullopt;
}

Wake begin(const DiskStall& stall, Scene& scene) {
  impose(scene, stall.nodes, condition::Stall{});
  return std::nullopt;
}

Wake begin(const WriteError& error, Scene& scene) {
  impose(scene, error.nodes, condition::CrashOnWrite{error.nth, std::nullopt, error.down});
  return std::nullopt;
}

Wake begin(const DiskFull& full, Scene& scene) {
  impose(scene, full.nodes, condition::FullDisk{});
  return std::nullopt;
}

Wake begin(const LyingDisk& lying, Scene& scene) {
  impose(scene, lying.nodes, condition::LyingFlush{});
  return std::nullopt;
}

Wake begin(const BitRot& rot, Scene& scene) {
  const std::vector<NodeId> nodes = nodes_of(rot.nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    scene.world.rot(nodes[i], rot.records[i], rot.finding);
  }
  return std::nullopt;
}

Wake begin(const MisdirectedWrite& write, Scene& scene) {
  const std::vector<NodeId> nodes = nodes_of(write.nodes);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    scene.world.misdirect(nodes[i], write.records[i], write.onto[i], write.finding);
  }
  return std::nullopt;
}

}  // namespace ballast
