// A hash table from pairs of words to small numbers: one open-addressed array, no iteration, so
// that no order of it can reach a result.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/random.h"

namespace ballast::history {

// Maps (a, b) to a number below `none`. Nothing is ever removed.
class PairTable {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  std::uint32_t find(std::uint64_t a, std::uint64_t b) const {
    if (slots_.empty()) return none;
    for (std::size_t at = home(a, b);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number == none || (slot.a == a && slot.b == b)) return slot.number;
    }
  }
  // The number of the pair, which is `fresh` if it was not there.
  std::uint32_t insert(std::uint64_t a, std::uint64_t b, std::uint32_t fresh) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& slot = place(a, b);
    if (slot.number == none) {
      slot = {a, b, fresh};
      ++count_;
    }
    return slot.number;
  }
  std::uint64_t bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint32_t number = none;
  };

  std::size_t home(std::uint64_t a, std::uint64_t b) const {
    return mix(a + mix(b)) & (slots_.size() - 1);
  }
  Slot& place(std::uint64_t a, std::uint64_t b) {
    std::size_t at = home(a, b);
    while (slots_[at].number != none && (slots_[at].a != a || slots_[at].b != b)) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != none) place(slot.a, slot.b) = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

// Numbers words from 0 in the order in which they come.
class WordTable {
 public:
  static constexpr std::uint32_t none = PairTable::none;

  // Makes room for so many words.
  void reserve(std::size_t words) {
    words_.reserve(words);
    while (slots_.size() < words * 2) grow();
  }
  std::uint32_t number(std::int64_t word) {
    if (words_.size() * 2 >= slots_.size()) grow();
    std::uint32_t& slot = slots_[place(word)];
    if (slot == none) {
      slot = static_cast<std::uint32_t>(words_.size());
      words_.push_back(word);
    }
    return slot;
  }
  std::uint32_t find(std::int64_t word) const {
    return slots_.empty() ? none : slots_[place(word)];
  }
  std::int64_t word(std::uint32_t number) const { return words_[number]; }
  std::size_t size() const { return words_.size(); }
  std::uint64_t bytes() const {
    return slots_.capacity() * sizeof(slots_[0]) + words_.capacity() * sizeof(words_[0]);
  }

 private:
  std::size_t place(std::int64_t word) const {
    std::size_t at = mix(static_cast<std::uint64_t>(word)) & (slots_.size() - 1);
    while (slots_[at] != none && words_[slots_[at]] != word) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, none);
    for (std::uint32_t i = 0; i < words_.size(); ++i) slots_[place(words_[i])] = i;
  }

  std::vector<std::uint32_t> slots_;
  std::vector<std::int64_t> words_;
};

}  // namespace ballast::history
