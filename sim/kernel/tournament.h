// A winner tree: the fastest pending-event set there is while it fits the first caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/kernel/pending.h"

namespace ballast {

// A priority queue of entries. Each entry holds a leaf of a complete binary tree and each inner
// node a copy of the earlier of its two children. A change of a leaf replays the matches on its
// path to the root: one branch-free choice per level, whose operands can all be fetched ahead
// because the path is known beforehand. Memory is proportional to the greatest size that it had.
class Tournament {
 public:
  std::size_t size() const { return size_; }

  void push(Pending entry) {
    std::uint32_t leaf = vacant_;
    if (leaf != none) {
      vacant_ = none;
    } else {
      if (free_ == none) grow();
      leaf = free_;
      free_ = nodes_[width_ + leaf].slot();
    }
    ++size_;
    entry.set_leaf(leaf);
    replay(entry, leaf);
  }

  // The earliest entry. REQUIRES size() > 0.
  const Pending& top() {
    if (vacant_ != none) close_vacancy();
    return nodes_[1];
  }
  // Takes it out. REQUIRES that it was looked at since the last change.
  void drop_top() {
    vacant_ = nodes_[1].leaf();
    --size_;
  }

  // Replaces the content.
  void assign(std::span<const Pending> entries);
  // Appends the content in no particular order.
  void copy_to(std::vector<Pending>& out) const;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  void grow();
  void build(std::span<const Pending> entries, std::uint32_t width);

  void close_vacancy() {
    const std::uint32_t leaf = vacant_;
    Pending hole = Pending::never();
    hole.handle = free_;
    hole.set_leaf(leaf);
    free_ = leaf;
    vacant_ = none;
    replay(hole, leaf);
  }

  void replay(Pending winner, std::uint32_t leaf) {
    Pending* const nodes = nodes_.data();
    std::size_t place = std::size_t{width_} + leaf;
    nodes[place] = winner;
    while (place > 1) {
      winner = earlier(winner, nodes[place ^ 1]);
      place >>= 1;
      nodes[place] = winner;
    }
  }

  std::vector<Pending> nodes_;  // root at 1, children of i at 2i and 2i+1, leaves from width_ on
  std::uint32_t width_ = 0;     // number of leaves: zero or a power of two
  std::uint32_t size_ = 0;
  std::uint32_t free_ = none;  // the first empty leaf; the `slot` of each names the next
  // The leaf of the entry popped last. It is left in the tree until the next call: the handling of
  // an event mostly pushes another, which takes the leaf over and saves one replay of two.
  std::uint32_t vacant_ = none;
};

}  // namespace ballast
