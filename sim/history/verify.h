// Whether an order of operations is a linearization, in linear time and with nothing of the search.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

// Replays the sequential object in the order of the witness and holds it against real time. Empty
// if it is a linearization of `operations`: each known one once (each unknown one once at most),
// each legal where it stands, and none after one that was called when it had returned already.
// Else a sentence about the first place that is wrong. `marks` is scratch for many calls: empty at
// first, or as a call has left it.
std::string refute_witness(const History& history, Model model,
                           const std::vector<std::uint32_t>& operations,
                           const std::vector<std::uint32_t>& witness,
                           std::vector<std::uint8_t>& marks);

}  // namespace ballast::history
