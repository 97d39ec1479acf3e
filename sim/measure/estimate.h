// A mean with its interval, from values that are taken to be independent: batch means of one run,
// or one value of each of several runs.
#pragma once

#include <cstdint>
#include <span>

#include "sim/base/ratio.h"
#include "sim/base/wide.h"

namespace ballast {

// Values are integers of any unit. For durations Ballast uses the 1024th of a nanosecond, so that
// means keep what a nanosecond would round away.
inline constexpr unsigned fine_bits = 10;

// A half width, or an error, of which nothing is known.
inline constexpr std::uint64_t unbounded = ~std::uint64_t{0} >> 1;

struct Estimate {
  std::int64_t mean = 0;
  std::uint64_t standard_error = 0;
  std::uint64_t half_width = 0;  // the interval is mean - half_width to mean + half_width
  std::uint64_t values = 0;

  bool excludes_zero() const {
    return half_width < static_cast<std::uint64_t>(mean < 0 ? -mean : mean);
  }
  // Whether the half width is at most this share of the mean.
  bool within(Ratio precision) const;
};

// Sets the error, given in 16ths of the unit, and Student's interval with so many degrees of
// freedom.
void set_error(Estimate& e, Wide sixteenths, std::uint64_t freedom, Ratio confidence);

// Student's interval. With fewer than two values there is none: the half width is then unbounded.
Estimate estimate(std::span<const std::int64_t> values, Ratio confidence);

// How much each value resembles its predecessor: the sample autocorrelation of lag 1, in
// thousandths. 0 where nothing varies.
std::int64_t lag_1_milli(std::span<const std::int64_t> values);

// The first values are those of a run that has not settled yet. How many of them to leave out: the
// number, at most half, that makes sum (y - mean)^2 / n^2 over the rest smallest (White, "An
// effective truncation heuristic for bias reduction in simulation output", Simulation 69, 1997;
// MSER-5 takes means of five observations each).
std::size_t mser(std::span<const std::int64_t> values);

}  // namespace ballast
