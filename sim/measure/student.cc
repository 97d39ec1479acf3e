#include "sim/measure/student.h"

#include <algorithm>

#include "sim/base/fixed_math.h"
#include "sim/base/wide.h"

namespace ballast {
namespace {

constexpr std::uint64_t one = std::uint64_t{1} << 60;
constexpr std::uint64_t two_over_pi = 0xA2F9836E4E44152;  // Q60
constexpr std::uint64_t most_degrees = 1'000;

constexpr std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b >> 60);
}
constexpr std::uint64_t over(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<Wide>(a) << 60) / b);
}
constexpr std::uint64_t root(std::uint64_t x) {
  return fixed::square_root(static_cast<Wide>(x) << 60);
}

// The angle with this sine and cosine, from 0 to pi / 2. Its tangent is halved twice more than the
// half-angle formula needs, so that the series of the arcus tangens is short.
std::uint64_t angle(std::uint64_t sine, std::uint64_t cosine) {
  std::uint64_t tangent = over(sine, one + cosine);
  for (int i = 0; i < 2; ++i) tangent = over(tangent, one + root(one + times(tangent, tangent)));
  const std::uint64_t squared = times(tangent, tangent);
  std::uint64_t power = tangent;
  std::uint64_t sum = 0;
  for (std::uint64_t n = 1; power > 0; n += 2) {
    sum += n % 4 == 1 ? power / n : 0 - power / n;
    power = times(power, squared);
  }
  return 8 * sum;
}

}  // namespace

// Abramowitz and Stegun, 26.7.3 and 26.7.4: finite sums in the powers of cos^2, where the tangent
// of the angle is t / sqrt(degrees).
std::uint64_t student_share(StandardErrors t, std::uint64_t degrees) {
  const std::uint64_t n = std::min(degrees, most_degrees);
  const Wide square = static_cast<Wide>(t) * t;
  const Wide whole = static_cast<Wide>(n) << 2 * standard_error_bits;
  const auto cosine_squared = static_cast<std::uint64_t>((whole << 60) / (whole + square));
  const std::uint64_t cosine = root(cosine_squared);
  const std::uint64_t sine = root(one - cosine_squared);
  const bool odd = n % 2 == 1;
  std::uint64_t term = odd ? cosine : one;
  Wide sum = 0;  // more than 16 where degrees are many and t is small
  // Each term is the last one times cos^2 k / (k + 1).
  for (std::uint64_t k = odd ? 2 : 1; k < n; k += 2) {
    sum += term;
    term = times(static_cast<std::uint64_t>(static_cast<Wide>(term) * k / (k + 1)), cosine_squared);
  }
  const auto share = static_cast<std::uint64_t>(sum * sine >> 60);
  if (!odd) return std::min(one, share);
  return std::min(one, times(two_over_pi, angle(sine, cosine) + share));
}

StandardErrors student_quantile(Ratio confidence, std::uint64_t degrees) {
  const auto wanted = static_cast<std::uint64_t>((static_cast<Wide>(confidence.numerator) << 60) /
                                                 confidence.denominator);
  StandardErrors low = 0;
  StandardErrors high = StandardErrors{1} << 44;
  while (high - low > 1) {
    const StandardErrors middle = low + (high - low) / 2;
    (student_share(middle, degrees) < wanted ? low : high) = middle;
  }
  return high;
}

}  // namespace ballast
