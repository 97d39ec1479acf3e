#include <algorithm>

#include "algorithms/balancing/policies/decay.h"
#include "algorithms/balancing/policies/two_distinct.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration decay{10'000'000'000};
  static constexpr std::string_view name = "peak_ewma";
  static constexpr auto fields =
      Fields{field("decay", &Options::decay, "How fast the past is forgotten: Finagle's decayTime.")
                 .at_least(1'000)};
};

struct PeakEwma {
  using Options = balancing::Options;
  static constexpr std::string_view name = "peak_ewma";
  static constexpr std::string_view summary =
      "Of two distinct endpoints the one with the lower latency times (active + 1), where latency "
      "jumps up to a peak at once and decays slowly.";
  static constexpr std::string_view source = "Finagle, PeakEwma.scala";
  static constexpr PickRule rule = PickRule::nothing;

  // Latencies in 2^-16 ns, so that decay does not end at a whole nanosecond.
  static constexpr int fraction_bits = 16;
  struct Metric {
    std::int64_t ema = 0;
    Time stamp;
    static constexpr auto fields =
        Fields{field("ema", &Metric::ema), field("stamp", &Metric::stamp)};

    void observe(std::int64_t rtt, Time now, Duration decay) {
      ema = rtt > ema ? rtt : rtt + decayed(ema - rtt, now - stamp, decay);
      stamp = now;
    }
  };
  Options options;
  std::vector<Metric> metrics;
  static constexpr auto fields = Fields{field("metrics", &PeakEwma::metrics)};

  PeakEwma() = default;
  explicit PeakEwma(const Options& given) : options(given) {}

  void changed(const Change& change) { metrics.resize(change.hosts.size()); }
  void finished(const Finish& f) {
    constexpr std::int64_t longest = std::int64_t{1} << 46;
    const std::int64_t rtt = std::min(f.latency.ns, longest) << fraction_bits;
    metrics[f.endpoint].observe(rtt, f.now, options.decay);
  }

  const Candidate& pick(const Pick& p) {
    const auto [a, b] = two_distinct(p);
    const Wide cost_a = cost(a, p.now);
    return cost(b, p.now) < cost_a ? b : a;
  }

 private:
  // Reading lets the average decay first, as if it observed 0.
  Wide cost(const Candidate& candidate, Time now) {
    constexpr Wide penalty = Wide{1} << (47 + fraction_bits);
    Metric& metric = metrics[candidate.endpoint];
    metric.observe(0, now, options.decay);
    if (metric.ema == 0 && candidate.active > 0) return penalty + candidate.active;
    return static_cast<Wide>(static_cast<std::uint64_t>(metric.ema)) *
           (std::uint64_t{candidate.active} + 1);
  }
};

const RegisterPolicy<PeakEwma> registered;

}  // namespace
}  // namespace ballast::balancing
