// Faults of nodes' own clocks.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>

#include "sim/base/describe.h"
#include "sim/base/time.h"
#include "sim/fault/selector.h"

namespace ballast {

struct ClockJump {
  Selector nodes;
  Duration by;
  static constexpr std::string_view name = "clock_jump";
  static constexpr std::string_view doc =
      "Sets the nodes' clocks forward, or back. Running timers are not affected. Has no duration.";
  static constexpr auto fields =
      std::tuple{field("nodes", &ClockJump::nodes, "Whose clocks.").needed(),
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
      std::tuple{field("nodes", &ClockDrift::nodes, "Whose clocks.").needed(),
                 field("ppm", &ClockDrift::ppm, "Parts per million; positive is fast.")
                     .at_least(-900'000)
                     .at_most(10'000'000)
                     .needed()};
};

}  // namespace ballast
