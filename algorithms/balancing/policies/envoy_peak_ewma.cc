#include "algorithms/balancing/policies/decay.h"
#include "algorithms/balancing/policies/two_distinct.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration decay{10'000'000'000};
  Duration aggregation{100'000'000};
  Duration default_rtt{10'000'000};
  static constexpr std::string_view name = "envoy_peak_ewma";
  static constexpr auto fields = Fields{
      field("decay", &Options::decay, "How fast the past is forgotten.").at_least(1'000),
      field("aggregation", &Options::aggregation,
            "How often latencies that were observed since become part of the averages.")
          .at_least(1'000),
      field("default_rtt", &Options::default_rtt, "The latency of an endpoint before its first.")
          .at_least(1)};
};

// Despite its name the average has no peak reset; what it has is a time constant.
struct EnvoyPeakEwma {
  using Options = balancing::Options;
  static constexpr std::string_view name = "envoy_peak_ewma";
  static constexpr std::string_view summary =
      "Of two distinct endpoints the one with the lower average latency times (active + 1), "
      "averages "
      "brought up to date at intervals.";
  static constexpr std::string_view source = "Envoy contrib, peak_ewma.proto and cost.cc";
  static constexpr PickRule rule = PickRule::nothing;

  struct Metric {
    std::int64_t ewma = 0;  // 2^-8 ns; 0: nothing observed yet
    Time stamp;
    static constexpr auto fields =
        Fields{field("ewma", &Metric::ewma), field("stamp", &Metric::stamp)};
  };
  struct Sample {
    std::uint32_t endpoint = 0;
    Time at;
    std::int64_t rtt = 0;
    static constexpr auto fields = Fields{field("endpoint", &Sample::endpoint),
                                          field("at", &Sample::at), field("rtt", &Sample::rtt)};
  };
  Options options;
  std::vector<Metric> metrics;
  std::vector<Sample> waiting;
  Time aggregated;
  static constexpr auto fields =
      Fields{field("metrics", &EnvoyPeakEwma::metrics), field("waiting", &EnvoyPeakEwma::waiting),
             field("aggregated", &EnvoyPeakEwma::aggregated)};

  EnvoyPeakEwma() = default;
  explicit EnvoyPeakEwma(const Options& given) : options(given) {}

  void changed(const Change& change) { metrics.resize(change.hosts.size()); }
  void finished(const Finish& f) {
    if (f.ours) return;
    constexpr std::int64_t longest = std::int64_t{1} << 54;
    waiting.push_back({f.endpoint, f.now, (f.latency.ns < longest ? f.latency.ns : longest) << 8});
  }

  const Candidate& pick(const Pick& p) {
    if (p.now - aggregated >= options.aggregation) aggregate(p.now);
    const auto [a, b] = two_distinct(p);
    return cost(b) < cost(a) ? b : a;
  }

 private:
  void aggregate(Time now) {
    for (const Sample& sample : waiting) {
      Metric& metric = metrics[sample.endpoint];
      const std::int64_t gap = metric.ewma - sample.rtt;
      const Duration elapsed = sample.at - metric.stamp;
      if (metric.ewma == 0) {
        metric.ewma = sample.rtt;
      } else if (gap >= 0) {
        metric.ewma = sample.rtt + decayed(gap, elapsed, options.decay);
      } else {
        metric.ewma = sample.rtt - decayed(-gap, elapsed, options.decay);
      }
      metric.stamp = sample.at;
    }
    waiting.clear();
    aggregated = now;
  }

  // In 2^-8 ns; Envoy's penalty of an endpoint that has requests and no latency yet is 10^6 ms.
  Wide cost(const Candidate& candidate) const {
    constexpr Wide millisecond = Wide{1'000'000} << 8;
    const std::int64_t ewma = metrics[candidate.endpoint].ewma;
    const std::uint64_t load = std::uint64_t{candidate.active} + 1;
    if (ewma > 0) return static_cast<Wide>(static_cast<std::uint64_t>(ewma)) * load;
    if (candidate.active > 0) return (1'000'000 + Wide{candidate.active}) * millisecond;
    return (static_cast<Wide>(static_cast<std::uint64_t>(options.default_rtt.ns)) << 8) * load;
  }
};

const RegisterPolicy<EnvoyPeakEwma> registered;

}  // namespace
}  // namespace ballast::balancing
