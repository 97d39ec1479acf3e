#include "sim/kernel/tournament.h"

#include <algorithm>
#include <bit>

namespace ballast {
namespace {
constexpr std::uint32_t least_width = 16;
}  // namespace

void Tournament::assign(std::span<const Pending> entries) {
  const auto count = static_cast<std::uint32_t>(entries.size());
  build(entries, count == 0 ? 0 : std::max(least_width, std::bit_ceil(count)));
}

void Tournament::copy_to(std::vector<Pending>& out) const {
  for (std::uint32_t leaf = 0; leaf < width_; ++leaf) {
    const Pending& entry = nodes_[width_ + leaf];
    if (leaf != vacant_ && entry < Pending::never()) out.push_back(entry);
  }
}

void Tournament::grow() {
  std::vector<Pending> entries;
  entries.reserve(size_);
  copy_to(entries);
  build(entries, std::max(least_width, 2 * width_));
}

void Tournament::build(std::span<const Pending> entries, std::uint32_t width) {
  nodes_.resize(std::size_t{2} * width);
  width_ = width;
  size_ = static_cast<std::uint32_t>(entries.size());
  free_ = none;
  vacant_ = none;
  for (std::uint32_t leaf = width; leaf-- > 0;) {
    Pending& node = nodes_[width + leaf];
    if (leaf < size_) {
      node = entries[leaf];
    } else {
      node = Pending::never();
      node.handle = free_;
      free_ = leaf;
    }
    node.set_leaf(leaf);
  }
  for (std::size_t i = width; i-- > 1;) nodes_[i] = earlier(nodes_[2 * i], nodes_[2 * i + 1]);
}

}  // namespace ballast
