#include "sim/measure/estimate.h"

#include <algorithm>

#include "sim/base/fixed_math.h"
#include "sim/base/wide.h"
#include "sim/measure/deviations.h"
#include "sim/measure/student.h"

namespace ballast {

bool Estimate::within(Ratio precision) const {
  if (mean <= 0) return false;
  return static_cast<Wide>(half_width) * precision.denominator <=
         static_cast<Wide>(static_cast<std::uint64_t>(mean)) * precision.numerator;
}

void set_error(Estimate& e, Wide sixteenths, std::uint64_t freedom, Ratio confidence) {
  sixteenths = std::min(sixteenths, Wide{unbounded} << 4);
  e.standard_error = static_cast<std::uint64_t>(sixteenths >> 4);
  const Wide reach =
      (sixteenths * student_quantile(confidence, freedom)) >> (standard_error_bits + 4);
  e.half_width = static_cast<std::uint64_t>(std::min<Wide>(reach, unbounded));
}

Estimate estimate(std::span<const std::int64_t> values, Ratio confidence) {
  Estimate e;
  e.values = values.size();
  e.half_width = unbounded;
  if (values.empty()) return e;
  const Deviations d = deviations(values, 46);
  e.mean = d.mean;
  if (values.size() < 2) return e;
  // Four bits more than the unit, for the root of a small number is coarse.
  const Wide variance = (d.squares << 8) / (static_cast<Wide>(values.size()) * (values.size() - 1));
  const Wide sixteenths = static_cast<Wide>(fixed::square_root(variance)) << d.halved;
  set_error(e, sixteenths, values.size() - 1, confidence);
  return e;
}

std::int64_t lag_1_milli(std::span<const std::int64_t> values) {
  if (values.size() < 2) return 0;
  const Deviations d = deviations(values, 46);
  if (d.squares == 0) return 0;
  WideSigned products = 0;
  for (std::size_t i = 1; i < d.each.size(); ++i) {
    products += static_cast<WideSigned>(d.each[i - 1]) * d.each[i];
  }
  return static_cast<std::int64_t>(products * 1000 / static_cast<WideSigned>(d.squares));
}

std::size_t mser(std::span<const std::int64_t> values) {
  if (values.size() < 2) return 0;
  const Deviations d = deviations(values, 40);
  WideSigned sum = 0;
  Wide squares = 0;
  std::size_t best = 0;
  Wide least = 0;
  std::uint64_t least_over = 0;  // the least is least / least_over
  for (std::size_t left_out = values.size(); left_out-- > 0;) {
    const std::int64_t y = d.each[left_out];
    sum += y;
    squares += static_cast<Wide>(static_cast<WideSigned>(y) * y);
    if (left_out > values.size() / 2) continue;
    const std::uint64_t n = values.size() - left_out;
    const Wide spread = squares - static_cast<Wide>(sum * sum / static_cast<WideSigned>(n));
    // Of equals the last one counts, which leaves out least.
    if (least_over == 0 || spread * least_over <= least * n * n) {
      best = left_out;
      least = spread;
      least_over = n * n;
    }
  }
  return best;
}

}  // namespace ballast
