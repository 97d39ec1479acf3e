// Storage for things that come and go: stable addresses, dense numbers, nothing allocated per
// element once it is warm, and copyable as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace ballast {

// Elements are numbered from 0; the number of a released element is given out again, last released
// first. A released element keeps its value, so that a vector inside it keeps its capacity.
template <class T>
class Slab {
 public:
  Slab() = default;
  Slab(Slab&&) noexcept = default;
  Slab& operator=(Slab&&) noexcept = default;
  Slab(const Slab& other) : free_(other.free_), free_count_(other.free_count_), size_(other.size_) {
    chunks_.reserve(other.chunks_.size());
    for (const auto& chunk : other.chunks_) chunks_.push_back(std::make_unique<Chunk>(*chunk));
  }
  Slab& operator=(const Slab& other) {
    if (this != &other) *this = Slab(other);
    return *this;
  }
  ~Slab() = default;

  // The number of an element that nobody uses; its value is whatever it was when it was released.
  std::uint32_t acquire() {
    if (free_count_ > 0) return free_[--free_count_];
    if (size_ == free_.size()) grow();
    return size_++;
  }
  void release(std::uint32_t slot) { free_[free_count_++] = slot; }

  T& operator[](std::uint32_t slot) {
    return chunks_[slot / chunk_size]->elements[slot % chunk_size];
  }
  const T& operator[](std::uint32_t slot) const {
    return chunks_[slot / chunk_size]->elements[slot % chunk_size];
  }
  std::size_t in_use() const { return size_ - free_count_; }

 private:
  static constexpr std::size_t chunk_size = 64;
  struct Chunk {
    T elements[chunk_size] = {};
  };
  void grow() {
    chunks_.push_back(std::make_unique<Chunk>());
    free_.resize(chunks_.size() * chunk_size);
  }

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::uint32_t> free_;  // those that are free come first; room for all elements
  std::uint32_t free_count_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace ballast
