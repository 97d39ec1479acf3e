#include <algorithm>

#include "algorithms/balancing/policies/sampling.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t pool = 16;
  Duration probe_age{1'000'000'000};
  Ratio probes_per_query{3, 1};
  Ratio removals_per_query{1, 1};
  Ratio delta{1, 1};
  Ratio hot_quantile{8'409, 10'000};
  static constexpr std::string_view name = "prequal";
  static constexpr auto fields = Fields{
      field("pool", &Options::pool, "How many answers to probes are kept: m.")
          .at_least(2)
          .at_most(10'000),
      field("probe_age", &Options::probe_age, "How old they may become.").at_least(1'000),
      field("probes_per_query", &Options::probes_per_query, "Probes sent for each request.")
          .at_most(1'000),
      field("removals_per_query", &Options::removals_per_query,
            "Answers removed for each request, the oldest and the worst by turns.")
          .at_most(1'000),
      field("delta", &Options::delta, "The rate at which answers may gather beyond those used up.")
          .at_most(1'000),
      field("hot_quantile", &Options::hot_quantile,
            "An endpoint is hot above this quantile of the requests in flight that were reported: "
            "2^-0.25 by default.")};
};

// Asynchronous probes bring the requests in flight of an endpoint and its latency at about so many.
// Hot-cold rule: of the cold ones the lowest latency; if all are hot, the fewest in flight.
struct Prequal {
  using Options = balancing::Options;
  static constexpr std::string_view name = "prequal";
  static constexpr std::string_view summary =
      "Of endpoints that were probed lately, the one with the lowest latency among those that are "
      "not hot, or else the fewest requests in flight.";
  static constexpr std::string_view source =
      "Wydrowski et al., Load is not what you should balance: Introducing Prequal, NSDI 2024";
  static constexpr PickRule rule = PickRule::nothing;

  struct Entry {
    std::uint32_t endpoint = 0;
    std::uint64_t in_flight = 0;
    Duration latency;
    Time at;
    std::uint64_t uses = 0;  // left
    static constexpr auto fields = Fields{
        field("endpoint", &Entry::endpoint), field("in_flight", &Entry::in_flight),
        field("latency", &Entry::latency), field("at", &Entry::at), field("uses", &Entry::uses)};
  };
  static constexpr std::uint64_t one = std::uint64_t{1} << 32;  // of amounts owed
  static constexpr std::size_t window = 128;  // of requests in flight, for their quantile

  Options options;
  Sampler sampler;
  std::vector<Entry> pool;  // the oldest first
  std::vector<std::uint64_t> seen;
  std::vector<std::uint64_t> sorted;  // the same, ascending
  std::size_t next_seen = 0;
  std::uint64_t hot_above = 0;
  std::uint64_t probes_owed = 0;
  std::uint64_t removals_owed = 0;
  bool remove_worst = false;
  std::uint64_t uses = one;  // of each answer, in parts of `one`
  static constexpr auto fields = Fields{
      field("pool", &Prequal::pool), field("seen", &Prequal::seen),
      field("probes_owed", &Prequal::probes_owed), field("removals_owed", &Prequal::removals_owed),
      field("remove_worst", &Prequal::remove_worst)};

  Prequal() = default;
  explicit Prequal(const Options& given) : options(given) {}

  // b_reuse = max(1, (1 + delta) / ((1 - m / n) * r_probe - r_remove)).
  void changed(const Change& change) {
    const std::uint64_t n = change.hosts.size();
    const Wide probes = n <= options.pool ? Wide{0}
                                          : static_cast<Wide>(n - options.pool) * one / n *
                                                options.probes_per_query.numerator /
                                                options.probes_per_query.denominator;
    const Wide removals = static_cast<Wide>(one) * options.removals_per_query.numerator /
                          options.removals_per_query.denominator;
    const Wide gathered = static_cast<Wide>(one) + static_cast<Wide>(one) *
                                                       options.delta.numerator /
                                                       options.delta.denominator;
    // Where probes do not keep up with removals, an answer may be used as often as it is wanted.
    constexpr Wide most = Wide{one} * 1'000'000;
    const Wide reuse = probes <= removals ? most : (gathered << 32) / (probes - removals);
    uses = static_cast<std::uint64_t>(std::clamp<Wide>(reuse, one, most));
    pool.erase(std::remove_if(pool.begin(), pool.end(),
                              [&](const Entry& e) { return !change.hosts[e.endpoint].up; }),
               pool.end());
  }

  void reported(std::uint32_t endpoint, const LoadReport& report, Time now) {
    if (seen.size() < window) {
      seen.push_back(report.in_flight);
    } else {
      std::uint64_t& oldest = seen[next_seen++ % window];
      sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), oldest));
      oldest = report.in_flight;
    }
    sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), report.in_flight),
                  report.in_flight);
    if (pool.size() == options.pool) pool.erase(pool.begin());
    pool.push_back({endpoint, report.in_flight, report.latency, now, 0});
  }

  const Candidate& pick(const Pick& p) {
    probe(p);
    prepare(p);
    if (pool.size() < 2) return p.candidates[p.choose(p.candidates.size())];
    set_quantile();
    const std::size_t best = choose_from_pool();
    Entry& entry = pool[best];
    const Candidate& picked = *p.candidates.find(entry.endpoint);
    ++entry.in_flight;
    if (--entry.uses == 0) pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(best));
    remove();
    return picked;
  }

 private:
  // What a rate above or below one per request comes to in whole numbers, request by request.
  static std::uint64_t due(std::uint64_t& owed, const Ratio& rate) {
    owed += static_cast<std::uint64_t>(static_cast<Wide>(one) * rate.numerator / rate.denominator);
    const std::uint64_t whole = owed / one;
    owed %= one;
    return whole;
  }
  void probe(const Pick& p) {
    sampler.draw(p, p.candidates.size(), due(probes_owed, options.probes_per_query), false,
                 [&](std::uint64_t place) { p.probe(p.candidates[place].endpoint); });
  }
  // Answers that are too old go; new ones learn how often they may be used, by randomised rounding.
  void prepare(const Pick& p) {
    pool.erase(std::remove_if(pool.begin(), pool.end(),
                              [&](const Entry& e) {
                                return p.now - e.at > options.probe_age ||
                                       p.candidates.find(e.endpoint) == nullptr;
                              }),
               pool.end());
    for (Entry& entry : pool) {
      if (entry.uses > 0) continue;
      entry.uses = uses / one;
      if (uses % one != 0 && p.choose(one) < uses % one) ++entry.uses;
    }
  }
  void set_quantile() { hot_above = sorted[options.hot_quantile.of(sorted.size() - 1)]; }
  bool hot(const Entry& entry) const { return entry.in_flight > hot_above; }

  // Whether a is to be picked rather than b.
  bool better(const Entry& a, const Entry& b) const {
    if (hot(a) != hot(b)) return !hot(a);
    return hot(a) ? a.in_flight < b.in_flight : a.latency < b.latency;
  }
  std::size_t choose_from_pool() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < pool.size(); ++i) {
      if (better(pool[i], pool[best])) best = i;
    }
    return best;
  }
  void remove() {
    for (std::uint64_t n = due(removals_owed, options.removals_per_query); n > 0; --n) {
      if (pool.empty()) return;
      std::size_t worst = 0;
      for (std::size_t i = 1; remove_worst && i < pool.size(); ++i) {
        if (better(pool[worst], pool[i])) worst = i;
      }
      pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(worst));
      remove_worst = !remove_worst;
    }
  }
};

const RegisterPolicy<Prequal> registered;

}  // namespace
}  // namespace ballast::balancing
