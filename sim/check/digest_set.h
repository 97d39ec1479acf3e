// A set of digests that is only ever asked "is it in?".
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/random.h"
#include "sim/protocol/fact.h"

namespace ballast {

// A hash table with open addressing and linear probing, never more than half full: 16 to 32 bytes a
// value and nothing allocated for each. Nothing iterates over it, so its order cannot be seen.
class DigestSet {
 public:
  void insert(ValueDigest value) {
    if (value.value == 0) {
      has_zero_ = true;
      return;
    }
    if (2 * (size_ + 1) > cells_.size()) grow();
    std::uint64_t& cell = cells_[find(value.value)];
    if (cell == 0) ++size_;
    cell = value.value;
  }

  bool contains(ValueDigest value) const {
    if (value.value == 0) return has_zero_;
    return !cells_.empty() && cells_[find(value.value)] != 0;
  }

 private:
  // The cell that holds this word, or the empty one where it belongs. REQUIRES an empty cell.
  std::size_t find(std::uint64_t word) const {
    const std::size_t mask = cells_.size() - 1;
    std::size_t at = mix(word) & mask;
    while (cells_[at] != 0 && cells_[at] != word) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    const std::vector<std::uint64_t> old = std::move(cells_);
    cells_.assign(old.empty() ? 16 : 2 * old.size(), 0);
    for (const std::uint64_t word : old) {
      if (word != 0) cells_[find(word)] = word;
    }
  }

  std::vector<std::uint64_t> cells_;  // 0 is an empty cell; a power of two of them
  std::size_t size_ = 0;
  bool has_zero_ = false;
};

}  // namespace ballast
