// Faults of disks. What is not durable may be lost in any crash, see process_faults.h; here is what
// goes wrong besides.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/fault/selector.h"
#include "sim/kernel/condition.h"

namespace ballast {

struct SlowDisk {
  Selector nodes;
  Distribution flush = Distribution::constant({100'000'000});
  static constexpr std::string_view name = "slow_disk";
  static constexpr std::string_view doc =
      "The nodes' disks take another time to make a write durable, until the fault ends.";
  static constexpr auto fields =
      Fields{field("nodes", &SlowDisk::nodes, "Whose disks.").needed(),
             field("flush", &SlowDisk::flush, "The time that a flush takes instead.")};
};

struct DiskStall {
  Selector nodes;
  static constexpr std::string_view name = "disk_stall";
  static constexpr std::string_view doc =
      "No flush of the nodes completes until the fault ends; what was due meanwhile completes "
      "then, "
      "in order. A node goes on with everything that does not depend on a write.";
  static constexpr auto fields = Fields{field("nodes", &DiskStall::nodes, "Whose disks.").needed()};
};

struct WriteError {
  Selector nodes;
  std::uint64_t nth = 1;
  std::optional<Duration> down{};
  static constexpr std::string_view name = "write_error";
  static constexpr std::string_view doc =
      "A write fails, and the node crashes itself, as databases do since nobody knows what a "
      "failed "
      "flush has left: what was not durable before is lost too, and nothing that the step says "
      "leaves. Armed until it strikes or the fault ends.";
  static constexpr auto fields = Fields{
      field("nodes", &WriteError::nodes, "Whose disks.").needed(),
      field("nth", &WriteError::nth, "Which of the node's steps that write, counted from now.")
          .at_least(1),
      field("down", &WriteError::down, "After how long it restarts; unless given, not by itself.")
          .at_least(0)};
};

struct DiskFull {
  Selector nodes;
  static constexpr std::string_view name = "disk_full";
  static constexpr std::string_view doc =
      "Every write fails until the fault ends, and the node crashes itself at the first one. It "
      "restarts when there is room again; restarted earlier, it falls at the next write.";
  static constexpr auto fields = Fields{field("nodes", &DiskFull::nodes, "Whose disks.").needed()};
};

struct LyingDisk {
  Selector nodes;
  bool bounded = true;
  static constexpr std::string_view name = "lying_disk";
  static constexpr std::string_view doc =
      "Flushes report success at once, but nothing is durable before the fault ends: a crash until "
      "then loses what the node had promised to others. Outside the model of algorithms that rely "
      "on their disks.";
  static constexpr auto fields = Fields{
      field("nodes", &LyingDisk::nodes, "Whose disks.").needed(),
      field("bounded", &LyingDisk::bounded,
            "Whether to spare nodes so that in one run a minority at most is ever damaged.")};
  bool leaves_model() const { return true; }
};

struct BitRot {
  Selector nodes;
  Finding finding = Finding::refuse;
  std::vector<std::uint64_t> records{};
  bool bounded = true;
  static constexpr bool instant = true;
  static constexpr std::string_view name = "bit_rot";
  static constexpr std::string_view doc =
      "A durable record of each node becomes unreadable. Nobody notices before the node recovers "
      "from a crash. Waits for somebody who has a durable record. Has no duration.";
  static constexpr auto fields = Fields{
      field("nodes", &BitRot::nodes, "Whose disks.").needed(),
      field("finding", &BitRot::finding,
            "What the node does when it recovers: it notices and stays down for good (refuse); it "
            "takes what comes before for the whole journal (truncate); or it recovers the record "
            "with a changed field (undetected). The last two are outside the model."),
      field("records", &BitRot::records,
            "Which record of each node, counted from 0, in ascending order of the nodes; unless "
            "given, drawn."),
      field("bounded", &BitRot::bounded,
            "Whether to spare nodes so that in one run a minority at most is ever damaged.")};
  bool leaves_model() const { return finding != Finding::refuse || !bounded; }
};

struct MisdirectedWrite {
  Selector nodes;
  Finding finding = Finding::refuse;
  std::vector<std::uint64_t> records{};
  std::vector<std::uint64_t> onto{};
  bool bounded = true;
  static constexpr bool instant = true;
  static constexpr std::string_view name = "misdirected_write";
  static constexpr std::string_view doc =
      "The write of a durable record of each node went to the place of an earlier one: both are "
      "damaged. Nobody notices before the node recovers from a crash. Waits for somebody who has "
      "two durable records. Has no duration.";
  static constexpr auto fields = Fields{
      field("nodes", &MisdirectedWrite::nodes, "Whose disks.").needed(),
      field("finding", &MisdirectedWrite::finding,
            "What the node does when it recovers: it notices and stays down for good (refuse); it "
            "takes what comes before both places for the whole journal (truncate); or it recovers "
            "the one record in place of the other, and the journal ends where it should have been "
            "(undetected). The last two are outside the model."),
      field("records", &MisdirectedWrite::records,
            "Which record of each node, counted from 0, in ascending order of the nodes; unless "
            "given, drawn."),
      field("onto", &MisdirectedWrite::onto,
            "In whose place each of them is; unless given, drawn."),
      field("bounded", &MisdirectedWrite::bounded,
            "Whether to spare nodes so that in one run a minority at most is ever damaged.")};
  bool leaves_model() const { return finding != Finding::refuse || !bounded; }
};

}  // namespace ballast
