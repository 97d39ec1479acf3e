#include <algorithm>

#include "algorithms/balancing/hashing.h"
#include "algorithms/balancing/policies/decay.h"
#include "algorithms/balancing/policies/ring_hosts.h"

namespace ballast::balancing {
namespace {

struct Options {
  Duration smoothing{15'000'000'000};
  Ratio low{7, 8};
  Ratio high{9, 8};
  std::uint64_t min_aperture = 1;

  std::string problem() const { return low < high ? "" : "low must be less than high"; }
  static constexpr std::string_view name = "random_aperture";
  static constexpr auto fields =
      Fields{field("smoothing", &Options::smoothing,
                   "The window of the average of requests that have not ended.")
                 .at_least(1'000'000),
             field("low", &Options::low, "Below so many per endpoint the aperture narrows by one.")
                 .at_most(1'000'000),
             field("high", &Options::high, "Above so many per endpoint it widens by one.")
                 .at_most(1'000'000),
             field("min_aperture", &Options::min_aperture, "It never gets narrower.").at_least(1)};
};

// The endpoints stand in an order of the balancer's own; the aperture is how many of them, from the
// front, it draws two from.
struct RandomAperture {
  using Options = balancing::Options;
  static constexpr std::string_view name = "random_aperture";
  static constexpr std::string_view summary =
      "Uses just so many endpoints that each has about one request at a time; of two drawn from "
      "them, the one with the fewer active requests.";
  static constexpr std::string_view source = "Finagle, LoadBand.scala";
  static constexpr PickRule rule = PickRule::nothing;

  Options options;
  std::vector<std::uint32_t> order;  // places of the candidates
  std::uint64_t aperture = 1;
  std::int64_t outstanding = 0;
  std::int64_t average = 0;  // of it, in 2^-32
  Time averaged;
  static constexpr auto fields = Fields{field("aperture", &RandomAperture::aperture),
                                        field("outstanding", &RandomAperture::outstanding),
                                        field("average", &RandomAperture::average)};

  RandomAperture() = default;
  explicit RandomAperture(const Options& given) : options(given), aperture(given.min_aperture) {}

  void changed(const Change& change) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> hashes;
    const std::uint64_t seed = xx_hash(KeyBytes(change.self.value).view());
    for (std::uint32_t i = 0; i < change.candidates.size(); ++i) {
      const std::uint32_t endpoint = change.candidates[i].endpoint;
      hashes.emplace_back(xx_hash(KeyBytes(endpoint).view(), seed), i);
    }
    std::stable_sort(hashes.begin(), hashes.end());
    order.clear();
    for (const auto& each : hashes) order.push_back(each.second);
  }
  void finished(const Finish& f) { adjust(-1, f.now); }

  const Candidate& pick(const Pick& p) {
    adjust(1, p.now);
    const std::uint64_t n = std::min<std::uint64_t>(aperture, order.size());
    const std::uint64_t first = p.choose(n);
    const Candidate& a = p.candidates[order[first]];
    if (n == 1) return a;
    std::uint64_t second = p.choose(n - 1);
    if (second >= first) ++second;
    const Candidate& b = p.candidates[order[second]];
    return b.active < a.active ? b : a;
  }

 private:
  void adjust(std::int64_t change, Time now) {
    outstanding += change;
    const std::int64_t current = outstanding << 32;
    const Duration elapsed = now - averaged;
    averaged = now;
    average = average >= current ? current + decayed(average - current, elapsed, options.smoothing)
                                 : current - decayed(current - average, elapsed, options.smoothing);
    const auto load = static_cast<Wide>(static_cast<std::uint64_t>(average));
    const auto reaches = [&](const Ratio& r) {  // load / aperture against r
      return std::pair(load * r.denominator, (static_cast<Wide>(aperture) * r.numerator) << 32);
    };
    const auto high = reaches(options.high);
    const auto low = reaches(options.low);
    if (high.first >= high.second && aperture < order.size()) {
      ++aperture;
    } else if (low.first <= low.second && aperture > options.min_aperture) {
      --aperture;
    }
  }
};

const RegisterPolicy<RandomAperture> registered;

}  // namespace
}  // namespace ballast::balancing
