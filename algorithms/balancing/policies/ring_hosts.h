// The endpoints of a change, as hash policies name them: "n2" is node 2.
#pragma once

#include <vector>

#include "algorithms/balancing/policies/hash_ring.h"
#include "algorithms/balancing/policy.h"
#include "sim/base/text.h"

namespace ballast::balancing {

enum class Which { all, up };

inline std::vector<RingHost> ring_hosts(const Change& change, Which which) {
  std::vector<RingHost> hosts;
  for (std::uint32_t i = 0; i < change.hosts.size(); ++i) {
    const Host& host = change.hosts[i];
    if (which == Which::up && !host.up) continue;
    hosts.push_back({"n" + std::to_string(host.node.value), i, host.weight});
  }
  return hosts;
}

}  // namespace ballast::balancing
