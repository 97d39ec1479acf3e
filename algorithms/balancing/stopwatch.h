// Spans of time, measured on a clock that may be set at any moment.
#pragma once

#include <algorithm>

#include "sim/base/time.h"

namespace ballast::balancing {

// Never runs backwards. Setting the clock back loses the time since the last reading at most;
// setting it forward makes the watch skip as much.
class Stopwatch {
 public:
  // What the watch shows when the clock shows `clock`.
  Time read(Time clock) {
    if (clock > clock_) time_ = saturating_add(time_, clock - clock_);
    clock_ = clock;
    return time_;
  }
  // As read(), when a timer that was set for `at` has gone off: timers count spans, whatever
  // becomes of the clock.
  Time reach(Time at, Time clock) {
    time_ = std::max(read(clock), at);
    return time_;
  }

 private:
  Time time_;
  Time clock_;
};

}  // namespace ballast::balancing
