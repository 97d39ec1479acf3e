#include <algorithm>

#include "algorithms/balancing/policies/decay.h"
#include "algorithms/balancing/policies/two_distinct.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration decay{10'000'000'000};
  Duration timeout{1'000'000'000};
  static constexpr std::string_view name = "brpc_p2c";
  static constexpr auto fields = Fields{
      field("decay", &Options::decay, "How fast the past is forgotten.").at_least(1'000),
      field("timeout", &Options::timeout, "A failure counts as a latency of this much at least.")};
};

struct BrpcP2c {
  using Options = balancing::Options;
  static constexpr std::string_view name = "brpc_p2c";
  static constexpr std::string_view summary =
      "Of two distinct endpoints the one with the lower peak latency times (active + 1) / weight; "
      "a "
      "failure counts as a timeout, equals are drawn among.";
  static constexpr std::string_view source = "brpc, pull request 3367";
  static constexpr PickRule rule = PickRule::nothing;

  struct Metric {
    std::int64_t ema = 0;  // 2^-16 us
    Time stamp;
    static constexpr auto fields =
        Fields{field("ema", &Metric::ema), field("stamp", &Metric::stamp)};
  };
  Options options;
  std::vector<Metric> metrics;
  static constexpr auto fields = Fields{field("metrics", &BrpcP2c::metrics)};

  BrpcP2c() = default;
  explicit BrpcP2c(const Options& given) : options(given) {}

  void changed(const Change& change) { metrics.resize(change.hosts.size()); }
  void finished(const Finish& f) {
    if (f.ours) return;
    constexpr std::int64_t longest = std::int64_t{1} << 46;
    const Duration latency = f.good ? f.latency : std::max(f.latency, options.timeout);
    const std::int64_t rtt = std::min(latency.ns / 1000, longest) << 16;
    Metric& metric = metrics[f.endpoint];
    metric.ema = rtt > metric.ema
                     ? rtt
                     : rtt + decayed(metric.ema - rtt, f.now - metric.stamp, options.decay);
    metric.stamp = f.now;
  }

  const Candidate& pick(const Pick& p) {
    const auto [a, b] = two_distinct(p);
    const Wide left = cost(a, p.now) * b.weight;
    const Wide right = cost(b, p.now) * a.weight;
    if (left != right) return left < right ? a : b;
    return p.choose(2) == 0 ? a : b;
  }

 private:
  Wide cost(const Candidate& candidate, Time now) const {
    const Metric& metric = metrics[candidate.endpoint];
    const std::int64_t ema = decayed(metric.ema, now - metric.stamp, options.decay);
    return static_cast<Wide>(static_cast<std::uint64_t>(ema)) *
           (std::uint64_t{candidate.active} + 1);
  }
};

const RegisterPolicy<BrpcP2c> registered;

}  // namespace
}  // namespace ballast::balancing
