// A queue, first in first out, that allocates only while it grows.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace ballast {

template <class T>
class Ring {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& front() { return cells_[first_]; }
  const T& front() const { return cells_[first_]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  // The element `i` places behind the front. REQUIRES i < size().
  T& operator[](std::size_t i) { return cells_[(first_ + i) & mask_]; }
  const T& operator[](std::size_t i) const { return cells_[(first_ + i) & mask_]; }

  // Inline, and what grows it is not: so an element is made where it belongs instead of elsewhere.
  [[gnu::always_inline]] void push(const T& element) { next() = element; }
  [[gnu::always_inline]] void push(T&& element) { next() = std::move(element); }
  // A new one, as it is made by default, to be filled in where it stays.
  [[gnu::always_inline]] T& push() {
    T& cell = next();
    std::destroy_at(&cell);
    return *std::construct_at(&cell);
  }
  void pop() {
    first_ = (first_ + 1) & mask_;
    --size_;
  }
  void clear() { first_ = size_ = 0; }

 private:
  [[gnu::always_inline]] T& next() {
    if (size_ == mask_ + 1) [[unlikely]] {
      grow();
    }
    return cells_[(first_ + size_++) & mask_];
  }
  [[gnu::noinline]] void grow() {
    std::vector<T> larger(cells_.empty() ? 16 : cells_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    cells_ = std::move(larger);
    mask_ = cells_.size() - 1;
    first_ = 0;
  }

  std::vector<T> cells_;                // a power of two of them
  std::size_t mask_ = ~std::size_t{0};  // their number less one
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ballast
