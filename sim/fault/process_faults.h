// Faults of processes: nodes that crash, come back, stand still or are slow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/fault/selector.h"
#include "sim/kernel/condition.h"
#include "sim/protocol/request.h"

namespace ballast {

struct Crash {
  Selector nodes;
  Unflushed unflushed = Unflushed::lost;
  Torn torn = Torn::no;
  Duration stagger{};
  std::vector<Duration> offsets{};
  bool keep_memory = false;
  static constexpr std::string_view name = "crash";
  static constexpr std::string_view doc =
      "The nodes lose their volatile state and what their disks had not yet made durable, and are "
      "down. With a duration they restart after it from their durable records, unless another "
      "fault holds them down; without, they stay down until a restart.";
  static constexpr auto fields = Fields{
      field("nodes", &Crash::nodes, "Who crashes.").needed(),
      field("unflushed", &Crash::unflushed,
            "Which of the records that were not durable survive: none (lost), a drawn prefix, a "
            "drawn subset up to its first gap, or all."),
      field("torn", &Crash::torn,
            "What becomes of the first record that is lost: nothing; half of it is written and a "
            "checksum finds it (detected); or it is recovered with a changed field (undetected), "
            "which is outside the model."),
      field("stagger", &Crash::stagger,
            "Each node crashes at a time drawn from this span, all at once if it is 0s.")
          .at_least(0),
      field("offsets", &Crash::offsets,
            "How long after the start each of the nodes crashes, in ascending order of the nodes; "
            "written by runs, unless given drawn."),
      field("keep_memory", &Crash::keep_memory,
            "Whether to spare nodes so that a majority of their group knows what it knew: without "
            "one, an algorithm that keeps nothing on disk cannot recover.")};
  bool leaves_model() const { return torn == Torn::undetected; }
};

struct CrashAtWrite {
  Selector nodes;
  std::uint64_t nth = 1;
  std::uint64_t keep = 0;
  std::optional<Duration> down{};
  static constexpr std::string_view name = "crash_at_write";
  static constexpr std::string_view doc =
      "Each node crashes inside a step that writes: between its records and the messages that "
      "depend on them. What was written before is durable, nothing that the step says leaves. "
      "Armed until it strikes or the fault ends.";
  static constexpr auto fields = Fields{
      field("nodes", &CrashAtWrite::nodes, "Who crashes.").needed(),
      field("nth", &CrashAtWrite::nth, "At which of its steps that write, counted from now.")
          .at_least(1),
      field("keep", &CrashAtWrite::keep,
            "How many of the step's records become durable: 0 is a crash before them, as many as "
            "there are or more is one after them."),
      field("down", &CrashAtWrite::down, "After how long it restarts; unless given, not by itself.")
          .at_least(0)};
};

struct CrashLoop {
  Selector nodes;
  std::uint64_t times = 5;
  Duration down{50'000'000};
  Duration up{5'000'000};
  bool keep_memory = false;
  static constexpr std::string_view name = "crash_loop";
  static constexpr std::string_view doc =
      "A restart storm: the nodes crash, restart, and die again shortly after the start, so many "
      "times. After the last time, or when the fault ends, they stay up.";
  static constexpr auto fields =
      Fields{field("nodes", &CrashLoop::nodes, "Who crashes.").needed(),
             field("times", &CrashLoop::times, "How often.").at_least(1).at_most(100'000),
             field("down", &CrashLoop::down, "How long they are down each time.").at_least(1),
             field("up", &CrashLoop::up, "How long they live in between.").at_least(1),
             field("keep_memory", &CrashLoop::keep_memory, "As for `crash`.")};
};

struct Restart {
  Selector nodes;
  static constexpr bool instant = true;
  static constexpr std::string_view name = "restart";
  static constexpr std::string_view doc =
      "Boots crashed nodes again; nodes that are up are left alone. Has no duration.";
  static constexpr auto fields = Fields{field("nodes", &Restart::nodes, "Who restarts.").needed()};
};

struct Pause {
  Selector nodes;
  bool clock_jump = true;
  static constexpr std::string_view name = "pause";
  static constexpr std::string_view doc =
      "The nodes stand still, as in a long garbage collection: they handle nothing and their disks "
      "complete nothing, while their clocks run on. Everything that waited is handled, in order, "
      "when they resume.";
  static constexpr auto fields =
      Fields{field("nodes", &Pause::nodes, "Who stands still.").needed(),
             field("clock_jump", &Pause::clock_jump,
                   "Whether the clock shows, when they resume, that time has passed; false is a "
                   "virtual machine that was moved.")};
};

struct SlowNode {
  Selector nodes;
  Distribution service = Distribution::constant({10'000'000});
  static constexpr std::string_view name = "slow_node";
  static constexpr std::string_view doc =
      "Every message and timer takes the nodes time to handle; what arrives meanwhile queues up "
      "and is handled in order. What a step says leaves when it is over. At the end of the fault "
      "all that still waits is handled at once.";
  static constexpr auto fields =
      Fields{field("nodes", &SlowNode::nodes, "Who is slow.").needed(),
             field("service", &SlowNode::service, "The time that a step takes.")};
};

struct Wipe {
  Selector nodes;
  bool bounded = true;
  static constexpr std::string_view name = "wipe";
  static constexpr std::string_view doc =
      "The nodes crash and lose everything that is durable: amnesia under the same name. They "
      "restart as after a crash. Outside the model of algorithms that rely on their disks.";
  static constexpr auto fields = Fields{
      field("nodes", &Wipe::nodes, "Whose disks.").needed(),
      field("bounded", &Wipe::bounded,
            "Whether to spare nodes so that in one run a minority at most is ever damaged.")};
  bool leaves_model() const { return true; }
};

struct Rollback {
  Selector nodes;
  Ratio share{1, 2};
  std::optional<std::uint64_t> records{};
  bool bounded = true;
  static constexpr std::string_view name = "rollback";
  static constexpr std::string_view doc =
      "The nodes crash, and their disks become older copies of themselves, as restored from a "
      "backup. They restart as after a crash. Outside the model of algorithms that rely on their "
      "disks.";
  static constexpr auto fields = Fields{
      field("nodes", &Rollback::nodes, "Whose disks.").needed(),
      field("share", &Rollback::share, "The share of the durable records that is lost, the newest.")
          .at_most(1),
      field("records", &Rollback::records, "How many are lost, instead of a share."),
      field("bounded", &Rollback::bounded,
            "Whether to spare nodes so that in one run a minority at most is ever damaged.")};
  bool leaves_model() const { return !share.is_zero() || records.value_or(0) > 0; }
};

struct Disturb {
  Selector nodes;
  std::string timer{};
  static constexpr bool instant = true;
  static constexpr std::string_view name = "disturb";
  static constexpr std::string_view doc =
      "Makes a timer of each node fire out of turn; for a follower of Raft, an election without "
      "need. Waits for somebody whose timer is set. Has no duration.";
  static constexpr auto fields =
      Fields{field("nodes", &Disturb::nodes, "Whose timer.").needed(),
             field("timer", &Disturb::timer,
                   "Which one, by name; unless given, the one that is due last.")};
};

struct Administer {
  Selector nodes;
  Administration what = Administration::transfer_leadership;
  std::optional<Selector> who{};
  static constexpr bool instant = true;
  static constexpr std::string_view name = "administer";
  static constexpr std::string_view doc =
      "No misfortune, but the operator: each of the nodes handles a command about its group, as a "
      "client could send it, too. Nobody waits for the answer, and a node that is not the leader "
      "does not pass it on. Has no duration.";
  static constexpr auto fields = Fields{
      field("nodes", &Administer::nodes, "Who is asked.").needed(),
      field("what", &Administer::what, "What is to be done."),
      field("who", &Administer::who,
            "The node that is meant, or for set_voters all that are to have a say, n63 at most; "
            "for transfer_leadership, unless given, whoever the leader likes.")};
};

}  // namespace ballast
