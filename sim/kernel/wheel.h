// A hierarchical timing wheel over the whole order key: where events wait while they are far off.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/kernel/pending.h"

namespace ballast {

// The key of an entry is a number of 16 digits of 8 bits: the eight of the time above the eight of
// the order at that time, so that a burst at one instant is spread like any other. An entry waits
// at the level of the highest digit in which it differs from the base, in the bucket of that digit;
// all that shares a level with it differs from the base there and nowhere above. So the earliest
// entries are those of the first bucket of the lowest level. An entry is moved at most once per
// level, and in practice once or twice. (Ahuja, Mehlhorn, Orlin and Tarjan, "Faster algorithms for
// the shortest path problem", 1990, call it a radix heap.)
class Wheel {
 public:
  std::size_t size() const { return size_; }
  const Pending& base() const { return base_; }

  // Sets the lower bound of all keys to come. REQUIRES size() == 0.
  void set_base(const Pending& base);

  // REQUIRES a base, not later than the entry.
  void put(const Pending& entry) {
    const std::uint64_t at = entry.at ^ base_.at;
    const std::uint64_t order = entry.order ^ base_.order;
    const std::uint64_t difference = at != 0 ? at : order;
    const std::uint64_t word = at != 0 ? entry.at : entry.order;
    // One is or-ed in for the entry that equals the base: it belongs to the lowest level.
    const unsigned shift = static_cast<unsigned>(63 - std::countl_zero(difference | 1)) & ~7u;
    const unsigned level = shift / 8 + (at != 0 ? 8 : 0);
    const unsigned digit = static_cast<unsigned>(word >> shift) & 255;
    Bucket& bucket = buckets_[level * 256 + digit];
    const std::uint32_t place = bucket.size++ % Chunk::capacity;
    if (place == 0) add_chunk(bucket, level, digit);
    chunks_[bucket.last].entries[place] = entry;
    ++size_;
  }

  // Moves the earliest entries to `run`, in order: at least one, at most `most`, and less than
  // `most` when that is cheaper. Returns a bound: what stays in the wheel has a greater key, what
  // was taken has not. REQUIRES size() > 0.
  Pending take(std::vector<Pending>& run, std::size_t most);

  // Moves all entries to `out`, in no particular order.
  void take_all(std::vector<Pending>& out);

 private:
  static constexpr unsigned levels = 16;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  // Buckets are lists of chunks from one pool: appending writes to a few warm cache lines, reading
  // is sequential, and whatever is emptied serves the next bucket.
  struct Chunk {
    static constexpr std::uint32_t capacity = 32;
    std::array<Pending, capacity> entries;
    std::uint32_t next = none;
  };
  // Entries stay in the order in which they came, which is mostly that of their sequence numbers:
  // entries of one instant then need no sorting.
  struct Bucket {
    std::uint32_t first = none;
    std::uint32_t last = none;
    std::uint32_t size = 0;
  };

  Bucket& bucket(unsigned level, unsigned digit) { return buckets_[level * 256 + digit]; }
  unsigned lowest_level() const { return static_cast<unsigned>(std::countr_zero(used_levels_)); }
  unsigned first_digit(unsigned level) const;
  void add_chunk(Bucket& bucket, unsigned level, unsigned digit);
  void spread(unsigned level, unsigned digit);
  void sort(std::vector<Pending>& run, unsigned level);
  template <class Visit>
  void for_each(const Bucket& bucket, Visit&& visit) const;
  template <class Visit>
  void drain(unsigned level, unsigned digit, Visit&& visit);

  Pending base_;
  std::size_t size_ = 0;
  std::uint32_t used_levels_ = 0;                                   // a bit for each level in use
  std::array<std::array<std::uint64_t, 4>, levels> used_digits_{};  // and for each bucket
  std::vector<Bucket> buckets_;
  std::vector<Chunk> chunks_;
  std::uint32_t spare_ = none;  // the first chunk of the pool that is not in use
  std::vector<Pending> scratch_;
};

}  // namespace ballast
