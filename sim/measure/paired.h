// Which of several ways is better, from runs that share their chance: each way was run with each
// seed, so that what differs between two runs of one seed is the way and not the luck.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/measure/estimate.h"

namespace ballast {

struct Difference {
  std::size_t a = 0;  // of the ways
  std::size_t b = 0;
  Estimate estimate;  // of a - b
  // How many times larger the variance of the difference would be with independent runs, in
  // thousandths; 0 where the difference does not vary at all.
  std::uint64_t gain_milli = 0;
  bool is_real() const { return estimate.values > 1 && estimate.excludes_zero(); }
};

// All pairs of so few ways; of more, each but the first with the first.
std::vector<Difference> differences(std::span<const std::vector<std::int64_t>> values,
                                    Ratio confidence);

// Ways of which all pairs are compared.
inline constexpr std::size_t most_paired_ways = 5;

// What each of so many intervals must cover for all of them to hold together with this confidence
// (Bonferroni).
Ratio for_all(Ratio confidence, std::uint64_t intervals);

}  // namespace ballast
