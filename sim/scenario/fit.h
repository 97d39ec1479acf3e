// Whether the parts of a scenario fit together: what no part can know of itself.
#pragma once

#include <cstdint>
#include <variant>

#include "sim/base/read.h"
#include "sim/scenario/scenario.h"

namespace ballast {

constexpr std::uint32_t most_nodes = 200'000;
// Fewer where not all are linked to all, for each then knows a way to each.
inline std::uint32_t most_nodes_in(const TopologySpec& topology) {
  return std::holds_alternative<FullMesh>(topology) ? most_nodes : 2'000;
}

// Where the scenario speaks of its parts, for errors.
struct Places {
  Position workload;
  Position network;
  Position check;
};

// Judges the scenario as a whole, reports every mistake, and fills in what follows from other
// parts: members, target, operations, and the numbers of nodes that were named.
bool check_fit(Scenario& scenario, const Places& places, Reader& reader);

}  // namespace ballast
