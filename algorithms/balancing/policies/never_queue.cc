#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct NeverQueue {
  static constexpr std::string_view name = "never_queue";
  static constexpr std::string_view summary =
      "The first endpoint that is idle; if none is, the shortest expected delay (NQ).";
  static constexpr std::string_view source = "Linux, ip_vs_nq.c";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) {
    const Candidate* best = &p.candidates.front();
    for (const Candidate& candidate : p.candidates) {
      if (candidate.active == 0) return candidate;
      const std::uint64_t mine = (std::uint64_t{candidate.active} + 1) * best->weight;
      if (mine < (std::uint64_t{best->active} + 1) * candidate.weight) best = &candidate;
    }
    return *best;
  }
};

const RegisterPolicy<NeverQueue> registered;

}  // namespace
}  // namespace ballast::balancing
