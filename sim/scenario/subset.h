// A scenario with fewer nodes.
#pragma once

#include <optional>
#include <vector>

#include "sim/scenario/scenario.h"

namespace ballast {

// Keeps the nodes whose place in `kept` (servers, then clients, from n1) is true. The others are
// numbered anew without gaps, and whatever names nodes follows: what named only nodes that are gone
// goes too. The draws of a node depend on its number, so that the run becomes another one unless
// the last nodes go. Nothing if a group would be empty, if no client were left where there were
// some, or if servers go that a topology other than the full mesh places.
std::optional<Scenario> with_nodes(const Scenario& scenario, const std::vector<bool>& kept);

}  // namespace ballast
