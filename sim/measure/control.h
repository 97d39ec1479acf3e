// Control variates: what chance did to quantities whose means are known tells by how much a mean
// came out too large or too small, and is taken off it (Lavenberg and Welch, "A perspective on the
// use of control variables to increase the efficiency of Monte Carlo simulations", Management
// Science 27, 1981). Of a queue: where requests happened to come faster than their rate, or to be
// more work than their law says, latencies happened to be longer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/measure/estimate.h"

namespace ballast {

// What is known of the chance in a run. What is not known controls nothing.
struct KnownMeans {
  std::uint64_t gap = 0;  // from one operation to the next, in 1024ths of a nanosecond; 0: unknown
  bool work = false;      // whether how hard each operation is comes as a uniform word
};

// How far each value of one quantity is from its known mean, in any unit.
using Control = std::vector<std::int64_t>;

struct Controlled {
  Estimate estimate;
  std::int64_t correction = 0;       // what was added to the mean of the values
  std::vector<bool> used;            // by control
  std::uint64_t left_milli = 1'000;  // of the variance of the mean of these values
  std::int64_t lag_1_milli = 0;      // of what the controls do not explain
};

// The mean of the values by linear regression on the controls, with Student's interval: a degree of
// freedom less for each control, and wider where their means came out far from what is known. A
// control that does not vary, or only as others before it, is not used, nor is one whose mean is
// more than ten standard errors from what is known, for then it is not known; nor is any where that
// would leave fewer than ten degrees of freedom. REQUIRES as many deviations in each control as
// there are values.
Controlled estimate(std::span<const std::int64_t> values, const std::vector<Control>& controls,
                    Ratio confidence);

}  // namespace ballast
