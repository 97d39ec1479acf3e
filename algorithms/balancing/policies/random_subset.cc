#include <algorithm>

#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/part.h"
#include "algorithms/balancing/policies/ring_hosts.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint64_t size = 10;
  std::uint64_t seed = 0;
  PolicyChoice policy{"round_robin"};
  static constexpr std::string_view name = "random_subset";
  static constexpr auto fields =
      Fields{field("size", &Options::size, "How many endpoints a balancer uses.").at_least(1),
             field("seed", &Options::seed, "Added to the balancer's own."),
             field("policy", &Options::policy, "Picks among them.")};
};

// Health does not change the subset. When none of it is up, gRPC fails; here the balancer's other
// endpoints step in.
struct RandomSubset {
  using Options = balancing::Options;
  static constexpr std::string_view name = "random_subset";
  static constexpr std::string_view summary =
      "Each balancer uses a subset of its own: the endpoints whose hashes with its seed are least.";
  static constexpr std::string_view source = "gRPC proposal A68, random_subsetting";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Part part;
  static constexpr auto fields = Fields{field("part", &RandomSubset::part)};

  RandomSubset() = default;
  explicit RandomSubset(const Options& given) : options(given), part(given.policy) {}

  void changed(const Change& change) {
    const std::uint64_t seed = xx_hash(KeyBytes(change.self.value).view(), options.seed);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
    for (const RingHost& host : ring_hosts(change, Which::all)) {
      order.emplace_back(xx_hash(host.name, seed), host.endpoint);
    }
    std::stable_sort(order.begin(), order.end());
    std::vector<bool> chosen(order.size());
    bool any = false;
    for (std::size_t i = 0; i < order.size() && i < options.size; ++i) {
      chosen[order[i].second] = true;
      any = any || change.hosts[order[i].second].up;
    }
    part.changed(change, [&](std::uint32_t i) { return !any || chosen[i]; });
  }
  void finished(const Finish& f) { part.policy().finished(f); }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    part.policy().reported(endpoint, report, now);
  }
  const Candidate& pick(const Pick& p) { return part.pick(p); }
};

const RegisterPolicy<RandomSubset> registered;

}  // namespace
}  // namespace ballast::balancing
