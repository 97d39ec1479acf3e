#include "algorithms/balancing/policies/ring_hosts.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t draws = 2;
  static constexpr std::string_view name = "random_draws";
  static constexpr auto fields =
      Fields{field("draws", &Options::draws, "How often is drawn; one endpoint may be drawn again.")
                 .at_least(1)
                 .at_most(1'000)};
};

struct RandomDraws {
  using Options = balancing::Options;
  static constexpr std::string_view name = "random_draws";
  static constexpr std::string_view summary =
      "Draws from HAProxy's hash ring, so by weight; the endpoint with the fewer active requests "
      "for "
      "its weight wins, among equals the one that was sent less in the last second.";
  static constexpr std::string_view source = "HAProxy, balance random(draws), get_server_rnd";
  static constexpr PickRule rule = PickRule::nothing;

  // HAProxy's freq_ctr: the count of this second, and that of the last one as far as it reaches
  // into the second that ends now.
  struct Rate {
    std::int64_t second = 0;
    std::uint64_t now = 0;
    std::uint64_t before = 0;
    static constexpr auto fields = Fields{field("second", &Rate::second), field("now", &Rate::now),
                                          field("before", &Rate::before)};

    void move_to(Time t) {
      const std::int64_t at = t.ns / 1'000'000'000;
      if (at == second) return;
      before = at == second + 1 ? now : 0;
      now = 0;
      second = at;
    }
    std::uint64_t per_second(Time t) {
      move_to(t);
      const std::int64_t rest = 1'000 - t.ns / 1'000'000 % 1'000;
      return now + before * static_cast<std::uint64_t>(rest) / 1'000;
    }
  };
  Options options;
  HashRing ring;
  std::vector<Rate> rates;
  static constexpr auto fields = Fields{field("rates", &RandomDraws::rates)};

  RandomDraws() = default;
  explicit RandomDraws(const Options& given) : options(given) {}

  void changed(const Change& change) {
    rates.resize(change.hosts.size());
    ring = haproxy_ring(ring_hosts(change, Which::up));
  }

  const Candidate& pick(const Pick& p) {
    const Candidate* best = nullptr;
    for (std::uint32_t i = 0; i < options.draws; ++i) {
      const auto hash = static_cast<std::uint32_t>(p.choose(std::uint64_t{1} << 32));
      const Candidate& drawn = *p.candidates.find(ring[ring.nearest(hash)].endpoint);
      if (best == nullptr || !loses(drawn, *best, p.now)) best = &drawn;
    }
    Rate& rate = rates[best->endpoint];
    rate.move_to(p.now);
    ++rate.now;
    return *best;
  }

 private:
  bool loses(const Candidate& drawn, const Candidate& best, Time now) {
    const std::uint64_t mine = drawn.active * best.weight;
    const std::uint64_t least = best.active * drawn.weight;
    if (mine != least) return mine > least;
    return rates[drawn.endpoint].per_second(now) > rates[best.endpoint].per_second(now);
  }
};

const RegisterPolicy<RandomDraws> registered;

}  // namespace
}  // namespace ballast::balancing
