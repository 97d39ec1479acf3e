#include "sim/load/pacer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/base/fixed_math.h"

namespace ballast {
namespace {

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();
constexpr Duration shortest_stay{1'000};

// Clients' own arrivals are drawn under their numbers, which are far below.
constexpr std::uint64_t of_all_clients = std::uint64_t{1} << 32;

// The share of one of `clients` in a rate, per nanosecond in Q64.
std::uint64_t share_of(const Rate& rate, std::uint32_t clients) {
  const Wide per = static_cast<Wide>(static_cast<std::uint64_t>(rate.per.ns)) * clients;
  if (rate.count >= per) return greatest;
  return static_cast<std::uint64_t>((static_cast<Wide>(rate.count) << 64) / per);
}

// cos(2 pi n / 96) in Q20: by the angle's quarter, from a table of sines of 0, 3.75, ... 90
// degrees.
constexpr std::int64_t cosine(std::size_t n) {
  constexpr std::int64_t sines[25] = {0,       68580,   136867,  204567, 271391, 337054, 401273,
                                      463773,  524288,  582558,  638333, 691374, 741455, 788361,
                                      831891,  871859,  908093,  940439, 968758, 992928, 1012847,
                                      1028428, 1039605, 1046331, 1048576};
  const std::size_t quarter = n / 24 % 4;
  const std::size_t rest = n % 24;
  const std::int64_t size = quarter % 2 == 0 ? sines[24 - rest] : sines[rest];
  return quarter == 1 || quarter == 2 ? -size : size;
}

}  // namespace

namespace pacing {

// --- Segments ------------------------------------------------------------------------------------

std::uint64_t Segment::at(Duration place) const {
  if (first == last || length.ns == 0) return first;
  const auto x = static_cast<std::uint64_t>(place.ns);
  const auto whole = static_cast<std::uint64_t>(length.ns);
  const std::uint64_t change = first < last ? last - first : first - last;
  const auto part = static_cast<std::uint64_t>(static_cast<Wide>(change) * x / whole);
  return first < last ? first + part : first - part;
}

// The area under the line, in Q64.
Wide Segment::mass(Duration from, Duration to) const {
  const auto width = static_cast<std::uint64_t>((to - from).ns);
  if (first == last) return static_cast<Wide>(first) * width;
  return (static_cast<Wide>(at(from)) + at(to)) / 2 * width;
}

// The first place after `from` by which the mass has come. REQUIRES that it comes in this segment.
Duration Segment::solve(Duration from, Wide wanted) const {
  if (first == last) {
    const Wide steps = (wanted + first - 1) / first;
    return from + Duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(steps))};
  }
  Duration low = from + Duration{1};
  Duration high = length;
  while (low < high) {
    const Duration middle = low + (high - low) / 2;
    if (mass(from, middle) >= wanted) {
      high = middle;
    } else {
      low = middle + Duration{1};
    }
  }
  return low;
}

}  // namespace pacing

using pacing::Fixed;
using pacing::Segment;
using pacing::Switching;

// --- Laws ----------------------------------------------------------------------------------------

Pacer::Pacer(const Bursts& law, std::uint32_t clients)
    : law_(Switching{{share_of(law.rate, clients), share_of(law.rest, clients)},
                     {law.on, law.off}}) {}

Pacer::Pacer(const Mmpp& law, std::uint32_t clients) {
  Switching states;
  for (const MmppState& state : law.states) {
    states.rates.push_back(share_of(state.rate, clients));
    states.stays.push_back(Distribution::exponential(state.stay));
  }
  law_ = std::move(states);
}

Pacer::Pacer(const RateCurve& law, std::uint32_t clients)
    : law_(lines(law.points, law.repeat, clients)) {}

