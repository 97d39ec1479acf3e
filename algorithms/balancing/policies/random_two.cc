#include "algorithms/balancing/policies/sampling.h"
#include "algorithms/balancing/policies/smooth_turns.h"

namespace ballast::balancing {
namespace {

struct RandomTwo {
  static constexpr std::string_view name = "random_two";
  static constexpr std::string_view summary =
      "Two distinct endpoints drawn by weight; the one with the fewer active requests for its "
      "weight, the second of equals.";
  static constexpr std::string_view source =
      "nginx, random two least_conn (ngx_http_upstream_random_module.c)";
  static constexpr PickRule rule = PickRule::nothing;

  WeightedDraw weights;
  SmoothTurns turns;
  static constexpr auto fields = Fields{field("turns", &RandomTwo::turns)};

  void changed(const Change& change) { weights.prepare(change.candidates); }

  const Candidate& pick(const Pick& p) {
    if (p.candidates.size() == 1) return p.candidates.front();
    const Candidate* first = nullptr;
    // After 20 draws that did not find a second one nginx falls back on its round robin.
    for (int draws = 0; draws <= 20; ++draws) {
      const Candidate& drawn = p.candidates[weights.draw(p)];
      if (first == nullptr) {
        first = &drawn;
      } else if (&drawn != first) {
        return drawn.active * first->weight > first->active * drawn.weight ? *first : drawn;
      }
    }
    return turns.pick(p.candidates);
  }
};

const RegisterPolicy<RandomTwo> registered;

}  // namespace
}  // namespace ballast::balancing
