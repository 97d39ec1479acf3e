// Viewstamped Replication as B. Liskov and J. Cowling state it in "Viewstamped Replication
// Revisited" (MIT-CSAIL-TR-2012-021), with what was corrected since, sentence by sentence, as
// stories of a group. Views begin at 1 here: n1 is the primary of view 1, n2 of view 2, and so on.
#include "algorithms/consensus/viewstamped_replication.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>

#include "tests/paper/rule.h"
#include "tests/support/cluster.h"

using namespace ballast;
using namespace ballast::viewstamped_replication;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4};
constexpr std::uint64_t key = 7;

Config counting(Bug bug, std::uint64_t checkpoint_every = 1000) {
  Config config;
  config.bug = bug;
  config.machine = MachineKind::counter;
  config.checkpoint_every = checkpoint_every;
  return config;
}

class ViewstampedGroup : public Cluster<ViewstampedReplication> {
 public:
  explicit ViewstampedGroup(Bug bug, std::uint32_t nodes = 3)
      : Cluster<ViewstampedReplication>(nodes, counting(bug)) {}
  explicit ViewstampedGroup(Config config)
      : Cluster<ViewstampedReplication>(3, std::move(config)) {}

  // Asks for the sum to grow by this: each value is a client of its own, who asks once.
  void add(NodeId node, std::int64_t value) {
    const auto session = static_cast<std::uint32_t>(value);
    ask(node, {{NodeId{9}, session, 1}, {Operation::add, key, value, 0, 0}});
  }
  void read(NodeId node) { ask(node, {{NodeId{8}, 1, 1}, {Operation::read, key, 0, 0, 0}}); }
  // The oldest PREPARE on its way from one to the other, and the answer to it.
  void prepare(NodeId primary, NodeId backup) {
    deliver<viewstamped_replication::Prepare>(primary, backup);
    deliver<PrepareOk>(backup, primary);
  }
  // Has a request logged by this backup, and thereby committed; another one never hears of it.
  void commit_with(NodeId primary, NodeId backup, std::int64_t value) {
    add(primary, value);
    prepare(primary, backup);
    drop_all();
  }
  // Lets it notice the need for a view change, and the others hear of it.
  void change_view(NodeId node) {
    fire(node, Timer::view_change);
    settle();
  }
  Status status(NodeId node) const { return state(node).status; }
  OpNumber op(NodeId node) const { return state(node).op; }
  // What clients were told last.
  std::int64_t sum() const { return answers().empty() ? 0 : answers().back().response.value; }
};

// n1 has logged 1, 2 and 3 in view 1, alone; n2 and n3 have committed 4 in view 2.
ViewstampedGroup parted(Bug bug) {
  ViewstampedGroup group(bug);
  group.isolate(n1);
  for (const std::int64_t value : {1, 2, 3}) group.add(n1, value);
  group.change_view(n2);
  group.add(n2, 4);
  group.settle();
  group.heal();
  return group;
}

}  // namespace

// --- 4.1: normal operation -----------------------------------------------------------------------

TEST_CASE(
    "vrr 4.1: a backup won't accept a prepare with op-number n until it has entries for all "
    "earlier "
    "requests in its log") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.add(n1, 1);
        group.drop<viewstamped_replication::Prepare>(n1, n3);
        group.add(n1, 2);
        group.deliver<viewstamped_replication::Prepare>(n1, n3);
        return group.op(n3) == OpNumber{0};
      },
      {Bug::prepare_gap_ignored});
}

TEST_CASE("vrr 4.1: the primary waits for f PREPAREOK messages from different backups") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug, 5);
        group.add(n1, 1);
        group.deliver<viewstamped_replication::Prepare>(n1, n2);
        group.deliver_twice<PrepareOk>(n2, n1);
        group.deliver<PrepareOk>(n2, n1);
        const bool waits = group.answers().empty();
        group.prepare(n1, n3);
        return waits && group.sum() == 1;
      },
      {Bug::prepare_ok_counted_twice, Bug::committed_when_logged});
}

