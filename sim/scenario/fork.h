// Other futures of one past: how inevitable a violation was by a certain event, and the event after
// which it was bound to come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/run.h"
#include "sim/scenario/trials.h"

namespace ballast {

// What came of the continuations from one event on, each with another seed.
struct ForkPoint {
  std::uint64_t after_event = 0;
  Time at;  // of the event
  std::uint64_t runs = 0;
  std::uint64_t violated = 0;  // the property
  std::uint64_t another = 0;   // another property first

  // Whether nearly all violated it: at least 19 of 20.
  bool nearly_all() const { return runs > 0 && violated * 20 >= runs * 19; }
};

class Forks {
 public:
  // REQUIRES that the outcome is that of a run of the scenario and holds a violation. A
  // continuation has as much time as the scenario, and at least twice what the violation took and a
  // second, for it may come later.
  Forks(const Scenario& scenario, const RunOutcome& outcome, std::uint64_t seeds, Trials& trials);

  // From the last event before this time on.
  ForkPoint at(Time at) { return after(last_before(at)); }
  ForkPoint after(std::uint64_t event);

  // At so many equal distances from the beginning to the violation; fewer where nothing happened
  // from one to the next.
  std::vector<ForkPoint> curve(std::size_t points);
  // The first event after which nearly all continuations violate the property, found by bisection:
  // the share is taken to rise. None if even after the last event before the violation it is less.
  std::optional<ForkPoint> turning_point();

  // The event that broke the property.
  std::uint64_t violation() const { return violation_; }

 private:
  std::uint64_t last_before(Time at) const;

  Scenario scenario_;  // with time enough
  std::string property_;
  std::uint64_t seeds_ = 0;
  std::uint64_t violation_ = 0;
  std::vector<Time> times_;  // of the events, from 1
  Trials& trials_;
};

}  // namespace ballast
