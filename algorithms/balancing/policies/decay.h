// Exponential decay in integers.
#pragma once

#include <cstdint>

#include "sim/base/fixed_math.h"
#include "sim/base/time.h"

namespace ballast::balancing {

// x * exp(-elapsed / constant), to the nearest integer. REQUIRES x >= 0 and constant > 0.
constexpr std::int64_t decayed(std::int64_t x, Duration elapsed, Duration constant) {
  if (elapsed.ns <= 0) return x;
  const Wide halvings = static_cast<Wide>(static_cast<std::uint64_t>(elapsed.ns)) * fixed::log2_e /
                            static_cast<std::uint64_t>(constant.ns) >>
                        4;  // in Q56
  constexpr Wide all = Wide{64} << 56;
  if (halvings >= all) return 0;
  return fixed::times_power_of_two(x, -static_cast<std::int64_t>(halvings));
}

}  // namespace ballast::balancing
