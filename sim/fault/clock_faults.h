// Faults of nodes' own clocks.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/time.h"
#include "sim/fault/selector.h"

namespace ballast {

struct ClockJump {
  Selector nodes;
  Duration by;
  static constexpr bool instant = true;
  static constexpr std::string_view name = "clock_jump";
  static constexpr std::string_view doc =
      "Sets the nodes' clocks forward, or back. Running timers are not affected. Has no duration.";
  static constexpr auto fields = Fields{field("nodes", &ClockJump::nodes, "Whose clocks.").needed(),
                                        field("by", &ClockJump::by, "The step; may be negative.")
                                            .at_least(std::numeric_limits<std::int64_t>::min())
                                            .needed()};
};

struct ClockDrift {
  Selector nodes;
  std::int64_t ppm = 0;
  static constexpr std::string_view name = "clock_drift";
  static constexpr std::string_view doc =
      "The nodes' clocks, and the timers that they set, run fast or slow until the fault ends.";
  static constexpr auto fields =
      Fields{field("nodes", &ClockDrift::nodes, "Whose clocks.").needed(),
             field("ppm", &ClockDrift::ppm, "Parts per million; positive is fast.")
                 .at_least(-900'000)
                 .at_most(10'000'000)
                 .needed()};
};

struct ClockStrobe {
  Selector nodes;
  Duration by{1'000'000'000};
  Duration period{100'000'000};
  static constexpr std::string_view name = "clock_strobe";
  static constexpr std::string_view doc =
      "The nodes' clocks jump forward and, a period later, back again, until the fault ends; then "
      "they show what they would have shown without it.";
  static constexpr auto fields =
      Fields{field("nodes", &ClockStrobe::nodes, "Whose clocks.").needed(),
             field("by", &ClockStrobe::by, "The step; a negative one jumps back first.")
                 .at_least(std::numeric_limits<std::int64_t>::min()),
             field("period", &ClockStrobe::period, "From one jump to the next.").at_least(1)};
};

struct ClockFreeze {
  Selector nodes;
  bool catch_up = true;
  static constexpr std::string_view name = "clock_freeze";
  static constexpr std::string_view doc =
      "The nodes' clocks show the same time until the fault ends. Timers go on.";
  static constexpr auto fields =
      Fields{field("nodes", &ClockFreeze::nodes, "Whose clocks.").needed(),
             field("catch_up", &ClockFreeze::catch_up,
                   "Whether the clock then jumps to what it would have shown, or stays behind.")};
};

struct LateTimers {
  Selector nodes;
  Distribution late = Distribution::uniform({}, {100'000'000});
  static constexpr std::string_view name = "late_timers";
  static constexpr std::string_view doc =
      "Timers that the nodes set before the fault ends fire late, each by a time of its own; never "
      "early.";
  static constexpr auto fields =
      Fields{field("nodes", &LateTimers::nodes, "Whose timers.").needed(),
             field("late", &LateTimers::late, "How late.")};
};

}  // namespace ballast
