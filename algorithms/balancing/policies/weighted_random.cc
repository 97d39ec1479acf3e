#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct WeightedRandom {
  static constexpr std::string_view name = "weighted_random";
  static constexpr std::string_view summary =
      "Each endpoint is likely in proportion to its weight, whatever its load.";
  static constexpr PickRule rule = PickRule::weighted_chance;
  static constexpr auto fields = std::tuple{};

  const Candidate& pick(const Pick& p) {
    std::uint64_t total = 0;
    for (const Candidate& candidate : p.candidates) total += candidate.weight;
    std::uint64_t ticket = p.choose(total);
    const Candidate* holder = p.candidates.data();
    for (; ticket >= holder->weight; ++holder) ticket -= holder->weight;
    return *holder;
  }
};

const RegisterPolicy<WeightedRandom> registered;

}  // namespace
}  // namespace ballast::balancing
