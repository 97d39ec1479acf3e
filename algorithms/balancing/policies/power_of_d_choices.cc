#include <array>
#include <vector>

#include "algorithms/balancing/policies/sampling.h"

namespace ballast::balancing {
namespace {

enum class Load : std::uint8_t { own, reported };
constexpr auto enumerators(Load) { return std::array<std::string_view, 2>{"own", "reported"}; }

struct Options {
  std::uint32_t choices = 2;
  bool replacement = false;
  Load load = Load::own;
  static constexpr std::string_view name = "power_of_d_choices";
  static constexpr auto fields = Fields{
      field("choices", &Options::choices, "How many endpoints are drawn: d.")
          .at_least(1)
          .at_most(1'000'000),
      field("replacement", &Options::replacement,
            "Whether one may be drawn twice. At 100 endpoints it moves the mean response time by "
            "less than 1 %, and papers differ: Mitzenmacher's tables draw distinct ones."),
      field("load", &Options::load,
            "Which load counts. own: the requests that this balancer has there now. reported: the "
            "requests in flight that the endpoint last told of, as old as that may be (its option "
            "reports); none before it has told of any.")};
};

// SQ(d), the supermarket model: the shortest queue of d that are drawn, the first of equals. With
// periodic reports it is the bulletin board of Mitzenmacher, How useful is old information?, TPDS
// 2000.
struct PowerOfDChoices {
  using Options = balancing::Options;
  static constexpr std::string_view name = "power_of_d_choices";
  static constexpr std::string_view summary =
      "The endpoint with the fewest active requests of d that are drawn, whatever its weight.";
  static constexpr std::string_view source =
      "M. Mitzenmacher, The power of two choices in randomized load balancing, TPDS 2001";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  Sampler sampler;
  std::vector<std::uint64_t> told;  // by endpoint: requests in flight, where these count
  static constexpr auto fields = Fields{field("told", &PowerOfDChoices::told)};

  PowerOfDChoices() = default;
  explicit PowerOfDChoices(const Options& given) : options(given) {}

  void changed(const Change& change) {
    if (options.load == Load::reported) told.resize(change.hosts.size(), 0);
  }
  void reported(std::uint32_t endpoint, const LoadReport& report, Time) {
    if (options.load == Load::reported) told[endpoint] = report.in_flight;
  }

  const Candidate& pick(const Pick& p) {
    const Candidate* best = nullptr;
    sampler.draw(p, p.candidates.size(), options.choices, options.replacement,
                 [&](std::uint64_t place) {
                   const Candidate& drawn = p.candidates[place];
                   if (best == nullptr || load_of(drawn) < load_of(*best)) best = &drawn;
                 });
    return *best;
  }

 private:
  std::uint64_t load_of(const Candidate& drawn) const {
    return options.load == Load::own ? drawn.active : told[drawn.endpoint];
  }
};

const RegisterPolicy<PowerOfDChoices> registered;

}  // namespace
}  // namespace ballast::balancing
