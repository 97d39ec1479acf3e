// A node's own clock: where it stands, how fast it runs, and that it may be set.
#pragma once

#include <cstdint>

#include "sim/base/time.h"
#include "sim/base/wide.h"

namespace ballast {

// local(t) = reading at the last change + elapsed true time * (1 + drift), rounded down. Drift is
// in parts per billion, positive for a fast clock, above -10^9.
class Clock {
 public:
  static constexpr std::int64_t billion = 1'000'000'000;

  Clock() = default;
  Clock(Duration offset, std::int64_t drift_ppb) : reading_{offset.ns}, drift_ppb_(drift_ppb) {}

  Time local(Time truth) const {
    const Duration elapsed = truth - since_;
    if (drift_ppb_ == 0) return reading_ + elapsed;
    return reading_ + elapsed + Duration{gain(elapsed.ns)};
  }

  // How long `span`, not negative, of this clock lasts in true time. Timers count spans, so that
  // setting the clock neither hastens nor delays them, while drift does. Rounded up: when a timer
  // fires the clock shows that the span is over, or whoever waits for that would set a timer for
  // the last nanosecond again and again.
  Duration true_span(Duration span) const {
    if (drift_ppb_ == 0) return span;
    const WideSigned rate = billion + drift_ppb_;
    const WideSigned exact = (static_cast<WideSigned>(span.ns) * billion + rate - 1) / rate;
    constexpr WideSigned longest = Duration::max().ns;
    return {static_cast<std::int64_t>(exact < longest ? exact : longest)};
  }

  std::int64_t drift_ppb() const { return drift_ppb_; }

  // Sets the clock forward or back by `step`, at true time `truth`.
  void jump(Time truth, Duration step) {
    reading_ = local(truth) + step;
    since_ = truth;
  }
  // Runs at another rate from true time `truth` on, without a jump.
  void set_drift(Time truth, std::int64_t drift_ppb) {
    reading_ = local(truth);
    since_ = truth;
    drift_ppb_ = drift_ppb;
  }

 private:
  std::int64_t gain(std::int64_t elapsed) const {
    const WideSigned product = static_cast<WideSigned>(elapsed) * drift_ppb_;
    const WideSigned down = product % billion < 0 ? 1 : 0;  // division rounds towards zero
    return static_cast<std::int64_t>(product / billion - down);
  }

  Time since_;    // true time of the last change
  Time reading_;  // what the clock showed then
  std::int64_t drift_ppb_ = 0;
};

}  // namespace ballast
