#include <algorithm>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {
namespace {

struct Options {
  std::uint64_t peers = 1;
  std::uint64_t aperture = 12;
  static constexpr std::string_view name = "deterministic_aperture";
  static constexpr auto fields = Fields{
      field("peers", &Options::peers,
            "How many balancers share the endpoints. Their node numbers must be consecutive: the "
            "number modulo peers is a balancer's place on the ring.")
          .at_least(1)
          .at_most(1'000'000),
      field("aperture", &Options::aperture, "How many endpoints each uses at least.").at_least(1)};
};

// The balancers' ring lies over the endpoints' ring. A unit is the length that the arcs of both can
// be measured in: an endpoint has `peers` of them, a balancer as many as there are endpoints. A
// balancer uses whole arcs of balancers from its own on, enough for the aperture, and so parts of
// the endpoints at both ends: these are drawn less often.
struct DeterministicAperture {
  using Options = balancing::Options;
  static constexpr std::string_view name = "deterministic_aperture";
  static constexpr std::string_view summary =
      "Each balancer uses an arc of the ring of endpoints, such that all arcs together cover it "
      "evenly; of two drawn from it, the one with the fewer active requests.";
  static constexpr std::string_view source = "Finagle, DeterministicAperture.scala";
  static constexpr PickRule rule = PickRule::nothing;
  static constexpr auto fields = Fields{};

  struct Slice {
    std::size_t place = 0;     // among the candidates
    std::uint64_t begins = 0;  // the units of those before it
    std::uint64_t units = 0;
  };
  Options options;
  std::vector<Slice> slices;
  std::uint64_t width = 0;

  DeterministicAperture() = default;
  explicit DeterministicAperture(const Options& given) : options(given) {}

  void changed(const Change& change) {
    const std::uint64_t n = change.candidates.size();
    if (n == 0) return;
    const std::uint64_t ring = n * options.peers;
    const std::uint64_t turns = (options.aperture * options.peers + n - 1) / n;
    width = std::min(ring, turns * n);
    const std::uint64_t start = change.self.value % options.peers * n;
    std::vector<std::uint64_t> units(n);
    for (std::uint64_t at = 0; at < width;) {
      const std::uint64_t place = (start + at) % ring / options.peers;
      const std::uint64_t rest = options.peers - (start + at) % options.peers;
      const std::uint64_t piece = std::min(rest, width - at);
      units[place] += piece;
      at += piece;
    }
    slices.clear();
    std::uint64_t begins = 0;
    for (std::size_t place = 0; place < n; ++place) {
      if (units[place] == 0) continue;
      slices.push_back({place, begins, units[place]});
      begins += units[place];
    }
  }

  // The second draw is from what is left without the first.
  const Candidate& pick(const Pick& p) {
    const Slice& first = at(p.choose(width));
    const Candidate& a = p.candidates[first.place];
    if (first.units == width) return a;
    std::uint64_t second = p.choose(width - first.units);
    if (second >= first.begins) second += first.units;
    const Candidate& b = p.candidates[at(second).place];
    return b.active < a.active ? b : a;
  }

 private:
  const Slice& at(std::uint64_t unit) const {
    const auto after =
        std::upper_bound(slices.begin(), slices.end(), unit,
                         [](std::uint64_t u, const Slice& slice) { return u < slice.begins; });
    return *(after - 1);
  }
};

const RegisterPolicy<DeterministicAperture> registered;

}  // namespace
}  // namespace ballast::balancing
