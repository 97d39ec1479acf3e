#include "algorithms/balancing/policies/sampling.h"

namespace ballast::balancing {
namespace {

struct WeightedRandom {
  static constexpr std::string_view name = "weighted_random";
  static constexpr std::string_view summary =
      "Each endpoint is likely in proportion to its weight, whatever its load.";
  static constexpr std::string_view source = "textbooks; Envoy's weighted clusters";
  static constexpr PickRule rule = PickRule::weighted_chance;
  static constexpr auto fields = Fields{};

  WeightedDraw weights;

  void changed(const Change& change) { weights.prepare(change.candidates); }
  const Candidate& pick(const Pick& p) { return p.candidates[weights.draw(p)]; }
};

const RegisterPolicy<WeightedRandom> registered;

}  // namespace
}  // namespace ballast::balancing
