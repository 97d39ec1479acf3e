// Smooth weighted round robin, as nginx takes turns (ngx_http_upstream_get_peer), for the policies
// that fall back on it.
#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {

struct SmoothTurns {
  std::vector<std::int64_t> current;  // by endpoint
  static constexpr auto fields = Fields{field("current", &SmoothTurns::current)};

  // Each pick adds to every endpoint its weight, takes the one with the most, the first of equals,
  // and subtracts from it the sum of the weights. Only those with usable(candidate) take part;
  // null if there are none.
  template <class Usable, class Weight>
  const Candidate* pick(const Candidates& candidates, Usable&& usable, Weight&& weight_of) {
    const std::size_t ends = candidates.back().endpoint + std::size_t{1};
    if (current.size() < ends) current.resize(ends);
    std::int64_t total = 0;
    const Candidate* best = nullptr;
    for (const Candidate& candidate : candidates) {
      if (!usable(candidate)) continue;
      const std::int64_t weight = weight_of(candidate);
      current[candidate.endpoint] += weight;
      total += weight;
      if (best == nullptr || current[candidate.endpoint] > current[best->endpoint]) {
        best = &candidate;
      }
    }
    if (best != nullptr) current[best->endpoint] -= total;
    return best;
  }
  template <class Usable>
  const Candidate* pick(const Candidates& candidates, Usable&& usable) {
    return pick(candidates, usable, [](const Candidate& candidate) {
      return static_cast<std::int64_t>(candidate.weight);
    });
  }
  const Candidate& pick(const Candidates& candidates) {
    return *pick(candidates, [](const Candidate&) { return true; });
  }
};

}  // namespace ballast::balancing
