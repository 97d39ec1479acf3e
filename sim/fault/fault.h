// The vocabulary of misfortune: what a scenario may do to its world, when, to whom and for how
// long. Each family of faults has a header of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/fault/clock_faults.h"
#include "sim/fault/link_faults.h"
#include "sim/fault/load_faults.h"
#include "sim/fault/network_faults.h"
#include "sim/fault/partition_faults.h"
#include "sim/fault/process_faults.h"
#include "sim/fault/storage_faults.h"
#include "sim/fault/trigger.h"

namespace ballast {

using AnyFault =
    std::variant<Partition, Isolate, Cut, Bridge, Flap, Crash, Restart, Pause, SlowDisk, ClockJump,
                 ClockDrift,
                 // partitions by their shape
                 LinksOnly, Split, ClientOnly, Deaf, Mute, MajoritiesRing, Chain, Star,
                 ConstrainedElection, OldLeaderBridge, TwoLeaf,
                 // conditions of links
                 LinkDelay, LinkLoss, LinkDuplicate, LinkReplay, LinkReorder, LinkCorrupt, LinkClog,
                 LinkBandwidth, Swizzle,
                 // processes, disks, clocks and clients
                 CrashAtWrite, CrashLoop, SlowNode, Wipe, Rollback, Disturb, DiskStall, WriteError,
                 DiskFull, LyingDisk, BitRot, MisdirectedWrite, ClockStrobe, ClockFreeze,
                 LateTimers, RateChange, DoubleSubmit, Administer>;

// What a fault does. Copies of so many alternatives are long to compile and are made in one place.
struct FaultAction : AnyFault {
  using AnyFault::AnyFault;
  using AnyFault::operator=;
  FaultAction();
  FaultAction(const FaultAction&);
  FaultAction(FaultAction&&) noexcept;
  FaultAction& operator=(const FaultAction&);
  FaultAction& operator=(FaultAction&&) noexcept;
  ~FaultAction();
};

// One entry of a schedule. It strikes at a time, or, with `every`, `when` or `after`, as often as
// these say from that time on.
struct Fault {
  std::string id;  // by which other faults follow it
  Time at;
  std::optional<Distribution> every;  // the time from one strike to the next, see least_gap
  std::optional<When> when;
  std::optional<After> after;
  Duration delay;                 // from what it waited for to the strike
  std::optional<Duration> lasts;  // unless given, for the rest of the run
  // It acts no earlier than once this many events have been executed. Set in what a run writes
  // back: a fault that had waited for a leader struck between two events of one instant.
  std::optional<std::uint64_t> after_event;
  bool optional = false;  // that it finds nobody to hit makes no run inconclusive
  FaultAction action;
  Position where;  // in the scenario

  bool has_trigger() const { return every || when || after; }

  // However little is drawn, between two strikes: without end at one instant they would stop the
  // time.
  static constexpr Duration least_gap{1'000};
};

// Whether the action has an end that `for` could set.
bool has_duration(const FaultAction& action);
// How long it lasts where no `for` says so, if not for the rest of the run.
std::optional<Duration> own_duration(const FaultAction& action);
// Whether it breaks what algorithms assume of their disks, however few nodes it hits.
bool leaves_model(const FaultAction& action);

// Reads {"at": "3s", "partition": [[1, 2], [3, 4, 5]], "for": "3s"}: when, what and how long. The
// body of a fault may be the value of its first field alone.
bool read(const Value& v, Fault& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Fault& fault);
TypeInfo make_type_info(Type<Fault>, const Limits&);

// Calls visit(selector) for each selector of an action; they may be changed.
template <class Action, class Visit>
void for_each_selector(Action& action, Visit&& visit) {
  std::visit(
      [&](auto& held) {
        for_each_field(held, [&](const auto&, auto& member) {
          using Member = std::remove_cvref_t<decltype(member)>;
          if constexpr (std::is_same_v<Member, Selector>) {
            visit(member);
          } else if constexpr (std::is_same_v<Member, std::optional<Selector>>) {
            if (member) visit(*member);
          } else if constexpr (std::is_same_v<Member, std::vector<Selector>>) {
            for (auto& each : member) visit(each);
          }
        });
      },
      action);
}

}  // namespace ballast
