#include "algorithms/balancing/policies/part.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::vector<std::uint32_t> zones;
  std::uint32_t zone = 0;
  std::vector<std::uint64_t> balancers;
  std::uint64_t min_endpoints = 6;
  Ratio panic_threshold{1, 2};
  PolicyChoice policy{"round_robin"};
  static constexpr std::string_view name = "zone_aware";
  static constexpr auto fields = Fields{
      field("zones", &Options::zones,
            "The zone of each endpoint, numbered from 0, in ascending order of the endpoints.")
          .at_most(127)
          .needed(),
      field("balancers", &Options::balancers,
            "How many balancers there are in each zone, this one included.")
          .at_most(1'000'000)
          .needed(),
      field("zone", &Options::zone, "This balancer's own zone."),
      field("min_endpoints", &Options::min_endpoints,
            "With fewer endpoints that are up, zones are not looked at."),
      field("panic_threshold", &Options::panic_threshold,
            "Nor are they while a smaller share of the endpoints is up."),
      field("policy", &Options::policy, "Picks within a zone, or among all.")};

  std::string problem() const {
    return zone < balancers.size() && balancers[zone] > 0
               ? ""
               : "balancers must count at least this one in its zone";
  }
};

// With o the share of the balancers and u the share of the endpoints that a zone has: while this
// zone has u >= o, all stays in it; else u / o of the traffic does, and the rest goes to the others
// in proportion to what they have to spare, max(0, u - o).
struct ZoneAware {
  using Options = balancing::Options;
  static constexpr std::string_view name = "zone_aware";
  static constexpr std::string_view summary =
      "As much as possible stays in the balancer's zone; the rest goes where capacity is left.";
  static constexpr std::string_view source = "Envoy, zone aware routing";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Parts zones;
  Part all;
  bool active = false;                // zones are looked at
  std::vector<std::uint64_t> shares;  // by zone
  std::uint64_t total = 0;
  std::vector<std::uint32_t> from_all;  // by endpoint: requests that were picked among all
  static constexpr auto fields =
      Fields{field("zones", &ZoneAware::zones), field("all", &ZoneAware::all),
             field("active", &ZoneAware::active)};

  ZoneAware() = default;
  explicit ZoneAware(const Options& given) : options(given), all(given.policy) {}

  std::string misfit(std::size_t endpoints) const {
    std::string text = one_for_each("zone_aware.zones", options.zones.size(), endpoints);
    if (text.empty() && group_count(options.zones) > options.balancers.size()) {
      text = "zone_aware.balancers leaves out a zone that has endpoints";
    }
    return text;
  }

  void changed(const Change& change) {
    zones.changed(change, options.zones, options.balancers.size(), options.policy);
    all.changed(change, [](std::uint32_t) { return true; });
    from_all.resize(change.hosts.size());
    const std::uint64_t up = change.candidates.size();
    active = up >= options.min_endpoints && up > 0 && every_zone_is_up() &&
             !(Ratio{up, change.hosts.size()} < options.panic_threshold);
    if (active) set_shares(up);
  }
  void finished(const Finish& f) {
    if (from_all[f.endpoint] == 0) return zones.finished(f);
    --from_all[f.endpoint];
    all.policy().finished(f);
  }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    zones.reported(endpoint, report, now);
    all.policy().reported(endpoint, report, now);
  }

  const Candidate& pick(const Pick& p) {
    if (!active) {
      const Candidate& picked = all.pick(p);
      ++from_all[picked.endpoint];
      return picked;
    }
    std::uint64_t ticket = p.choose(total);
    std::size_t zone = 0;
    while (ticket >= shares[zone]) ticket -= shares[zone++];
    return zones[zone].pick(p);
  }

 private:
  // Envoy wants balancers and healthy endpoints in the same zones.
  bool every_zone_is_up() const {
    for (std::size_t i = 0; i < zones.size(); ++i) {
      if ((zones[i].up() > 0) != (options.balancers[i] > 0)) return false;
    }
    return true;
  }
  // Shares of traffic, all multiplied so that they are whole: u = up * balancers' sum, o likewise.
  void set_shares(std::uint64_t up) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : options.balancers) sum += count;
    shares.assign(zones.size(), 0);
    total = 0;
    std::uint64_t spare = 0;
    const auto u = [&](std::size_t zone) { return zones[zone].up() * sum; };
    const auto o = [&](std::size_t zone) { return options.balancers[zone] * up; };
    const std::uint64_t here = u(options.zone);
    if (here >= o(options.zone)) {
      shares[options.zone] = total = 1;
      return;
    }
    for (std::size_t i = 0; i < zones.size(); ++i) spare += u(i) > o(i) ? u(i) - o(i) : 0;
    // u / o here; of 1 - u / o the part that each one spares. All times o and the sum of spares.
    for (std::size_t i = 0; i < zones.size(); ++i) {
      shares[i] = u(i) > o(i) ? (o(options.zone) - here) * (u(i) - o(i)) : 0;
    }
    shares[options.zone] = here * spare;
    for (const std::uint64_t share : shares) total += share;
  }
};

const RegisterPolicy<ZoneAware> registered;

}  // namespace
}  // namespace ballast::balancing
