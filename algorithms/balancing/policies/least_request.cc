#include <algorithm>

#include "algorithms/balancing/policies/sampling.h"
#include "algorithms/balancing/policies/schedule.h"
#include "sim/base/fixed_math.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t choices = 2;
  bool replacement = true;
  bool full_scan = false;
  Ratio bias{1, 1};
  static constexpr std::string_view name = "least_request";
  static constexpr auto fields = Fields{
      field("choices", &Options::choices, "How many endpoints are drawn, if the weights are equal.")
          .at_least(1)
          .at_most(1'000'000),
      field("replacement", &Options::replacement,
            "Whether one may be drawn twice, as Envoy and gRPC do it."),
      field("full_scan", &Options::full_scan, "Look at all endpoints instead of drawing."),
      field("bias", &Options::bias,
            "Weights that differ are divided by (active + 1) to this power; 0: load has no say.")
          .at_most(100)};
};

// Equal weights: of those drawn the one with the fewest active requests, the first of equals. So
// with two endpoints the busier one is picked whenever it is drawn twice: 25 % of the time, as the
// documentation of Envoy says. Full scan: of equals, one by reservoir sampling. Unequal weights:
// earliest deadline first, with weights that load lowers when an endpoint is queued again.
struct LeastRequest {
  using Options = balancing::Options;
  static constexpr std::string_view name = "least_request";
  static constexpr std::string_view summary =
      "The endpoint with the fewest active requests of some that are drawn, or of all; with "
      "unequal "
      "weights, turns by weight / (active + 1)^bias.";
  static constexpr std::string_view source =
      "Envoy, least_request_lb.cc; gRPC proposal A48 (choices from 2 to 10)";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Sampler sampler;
  Schedule schedule;  // of unequal weights
  bool weighted = false;
  static constexpr auto fields = Fields{field("schedule", &LeastRequest::schedule),
                                        field("weighted", &LeastRequest::weighted)};

  LeastRequest() = default;
  explicit LeastRequest(const Options& given) : options(given) {}

  void changed(const Change& change) {
    const auto& all = change.candidates;
    weighted = std::any_of(all.begin(), all.end(),
                           [&](const Candidate& c) { return c.weight != all.front().weight; });
    schedule.clear();
    if (!weighted) return;
    for (const Candidate& candidate : all) schedule.add(candidate.endpoint, wait(candidate));
  }

  const Candidate& pick(const Pick& p) {
    if (weighted) return next_due(p);
    if (options.full_scan) return scan(p);
    const Candidate* best = nullptr;
    sampler.draw(p, p.candidates.size(), options.choices, options.replacement,
                 [&](std::uint64_t place) {
                   const Candidate& drawn = p.candidates[place];
                   if (best == nullptr || drawn.active < best->active) best = &drawn;
                 });
    return *best;
  }

 private:
  static const Candidate& scan(const Pick& p) {
    const Candidate* best = nullptr;
    std::uint64_t equals = 0;
    for (const Candidate& candidate : p.candidates) {
      if (best == nullptr || candidate.active < best->active) {
        best = &candidate;
        equals = 1;
      } else if (candidate.active == best->active) {
        ++equals;
        if (p.choose(equals) == 0) best = &candidate;
      }
    }
    return *best;
  }

  const Candidate& next_due(const Pick& p) {
    const Candidate& picked = *p.candidates.find(schedule.take());
    schedule.add(picked.endpoint, wait(picked));
    return picked;
  }

  std::uint64_t wait(const Candidate& candidate) const {
    const std::uint64_t period = Schedule::unit / candidate.weight;
    const std::uint64_t load = std::uint64_t{candidate.active} + 1;
    constexpr std::uint64_t longest = std::uint64_t{1} << 60;
    if (options.bias == Ratio{1, 1}) {
      return static_cast<std::uint64_t>(std::min<Wide>(static_cast<Wide>(period) * load, longest));
    }
    // log2(load) in Q56: 64 - (-log2(load / 2^64)).
    const std::uint64_t log = (std::uint64_t{64} << 56) - fixed::minus_log2(load);
    const Wide power = static_cast<Wide>(log) * options.bias.numerator / options.bias.denominator;
    if (power >= Wide{60} << 56) return longest;
    const std::int64_t biased = fixed::times_power_of_two(static_cast<std::int64_t>(period),
                                                          static_cast<std::int64_t>(power));
    return std::min(static_cast<std::uint64_t>(biased), longest);
  }
};

const RegisterPolicy<LeastRequest> registered;

}  // namespace
}  // namespace ballast::balancing
