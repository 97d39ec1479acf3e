#include "algorithms/balancing/policies/sampling.h"

namespace ballast::balancing {
namespace {

struct WeightedP2c {
  static constexpr std::string_view name = "weighted_p2c";
  static constexpr std::string_view summary =
      "Two draws by weight, which may coincide; the one with the fewer active requests for its "
      "weight, the first of equals.";
  static constexpr std::string_view source = "Linux, ip_vs_twos.c";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  WeightedDraw weights;

  void changed(const Change& change) { weights.prepare(change.candidates); }
  const Candidate& pick(const Pick& p) {
    const Candidate& a = p.candidates[weights.draw(p)];
    const Candidate& b = p.candidates[weights.draw(p)];
    return b.active * a.weight < a.active * b.weight ? b : a;
  }
};

const RegisterPolicy<WeightedP2c> registered;

}  // namespace
}  // namespace ballast::balancing
