// Drawing some of the candidates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {

// Draws of places among n. Keeps its memory from one use to the next, and no state.
class Sampler {
 public:
  // Calls visit(place) for `count` draws: independent ones, or distinct ones, then n at most. Every
  // place is drawn equally often; every draw is one of chance.
  template <class Visit>
  void draw(const Chance& chance, std::uint64_t n, std::uint64_t count, bool replacement,
            Visit&& visit) {
    if (replacement) {
      for (std::uint64_t i = 0; i < count; ++i) visit(chance.choose(n));
      return;
    }
    drawn_.clear();
    for (std::uint64_t i = 0; i < std::min(n, count); ++i) {
      // The place among those that are left: each that was drawn, from the lowest up, moves it on.
      std::uint64_t place = chance.choose(n - i);
      auto above = drawn_.begin();
      for (; above != drawn_.end() && *above <= place; ++above) ++place;
      drawn_.insert(above, place);
      visit(place);
    }
  }

 private:
  std::vector<std::uint64_t> drawn_;  // ascending
};

// Draws in proportion to weights, in logarithmic time.
class WeightedDraw {
 public:
  void prepare(const Candidates& candidates) {
    sums_.clear();
    std::uint64_t sum = 0;
    for (const Candidate& candidate : candidates) sums_.push_back(sum += candidate.weight);
  }
  // REQUIRES prepare() with these candidates.
  std::size_t draw(const Chance& chance) const {
    const std::uint64_t ticket = chance.choose(sums_.back());
    const auto holder = std::upper_bound(sums_.begin(), sums_.end(), ticket);
    return static_cast<std::size_t>(holder - sums_.begin());
  }

 private:
  std::vector<std::uint64_t> sums_;
};

}  // namespace ballast::balancing
