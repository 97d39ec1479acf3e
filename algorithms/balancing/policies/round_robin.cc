#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct RoundRobin {
  static constexpr std::string_view name = "round_robin";
  static constexpr std::string_view summary =
      "Each endpoint in its turn, in ascending order, whatever its weight or load.";
  static constexpr std::string_view source = "every balancer has it";
  static constexpr PickRule rule = PickRule::turns;

  std::uint32_t next = 0;  // whose turn it is; if that one is down, the next one's above it
  static constexpr auto fields = Fields{field("next", &RoundRobin::next)};

  const Candidate& pick(const Pick& p) {
    const std::size_t turn = p.candidates.from(next);
    const Candidate& picked = p.candidates[turn == p.candidates.size() ? 0 : turn];
    next = picked.endpoint + 1;
    return picked;
  }
};

const RegisterPolicy<RoundRobin> registered;

}  // namespace
}  // namespace ballast::balancing
