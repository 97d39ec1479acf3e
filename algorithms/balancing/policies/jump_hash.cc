#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

// Buckets can only be added and removed at the end: an endpoint in the middle that goes down
// renumbers all above it.
struct JumpHash {
  static constexpr std::string_view name = "jump_hash";
  static constexpr std::string_view summary =
      "Consistent hashing onto the endpoints that are up, numbered in order, whatever their "
      "weight.";
  static constexpr std::string_view source =
      "Lamping and Veach, A fast, minimal memory, consistent hash algorithm, 2014";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  const Candidate& pick(const Pick& p) {
    return p.candidates[jump_hash(xx_hash(KeyBytes(p.key).view()), p.candidates.size())];
  }
};

const RegisterPolicy<JumpHash> registered;

}  // namespace
}  // namespace ballast::balancing
