#include <algorithm>

#include "algorithms/balancing/policies/schedule.h"
#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration blackout{10'000'000'000};
  Duration expiration{180'000'000'000};
  Duration update{1'000'000'000};
  Ratio error_utilization_penalty{1, 1};
  static constexpr std::string_view name = "client_weighted_round_robin";
  static constexpr auto fields = Fields{
      field("blackout", &Options::blackout,
            "How long an endpoint must have reported before its reports count."),
      field("expiration", &Options::expiration, "After how long without a report it has none."),
      field("update", &Options::update, "How often the weights are computed anew.")
          .at_least(100'000'000),
      field("error_utilization_penalty", &Options::error_utilization_penalty,
            "How much errors per request add to the utilization.")
          .at_most(1'000'000)};
};

// weight = rate / (utilization + errors / rate * penalty), from the endpoints' own reports, which
// they must be told to send. Endpoints without a weight get the average; with fewer than two
// weights all are equal.
struct ClientWeightedRoundRobin {
  using Options = balancing::Options;
  static constexpr std::string_view name = "client_weighted_round_robin";
  static constexpr std::string_view summary =
      "Turns by earliest deadline first, by weights that follow from load reports: requests per "
      "second over utilization.";
  static constexpr std::string_view source = "gRPC proposal A58, weighted_round_robin";
  static constexpr PickRule rule = PickRule::nothing;

  struct Known {
    std::uint64_t weight = 0;  // 0: none yet
    Time since;                // when reports began to come, or to come again
    Time last;
    static constexpr auto fields =
        Fields{field("weight", &Known::weight), field("since", &Known::since),
               field("last", &Known::last)};
  };
  Options options;
  std::vector<Known> known;
  std::vector<std::uint64_t> weights;  // in use, by endpoint
  Schedule schedule;
  bool fresh = false;  // the schedule is that of the endpoints that are up
  Time updated;
  static constexpr auto fields = Fields{field("known", &ClientWeightedRoundRobin::known),
                                        field("schedule", &ClientWeightedRoundRobin::schedule),
                                        field("updated", &ClientWeightedRoundRobin::updated)};

  ClientWeightedRoundRobin() = default;
  explicit ClientWeightedRoundRobin(const Options& given) : options(given) {}

  void changed(const Change& change) {
    known.resize(change.hosts.size());
    weights.resize(change.hosts.size(), 1);
    fresh = false;
  }

  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    Known& at = known[endpoint];
    // Utilization in millionths, rates in thousandths: a weight is requests per second of full
    // capacity, in thousandths.
    const Wide penalty = report.rate == 0
                             ? Wide{0}
                             : static_cast<Wide>(report.errors) * 1'000'000 / report.rate *
                                   options.error_utilization_penalty.numerator /
                                   options.error_utilization_penalty.denominator;
    const Wide load = report.utilization + penalty;
    if (load == 0 || report.rate == 0) return;  // says nothing: A58 ignores it
    const Wide weight = static_cast<Wide>(report.rate) * 1'000'000 / load;
    if (at.weight == 0) at.since = now;
    at.weight = static_cast<std::uint64_t>(std::clamp<Wide>(weight, 1, Wide{1} << 30));
    at.last = now;
  }

  const Candidate& pick(const Pick& p) {
    if (!fresh || p.now - updated >= options.update) update(p);
    const Candidate& picked = *p.candidates.find(schedule.take());
    schedule.add(picked.endpoint, Schedule::unit / weights[picked.endpoint]);
    return picked;
  }

 private:
  std::uint64_t usable_weight(std::uint32_t endpoint, Time now) {
    Known& at = known[endpoint];
    if (at.weight == 0) return 0;
    if (now - at.last >= options.expiration) {
      at.weight = 0;
      return 0;
    }
    return now - at.since >= options.blackout ? at.weight : 0;
  }

  void update(const Pick& p) {
    updated = p.now;
    fresh = true;
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
    for (const Candidate& candidate : p.candidates) {
      const std::uint64_t weight = usable_weight(candidate.endpoint, p.now);
      weights[candidate.endpoint] = weight;
      sum += weight;
      count += weight > 0;
    }
    const std::uint64_t average = count == 0 ? 1 : std::max<std::uint64_t>(sum / count, 1);
    schedule.clear();
    for (const Candidate& candidate : p.candidates) {
      std::uint64_t& weight = weights[candidate.endpoint];
      if (count < 2) weight = 1;
      if (weight == 0) weight = average;
      const std::uint64_t period = Schedule::unit / weight;
      schedule.add(candidate.endpoint, p.choose(period + 1));
    }
  }
};

const RegisterPolicy<ClientWeightedRoundRobin> registered;

}  // namespace
}  // namespace ballast::balancing
