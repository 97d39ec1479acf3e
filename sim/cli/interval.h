// What a number of failures among a number of runs says about the probability of failure. The only
// floating point in Ballast: nothing in a run depends on it.
#pragma once

#include <cstdint>
#include <string>

namespace ballast {

// The exact interval of Clopper and Pearson (1934) with 95 % confidence. Without any failure it is
// one-sided, from 0 to 1 - 0.05^(1/runs), which is close to 3/runs (the rule of three).
struct Interval {
  double low = 0;
  double high = 1;
};
Interval failure_probability(std::uint64_t failures, std::uint64_t runs);

// "0.06 %": to two digits, rounded up or down as a bound must be.
enum class Bound { lower, upper };
std::string percent(double probability, Bound bound);
// "0.000621": to six decimals, for tables.
std::string decimal(double probability, Bound bound);

}  // namespace ballast
