#include "algorithms/balancing/policies/schedule.h"
#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

// The first deadline of each endpoint is uniform in [0, period], so that balancers which start
// together do not all begin with the same endpoint (A58).
struct EdfWeightedRoundRobin {
  static constexpr std::string_view name = "edf_weighted_round_robin";
  static constexpr std::string_view summary =
      "Turns by earliest deadline first: an endpoint is due every 1 / weight, first at a random "
      "moment.";
  static constexpr std::string_view source = "gRPC proposal A58; Envoy, edf_scheduler.h";
  static constexpr PickRule rule = PickRule::nothing;

  Schedule schedule;
  static constexpr auto fields = Fields{field("schedule", &EdfWeightedRoundRobin::schedule)};

  void changed(const Change& change) {
    schedule.clear();
    for (const Candidate& candidate : change.candidates) {
      const std::uint64_t period = Schedule::unit / candidate.weight;
      schedule.add(candidate.endpoint, change.choose(period + 1));
    }
  }
  const Candidate& pick(const Pick& p) {
    const Candidate& picked = *p.candidates.find(schedule.take());
    schedule.add(picked.endpoint, Schedule::unit / picked.weight);
    return picked;
  }
};

const RegisterPolicy<EdfWeightedRoundRobin> registered;

}  // namespace
}  // namespace ballast::balancing
