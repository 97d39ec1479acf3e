// Faults of processes: nodes that crash, come back, and stand still.
#pragma once

#include <string_view>
#include <tuple>

#include "sim/base/describe.h"
#include "sim/fault/selector.h"

namespace ballast {

struct Crash {
  Selector nodes;
  static constexpr std::string_view name = "crash";
  static constexpr std::string_view doc =
      "The nodes lose their volatile state and what their disks had not yet made durable, and are "
      "down. With a duration they restart after it from their durable records, unless another "
      "crash "
      "holds them down; without, they stay down until a restart.";
  static constexpr auto fields = std::tuple{field("nodes", &Crash::nodes, "Who crashes.").needed()};
};

struct Restart {
  Selector nodes;
  static constexpr std::string_view name = "restart";
  static constexpr std::string_view doc =
      "Boots crashed nodes again; nodes that are up are left alone. Has no duration.";
  static constexpr auto fields =
      std::tuple{field("nodes", &Restart::nodes, "Who restarts.").needed()};
};

struct Pause {
  Selector nodes;
  static constexpr std::string_view name = "pause";
  static constexpr std::string_view doc =
      "The nodes stand still, as in a long garbage collection: they handle nothing and their disks "
      "complete nothing, while their clocks run on. Everything that waited is handled, in order, "
      "when they resume.";
  static constexpr auto fields =
      std::tuple{field("nodes", &Pause::nodes, "Who stands still.").needed()};
};

}  // namespace ballast
