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

void Histogram::add(const Histogram& other) {
  if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::vector<std::uint64_t> Histogram::state() const {
  std::vector<std::uint64_t> all{
      static_cast<std::uint64_t>(sum_ >> 64), static_cast<std::uint64_t>(sum_),
      static_cast<std::uint64_t>(min_.ns), static_cast<std::uint64_t>(max_.ns)};
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] == 0) continue;
    all.push_back(i);
    all.push_back(buckets_[i]);
  }
  return all;
}

std::optional<Histogram> Histogram::from(const std::vector<std::uint64_t>& state) {
  constexpr std::size_t most_buckets = std::size_t{64} << sub_bits;
  if (state.size() < 4 || state.size() % 2 != 0) return std::nullopt;
  Histogram h;
  for (std::size_t i = 4; i < state.size(); i += 2) {
    const std::uint64_t where = state[i];
    if (where >= most_buckets || where < h.buckets_.size()) return std::nullopt;
    h.buckets_.resize(static_cast<std::size_t>(where) + 1);
    h.buckets_.back() = state[i + 1];
    h.count_ += state[i + 1];
  }
  h.sum_ = static_cast<Wide>(state[0]) << 64 | state[1];
  h.min_ = {static_cast<std::int64_t>(state[2])};
  h.max_ = {static_cast<std::int64_t>(state[3])};
  if (h.min_ > h.max_ && h.count_ > 0) return std::nullopt;  // no quantile lies between them
  return h;
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
