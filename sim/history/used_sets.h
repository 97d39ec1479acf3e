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

  // `set` and one more of `kind`, without the kinds of which `over` says that they do not count any
  // more.
  template <class Over>
  std::uint32_t with(std::uint32_t set, std::uint32_t kind, Over over) {
    const std::uint32_t memo = steps_.find(set, kind);
    if (memo != PairTable::none) return memo;
    const auto begin = static_cast<std::uint32_t>(items_.size());
    const Span old = spans_[set];
    std::uint64_t hash = old.hash;
    bool dropped = false;
    bool placed = false;
    for (std::uint32_t i = old.begin; i < old.end; ++i) {
      const Item item = items_[i];
      if (item.kind != kind && over(item.kind)) {
        hash -= hash_of(item);
        dropped = true;
        continue;
      }
      if (!placed && item.kind > kind) items_.push_back({kind, 1});
      placed |= item.kind >= kind;
      items_.push_back({item.kind, item.count + (item.kind == kind ? 1 : 0)});
      if (item.kind == kind) hash += hash_of(items_.back()) - hash_of(item);
    }
    if (!placed) items_.push_back({kind, 1});
    if (count(set, kind) == 0) hash += hash_of({kind, 1});
    const std::uint32_t made = intern({begin, static_cast<std::uint32_t>(items_.size()), hash});
    // What was dropped may count again where the search goes back to.
    return dropped ? made : steps_.insert(set, kind, made);
  }

  std::uint32_t count(std::uint32_t set, std::uint32_t kind) const {
    const Span span = spans_[set];
    const auto end = items_.begin() + span.end;
    const auto at = std::lower_bound(items_.begin() + span.begin, end, kind,
                                     [](const Item& a, std::uint32_t b) { return a.kind < b; });
    return at != end && at->kind == kind ? at->count : 0;
  }

  // Whether all of `small` is in `large`.
  bool within(std::uint32_t small, std::uint32_t large) const {
    if (small == large || small == empty) return true;
    const Span a = spans_[small];
    const Span b = spans_[large];
    if (a.end - a.begin > b.end - b.begin) return false;
    std::uint32_t j = b.begin;
    for (std::uint32_t i = a.begin; i < a.end; ++i) {
      while (j < b.end && items_[j].kind < items_[i].kind) ++j;
      if (j == b.end || items_[j].kind != items_[i].kind) return false;
      if (items_[j].count < items_[i].count) return false;
    }
    return true;
  }

  std::uint64_t bytes() const {
    return items_.capacity() * sizeof(Item) + spans_.capacity() * sizeof(Span) + steps_.bytes() +
           buckets_.size() * sizeof(buckets_[0]) + spans_.size() * 8;
  }

 private:
  // The hash is a sum over the items, so that a set of hundreds and one more cost little.
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint64_t hash = 0;
  };
  struct Item {
    std::uint32_t kind = 0;
    std::uint32_t count = 0;
    friend bool operator==(const Item&, const Item&) = default;
  };

  // The number of the items at the end, which are taken back if they are known.
  std::uint32_t intern(Span made) {
    const std::uint32_t same = find(made);
    if (same != PairTable::none) {
      items_.resize(made.begin);
      return same;
    }
    const auto fresh = static_cast<std::uint32_t>(spans_.size());
    spans_.push_back(made);
    buckets_[made.hash & (buckets_.size() - 1)].push_back(fresh);
    if (spans_.size() > buckets_.size() * 2) rehash();
    return fresh;
  }

  static std::uint64_t hash_of(Item item) {
    return mix(std::uint64_t{item.kind} << 32 | item.count);
  }
  std::uint32_t find(Span span) const {
    for (const std::uint32_t set : buckets_[span.hash & (buckets_.size() - 1)]) {
      const Span other = spans_[set];
      if (other.hash != span.hash) continue;
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
      buckets_[spans_[set].hash & (buckets_.size() - 1)].push_back(set);
    }
  }

  std::vector<Item> items_;
  std::vector<Span> spans_;
  PairTable steps_;  // (set, kind) to set
  std::vector<std::vector<std::uint32_t>> buckets_ = std::vector<std::vector<std::uint32_t>>(16);
};

}  // namespace ballast::history
