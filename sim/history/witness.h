// A linearization by the order in which a replicated log has the operations. Who knows that order
// needs no search: it either explains what clients saw, or it does not.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

// What changes the object takes effect in the order of Operation::effect; so does what only looks,
// or else, where it has no place in the log or not the right one, at the earliest place where it is
// legal and real time allows it. Nothing if an operation that is known to have changed the object
// has no place in the log, or if that order explains nothing: then it is for a search to decide.
// Time and memory grow with the history, and with how many operations are open at once.
std::optional<std::vector<std::uint32_t>> witness_by_log(
    const History& history, Model model, const std::vector<std::uint32_t>& operations);

}  // namespace ballast::history
