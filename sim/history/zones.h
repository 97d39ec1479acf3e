// Linearizability of a register whose values are all different, without a search.
#pragma once

#include <optional>
#include <vector>

#include "sim/history/operation.h"
#include "sim/history/search.h"

namespace ballast::history {

struct ByZones {
  Answer answer = Answer::running;     // yes or no; running if it says nothing of such operations
  std::vector<std::uint32_t> witness;  // if yes
};

// Gibbons and Korach ("Testing shared memories", 1997): who writes and reads one value is a
// cluster. From the first return in it to the last call the register must hold the value: a forward
// zone. If all of them overlap, from the last call to the first return: a backward zone, somewhere
// in which they all may take effect together. There is a linearization if and only if no two
// forward zones overlap and no backward zone lies within a forward one. For objects of which there
// are reads and writes only, each value written once; unknown writes may be among them. In
// O(n log n).
ByZones linearize_by_zones(const History& history, const std::vector<std::uint32_t>& operations);

}  // namespace ballast::history
