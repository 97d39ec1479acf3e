// Linearizability of a register whose writes are all different, in the time that sorting takes.
#pragma once

#include <optional>
#include <vector>

#include "sim/check/linearizable.h"

namespace ballast {

// Gibbons and Korach, "Testing shared memories", 1997: with unique writes, the operations of each
// value form a cluster, and the register is linearizable if and only if the clusters' zones do not
// get into each other's way. Judges the operations of one key; nothing if the method does not
// apply, because of a cas, a delete or a value written twice.
std::optional<LinearizabilityResult> check_zones(
    const std::vector<const SeenOperation*>& operations);

}  // namespace ballast
