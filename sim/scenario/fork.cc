#include "sim/scenario/fork.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

// Notes when each event was.
class Times final : public Recorder {
 public:
  SightMask wants() const override { return all_sights; }
  void see(const Occurrence& seen, const World& world) override {
    const std::uint64_t last = world.last_event().value;
    if (times.size() <= last) times.resize(last + 1, seen.at);
  }
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}

  std::vector<Time> times{Time{}};
};

}  // namespace

Forks::Forks(const Scenario& scenario, const RunOutcome& outcome, std::uint64_t seeds,
             Trials& trials)
    : scenario_(scenario),
      property_(outcome.violations.front().property),
      seeds_(seeds),
      trials_(trials) {
  Times noted;
  const RunOutcome again = run(scenario_, {&noted, true, nullptr, {}});
  times_ = std::move(noted.times);
  times_.resize(again.counters.events + 1, again.ended);
  const Violation& first = outcome.violations.front();
  violation_ = std::clamp<std::uint64_t>(first.event.value, 1, again.counters.events);
  const Time enough = saturating_add(saturating_add(first.at, first.at - Time{}), {1'000'000'000});
  scenario_.duration = std::max(scenario_.duration, enough - Time{});
}

std::uint64_t Forks::last_before(Time at) const {
  const auto next = std::lower_bound(times_.begin() + 1, times_.end(), at);
  return static_cast<std::uint64_t>(next - times_.begin()) - 1;
}

ForkPoint Forks::after(std::uint64_t event) {
  ForkPoint point;
  point.after_event = event;
  point.at = times_[event];
  std::vector<int> came(seeds_, 0);  // 1 for the property, 2 for another
  point.runs = trials_.all(seeds_, [&](std::size_t i) {
    // No continuation has the seed of the run itself.
    const std::uint64_t seed = mix(scenario_.seed) + i;
    const RunOutcome outcome = run(scenario_, {nullptr, true, nullptr, Reseed{event, seed}});
    if (outcome.verdict != Verdict::violated) return;
    came[i] = outcome.violations.front().property == property_ ? 1 : 2;
  });
  point.violated = static_cast<std::uint64_t>(std::count(came.begin(), came.end(), 1));
  point.another = static_cast<std::uint64_t>(std::count(came.begin(), came.end(), 2));
  return point;
}

std::vector<ForkPoint> Forks::curve(std::size_t points) {
  std::vector<ForkPoint> all;
  const std::int64_t end = times_[violation_].ns;
  for (std::size_t i = 0; i < points && !trials_.out_of_time(); ++i) {
    const auto share = static_cast<std::int64_t>(i) * end / static_cast<std::int64_t>(points - 1);
    const std::uint64_t event = last_before(Time{share});
    if (all.empty() || all.back().after_event != event) all.push_back(after(event));
  }
  return all;
}

std::optional<ForkPoint> Forks::turning_point() {
  std::uint64_t low = 0;  // not nearly all, or 0
  std::uint64_t high = violation_ - 1;
  ForkPoint best = after(high);
  if (!best.nearly_all()) return std::nullopt;
  const ForkPoint start = after(0);
  if (start.nearly_all()) return start;
  while (high - low > 1 && !trials_.out_of_time()) {
    const std::uint64_t middle = low + (high - low) / 2;
    const ForkPoint point = after(middle);
    if (point.nearly_all()) {
      high = middle;
      best = point;
    } else {
      low = middle;
    }
  }
  return best;
}

}  // namespace ballast
