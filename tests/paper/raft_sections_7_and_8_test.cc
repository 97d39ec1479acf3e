// Raft, sections 7 (log compaction) and 8 (client interaction) of Ongaro and Ousterhout 2014
// (extended version), sentence by sentence, as stories of a group.
#include <doctest/doctest.h>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

Config compacting(Bug bug, std::uint64_t after = 3) {
  Config config = with_bug(bug);
  config.snapshot_after = after;
  return config;
}
Config reading_by_index(Bug bug) {
  Config config = with_bug(bug);
  config.reads = Reads::read_index;
  return config;
}

// n1 leads, and n3 has missed what the others have in a snapshot, entries 2 and 3.
RaftGroup lagging(const Config& config) {
  RaftGroup group(3, config);
  group.lead(n1);
  group.isolate(n3);
  group.ask_to_write(n1, 10);
  group.ask_to_write(n1, 20);
  group.settle();
  group.beat(n1);
  group.heal();
  return group;
}
const Snapshot* last_snapshot(const RaftGroup& group, NodeId node) {
  const Snapshot* found = nullptr;
  for (const auto& record : group.journal(node)) {
    if (const auto* one = std::get_if<Snapshot>(&record)) found = one;
  }
  return found;
}
Request add(std::uint64_t sequence) {
  return {{client, 7, sequence}, {Operation::add, 1, 5, 0, 0}};
}

}  // namespace

// --- 7: log compaction ---------------------------------------------------------------------------

TEST_CASE(
    "raft 7: each server takes snapshots independently, covering just the committed entries in its "
    "log") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, compacting(bug));
        group.lead(n1);
        for (const std::int64_t value : {10, 20}) {
          group.ask_to_write(n1, value);
          group.settle();
        }
        group.ask_to_write(n1, 30);
        group.deliver<AppendEntries>(n1, n2);  // tells it that entry 3 is committed
        const Snapshot* taken = last_snapshot(group, n2);
        if (taken == nullptr || taken->last_index != LogIndex{3}) return false;
        group.crash_and_restart(n2);
        return group.state(n2).last_index == LogIndex{4};  // acknowledged, and known to be no more
      },
      {Bug::snapshot_drops_tail});
}

TEST_CASE(
    "raft 7: the last included index and term are preserved to support the consistency check for "
    "the first log entry following the snapshot, and elections") {
  RaftGroup group = lagging(compacting(Bug::none));
  group.settle();
  group.ask_to_write(n1, 30);
  group.replicate(n1, n2);  // its log is empty but for what is in the snapshot
  CHECK(group.answer().outcome == Outcome::ok);
  check_rule(
      [](Bug bug) {
        RaftGroup without = lagging(compacting(bug));
        without.crash(n1);
        without.stand(n3, {n2});
        return !without.leads(n3);
      },
      {Bug::last_term_forgotten});
}

TEST_CASE("raft 7: the snapshot also includes the latest configuration in the log") {
  check_rule(
      [](Bug bug) {
        Config config = compacting(bug, 2);
        config.voters = 3;
        RaftGroup group(4, config);
        group.lead(n1);
        group.isolate(n4);
        group.administer(n1, Administration::add_voter, 4);
        group.settle();
        group.heal();
        group.beat(n1);
        group.fire(n4, Timer::election);
        return group.last().messages<RequestVote>() == 3;
      },
      {Bug::configuration_not_in_snapshot});
}

TEST_CASE(
    "raft 7: once a server completes writing a snapshot, it may delete all log entries up through "
    "the last included index") {
  RaftGroup group = lagging(compacting(Bug::none));
  CHECK(log_in(group.journal(n2)).base == LogIndex{3});
  CHECK(group.log(n2).empty());
  group.crash_and_restart(n2);
  CHECK(group.state(n2).last_index == LogIndex{3});
  CHECK(group.state(n2).applied_index == LogIndex{3});
}

TEST_CASE(
    "raft 7: the leader sends a snapshot to a follower that lags behind when it has already "
    "discarded the next log entry that it needs to send") {
  RaftGroup group = lagging(compacting(Bug::none));
  group.fire(n1, Timer::heartbeat);
  CHECK(group.last().message_to<InstallSnapshot>(n3) != nullptr);
  CHECK(group.last().message_to<AppendEntries>(n2) != nullptr);
  group.settle();
  CHECK(group.state(n3).applied_index == LogIndex{3});
  CHECK(group.broken() == "");
}

TEST_CASE(
    "raft 7: the follower discards its entire log; it is all superseded by the snapshot, and may "
    "have uncommitted entries that conflict with it") {
  RaftGroup group(3, compacting(Bug::none));
  group.lead(n1);
  group.isolate(n1);
  for (const std::int64_t value : {10, 20, 30, 40}) group.ask_to_write(n1, value);
  group.lead(n2);
  group.ask_to_write(n2, 50);
  group.settle();
  REQUIRE(last_snapshot(group, n2)->last_index == LogIndex{3});
  group.heal();
  group.fire(n2, Timer::heartbeat);
  group.settle();
  CHECK(group.state(n1).last_index == LogIndex{3});
  CHECK(group.state(n1).last_term == Term{2});
  CHECK(group.broken() == "");
}

