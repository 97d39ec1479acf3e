// Lets the nemesis loose on a scenario: the result is a scenario like any other, with an explicit
// schedule of faults, which can be written down, run and shrunk.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/fault/nemesis.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// Reads a profile and reports every mistake in it.
std::optional<Profile> read_profile(const Value& value, Problems& problems);

// A profile that comes with the tool; none of that name: nothing.
std::optional<Profile> find_profile(std::string_view name);

// The scenario with this seed, and what the nemesis draws from it: faults besides its own, in some
// runs other options of its algorithms and another network, and, if it has clients, a check of
// liveness. A check of progress gives way to it, for faults of the nemesis need not end.
Scenario with_misfortune(const Scenario& scenario, const Profile& profile, std::uint64_t seed);

// The longest patience of the scenario's algorithms.
Duration patience_of(const Scenario& scenario);
// How many nodes of a group make a quorum.
std::size_t quorum_of(const NodeGroup& group);

}  // namespace ballast
