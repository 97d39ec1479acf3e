#include <algorithm>

#include "algorithms/balancing/policies/decay.h"
#include "algorithms/balancing/policies/part.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::vector<std::uint32_t> zones;
  std::uint32_t zone = 0;
  Duration update{1'000'000'000};
  Duration smoothing{5'000'000'000};
  Ratio variance{1, 10};
  Ratio probe{3, 100};
  PolicyChoice policy{"round_robin"};
  static constexpr std::string_view name = "locality_load";
  static constexpr auto fields = Fields{
      field("zones", &Options::zones,
            "The zone of each endpoint, numbered from 0, in ascending order of the endpoints.")
          .at_most(127)
          .needed(),
      field("zone", &Options::zone, "This balancer's own zone."),
      field("update", &Options::update, "How often the utilizations are taken in.")
          .at_least(1'000'000),
      field("smoothing", &Options::smoothing, "The time constant of their average.")
          .at_least(1'000'000),
      field("variance", &Options::variance,
            "All stays in this zone while its utilization exceeds the others' by this at most."),
      field("probe", &Options::probe, "Of that, what goes to the others all the same."),
      field("policy", &Options::policy, "Picks within a zone.")};
};

// The weight of a zone is its number of endpoints times the share of them that is idle. What
// endpoints report is smoothed by 1 - exp(-update / smoothing) of each new value.
struct LocalityLoad {
  using Options = balancing::Options;
  static constexpr std::string_view name = "locality_load";
  static constexpr std::string_view summary =
      "Zones in proportion to their idle capacity, which endpoints report; the balancer's own as "
      "long as it is not busier than the others.";
  static constexpr std::string_view source = "Envoy, load-aware locality (in progress)";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr std::int64_t one = 1'000'000;

  Options options;
  Parts zones;
  std::vector<std::int64_t> reports;   // by endpoint: millionths
  std::vector<std::int64_t> smoothed;  // by zone: 2^-16 millionths; -1: nothing yet
  std::vector<std::uint64_t> shares;   // by zone
  Time updated;
  bool fresh = false;
  static constexpr auto fields =
      Fields{field("zones", &LocalityLoad::zones), field("reports", &LocalityLoad::reports),
             field("smoothed", &LocalityLoad::smoothed)};

  LocalityLoad() = default;
  explicit LocalityLoad(const Options& given) : options(given) {}

  std::string misfit(std::size_t endpoints) const {
    std::string text = one_for_each("locality_load.zones", options.zones.size(), endpoints);
    if (text.empty() && options.zone >= group_count(options.zones)) {
      text = "locality_load.zone has no endpoint";
    }
    return text;
  }

  void changed(const Change& change) {
    zones.changed(change, options.zones, group_count(options.zones), options.policy);
    reports.resize(change.hosts.size());
    smoothed.resize(zones.size(), -1);
    fresh = false;
  }
  void finished(const Finish& f) { zones.finished(f); }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    reports[endpoint] = static_cast<std::int64_t>(report.utilization);
    zones.reported(endpoint, report, now);
  }

  const Candidate& pick(const Pick& p) {
    if (!fresh || p.now - updated >= options.update) update(p);
    std::uint64_t total = 0;
    for (const std::uint64_t share : shares) total += share;
    std::uint64_t ticket = p.choose(total);
    std::size_t zone = 0;
    while (ticket >= shares[zone]) ticket -= shares[zone++];
    return zones[zone].pick(p);
  }

 private:
  void update(const Pick& p) {
    const bool due = !fresh || p.now - updated >= options.update;
    fresh = true;
    if (!due) return;
    updated = p.now;
    shares.assign(zones.size(), 0);
    std::int64_t others = 0;
    std::int64_t other_zones = 0;
    std::uint64_t elsewhere = 0;
    for (std::size_t i = 0; i < zones.size(); ++i) {
      if (zones[i].up() == 0) continue;
      smooth(i, p);
      const std::int64_t idle = std::max<std::int64_t>(one - (smoothed[i] >> 16), 0);
      shares[i] = zones[i].up() * static_cast<std::uint64_t>(idle + 1);  // never nothing
      if (i == options.zone) continue;
      others += smoothed[i] >> 16;
      ++other_zones;
      elsewhere += shares[i];
    }
    if (other_zones == 0 || zones[options.zone].up() == 0) return;
    const auto slack = static_cast<std::int64_t>(options.variance.of(one));
    if ((smoothed[options.zone] >> 16) <= others / other_zones + slack) {
      stay(elsewhere);
    }
  }
  void smooth(std::size_t zone, const Pick& p) {
    std::int64_t sum = 0;
    for (const Candidate& candidate : zones[zone].candidates(p)) sum += reports[candidate.endpoint];
    const std::int64_t now = (sum << 16) / static_cast<std::int64_t>(zones[zone].up());
    std::int64_t& held = smoothed[zone];
    if (held < 0) {
      held = now;
    } else if (held >= now) {
      held = now + decayed(held - now, options.update, options.smoothing);
    } else {
      held = now - decayed(now - held, options.update, options.smoothing);
    }
  }
  // This zone gets all but `probe` of it, which the others share as before.
  void stay(std::uint64_t elsewhere) {
    const Ratio& probe = options.probe;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (i != options.zone) shares[i] *= probe.numerator;
    }
    shares[options.zone] = elsewhere * (probe.denominator - probe.numerator);
  }
};

const RegisterPolicy<LocalityLoad> registered;

}  // namespace
}  // namespace ballast::balancing
