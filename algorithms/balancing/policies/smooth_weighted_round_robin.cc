#include <algorithm>

#include "algorithms/balancing/policies/smooth_turns.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint32_t max_fails = 0;
  Duration fail_timeout{10'000'000'000};
  static constexpr std::string_view name = "smooth_weighted_round_robin";
  static constexpr auto fields = Fields{
      field(
          "max_fails", &Options::max_fails,
          "After so many failures within fail_timeout an endpoint is passed over for as long, and "
          "each lowers its effective weight by weight / max_fails; 0: failures are not counted. "
          "nginx's default is 1.")
          .at_most(1'000'000),
      field("fail_timeout", &Options::fail_timeout, "See max_fails.").at_least(1'000'000)};
};

// As nginx does it (ngx_http_upstream_round_robin.c): the picks of a heavy endpoint are spread
// instead of coming in a row; weights 5, 1, 1 give a a b a c a a. An endpoint that is down keeps
// what it has. What it adds per pick is its effective weight, which failures lower and each pick
// raises by one again. When every endpoint is passed over, nginx forgives all of them.
struct SmoothWeightedRoundRobin {
  using Options = balancing::Options;
  static constexpr std::string_view name = "smooth_weighted_round_robin";
  static constexpr std::string_view summary =
      "Turns in proportion to the weights, spread evenly, as nginx takes them.";
  static constexpr std::string_view source = "nginx, ngx_http_upstream_round_robin.c";
  static constexpr PickRule rule = PickRule::weighted_turns;

  struct Peer {
    std::int64_t lowered = 0;  // weight minus effective weight
    std::uint32_t fails = 0;
    Time accessed;
    Time checked;
    static constexpr auto fields =
        Fields{field("lowered", &Peer::lowered), field("fails", &Peer::fails),
               field("accessed", &Peer::accessed), field("checked", &Peer::checked)};
  };
  Options options;
  SmoothTurns turns;
  std::vector<Peer> peers;
  std::vector<std::uint64_t> weights;
  static constexpr auto fields = Fields{field("turns", &SmoothWeightedRoundRobin::turns),
                                        field("peers", &SmoothWeightedRoundRobin::peers)};

  SmoothWeightedRoundRobin() = default;
  explicit SmoothWeightedRoundRobin(const Options& given) : options(given) {}

  void changed(const Change& change) {
    weights.clear();
    for (const Host& host : change.hosts) weights.push_back(host.weight);
    if (options.max_fails > 0) peers.resize(change.hosts.size());
  }

  const Candidate& pick(const Pick& p) {
    if (options.max_fails == 0) return turns.pick(p.candidates);
    const Candidate* picked = usable_pick(p);
    if (picked == nullptr) {
      for (Peer& peer : peers) peer.fails = 0;
      picked = usable_pick(p);
    }
    Peer& peer = peers[picked->endpoint];
    if (p.now - peer.checked > options.fail_timeout) peer.checked = p.now;
    return *picked;
  }

  void finished(const Finish& f) {
    if (options.max_fails == 0 || f.ours) return;
    Peer& peer = peers[f.endpoint];
    if (f.good) {
      if (peer.accessed < peer.checked) peer.fails = 0;
      return;
    }
    ++peer.fails;
    peer.accessed = peer.checked = f.now;
    const auto weight = static_cast<std::int64_t>(weights[f.endpoint]);
    peer.lowered = std::min(weight, peer.lowered + weight / options.max_fails);
  }

 private:
  const Candidate* usable_pick(const Pick& p) {
    const auto usable = [&](const Candidate& candidate) {
      const Peer& peer = peers[candidate.endpoint];
      return peer.fails < options.max_fails || p.now - peer.checked > options.fail_timeout;
    };
    return turns.pick(p.candidates, usable, [&](const Candidate& candidate) {
      std::int64_t& lowered = peers[candidate.endpoint].lowered;
      const std::int64_t effective = static_cast<std::int64_t>(candidate.weight) - lowered;
      lowered = std::max<std::int64_t>(lowered - 1, 0);
      return effective;
    });
  }
};

const RegisterPolicy<SmoothWeightedRoundRobin> registered;

}  // namespace
}  // namespace ballast::balancing
