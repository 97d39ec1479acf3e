// What can be wrong with a node for a while. A condition is imposed on a node and holds until it is
// lifted; conditions of the same and of different kinds hold together, so that faults may overlap
// without knowing of each other. Where only one value can be in force (the time that a flush takes,
// a clock's rate, a client's pace) it is that of the newest condition.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/ids.h"
#include "sim/base/random.h"
#include "sim/base/time.h"

namespace ballast {

namespace condition {

// Flushes take another time. Writes that wait when it is lifted are flushed at the speed of then.
struct SlowFlush {
  static constexpr std::string_view name = "slow_flush";
  Distribution flush;
};

// No flush completes. What was due meanwhile completes, in order, when the last stall is lifted.
struct Stall {
  static constexpr std::string_view name = "stall";
};

// A flush reports success at once, but nothing becomes durable until the lie is lifted. A crash
// before that loses records that the node had relied on.
struct LyingFlush {
  static constexpr std::string_view name = "lying_flush";
};

// Every write fails, and the node crashes itself at it, as databases do when a flush fails (Rebello
// et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). It starts again when
// the disk has room, unless it was restarted before.
struct FullDisk {
  static constexpr std::string_view name = "full_disk";
};

// The node crashes at its `nth` step that writes, counted from 1 when this is imposed. Nothing that
// the step says leaves the node. Its first `keep` records become durable with all that were written
// before; without `keep` the write has failed, and what was not flushed before is lost as well.
struct CrashOnWrite {
  static constexpr std::string_view name = "crash_on_write";
  std::uint64_t nth = 1;
  std::optional<std::uint64_t> keep;
  std::optional<Duration> down;  // until it restarts by itself
};

// Each step takes time: what arrives meanwhile is handled in order, one after the other. What a
// step says leaves when it is over. The disk is not concerned.
struct SlowSteps {
  static constexpr std::string_view name = "slow_steps";
  Distribution service;
};

// Timers that are set while this holds fire late, never early.
struct LateTimers {
  static constexpr std::string_view name = "late_timers";
  Distribution late;
};

// The clock runs at another rate, and with it the timers that are set.
struct Drift {
  static constexpr std::string_view name = "drift";
  std::int64_t ppb = 0;
};

// The clock shows the same time; timers are not concerned. When this is lifted the clock jumps to
// what it would have shown, or goes on from where it stood.
struct FrozenClock {
  static constexpr std::string_view name = "frozen_clock";
  bool catches_up = true;
};

// A client asks this many times as often.
struct Pace {
  static constexpr std::string_view name = "pace";
  Ratio factor{1, 1};
};

// A client sends this share of its requests twice, under the same number: to the same server, or
// the second time to the next one.
struct DoubleSubmit {
  static constexpr std::string_view name = "double_submit";
  Ratio share;
  bool elsewhere = true;
};

}  // namespace condition

using NodeCondition =
    std::variant<condition::SlowFlush, condition::Stall, condition::LyingFlush, condition::FullDisk,
                 condition::CrashOnWrite, condition::SlowSteps, condition::LateTimers,
                 condition::Drift, condition::FrozenClock, condition::Pace,
                 condition::DoubleSubmit>;

// Which condition of which node; zero for none.
struct ConditionId {
  NodeId node;
  std::uint64_t number = 0;
  explicit operator bool() const { return number != 0; }
};

// Which of the records that were not durable survive a crash.
//   lost    none
//   prefix  a drawn number of the oldest, each number as likely
//   subset  each with probability 1/2; the journal, being checksummed, ends at the first that is
//           missing
//   all     every one: the disk was done and had not said so
enum class Unflushed : std::uint8_t { lost, prefix, subset, all };
constexpr auto enumerators(Unflushed) {
  return std::array<std::string_view, 4>{"lost", "prefix", "subset", "all"};
}

// What becomes of the oldest record that a crash loses: nothing is left of it; a torn half that its
// checksum reveals, so that the journal ends before it; or a half that is taken for whole, with one
// of its fields changed.
enum class Torn : std::uint8_t { no, detected, undetected };
constexpr auto enumerators(Torn) {
  return std::array<std::string_view, 3>{"no", "detected", "undetected"};
}

struct CrashStyle {
  Unflushed unflushed = Unflushed::lost;
  Torn torn = Torn::no;
};

// What a node does with a damaged record when it recovers.
//   refuse      it notices, and stays down: a fail-stop
//   truncate    it notices, and takes the journal up to there for the whole
//   undetected  it does not notice, and recovers a record with one of its fields changed
enum class Finding : std::uint8_t { refuse, truncate, undetected };
constexpr auto enumerators(Finding) {
  return std::array<std::string_view, 3>{"refuse", "truncate", "undetected"};
}

// How often each misfortune of a node acted, which is not how often it was imposed.
struct NodeMisfortunes {
  std::uint64_t records_survived = 0;     // a crash although they were not durable
  std::uint64_t records_torn = 0;         // detected or not
  std::uint64_t records_mutated = 0;      // recovered with a changed field
  std::uint64_t records_unreadable = 0;   // found damaged by a recovery
  std::uint64_t records_rolled_back = 0;  // durable, and gone: wipe, older copy, truncated recovery
  std::uint64_t records_betrayed = 0;     // reported durable by a lying flush, and lost
  std::uint64_t starts_refused = 0;
  std::uint64_t writes_failed = 0;
  std::uint64_t crashes_on_write = 0;
  std::uint64_t flushes_stalled = 0;
  std::uint64_t flushes_lied = 0;
  std::uint64_t flushes_slowed = 0;
  std::uint64_t steps_slowed = 0;
  std::uint64_t timers_late = 0;
  std::uint64_t timers_forced = 0;
  std::uint64_t clocks_frozen = 0;  // steps that read a clock which stood
  std::uint64_t clocks_set = 0;
  std::uint64_t pauses = 0;
  std::uint64_t submitted_twice = 0;
  static constexpr std::string_view name = "misfortunes";
  static constexpr auto fields =
      Fields{field("records_survived", &NodeMisfortunes::records_survived),
             field("records_torn", &NodeMisfortunes::records_torn),
             field("records_mutated", &NodeMisfortunes::records_mutated),
             field("records_unreadable", &NodeMisfortunes::records_unreadable),
             field("records_rolled_back", &NodeMisfortunes::records_rolled_back),
             field("records_betrayed", &NodeMisfortunes::records_betrayed),
             field("starts_refused", &NodeMisfortunes::starts_refused),
             field("writes_failed", &NodeMisfortunes::writes_failed),
             field("crashes_on_write", &NodeMisfortunes::crashes_on_write),
             field("flushes_stalled", &NodeMisfortunes::flushes_stalled),
             field("flushes_lied", &NodeMisfortunes::flushes_lied),
             field("flushes_slowed", &NodeMisfortunes::flushes_slowed),
             field("steps_slowed", &NodeMisfortunes::steps_slowed),
             field("timers_late", &NodeMisfortunes::timers_late),
             field("timers_forced", &NodeMisfortunes::timers_forced),
             field("clocks_frozen", &NodeMisfortunes::clocks_frozen),
             field("clocks_set", &NodeMisfortunes::clocks_set),
             field("pauses", &NodeMisfortunes::pauses),
             field("submitted_twice", &NodeMisfortunes::submitted_twice)};
};

}  // namespace ballast