TEST_CASE(
    "raft 7: if the follower receives a snapshot that describes a prefix of its log, entries "
    "following the snapshot are still valid and must be retained") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = lagging(compacting(bug));
        group.fire(n1, Timer::heartbeat);
        group.deliver_twice<InstallSnapshot>(n1, n3);
        group.deliver<InstallReply>(n3, n1);
        group.ask_to_write(n1, 30);
        group.replicate(n1, n3);
        group.deliver<InstallSnapshot>(n1, n3);
        return group.state(n3).last_index == LogIndex{4} && group.broken().empty();
      },
      {Bug::old_snapshot_installed});
}

TEST_CASE("raft 7, Figure 13: InstallSnapshot of a stale term is answered with the current one") {
  RaftGroup group(3);
  group.lead(n1);
  InstallSnapshot old;
  old.last_index = LogIndex{9};
  old.done = true;
  group.hear(n2, n3, old);
  CHECK(group.last().message<InstallReply>().term == Term{1});
  CHECK(group.last().persist.empty());
}

TEST_CASE("raft 7, Figure 13: data is written at the given offset, until done is true") {
  Config config = compacting(Bug::none);
  config.snapshot_chunk = 4;
  RaftGroup group = lagging(config);
  group.fire(n1, Timer::heartbeat);
  std::size_t chunks = 0;
  while (group.state(n3).last_index != LogIndex{3}) {
    REQUIRE(group.state(n3).last_index == LogIndex{1});  // none of it counts before all is there
    group.deliver<InstallSnapshot>(n1, n3);
    group.deliver<InstallReply>(n3, n1);
    ++chunks;
  }
  CHECK(chunks == (last_snapshot(group, n1)->image.size() + 3) / 4);
}

TEST_CASE("raft 7, Figure 13: the term of a snapshot's last entry is not the term of the server") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = lagging(compacting(bug));
        group.isolate(n3);
        group.lead(n2);
        group.heal();
        group.beat(n2);
        return group.state(n3).term == Term{2} && group.broken().empty();
      },
      {Bug::snapshot_sets_term});
}

// --- 8: client interaction -----------------------------------------------------------------------

TEST_CASE(
    "raft 8: if the client's first choice is not the leader, that server rejects the request and "
    "supplies information about the most recent leader it has heard from") {
  RaftGroup group(3);
  group.ask_to_write(n3, 10);
  CHECK(group.answer() == Response{Outcome::redirect, 0, NodeId{}});
  group.lead(n2);
  group.ask_to_write(n3, 10);
  CHECK(group.answer() == Response{Outcome::redirect, 0, n2});
}

TEST_CASE(
    "raft 8: if the state machine receives a command whose serial number has already been "
    "executed, "
    "it responds immediately without re-executing the request") {
  check_rule(
      [](Bug bug) {
        Config config = with_bug(bug);
        config.machine = MachineKind::counter;
        RaftGroup group(3, config);
        group.lead(n1);
        group.ask(n1, add(1));
        group.deliver<AppendEntries>(n1, n2);
        group.drop_all();
        group.crash(n1);  // after committing the log entry, and before responding
        group.stand(n2, {n3});
        group.ask(n2, add(1));
        group.settle();
        return group.answer() == Response{Outcome::ok, 5, {}};
      },
      {Bug::retry_executed_again});
}

TEST_CASE("raft 8: what was executed is known after a snapshot, too") {
  check_rule(
      [](Bug bug) {
        Config config = compacting(bug, 2);
        config.machine = MachineKind::counter;
        RaftGroup group(3, config);
        group.lead(n1);
        group.isolate(n3);
        group.ask(n1, add(1));
        group.settle();
        group.heal();
        group.beat(n1);
        group.crash(n1);
        group.stand(n3, {n2});
        group.settle();
        group.ask(n3, add(1));
        group.settle();
        return group.answer() == Response{Outcome::ok, 5, {}} && group.broken().empty();
      },
      {Bug::sessions_not_in_snapshot});
}

TEST_CASE(
    "raft 8: a leader must have the latest information on which entries are committed: it commits "
    "a "
    "no-op at the start of its term before it answers reads") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, reading_by_index(bug));
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n2);
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3});
        group.ask_to_read(n2);
        group.deliver<Heartbeat>(n2, n3);
        group.deliver<HeartbeatReply>(n3, n2);
        group.settle();
        return group.answers().size() == 2 && group.answer().value == 10;
      },
      {Bug::read_before_own_commit});
}

TEST_CASE(
    "raft 8: a leader must check whether it has been deposed before processing a read-only "
    "request, "
    "by exchanging heartbeats with a majority") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, reading_by_index(bug));
        group.lead(n1);
        group.isolate(n1);
        group.lead(n2);
        group.ask_to_write(n2, 20);
        group.settle();
        group.ask_to_read(n1);
        group.settle();
        return group.answers().size() == 1;  // that of the write
      },
      {Bug::read_without_quorum});
}
