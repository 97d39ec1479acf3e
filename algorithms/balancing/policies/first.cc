#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t slots = 1;
  static constexpr std::string_view name = "first";
  static constexpr auto fields =
      Fields{field("slots", &Options::slots,
                   "How many requests an endpoint takes before the next one is used: HAProxy's "
                   "maxconn.")
                 .at_least(1)};
};

// Packs requests onto few endpoints, so that others may be powered down. When all are full HAProxy
// queues the request itself; here it joins the queue of the endpoint that has the fewest.
struct First {
  using Options = balancing::Options;
  static constexpr std::string_view name = "first";
  static constexpr std::string_view summary =
      "The lowest endpoint with a free slot; if none has one, the one with the fewest requests.";
  static constexpr std::string_view source = "HAProxy, configuration.txt, balance first";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  Options options;

  First() = default;
  explicit First(const Options& given) : options(given) {}

  const Candidate& pick(const Pick& p) {
    const Candidate* fewest = &p.candidates.front();
    for (const Candidate& candidate : p.candidates) {
      if (candidate.active < options.slots) return candidate;
      if (candidate.active < fewest->active) fewest = &candidate;
    }
    return *fewest;
  }
};

const RegisterPolicy<First> registered;

}  // namespace
}  // namespace ballast::balancing
