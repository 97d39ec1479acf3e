// Latencies in constant memory: a histogram whose buckets grow with the value, so that the relative
// error of every quantile is bounded.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/ratio.h"
#include "sim/base/time.h"
#include "sim/base/wide.h"

namespace ballast {

// Log-linear: every power of two is divided into 128 equal buckets, values below 256 ns are exact.
// A quantile is reported as the upper end of its bucket, at most 1/128 (0.8 %) above the true one.
// Counts, sum, minimum and maximum are exact.
class Histogram {
 public:
  // All of it as numbers, to be written down and merged elsewhere: both halves of the sum, minimum,
  // maximum, and the number and the count of each bucket that is not empty.
  std::vector<std::uint64_t> state() const;
  // Nothing if no histogram has such a state.
  static std::optional<Histogram> from(const std::vector<std::uint64_t>& state);

  void record(Duration value) {
    const std::uint64_t ns = value.ns < 0 ? 0 : static_cast<std::uint64_t>(value.ns);
    const std::size_t where = bucket(ns);
    if (where >= buckets_.size()) [[unlikely]]
      buckets_.resize(where + 1);
    ++buckets_[where];
    ++count_;
    sum_ += ns;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }
  void clear();
  // As if everything that went into the other one had been recorded here too; nothing is lost.
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  Wide sum() const { return sum_; }
  Duration min() const { return count_ == 0 ? Duration{} : min_; }
  Duration max() const { return max_; }
  // Rounded down to the nanosecond; 0 if there is nothing.
  Duration mean() const;
  // The smallest recorded value that at least this share of all values does not exceed. 0 if there
  // is nothing.
  Duration quantile(Ratio share) const;
  // The same between the ends of its bucket, as if the values in it were spread evenly, in 1024ths
  // of a nanosecond. As far from the truth as quantile() at worst, but without its bias: where the
  // law is smooth the error is a few 100,000ths.
  std::int64_t interpolated(Ratio share) const;
  // The other way round: which share of all values is not greater, in Q40.
  std::uint64_t share_up_to(std::int64_t fine) const;
  // Hill's estimate, in thousandths, of the exponent of the tail from the values above this share:
  // below 2 the law may have no variance, and then no interval around a mean can be trusted (Hill,
  // Annals of Statistics 3, 1975). 0 if fewer than 100 values lie there.
  std::uint64_t hill_index_milli(Ratio share) const;

 private:
  static constexpr int sub_bits = 7;
  static std::size_t bucket(std::uint64_t value) {
    const auto width = static_cast<int>(std::bit_width(value));
    if (width <= sub_bits + 1) return static_cast<std::size_t>(value);
    const int shift = width - sub_bits - 1;
    return (static_cast<std::size_t>(shift) << sub_bits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t upper_end(std::size_t bucket);

  std::vector<std::uint64_t> buckets_;  // only as far as values reached
  std::uint64_t count_ = 0;
  Wide sum_ = 0;
  Duration min_ = Duration::max();
  Duration max_;
};

}  // namespace ballast
