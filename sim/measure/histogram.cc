#include "sim/measure/histogram.h"

#include <algorithm>

namespace ballast {

std::size_t Histogram::bucket(std::uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  if (width <= sub_bits + 1) return static_cast<std::size_t>(value);
  const int shift = width - sub_bits - 1;
  return (static_cast<std::size_t>(shift) << sub_bits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  constexpr std::size_t linear = std::size_t{2} << sub_bits;
  if (bucket < linear) return bucket;
  const int shift = static_cast<int>(bucket >> sub_bits) - 1;
  const std::uint64_t top = bucket - (static_cast<std::uint64_t>(shift) << sub_bits);
  return ((top + 1) << shift) - 1;
}

void Histogram::record(Duration value) {
  const std::uint64_t ns = value.ns < 0 ? 0 : static_cast<std::uint64_t>(value.ns);
  const std::size_t where = bucket(ns);
  if (where >= buckets_.size()) buckets_.resize(where + 1);
  ++buckets_[where];
  ++count_;
  sum_ += ns;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::clear() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  sum_ = 0;
  min_ = Duration::max();
  max_ = {};
}

Duration Histogram::mean() const {
  if (count_ == 0) return {};
  return {static_cast<std::int64_t>(sum_ / count_)};
}

Duration Histogram::quantile(Ratio share) const {
  if (count_ == 0) return {};
  // The rank, rounded up: the first value such that rank of them are not above it.
  const Wide product = static_cast<Wide>(count_) * share.numerator + (share.denominator - 1);
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(product / share.denominator));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) {
      const Duration end{static_cast<std::int64_t>(upper_end(i))};
      return std::clamp(end, min_, max_);
    }
  }
  return max_;
}

}  // namespace ballast
