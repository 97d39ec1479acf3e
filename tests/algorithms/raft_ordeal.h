// What the ordeals of Raft share: what clients ask for, and the search for a mistake.
#pragma once

#include <cstdint>
#include <string>

#include "algorithms/consensus/raft.h"
#include "tests/support/ordeal.h"

namespace ballast {

// A write of one of four sessions of the client to one of three keys; some come twice.
inline Request some_write(std::uint64_t number, Stream& random) {
  const auto session = static_cast<std::uint32_t>(random.below(4));
  const std::uint64_t sequence = 1 + number / (8 + random.below(2));
  const auto value = static_cast<std::int64_t>(number);
  return {{NodeId{99}, session, sequence}, {Operation::write, random.below(3), value, 0, 0}};
}

// The check that first catches the mistake within so many steps; empty if none does.
// `make(seed, bug)` gives the settings of an ordeal.
template <class Make>
std::string caught(Make make, raft::Bug bug, std::uint64_t budget) {
  return first_broken<Raft>([&](std::uint64_t seed) { return make(seed, bug); }, budget);
}

}  // namespace ballast
