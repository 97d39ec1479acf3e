#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct ShortestExpectedDelay {
  static constexpr std::string_view name = "shortest_expected_delay";
  static constexpr std::string_view summary =
      "The endpoint with the least (active + 1) / weight, the first of equals (SED).";
  static constexpr std::string_view source = "Linux, ip_vs_sed.c";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) {
    const Candidate* best = &p.candidates.front();
    for (const Candidate& candidate : p.candidates) {
      const std::uint64_t mine = (std::uint64_t{candidate.active} + 1) * best->weight;
      if (mine < (std::uint64_t{best->active} + 1) * candidate.weight) best = &candidate;
    }
    return *best;
  }
};

const RegisterPolicy<ShortestExpectedDelay> registered;

}  // namespace
}  // namespace ballast::balancing
