// What is kept of each directed link: in a plain table while there are few nodes; among many, only
// of the links that are used, for there are as many as the square of the nodes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/slab.h"

namespace ballast {

// Elements by number. A value; addresses stay while it does.
template <class Link>
class LinkTable {
 public:
  LinkTable() = default;
  explicit LinkTable(std::uint32_t nodes) {
    if (nodes <= most_of_a_plain_table) {
      all_.resize(static_cast<std::size_t>(nodes) * nodes);
    } else {
      places_.resize(1024);
    }
  }

  // As default-constructed until somebody changes it.
  Link& operator[](std::uint64_t number) {
    if (!all_.empty()) return all_[number];
    const Place& place = places_[place_of(number)];
    return place.number == number ? used_[place.at] : add(number);
  }
  const Link& operator[](std::uint64_t number) const {
    static constexpr Link unused{};
    if (!all_.empty()) return all_[number];
    const Place& place = places_[place_of(number)];
    return place.number == number ? used_[place.at] : unused;
  }

  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t number = 0; number < all_.size(); ++number) visit(number, all_[number]);
    for (const Place& place : places_) {
      if (place.number != none) visit(place.number, used_[place.at]);
    }
  }

 private:
  static constexpr std::uint32_t most_of_a_plain_table = 128;
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  struct Place {
    std::uint64_t number = none;
    std::uint32_t at = 0;
  };

  // Where this number is, or the vacancy where it would be.
  std::size_t place_of(std::uint64_t number) const {
    const int shift = 64 - std::countr_zero(places_.size());
    std::size_t i = static_cast<std::size_t>((number * 0x9E3779B97F4A7C15u) >> shift);
    while (places_[i].number != number && places_[i].number != none) {
      i = (i + 1) & (places_.size() - 1);
    }
    return i;
  }
  Link& add(std::uint64_t number) {
    const std::uint32_t at = used_.acquire();
    if (2 * (used_.in_use() + 1) > places_.size()) {
      std::vector<Place> before(2 * places_.size());
      before.swap(places_);
      for (const Place& place : before) {
        if (place.number != none) places_[place_of(place.number)] = place;
      }
    }
    places_[place_of(number)] = {number, at};
    return used_[at];
  }

  std::vector<Link> all_;      // by number; or, where they are too many,
  std::vector<Place> places_;  // a hash table with linear probing, less than half full
  Slab<Link> used_;
};

}  // namespace ballast
