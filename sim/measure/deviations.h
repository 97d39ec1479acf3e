// Values less their mean, as sums of squares want them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/wide.h"

namespace ballast {

// The values less their mean, all halved so often that each has at most so many bits: squares and
// sums of them then fit.
struct Deviations {
  std::int64_t mean = 0;  // not halved
  unsigned halved = 0;
  std::vector<std::int64_t> each;
  Wide squares = 0;
};

// REQUIRES at least one value.
inline Deviations deviations(std::span<const std::int64_t> values, unsigned bits) {
  Deviations d;
  WideSigned sum = 0;
  for (const std::int64_t value : values) sum += value;
  const auto count = static_cast<WideSigned>(values.size());
  d.mean = static_cast<std::int64_t>((sum + (sum < 0 ? -count : count) / 2) / count);
  std::uint64_t greatest = 0;
  for (const std::int64_t value : values) {
    const std::int64_t off = value - d.mean;
    greatest = std::max(greatest, static_cast<std::uint64_t>(off < 0 ? -off : off));
  }
  const auto width = static_cast<unsigned>(std::bit_width(greatest));
  if (width > bits) d.halved = width - bits;
  const std::int64_t unit = std::int64_t{1} << d.halved;
  for (const std::int64_t value : values) {
    const std::int64_t off = (value - d.mean) / unit;
    d.each.push_back(off);
    d.squares += static_cast<Wide>(static_cast<WideSigned>(off) * off);
  }
  return d;
}

}  // namespace ballast
