// One number of each of many runs, in constant memory and so that parts can be added up: the mean
// over the runs, which are independent, and its interval.
#pragma once

#include <cstdint>

#include "sim/base/describe.h"
#include "sim/base/wide.h"
#include "sim/measure/estimate.h"

namespace ballast {

class OverRuns {
 public:
  // More than this counts as this much: 73 minutes in nanoseconds.
  static constexpr std::uint64_t most = std::uint64_t{1} << 42;
  // Beyond so many runs the sums might overflow; later ones are left out.
  static constexpr std::uint64_t most_runs = std::uint64_t{1} << 20;

  void add(std::uint64_t value);
  void add(const OverRuns& other);
  std::uint64_t runs() const { return runs_; }
  // Student's interval, in 1024ths of the unit of the values.
  Estimate estimate(Ratio confidence) const;

 private:
  std::uint64_t runs_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t squares_high_ = 0;
  std::uint64_t squares_low_ = 0;

 public:
  static constexpr auto fields =
      Fields{field("runs", &OverRuns::runs_).needed(), field("sum", &OverRuns::sum_).needed(),
             field("squares_high", &OverRuns::squares_high_).needed(),
             field("squares_low", &OverRuns::squares_low_).needed()};
};

}  // namespace ballast
