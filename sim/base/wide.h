// 128-bit integers, wrapped once: they are exact and fast on every 64-bit target, but not ISO C++.
#pragma once

#include <cstdint>

namespace ballast {

__extension__ using Wide = unsigned __int128;
__extension__ using WideSigned = __int128;

// The high word of a 64 x 64 bit product: maps a uniform 64-bit word onto [0, n) without division.
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}

}  // namespace ballast
