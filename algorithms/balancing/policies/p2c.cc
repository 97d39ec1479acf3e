#include "algorithms/balancing/policies/two_distinct.h"

namespace ballast::balancing {
namespace {

// Finagle prefers the healthier of the two and draws again when both are unhealthy, up to its
// maxEffort; here only endpoints that are up are drawn, so that the first draw stands.
struct P2c {
  static constexpr std::string_view name = "p2c";
  static constexpr std::string_view summary =
      "Of two distinct endpoints the one with the fewer active requests, as Finagle picks.";
  static constexpr std::string_view source = "Finagle, P2CPick.scala";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) {
    const auto [a, b] = two_distinct(p);
    return b.active < a.active ? b : a;
  }
};

const RegisterPolicy<P2c> registered;

}  // namespace
}  // namespace ballast::balancing
