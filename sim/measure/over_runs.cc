#include "sim/measure/over_runs.h"

#include <algorithm>
#include <limits>

#include "sim/base/fixed_math.h"
#include "sim/measure/student.h"

namespace ballast {

namespace {
constexpr auto none = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

void OverRuns::add(std::uint64_t value) {
  const std::uint64_t bounded = std::min(value, most);
  OverRuns one;
  one.runs_ = 1;
  one.sum_ = bounded;
  const Wide square = static_cast<Wide>(bounded) * bounded;
  one.squares_high_ = static_cast<std::uint64_t>(square >> 64);
  one.squares_low_ = static_cast<std::uint64_t>(square);
  add(one);
}

void OverRuns::add(const OverRuns& other) {
  if (runs_ + other.runs_ > most_runs) return;
  runs_ += other.runs_;
  sum_ += other.sum_;
  squares_low_ += other.squares_low_;
  squares_high_ += other.squares_high_ + (squares_low_ < other.squares_low_ ? 1 : 0);
}

Estimate OverRuns::estimate(Ratio confidence) const {
  Estimate e;
  e.values = runs_;
  e.half_width = none;
  if (runs_ == 0) return e;
  e.mean = static_cast<std::int64_t>(
      static_cast<std::uint64_t>((static_cast<Wide>(sum_) << fine_bits) / runs_));
  if (runs_ < 2) return e;
  // The variance of the mean is (n sum x^2 - (sum x)^2) / (n^2 (n - 1)).
  const Wide squares = (static_cast<Wide>(squares_high_) << 64) + squares_low_;
  Wide spread = squares * runs_ - static_cast<Wide>(sum_) * sum_;
  // With as many more bits as are wanted and there is room for.
  unsigned shift = 0;
  for (; shift < 2 * fine_bits && spread >> 125 == 0; shift += 2) spread <<= 2;
  const Wide variance = spread / runs_ / (static_cast<Wide>(runs_) * (runs_ - 1));
  const Wide error = static_cast<Wide>(fixed::square_root(variance)) << (fine_bits - shift / 2);
  e.standard_error = static_cast<std::uint64_t>(std::min<Wide>(error, none));
  const Wide reach = (error * student_quantile(confidence, runs_ - 1)) >> standard_error_bits;
  e.half_width = static_cast<std::uint64_t>(std::min<Wide>(reach, none));
  return e;
}

}  // namespace ballast
