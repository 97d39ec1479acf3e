// The endpoints that a policy may pick from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

namespace ballast::balancing {

// An endpoint that is up, as its balancer knows it.
struct Candidate {
  std::uint32_t endpoint = 0;  // which of all endpoints, up or down, counted from 0
  std::uint32_t active = 0;    // requests that were sent to it and have not ended
  std::uint64_t weight = 1;    // only the proportions count: slow start scales them
};

// Candidates in the order of their endpoints: all of a list, or those that an index names.
class Candidates {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Candidate;
    using difference_type = std::ptrdiff_t;
    using pointer = const Candidate*;
    using reference = const Candidate&;

    Iterator() = default;
    Iterator(const Candidates* whole, std::size_t at) : whole_(whole), at_(at) {}
    reference operator*() const { return (*whole_)[at_]; }
    pointer operator->() const { return &(*whole_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const Candidates* whole_ = nullptr;
    std::size_t at_ = 0;
  };

  Candidates() = default;
  // Of what is given, a list or an index, this keeps the address.
  Candidates(const std::vector<Candidate>& all) : all_(all.data()), size_(all.size()) {}
  Candidates(const Candidates& of, const std::vector<std::uint32_t>& places)
      : all_(of.all_), places_(places.data()), size_(places.size()) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Candidate& operator[](std::size_t i) const {
    return places_ == nullptr ? all_[i] : all_[places_[i]];
  }
  const Candidate& front() const { return (*this)[0]; }
  const Candidate& back() const { return (*this)[size_ - 1]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }
  // Where it stands in the list that an index refers to.
  std::uint32_t place(std::size_t i) const {
    return places_ == nullptr ? static_cast<std::uint32_t>(i) : places_[i];
  }

  // The place of the first one that is not below this endpoint; size() if there is none.
  std::size_t from(std::uint32_t endpoint) const {
    if (endpoint < size_ && (*this)[endpoint].endpoint == endpoint) return endpoint;
    std::size_t low = 0;
    std::size_t high = size_;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if ((*this)[middle].endpoint < endpoint) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // The candidate with this number; null if it is not among them.
  const Candidate* find(std::uint32_t endpoint) const {
    const std::size_t at = from(endpoint);
    return at < size_ && (*this)[at].endpoint == endpoint ? &(*this)[at] : nullptr;
  }

 private:
  const Candidate* all_ = nullptr;
  const std::uint32_t* places_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ballast::balancing
