#include <algorithm>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

// As nginx does it (ngx_http_upstream_get_peer): each pick adds to every endpoint its weight, takes
// the one with the most, the first of equals, and subtracts from it the sum of the weights. The
// picks of a heavy endpoint are thereby spread instead of coming in a row: weights 5, 1, 1 give
// a a b a c a a. An endpoint that is down keeps what it has. Not here: effective weights, by which
// nginx lowers a weight for a while after a failure; here probes take an endpoint out entirely.
struct SmoothWeightedRoundRobin {
  static constexpr std::string_view name = "smooth_weighted_round_robin";
  static constexpr std::string_view summary =
      "Turns in proportion to the weights, spread evenly, as nginx takes them.";
  static constexpr PickRule rule = PickRule::weighted_turns;

  std::vector<std::int64_t> current;  // by endpoint
  static constexpr auto fields = std::tuple{field("current", &SmoothWeightedRoundRobin::current)};

  const Candidate& pick(const Pick& p) {
    current.resize(std::max<std::size_t>(current.size(), p.candidates.back().endpoint + 1));
    std::int64_t total = 0;
    const Candidate* best = &p.candidates.front();
    for (const Candidate& candidate : p.candidates) {
      const auto weight = static_cast<std::int64_t>(candidate.weight);
      current[candidate.endpoint] += weight;
      total += weight;
      if (current[candidate.endpoint] > current[best->endpoint]) best = &candidate;
    }
    current[best->endpoint] -= total;
    return *best;
  }
};

const RegisterPolicy<SmoothWeightedRoundRobin> registered;

}  // namespace
}  // namespace ballast::balancing
