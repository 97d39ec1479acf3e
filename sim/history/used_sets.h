// Multisets of classes of unknown operations that took effect: interned, so that equal ones have
// equal numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/history/table.h"

namespace ballast::history {

class UsedSets {
 public:
  static constexpr std::uint32_t empty = 0;

  UsedSets() : spans_(1) {}

  // `set` and one more of `kind`.
  std::uint32_t with(std::uint32_t set, std::uint32_t kind) {
    const auto fresh = static_cast<std::uint32_t>(spans_.size());
    const std::uint32_t memo = steps_.find(set, kind);
    if (memo != PairTable::none) return memo;
    const auto begin = static_cast<std::uint32_t>(items_.size());
    const Span old = spans_[set];
    std::uint32_t i = old.begin;
    for (; i < old.end && items_[i] <= kind; ++i) items_.push_back(std::uint32_t{items_[i]});
    items_.push_back(kind);
    for (; i < old.end; ++i) items_.push_back(std::uint32_t{items_[i]});
    const Span made{begin, static_cast<std::uint32_t>(items_.size())};
    const std::uint32_t same = find(made);
    if (same != PairTable::none) {
      items_.resize(begin);
      return steps_.insert(set, kind, same);
    }
    spans_.push_back(made);
    buckets_[hash(made) & (buckets_.size() - 1)].push_back(fresh);
    if (spans_.size() > buckets_.size() * 2) rehash();
    return steps_.insert(set, kind, fresh);
  }

  std::uint32_t count(std::uint32_t set, std::uint32_t kind) const {
    const Span span = spans_[set];
    const auto [from, to] =
        std::equal_range(items_.begin() + span.begin, items_.begin() + span.end, kind);
    return static_cast<std::uint32_t>(to - from);
  }

  // Whether all of `small` is in `large`.
  bool within(std::uint32_t small, std::uint32_t large) const {
    if (small == large || small == empty) return true;
    const Span a = spans_[small];
    const Span b = spans_[large];
    if (a.end - a.begin > b.end - b.begin) return false;
    return std::includes(items_.begin() + b.begin, items_.begin() + b.end, items_.begin() + a.begin,
                         items_.begin() + a.end);
  }

  std::uint64_t bytes() const {
    return items_.capacity() * 4 + spans_.capacity() * sizeof(Span) + steps_.bytes() +
           buckets_.size() * sizeof(buckets_[0]) + spans_.size() * 8;
  }

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  std::uint64_t hash(Span span) const {
    std::uint64_t h = span.end - span.begin;
    for (std::uint32_t i = span.begin; i < span.end; ++i) h = mix(h ^ items_[i]) + i - span.begin;
    return h;
  }
  std::uint32_t find(Span span) const {
    for (const std::uint32_t set : buckets_[hash(span) & (buckets_.size() - 1)]) {
      const Span other = spans_[set];
      if (std::equal(items_.begin() + span.begin, items_.begin() + span.end,
                     items_.begin() + other.begin, items_.begin() + other.end)) {
        return set;
      }
    }
    return PairTable::none;
  }
  void rehash() {
    std::vector<std::vector<std::uint32_t>> wider(buckets_.size() * 4);
    buckets_.swap(wider);
    for (std::uint32_t set = 1; set < spans_.size(); ++set) {
      buckets_[hash(spans_[set]) & (buckets_.size() - 1)].push_back(set);
    }
  }

  std::vector<std::uint32_t> items_;
  std::vector<Span> spans_;
  PairTable steps_;  // (set, kind) to set
  std::vector<std::vector<std::uint32_t>> buckets_ = std::vector<std::vector<std::uint32_t>>(16);
};

}  // namespace ballast::history
