// Quorums, as arithmetic.
#pragma once

#include <cstddef>

namespace ballast {

// The size of a majority of n members: any two majorities share a member.
constexpr std::size_t majority(std::size_t n) { return n / 2 + 1; }

}  // namespace ballast
