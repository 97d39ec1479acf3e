// When the next request of a client is due, where the rate of arrivals changes with time.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "sim/base/random.h"
#include "sim/base/ratio.h"
#include "sim/base/wide.h"
#include "sim/load/arrivals.h"

namespace ballast {

namespace pacing {

// A rate is in arrivals of one client per nanosecond, in Q64.
struct Segment {
  Duration length;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t at(Duration place) const;
  Wide mass(Duration from, Duration to) const;
  Duration solve(Duration from, Wide mass) const;
};

struct Fixed {
  std::vector<Segment> segments;
  bool repeat = false;
};

struct Switching {
  std::vector<std::uint64_t> rates;
  std::vector<Distribution> stays;
  std::size_t state = 0;
};

}  // namespace pacing

// A Poisson process with a changing rate, by inversion: the integral of the rate from one arrival
// to the next is exponential with mean 1, and one word decides it. The rate is a straight line in
// each segment; random segments are keyed by the seed and their number alone, so that all clients
// see the same ones. Times count from the start of the workload. Integers throughout.
class Pacer {
 public:
  // `clients` of them share the rate equally.
  Pacer(const Bursts& law, std::uint32_t clients);
  Pacer(const Mmpp& law, std::uint32_t clients);
  Pacer(const RateCurve& law, std::uint32_t clients);
  Pacer(const Diurnal& law, std::uint32_t clients);

  // From now on the segments that are not begun yet depend on this seed.
  void reseed(std::uint64_t seed);
  // The first arrival after `from`, which does not fall from call to call. `pace` is how many times
  // as fast as the law says; a word decides. Nothing if there is none any more.
  std::optional<Duration> next(Duration from, std::uint64_t word, const Ratio& pace);

 private:
  static pacing::Fixed lines(const std::vector<RatePoint>& points, bool repeat,
                             std::uint32_t clients);
  void enter();  // the segment that `number_` says
  bool leave();  // for the next one; false if this is the last

  std::variant<pacing::Fixed, pacing::Switching> law_;
  std::uint64_t stay_key_ = 0;
  std::uint64_t jump_key_ = 0;
  std::uint64_t number_ = 0;
  Duration begin_;
  pacing::Segment segment_;
};

}  // namespace ballast
