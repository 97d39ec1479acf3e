#include <numeric>

#include "algorithms/balancing/policies/part.h"
#include "algorithms/balancing/policies/priority_load.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::vector<std::uint32_t> levels;
  std::uint64_t overprovisioning = 140;
  Ratio panic_threshold{1, 2};
  PolicyChoice policy{"round_robin"};
  static constexpr std::string_view name = "priority";
  static constexpr auto fields = Fields{
      field("levels", &Options::levels,
            "The priority of each endpoint, in ascending order of the endpoints; 0 is the first.")
          .at_most(127)
          .needed(),
      field("overprovisioning", &Options::overprovisioning,
            "In percent: at 140 a level takes all traffic until fewer than 72 % of it are up.")
          .at_least(100)
          .at_most(10'000),
      field("panic_threshold", &Options::panic_threshold,
            "A level with a smaller share of endpoints up is in panic: if all levels are, traffic "
            "goes by their size."),
      field("policy", &Options::policy, "Picks within a level.")};
};

// In panic Envoy sends to unhealthy endpoints as well; here a policy is only offered those that are
// up, see the balancer's option panic.
struct Priority {
  using Options = balancing::Options;
  static constexpr std::string_view name = "priority";
  static constexpr std::string_view summary =
      "Levels of endpoints: the next one gets traffic when too much of those before it is down.";
  static constexpr std::string_view source = "Envoy, priority levels and overprovisioning";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Parts levels;
  std::vector<std::uint64_t> shares;
  std::uint64_t total = 0;
  static constexpr auto fields = Fields{field("levels", &Priority::levels)};

  Priority() = default;
  explicit Priority(const Options& given) : options(given) {}

  std::string misfit(std::size_t endpoints) const {
    return one_for_each("priority.levels", options.levels.size(), endpoints);
  }

  void changed(const Change& change) {
    levels.changed(change, options.levels, group_count(options.levels), options.policy);
    std::vector<PriorityLevel> sizes;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      sizes.push_back({levels[i].size(), levels[i].up()});
    }
    shares = priority_load(sizes, options.overprovisioning, options.panic_threshold).shares;
    bool any = false;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (levels[i].up() == 0) shares[i] = 0;
      any = any || shares[i] > 0;
    }
    // So few are up that their health rounds to nothing: they share what there is.
    for (std::size_t i = 0; !any && i < shares.size(); ++i) shares[i] = levels[i].up();
    total = std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
  }
  void finished(const Finish& f) { levels.finished(f); }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    levels.reported(endpoint, report, now);
  }

  const Candidate& pick(const Pick& p) {
    std::uint64_t ticket = p.choose(total);
    std::size_t level = 0;
    while (ticket >= shares[level]) ticket -= shares[level++];
    return levels[level].pick(p);
  }
};

const RegisterPolicy<Priority> registered;

}  // namespace
}  // namespace ballast::balancing
