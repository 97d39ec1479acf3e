#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/ring_hosts.h"
#include "sim/base/fixed_math.h"

namespace ballast::balancing {
namespace {

// A host's hash is uniform in (0, 1); -ln(hash) / weight is then an exponential time of rate
// weight, and who comes first is who has the greatest score weight / -ln(hash). With equal weights
// that is the greatest hash.
struct Rendezvous {
  static constexpr std::string_view name = "rendezvous";
  static constexpr std::string_view summary =
      "Highest random weight: the endpoint whose hash together with the request's key is greatest, "
      "in proportion to the weights. Looks at every endpoint.";
  static constexpr std::string_view source =
      "Thaler and Ravishankar, Using name-based mappings to increase hit rates, 1998";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  std::vector<std::uint64_t> seeds;  // by endpoint: the hash of its name

  void changed(const Change& change) {
    seeds.clear();
    for (const RingHost& host : ring_hosts(change, Which::all)) {
      seeds.push_back(xx_hash(host.name));
    }
  }

  const Candidate& pick(const Pick& p) {
    const KeyBytes key(p.key);
    const Candidate* best = nullptr;
    std::uint64_t most = 0;
    std::uint64_t least_time = 0;
    for (const Candidate& candidate : p.candidates) {
      const std::uint64_t hash = xx_hash(key.view(), seeds[candidate.endpoint]);
      const std::uint64_t time = fixed::minus_log2_of_uniform(hash);
      if (best != nullptr) {
        const Wide mine = static_cast<Wide>(time) * best->weight;
        const Wide least = static_cast<Wide>(least_time) * candidate.weight;
        if (mine > least || (mine == least && hash <= most)) continue;
      }
      best = &candidate;
      most = hash;
      least_time = time;
    }
    return *best;
  }
};

const RegisterPolicy<Rendezvous> registered;

}  // namespace
}  // namespace ballast::balancing
