#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/smooth_turns.h"

namespace ballast::balancing {
namespace {

// The map has a slot for each unit of weight, laid by smooth turns (recalc_server_map). It is laid
// anew whenever an endpoint goes up or down, and then most keys move.
struct MapHash {
  static constexpr std::string_view name = "map_hash";
  static constexpr std::string_view summary =
      "The hash of the request's key modulo the sum of the weights. A change moves most keys.";
  static constexpr std::string_view source =
      "HAProxy, hash-type map-based sdbm avalanche (lb_map.c)";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  std::vector<std::uint32_t> map;

  void changed(const Change& change) {
    map.clear();
    if (change.candidates.empty()) return;
    std::uint64_t total = 0;
    const auto weight = [&](const Candidate& candidate) {
      return static_cast<std::int64_t>(change.hosts[candidate.endpoint].weight);
    };
    for (const Candidate& candidate : change.candidates) {
      total += static_cast<std::uint64_t>(weight(candidate));
    }
    SmoothTurns turns;
    const auto usable = [](const Candidate&) { return true; };
    while (map.size() < total) {
      map.push_back(turns.pick(change.candidates, usable, weight)->endpoint);
    }
  }

  const Candidate& pick(const Pick& p) {
    const std::uint32_t hash = full_avalanche(sdbm_hash(KeyBytes(p.key).view()));
    return *p.candidates.find(map[hash % map.size()]);
  }
};

const RegisterPolicy<MapHash> registered;

}  // namespace
}  // namespace ballast::balancing