Pacer::Pacer(const Diurnal& law, std::uint32_t clients) {
  constexpr std::size_t points = 96;
  const auto period = static_cast<std::uint64_t>(law.period.ns);
  const Rate mean = law.mean;
  // The rate where the angle from the peak is n / 96 of a turn.
  const auto rate_at = [&](std::size_t n) {
    const std::uint64_t middle = share_of(mean, clients);
    const std::int64_t height = cosine(n % points);
    const auto size = static_cast<std::uint64_t>(height < 0 ? -height : height);
    const auto swing =
        static_cast<std::uint64_t>(static_cast<Wide>(law.swing.of(middle)) * size >> 20);
    return height < 0 ? middle - std::min(swing, middle)
                      : middle + std::min(swing, greatest - middle);
  };
  const auto place = [&](std::size_t n) {
    return Duration{static_cast<std::int64_t>(static_cast<Wide>(period) * n / points)};
  };
  Fixed day;
  day.repeat = true;
  for (std::size_t n = 0; n < points; ++n) {
    day.segments.push_back({place(n + 1) - place(n), rate_at(n), rate_at(n + 1)});
  }
  // The table begins at the peak; turned so that it begins at the start of the workload, exactly:
  // the segment in which that lies is cut in two.
  const auto peak = static_cast<std::uint64_t>(law.peak.ns) % period;
  Duration skip{static_cast<std::int64_t>((period - peak) % period)};
  std::size_t cut = 0;
  while (skip >= day.segments[cut].length) skip = skip - day.segments[cut++].length;
  const Segment whole = day.segments[cut];
  std::rotate(day.segments.begin(), day.segments.begin() + static_cast<std::ptrdiff_t>(cut),
              day.segments.end());
  day.segments.front() = {whole.length - skip, whole.at(skip), whole.last};
  if (skip > Duration{}) day.segments.push_back({skip, whole.first, whole.at(skip)});
  law_ = std::move(day);
}

Fixed Pacer::lines(const std::vector<RatePoint>& points, bool repeat, std::uint32_t clients) {
  Fixed fixed;
  fixed.repeat = repeat;
  const auto rate = [&](const RatePoint& point) { return share_of(point.rate, clients); };
  const auto add = [&](Duration length, std::uint64_t first, std::uint64_t last) {
    if (length > Duration{}) fixed.segments.push_back({length, first, last});
  };
  add(points.front().at, rate(points.front()), rate(points.front()));
  for (std::size_t i = 1; i < points.size(); ++i) {
    add(points[i].at - points[i - 1].at, rate(points[i - 1]), rate(points[i]));
  }
  if (!repeat) add(Duration::max() - points.back().at, rate(points.back()), rate(points.back()));
  return fixed;
}

// --- Time ----------------------------------------------------------------------------------------

void Pacer::reseed(std::uint64_t seed) {
  stay_key_ = stream_key(seed, Purpose::arrival, of_all_clients);
  jump_key_ = stream_key(seed, Purpose::arrival, of_all_clients + 1);
  if (segment_.length == Duration{}) enter();
}

void Pacer::enter() {
  if (const auto* fixed = std::get_if<Fixed>(&law_)) {
    segment_ = fixed->segments[number_ % fixed->segments.size()];
    return;
  }
  const auto& states = std::get<Switching>(law_);
  const Duration stay = states.stays[states.state].at(draw(stay_key_, number_));
  segment_ = {std::max(stay, shortest_stay), states.rates[states.state],
              states.rates[states.state]};
}

bool Pacer::leave() {
  if (const auto* fixed = std::get_if<Fixed>(&law_)) {
    if (!fixed->repeat && number_ + 1 == fixed->segments.size()) return false;
  } else {
    auto& states = std::get<Switching>(law_);
    const std::uint64_t jump = scale(draw(jump_key_, number_), states.rates.size() - 1);
    states.state = (states.state + 1 + static_cast<std::size_t>(jump)) % states.rates.size();
  }
  begin_ = saturating_add(Time{} + begin_, segment_.length) - Time{};
  ++number_;
  enter();
  return begin_ < Duration::max();
}

std::optional<Duration> Pacer::next(Duration from, std::uint64_t word, const Ratio& pace) {
  if (pace.is_zero()) return std::nullopt;
  // Exponential with mean 1, in Q64.
  const Wide halvings = fixed::minus_log2_of_uniform(~word);
  Wide mass = (halvings * fixed::ln_2 >> 56) / pace.numerator * pace.denominator;
  while (true) {
    if (from - begin_ < segment_.length) {
      const Wide rest = segment_.mass(from - begin_, segment_.length);
      if (mass <= rest && rest > 0) return begin_ + segment_.solve(from - begin_, mass);
      mass -= rest;
      from = begin_ + segment_.length;
    }
    if (!leave()) return std::nullopt;
  }
}

}  // namespace ballast
