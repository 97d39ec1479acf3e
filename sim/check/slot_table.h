// One element for each slot of a log.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "sim/protocol/fact.h"

namespace ballast {

// Slots are numbered from 1 and mostly come in order, so that their elements lie side by side. What
// is far ahead of the others is kept apart until they have caught up: a slot number, however large,
// costs one element.
template <class T>
class SlotTable {
 public:
  // The element of this slot: as default-constructed until somebody changes it.
  T& operator[](Slot slot) {
    const std::uint64_t index = slot.value;
    if (index < dense_.size()) return dense_[index];
    if (index - dense_.size() >= largest_gap) return sparse_[slot];
    dense_.resize(index + 1);
    while (!sparse_.empty() && sparse_.begin()->first <= slot) {
      dense_[sparse_.begin()->first.value] = std::move(sparse_.begin()->second);
      sparse_.erase(sparse_.begin());
    }
    return dense_[index];
  }

 private:
  static constexpr std::uint64_t largest_gap = 64;
  std::deque<T> dense_;       // by slot; slot 0 is there, too
  std::map<Slot, T> sparse_;  // slots beyond
};

}  // namespace ballast
