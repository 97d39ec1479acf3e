#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct Random {
  static constexpr std::string_view name = "random";
  static constexpr std::string_view summary =
      "Each endpoint is equally likely, whatever its weight or load.";
  static constexpr std::string_view source = "Envoy, load_balancers.rst";
  static constexpr PickRule rule = PickRule::chance;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) { return p.candidates[p.choose(p.candidates.size())]; }
};

const RegisterPolicy<Random> registered;

}  // namespace
}  // namespace ballast::balancing
