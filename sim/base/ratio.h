// Exact probabilities, factors and shares: a fraction of 64-bit integers, never a double.
#pragma once

#include <cstdint>
#include <numeric>

#include "sim/base/wide.h"

namespace ballast {

// numerator / denominator, in lowest terms once it has come through reduced(). The denominator is
// never zero.
struct Ratio {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;

  constexpr Ratio reduced() const {
    const std::uint64_t g = std::gcd(numerator, denominator);
    return g == 0 ? Ratio{0, 1} : Ratio{numerator / g, denominator / g};
  }
  friend constexpr bool operator==(const Ratio& a, const Ratio& b) {
    return static_cast<Wide>(a.numerator) * b.denominator ==
           static_cast<Wide>(b.numerator) * a.denominator;
  }
  friend constexpr bool operator<(const Ratio& a, const Ratio& b) {
    return static_cast<Wide>(a.numerator) * b.denominator <
           static_cast<Wide>(b.numerator) * a.denominator;
  }
  constexpr bool is_zero() const { return numerator == 0; }

  // Whether an event of this probability happens, given a uniform 64-bit word. Zero never happens
  // and one always does.
  constexpr bool happens(std::uint64_t word) const {
    return multiply_high(word, denominator) < numerator;
  }

  // x * this, rounded down. The product is formed in 128 bits; the result must fit 64.
  constexpr std::uint64_t of(std::uint64_t x) const {
    return static_cast<std::uint64_t>(static_cast<Wide>(x) * numerator / denominator);
  }
};

}  // namespace ballast