TEST_CASE(
    "vrr 4.1: a request that is not newer than the client-table says is dropped, or answered "
    "again") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.add(n1, 5);
        group.settle();
        group.add(n1, 5);
        group.settle();
        return group.answers().size() == 2 && group.sum() == 5;
      },
      {Bug::retry_executed_again});
}

TEST_CASE("vrr 4: if the sender is behind, the receiver drops the message: a PREPARE") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.isolate(n1);
        group.change_view(n2);
        group.heal();
        group.add(n1, 1);
        group.deliver<viewstamped_replication::Prepare>(n1, n3);
        return group.op(n3) == OpNumber{0} && group.broken().empty();
      },
      {Bug::prepare_of_earlier_view});
}

TEST_CASE("vrr 4: if the sender is behind, the receiver drops the message: a PREPAREOK") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        for (const NodeId node : {n2, n3, n1}) group.change_view(node);  // n1 leads view 4
        group.add(n1, 1);
        group.hear(n1, n3, PrepareOk{View{1}, OpNumber{1}});
        return group.answers().empty();
      },
      {Bug::prepare_ok_of_earlier_view});
}

TEST_CASE("vrr 4: replicas only process normal protocol messages when their status is normal") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.fire(n3, Timer::view_change);
        group.add(n1, 1);
        group.deliver<viewstamped_replication::Prepare>(n1, n3);
        return group.op(n3) == OpNumber{0} && group.broken().empty();
      },
      {Bug::prepare_in_view_change});
}

TEST_CASE(
    "vrr 5.2: what is committed in a later view need not be what a replica has at that op-number") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group = parted(bug);
        group.fire(n2, Timer::commit);
        group.deliver<Commit>(n2, n1);
        return group.state(n1).commit == OpNumber{0} && group.broken().empty();
      },
      {Bug::commit_of_later_view});
}

// --- 4.2: view changes ---------------------------------------------------------------------------

TEST_CASE(
    "vrr 4.2: the new primary waits for f + 1 DOVIEWCHANGE messages from different replicas, "
    "including itself") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.commit_with(n1, n3, 1);
        group.crash(n1);
        group.fire(n2, Timer::view_change);
        group.deliver<StartViewChange>(n2, n3);
        group.deliver<StartViewChange>(n3, n2);  // it has told itself, and n3 has not told it yet
        if (group.status(n2) != Status::view_change) return false;
        group.settle();
        return group.status(n2) == Status::primary && group.broken().empty();
      },
      {Bug::view_started_by_half});
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug, 5);
        group.fire(n2, Timer::view_change);
        for (const NodeId other : {n3, n4}) group.deliver<StartViewChange>(n2, other);
        group.deliver<StartViewChange>(n3, n4);
        group.deliver<StartViewChange>(n4, n3);
        for (const NodeId other : {n3, n4}) group.deliver<StartViewChange>(other, n2);
        group.deliver_twice<DoViewChange>(n3, n2);
        group.deliver<DoViewChange>(n3, n2);
        return group.status(n2) == Status::view_change;
      },
      {Bug::do_view_change_counted_twice});
}

TEST_CASE(
    "vrr 4.2: it selects as the new log the one contained in the message with the largest v'") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group = parted(bug);
        group.isolate(n2);
        group.change_view(n3);  // n1 and n3 go to view 3, and n1 has the longer log
        return group.status(n3) == Status::primary && group.op(n3) == OpNumber{1} &&
               group.broken().empty();
      },
      {Bug::longest_log_wins});
}

TEST_CASE("vrr 4.2: if several messages have the same v', it selects the one with the largest n") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.commit_with(n1, n3, 1);
        group.crash(n1);
        group.change_view(n2);
        return group.op(n2) == OpNumber{1} && group.broken().empty();
      },
      {Bug::first_log_of_view_wins});
}

TEST_CASE("vrr 4.2: v' is the view in which the replica's status was last normal") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.isolate(n3);
        for (int i = 0; i < 4; ++i) group.change_view(n3);  // to view 5, by itself
        group.commit_with(n1, n2, 1);
        group.crash(n1);
        group.heal();
        group.fire(n3, Timer::resend);
        group.settle();
        return group.status(n2) == Status::primary && group.op(n2) == OpNumber{1} &&
               group.broken().empty();
      },
      {Bug::view_instead_of_last_normal});
}

