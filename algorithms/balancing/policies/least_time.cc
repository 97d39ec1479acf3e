#include <algorithm>

#include "algorithms/balancing/policies/smooth_turns.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration fail_timeout{10'000'000'000};
  bool inflight = false;
  static constexpr std::string_view name = "least_time";
  static constexpr auto fields = Fields{
      field("fail_timeout", &Options::fail_timeout,
            "After each further fail_timeout without a request, an average counts half.")
          .at_least(1'000'000'000),
      field("inflight", &Options::inflight,
            "Whether requests that have not ended count with the time that they have taken.")};
};

// Times are in milliseconds, as in nginx: an average moves by a twentieth of each new value; what
// counts is cut off at 5 s and rounded up to the next multiple of 20 ms, so that close endpoints
// are equals, among which smooth turns decide.
struct LeastTime {
  using Options = balancing::Options;
  static constexpr std::string_view name = "least_time";
  static constexpr std::string_view summary =
      "The endpoint with the least average response time times (active + 1), for its weight.";
  static constexpr std::string_view source =
      "nginx, least_time (ngx_http_upstream_least_time_module.c)";
  static constexpr PickRule rule = PickRule::nothing;

  struct Peer {
    std::int64_t average = 0;  // ms
    Time checked;
    std::uint64_t active = 0;
    std::int64_t begun = 0;  // the sum of the moments when these were sent, ms
    static constexpr auto fields =
        Fields{field("average", &Peer::average), field("checked", &Peer::checked),
               field("active", &Peer::active), field("begun", &Peer::begun)};
  };
  Options options;
  SmoothTurns turns;
  std::vector<Peer> peers;
  static constexpr auto fields =
      Fields{field("turns", &LeastTime::turns), field("peers", &LeastTime::peers)};

  LeastTime() = default;
  explicit LeastTime(const Options& given) : options(given) {}

  void changed(const Change& change) { peers.resize(change.hosts.size()); }

  void finished(const Finish& f) {
    Peer& peer = peers[f.endpoint];
    --peer.active;
    peer.begun -= milliseconds(f.now - f.latency);
    if (!f.good) return;
    // 0.5 + 0.05 * value + 0.95 * average, rounded down.
    peer.average = (50 + 5 * (f.latency.ns / 1'000'000) + 95 * peer.average) / 100;
  }

  const Candidate& pick(const Pick& p) {
    const Candidate* best = &p.candidates.front();
    Wide least = eta(*best, p.now);
    bool tie = false;
    for (std::size_t i = 1; i < p.candidates.size(); ++i) {
      const Candidate& candidate = p.candidates[i];
      const Wide mine = eta(candidate, p.now);
      const Wide left = mine * best->weight;
      const Wide right = least * candidate.weight;
      tie = left == right || (tie && left > right);
      if (left >= right) continue;
      best = &candidate;
      least = mine;
    }
    if (tie) {
      best = turns.pick(p.candidates, [&, best, least](const Candidate& candidate) {
        return eta(candidate, p.now) * best->weight == least * candidate.weight;
      });
    }
    Peer& peer = peers[best->endpoint];
    ++peer.active;
    peer.begun += milliseconds(p.now);
    if (p.now - peer.checked > options.fail_timeout) peer.checked = p.now;
    return *best;
  }

 private:
  static std::int64_t milliseconds(Time t) { return t.ns / 1'000'000; }

  Wide eta(const Candidate& candidate, Time now) const {
    const Peer& peer = peers[candidate.endpoint];
    std::int64_t time = peer.average;
    const Duration idle = now - peer.checked;
    if (idle > options.fail_timeout) {
      const std::int64_t seconds = options.fail_timeout.ns / 1'000'000'000;
      const std::int64_t halvings = idle.ns / 1'000'000'000 / (seconds + 1);
      time >>= std::min<std::int64_t>(halvings, 62);
    }
    if (options.inflight && peer.active > 0) {
      const auto count = static_cast<std::int64_t>(peer.active);
      time = std::max(time, milliseconds(now) - peer.begun / count);
    }
    time = time > 5000 ? 5000 : time + 20 - time % 20;
    return static_cast<Wide>(static_cast<std::uint64_t>(time)) *
           (std::uint64_t{candidate.active} + 1);
  }
};

const RegisterPolicy<LeastTime> registered;

}  // namespace
}  // namespace ballast::balancing
