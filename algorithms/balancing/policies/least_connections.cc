#include <algorithm>
#include <array>

#include "algorithms/balancing/policies/smooth_turns.h"

namespace ballast::balancing {
namespace {

// haproxy  lb_fwlc.c: an idle server first, then the least (active + 1) * 4096 / eweight, where
//          eweight is 16 times the weight and the division loses its rest; equals by chance
// nginx    least_conn: the least active / weight; equals by smooth weighted round robin
// lvs      wlc: the least active * 256 / weight; the first of equals
enum class Dialect : std::uint8_t { nginx, haproxy, lvs };
constexpr auto enumerators(Dialect) {
  return std::array<std::string_view, 3>{"nginx", "haproxy", "lvs"};
}

struct Options {
  Dialect dialect = Dialect::nginx;
  static constexpr std::string_view name = "least_connections";
  static constexpr auto fields =
      Fields{field("dialect", &Options::dialect,
                   "nginx: the least active / weight, equals by smooth turns. haproxy: an idle "
                   "one, else the least (active + 1) / weight, equals by chance. lvs: as nginx, "
                   "the first of equals (wlc).")};
};

struct LeastConnections {
  using Options = balancing::Options;
  static constexpr std::string_view name = "least_connections";
  static constexpr std::string_view summary =
      "The endpoint with the fewest active requests for its weight.";
  static constexpr std::string_view source =
      "nginx, least_conn; HAProxy, lb_fwlc.c; Linux, ip_vs_wlc.c";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  SmoothTurns turns;
  std::uint64_t scale = 1;
  static constexpr auto fields = Fields{field("turns", &LeastConnections::turns)};

  LeastConnections() = default;
  explicit LeastConnections(const Options& given) : options(given) {}

  void changed(const Change& change) { scale = change.scale; }
  const Candidate& pick(const Pick& p) {
    if (options.dialect == Dialect::haproxy) return haproxy(p);
    const Candidate* best = &p.candidates.front();
    bool tie = false;
    for (std::size_t i = 1; i < p.candidates.size(); ++i) {
      const Candidate& candidate = p.candidates[i];
      const std::uint64_t mine = candidate.active * best->weight;
      const std::uint64_t least = best->active * candidate.weight;
      if (mine < least) best = &candidate;
      tie = mine == least || (tie && mine > least);
    }
    if (!tie || options.dialect == Dialect::lvs) return *best;
    return *turns.pick(p.candidates, [&](const Candidate& candidate) {
      return candidate.active * best->weight == best->active * candidate.weight;
    });
  }

 private:
  std::uint64_t haproxy_key(const Candidate& candidate) const {
    if (candidate.active == 0) return 0;
    const std::uint64_t eweight = std::max<std::uint64_t>(candidate.weight * 16 / scale, 1);
    return (std::uint64_t{candidate.active} + 1) * 4096 / eweight;
  }
  const Candidate& haproxy(const Pick& p) const {
    const Candidate* best = nullptr;
    std::uint64_t least = 0;
    std::uint64_t equals = 0;
    for (const Candidate& candidate : p.candidates) {
      const std::uint64_t key = haproxy_key(candidate);
      if (best == nullptr || key < least) {
        best = &candidate;
        least = key;
        equals = 1;
      } else if (key == least && p.choose(++equals) == 0) {
        best = &candidate;
      }
    }
    return *best;
  }
};

const RegisterPolicy<LeastConnections> registered;

}  // namespace
}  // namespace ballast::balancing