TEST_CASE(
    "vrr 4.2: other replicas replace their log with the one in STARTVIEW: once, and not when it "
    "comes again") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.isolate(n1);
        group.fire(n2, Timer::view_change);
        group.deliver<StartViewChange>(n2, n3);
        group.deliver<StartViewChange>(n3, n2);
        group.deliver<DoViewChange>(n3, n2);
        group.deliver_twice<StartView>(n2, n3);
        group.add(n2, 1);
        group.prepare(n2, n3);
        group.deliver<StartView>(n2, n3);
        return group.op(n3) == OpNumber{1} && group.broken().empty();
      },
      {Bug::start_view_taken_again});
}

// --- 4.3: recovery -------------------------------------------------------------------------------

TEST_CASE(
    "vrr 4.3: while a replica's status is recovering it does not participate in either the request "
    "processing protocol or the view change protocol") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.commit_with(n1, n3, 1);
        group.crash_and_restart(n3);
        group.drop_all();
        group.isolate(n1);
        group.change_view(n2);
        return group.status(n2) != Status::primary && group.broken().empty();
      },
      {Bug::recovering_replica_takes_part, Bug::recovery_skipped});
}

TEST_CASE(
    "vrr 4.3: it waits for at least f + 1 RECOVERYRESPONSE messages from different replicas") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.crash_and_restart(n3);
        group.settle({n1, n3});
        const bool waits = group.status(n3) == Status::recovering;
        group.settle();
        return waits && group.status(n3) == Status::backup;
      },
      {Bug::recovery_from_one, Bug::recovery_skipped});
}

TEST_CASE("vrr 4.3: ... all containing the nonce it sent in its RECOVERY message") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.crash_and_restart(n3);
        for (const NodeId other : {n1, n2}) group.deliver<Recovery>(n3, other);
        group.crash_and_restart(n3);
        for (const NodeId other : {n1, n2}) group.deliver<RecoveryResponse>(other, n3);
        return group.status(n3) == Status::recovering;
      },
      {Bug::nonce_ignored});
}

TEST_CASE("vrr 4.3: ... including one from the primary of the latest view it learns of") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.change_view(n2);
        group.commit_with(n2, n3, 1);
        group.crash_and_restart(n3);
        group.settle();
        return group.op(n3) == OpNumber{1} && group.broken().empty();
      },
      {Bug::recovery_from_any});
}

// --- 5: pragmatics -------------------------------------------------------------------------------

TEST_CASE("vrr 5.1: a replica that is given a checkpoint is given the client-table with it") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(counting(bug, 1));
        group.isolate(n3);
        group.add(n1, 5);
        group.settle();
        group.heal();
        group.fire(n1, Timer::commit);
        group.settle();
        group.crash(n1);
        group.change_view(n3);  // to view 2, and then to its own
        group.change_view(n3);
        group.add(n3, 5);
        group.settle();
        return group.sum() == 5 && group.broken().empty();
      },
      {Bug::checkpoint_without_client_table});
}

TEST_CASE(
    "vrr 5.2, as corrected (Vanlightly 2022): a replica that hears of a later view keeps its log "
    "until it has the new one") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.add(n1, 5);
        group.settle();  // n3 does not know that it is committed
        group.isolate(n3);
        group.change_view(n2);
        group.heal();
        group.fire(n2, Timer::commit);
        group.deliver<Commit>(n2, n3);
        return group.op(n3) == OpNumber{1} && group.broken().empty();
      },
      {Bug::state_transfer_truncates});
}

// --- 6: optimizations ----------------------------------------------------------------------------

TEST_CASE(
    "vrr 6.3: the primary processes reads unilaterally only if it holds valid leases from f other "
    "replicas") {
  check_rule(
      [](Bug bug) {
        ViewstampedGroup group(bug);
        group.isolate(n1);
        group.change_view(n2);
        group.add(n2, 5);
        group.settle();
        group.read(n1);
        group.settle();
        return group.answers().size() == 1;  // that of the request
      },
      {Bug::read_without_lease});
}
