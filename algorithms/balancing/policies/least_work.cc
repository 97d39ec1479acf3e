#include <algorithm>

#include "algorithms/balancing/policies/sampling.h"
#include "sim/base/distribution.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t choices = 2;
  bool replacement = false;
  Distribution service = Distribution::exponential({10'000'000});
  static constexpr std::string_view name = "least_work";
  static constexpr auto fields = Fields{
      field("choices", &Options::choices,
            "How many endpoints are drawn: d. The number of endpoints means all of them.")
          .at_least(1)
          .at_most(1'000'000),
      field("replacement", &Options::replacement, "Whether one may be drawn twice."),
      field("service", &Options::service,
            "The service law of the endpoints, which turns the size of a request into time; an "
            "endpoint of weight w is taken to work w times as fast.")};
};

// LL(d). Nobody in production knows the size of a request before it is served; the policy is here
// because it bounds what the others can reach. It keeps the books of each endpoint's work itself,
// so it is exact for endpoints that serve one request at a time, first in first out, and only those
// of this balancer.
struct LeastWork {
  using Options = balancing::Options;
  static constexpr std::string_view name = "least_work";
  static constexpr std::string_view summary =
      "Of d endpoints that are drawn, the one with the least work left, as if sizes were known.";
  static constexpr std::string_view source =
      "Hellemans and Van Houdt, On the power-of-d-choices with least loaded server selection, 2018";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Sampler sampler;
  std::vector<Time> idle_from;  // by endpoint: when it has done all that it was sent
  static constexpr auto fields = Fields{field("idle_from", &LeastWork::idle_from)};

  LeastWork() = default;
  explicit LeastWork(const Options& given) : options(given) {}

  void changed(const Change& change) {
    idle_from.resize(change.hosts.size());
    // What an endpoint that went down had to do is gone.
    for (std::size_t i = 0; i < change.hosts.size(); ++i) {
      if (!change.hosts[i].up) idle_from[i] = change.now;
    }
  }

  const Candidate& pick(const Pick& p) {
    const Candidate* best = nullptr;
    Time earliest;
    sampler.draw(p, p.candidates.size(), options.choices, options.replacement,
                 [&](std::uint64_t place) {
                   const Candidate& drawn = p.candidates[place];
                   const Time idle = std::max(idle_from[drawn.endpoint], p.now);
                   if (best != nullptr && earliest <= idle) return;
                   best = &drawn;
                   earliest = idle;
                 });
    const auto speed = static_cast<std::int64_t>(best->weight);
    idle_from[best->endpoint] = saturating_add(earliest, options.service.at(p.work) / speed);
    return *best;
  }
};

const RegisterPolicy<LeastWork> registered;

}  // namespace
}  // namespace ballast::balancing
