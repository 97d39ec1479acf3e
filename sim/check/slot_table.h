// One element for each slot of a log.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sim/protocol/fact.h"

namespace ballast {

// Slots are numbered from 1 and mostly come in order, so that their elements lie side by side, in
// chunks, which stay where they are as the table grows. What is far ahead of the others is kept
// apart until they have caught up: a slot number, however large, costs one element.
template <class T>
class SlotTable {
 public:
  // The element of this slot: as default-constructed until somebody changes it.
  T& operator[](Slot slot) {
    if (slot.value / chunk_size >= chunks_.size()) [[unlikely]] {
      if (slot.value / chunk_size > chunks_.size()) return sparse_[slot];
      grow();
    }
    return dense(slot);
  }

 private:
  static constexpr std::uint64_t chunk_size = 64;

  T& dense(Slot slot) { return chunks_[slot.value / chunk_size][slot.value % chunk_size]; }
  void grow() {
    chunks_.emplace_back(chunk_size);
    while (!sparse_.empty() && sparse_.begin()->first.value / chunk_size < chunks_.size()) {
      dense(sparse_.begin()->first) = std::move(sparse_.begin()->second);
      sparse_.erase(sparse_.begin());
    }
  }

  std::vector<std::vector<T>> chunks_;  // of chunk_size elements, by slot; slot 0 is there, too
  std::map<Slot, T> sparse_;            // slots beyond
};

}  // namespace ballast
