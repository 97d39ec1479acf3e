#include "sim/measure/histogram.h"

#include <algorithm>

#include "sim/base/fixed_math.h"
#include "sim/measure/estimate.h"

namespace ballast {

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  constexpr std::size_t linear = std::size_t{2} << sub_bits;
  if (bucket < linear) return bucket;
  const int shift = static_cast<int>(bucket >> sub_bits) - 1;
  const std::uint64_t top = bucket - (static_cast<std::uint64_t>(shift) << sub_bits);
  return ((top + 1) << shift) - 1;
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

std::int64_t Histogram::interpolated(Ratio share) const {
  if (count_ == 0) return 0;
  // All in parts of the denominator: the rank need not be whole.
  const Wide rank = static_cast<Wide>(count_) * share.numerator;
  Wide seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const Wide here = static_cast<Wide>(buckets_[i]) * share.denominator;
    if (seen + here < rank || here == 0) {
      seen += here;
      continue;
    }
    const std::uint64_t low = i == 0 ? 0 : upper_end(i - 1);
    const std::uint64_t width = upper_end(i) - low;
    const Wide inside = rank > seen ? ((rank - seen) << 32) / here : 0;  // Q32
    const Wide fine = (static_cast<Wide>(low) << fine_bits) +
                      (((static_cast<Wide>(width) << fine_bits) * inside) >> 32);
    return std::clamp(static_cast<std::int64_t>(fine), min_.ns << fine_bits, max_.ns << fine_bits);
  }
  return max_.ns << fine_bits;
}

std::uint64_t Histogram::share_up_to(std::int64_t fine) const {
  constexpr unsigned bits = 40;
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(fine, 0));
  if (count_ == 0 || value >> fine_bits >= static_cast<std::uint64_t>(max_.ns)) {
    return std::uint64_t{1} << bits;
  }
  // A value on the end of a bucket is the last one in it.
  const std::size_t own = bucket((value + (1u << fine_bits) - 1) >> fine_bits);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < own && i < buckets_.size(); ++i) below += buckets_[i];
  Wide rank = static_cast<Wide>(below) << bits;
  if (own < buckets_.size() && buckets_[own] > 0) {
    const std::uint64_t low = own == 0 ? 0 : upper_end(own - 1);
    const std::uint64_t width = upper_end(own) - low;
    if (width > 0) {
      const Wide inside =
          (static_cast<Wide>(value - (low << fine_bits)) << bits) / width >> fine_bits;
      rank += inside * buckets_[own];
    } else {
      rank += static_cast<Wide>(buckets_[own]) << bits;
    }
  }
  return static_cast<std::uint64_t>(rank / count_);
}

std::uint64_t Histogram::hill_index_milli(Ratio share) const {
  constexpr std::uint64_t least = 100;
  const std::uint64_t threshold =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(quantile(share).ns));
  const std::uint64_t base = fixed::minus_log2(threshold);
  std::uint64_t values = 0;
  Wide sum = 0;  // of log2(value / threshold) in Q56
  for (std::size_t i = bucket(threshold) + 1; i < buckets_.size(); ++i) {
    if (buckets_[i] == 0) continue;
    const std::uint64_t middle = upper_end(i - 1) + (upper_end(i) - upper_end(i - 1) + 1) / 2;
    values += buckets_[i];
    sum += static_cast<Wide>(base - fixed::minus_log2(middle)) * buckets_[i];
  }
  if (values < least || sum == 0) return 0;
  // 1 / ln = log2(e) / log2.
  const Wide mean_log2 = sum / values;
  return static_cast<std::uint64_t>((static_cast<Wide>(fixed::log2_e) * 1000 >> 4) / mean_log2);
}

}  // namespace ballast
