// A long tuple of small numbers, and one number that says which tuple it is.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "sim/history/table.h"

namespace ballast::history {

// A tree over the elements in which each node is the number of the pair below it: to change an
// element costs a path, tuples share what they have in common, and equal numbers mean equal tuples.
// No hash is ever taken for the thing itself.
class Identity {
 public:
  explicit Identity(const std::vector<std::uint32_t>& elements)
      : leaves_(std::bit_ceil(std::max<std::size_t>(elements.size(), 2))),
        tree_(leaves_ * 2, 0),
        stale_(leaves_, false) {
    std::copy(elements.begin(), elements.end(),
              tree_.begin() + static_cast<std::ptrdiff_t>(leaves_));
    for (std::size_t node = leaves_; node-- > 1;) tree_[node] = pair_at(node);
  }

  void set(std::size_t element, std::uint32_t value) {
    std::size_t node = leaves_ + element;
    tree_[node] = value;
    for (node /= 2; node >= 1 && !stale_[node]; node /= 2) stale_[node] = true;
  }
  // Equal for two tuples of this size if and only if these are equal.
  std::uint32_t number() {
    refresh(1);
    return tree_[1];
  }
  std::uint64_t bytes() const { return pairs_.bytes() + tree_.capacity() * 4; }

 private:
  void refresh(std::size_t node) {
    if (node >= leaves_ || !stale_[node]) return;
    refresh(node * 2);
    refresh(node * 2 + 1);
    tree_[node] = pair_at(node);
    stale_[node] = false;
  }
  std::uint32_t pair_at(std::size_t node) {
    const std::uint32_t number = pairs_.insert(tree_[node * 2], tree_[node * 2 + 1], next_);
    if (number == next_) ++next_;
    return number;
  }

  std::size_t leaves_;
  std::vector<std::uint32_t> tree_;  // node i has the children 2i and 2i + 1
  std::vector<bool> stale_;          // inner nodes
  PairTable pairs_;
  std::uint32_t next_ = 0;
};

}  // namespace ballast::history
