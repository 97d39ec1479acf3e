// How Envoy divides traffic among priorities (load_balancer_impl.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/ratio.h"

namespace ballast::balancing {

struct PriorityLevel {
  std::uint64_t hosts = 0;
  std::uint64_t healthy = 0;
};

struct PriorityLoad {
  std::vector<std::uint64_t> shares;  // of each level, of their sum
  std::vector<bool> panic;
  std::uint64_t total = 0;  // the health of all levels, 100 at most
};

// The health of a level is the percentage of healthy hosts times the overprovisioning factor, in
// percent, at most 100. Levels get traffic up to their health, the first one first; if together
// they are below 100, in proportion, and a level with a smaller share of healthy hosts than the
// threshold is in panic. If all of them are, hosts count instead of health.
inline PriorityLoad priority_load(const std::vector<PriorityLevel>& levels,
                                  std::uint64_t overprovisioning, const Ratio& panic_threshold) {
  PriorityLoad load;
  std::uint64_t left = 100;
  for (const PriorityLevel& level : levels) {
    const std::uint64_t health =
        level.hosts == 0
            ? 0
            : std::min<std::uint64_t>(100, overprovisioning * level.healthy / level.hosts);
    load.shares.push_back(std::min(left, health));
    left -= load.shares.back();
  }
  load.total = 100 - left;
  bool all = left > 0;
  for (const PriorityLevel& level : levels) {
    const bool panic =
        left > 0 && level.hosts > 0 && Ratio{level.healthy, level.hosts} < panic_threshold;
    load.panic.push_back(panic);
    all = all && (panic || level.hosts == 0);
  }
  for (std::size_t i = 0; all && i < levels.size(); ++i) load.shares[i] = levels[i].hosts;
  return load;
}

}  // namespace ballast::balancing
