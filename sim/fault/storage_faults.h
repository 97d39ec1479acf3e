// Faults of disks.
#pragma once

#include <string_view>
#include <tuple>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/fault/selector.h"

namespace ballast {

struct SlowDisk {
  Selector nodes;
  Distribution flush = Distribution::constant({100'000'000});
  static constexpr std::string_view name = "slow_disk";
  static constexpr std::string_view doc =
      "The nodes' disks take another time to make a write durable, until the fault ends.";
  static constexpr auto fields =
      std::tuple{field("nodes", &SlowDisk::nodes, "Whose disks.").needed(),
                 field("flush", &SlowDisk::flush, "The time that a flush takes instead.")};
};

}  // namespace ballast
