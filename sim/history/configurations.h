// The configurations that a search has been to: where it stood, the state, and which operations had
// taken effect.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/history/used_sets.h"

namespace ballast::history {

// Lowe's memory of configurations, as an antichain: one that used a subset of the unknown
// operations of another stands for both, because it can still do whatever the other can.
class Configurations {
 public:
  // `words`: of the bits of open operations.
  explicit Configurations(std::uint32_t words) : words_(words), heads_(64, none) {}

  // False if this one, or one that stands for it, is there already.
  bool add(std::uint32_t position, std::uint32_t state, const std::uint64_t* done,
           std::uint32_t used, const UsedSets& sets) {
    if (count_ * 2 >= heads_.size()) grow();
    const std::uint64_t place = std::uint64_t{position} << 32 | state;
    std::size_t at = hash(place, done) & (heads_.size() - 1);
    while (heads_[at] != none && !is_at(heads_[at], place, done)) {
      at = (at + 1) & (heads_.size() - 1);
    }
    for (std::uint32_t entry = heads_[at]; entry != none; entry = next_of(entry)) {
      if (sets.within(used_of(entry), used)) return false;
    }
    if (heads_[at] == none) ++count_;
    const auto entry = static_cast<std::uint32_t>(entries_.size() / stride());
    entries_.push_back(place);
    entries_.push_back(std::uint64_t{used} << 32 | heads_[at]);
    entries_.insert(entries_.end(), done, done + words_);
    heads_[at] = entry;
    return true;
  }

  std::uint64_t bytes() const { return entries_.capacity() * 8 + heads_.capacity() * 4; }
  // What the next add may need on top for a moment.
  std::uint64_t growth() const {
    return (entries_.size() == entries_.capacity() ? entries_.capacity() * 16 : 0) +
           (count_ * 2 + 2 >= heads_.size() ? heads_.size() * 8 : 0);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  std::size_t stride() const { return words_ + 2; }
  const std::uint64_t* entry_at(std::uint32_t entry) const {
    return entries_.data() + entry * stride();
  }
  std::uint32_t next_of(std::uint32_t entry) const {
    return static_cast<std::uint32_t>(entry_at(entry)[1]);
  }
  std::uint32_t used_of(std::uint32_t entry) const {
    return static_cast<std::uint32_t>(entry_at(entry)[1] >> 32);
  }
  bool is_at(std::uint32_t entry, std::uint64_t place, const std::uint64_t* done) const {
    const std::uint64_t* words = entry_at(entry);
    return words[0] == place && std::equal(done, done + words_, words + 2);
  }
  std::uint64_t hash(std::uint64_t place, const std::uint64_t* done) const {
    std::uint64_t h = mix(place);
    for (std::uint32_t i = 0; i < words_; ++i) h = mix(h ^ done[i]);
    return h;
  }
  void grow() {
    std::vector<std::uint32_t> old(heads_.size() * 2, none);
    old.swap(heads_);
    for (const std::uint32_t entry : old) {
      if (entry == none) continue;
      const std::uint64_t* words = entry_at(entry);
      std::size_t at = hash(words[0], words + 2) & (heads_.size() - 1);
      while (heads_[at] != none) at = (at + 1) & (heads_.size() - 1);
      heads_[at] = entry;
    }
  }

  std::uint32_t words_;
  std::vector<std::uint64_t> entries_;  // place; used and next of the same place; done
  std::vector<std::uint32_t> heads_;    // by hash: the last entry of a place
  std::size_t count_ = 0;               // places
};

}  // namespace ballast::history
