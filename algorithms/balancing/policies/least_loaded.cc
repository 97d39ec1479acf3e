#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

// Join the shortest queue, as the balancer knows the queues. Equals are drawn among, as in Envoy's
// full scan (least_request_lb.cc) and in the literature on JSQ: taking the first of them instead
// would send everything to the lowest numbers while load is light.
struct LeastLoaded {
  static constexpr std::string_view name = "least_loaded";
  static constexpr std::string_view summary =
      "The endpoint with the fewest unfinished requests; one of them at random if there are more.";
  static constexpr std::string_view source = "join the shortest queue (JSQ)";
  static constexpr PickRule rule = PickRule::fewest_active;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) {
    std::uint32_t fewest = p.candidates.front().active;
    std::uint64_t equals = 0;
    for (const Candidate& candidate : p.candidates) {
      if (candidate.active < fewest) {
        fewest = candidate.active;
        equals = 0;
      }
      equals += candidate.active == fewest;
    }
    std::uint64_t before = p.choose(equals);
    std::size_t picked = 0;
    while (p.candidates[picked].active != fewest || before-- > 0) ++picked;
    return p.candidates[picked];
  }
};

const RegisterPolicy<LeastLoaded> registered;

}  // namespace
}  // namespace ballast::balancing
