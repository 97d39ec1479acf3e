// Viewstamped Replication in a world that does its worst, as long as a majority remembers: correct
// code is never accused, and planted mistakes are caught within a stated number of steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/viewstamped_replication.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/paxos_checks.h"
#include "sim/check/raft_checks.h"
#include "sim/check/viewstamped_checks.h"
#include "tests/support/effort.h"
#include "tests/support/ordeal.h"
#include "tests/support/print.h"

using namespace ballast;
using viewstamped_replication::Bug;
using viewstamped_replication::Status;

namespace {

Ordeal<ViewstampedReplication>::Settings settings(std::uint64_t seed, Bug bug) {
  Ordeal<ViewstampedReplication>::Settings all;
  all.seed = seed;
  all.nodes = seed % 3 == 0 ? 5 : 3;
  all.config.bug = bug;
  all.config.machine = MachineKind::counter;
  all.config.batch = 1 + seed % 4;
  all.config.checkpoint_every = 2 + seed % 5;  // so that some are behind a checkpoint
  all.checkers = {make_agreement,
                  make_validity,
                  make_integrity,
                  make_gap_free_apply,
                  make_checkpoints_agree,
                  make_election_safety,
                  make_term_monotonic,
                  make_no_log_divergence,
                  make_log_grows_in_view,
                  make_acknowledged_write_not_lost,
                  make_acknowledged_writes_exist_on_majority,
                  make_commit_number_never_higher};
  all.request = some_addition;
  return all;
}

std::string caught(Bug bug, std::uint64_t budget) {
  return first_broken<ViewstampedReplication>(
      [&](std::uint64_t seed) { return settings(seed, bug); }, budget);
}

}  // namespace

TEST_CASE(
    "viewstamped replication: correct code is never accused, and goes on once nothing goes wrong "
    "any more") {
  std::uint64_t views = 0;
  std::uint64_t executions = 0;
  std::uint64_t checkpoints = 0;
  for (std::uint64_t seed = 1; seed <= tries(600); ++seed) {
    CAPTURE(seed);
    Ordeal<ViewstampedReplication> ordeal(settings(seed, Bug::none));
    ordeal.run(1000);
    views += ordeal.heard<Elected>();
    executions += ordeal.heard<Executed>();
    checkpoints += ordeal.heard<Checkpointed>();
    // All replicas have executed the same requests, and more than before.
    const std::uint64_t before = ordeal.heard<Executed>();
    const bool recovered = ordeal.recovers(3000, [&](Ordeal<ViewstampedReplication>& group) {
      for (const NodeId node : group.nodes()) group.ask(node);
      const viewstamped_replication::State first = group.state(NodeId{1});
      return group.heard<Executed>() > before &&
             std::all_of(group.nodes().begin(), group.nodes().end(), [&](NodeId node) {
               const viewstamped_replication::State state = group.state(node);
               return state.commit == first.commit && state.status != Status::recovering;
             });
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
  }
  // The runs must have been worth something.
  CHECK(views > tries(1000));
  CHECK(executions > tries(3000));
  CHECK(checkpoints > tries(300));
}

TEST_CASE("viewstamped replication: planted mistakes are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK_FALSE(caught(Bug::state_transfer_truncates, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::recovery_skipped, 200'000).empty());
  CHECK_FALSE(caught(Bug::recovering_replica_takes_part, 500'000).empty());
  CHECK_FALSE(caught(Bug::recovery_from_any, 1'000'000).empty());
  CHECK_FALSE(caught(Bug::view_instead_of_last_normal, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::first_log_of_view_wins, 200'000).empty());
  CHECK_FALSE(caught(Bug::view_started_by_half, 200'000).empty());
  CHECK_FALSE(caught(Bug::do_view_change_counted_twice, 1'000'000).empty());
  CHECK_FALSE(caught(Bug::start_view_taken_again, 1'000'000).empty());
  CHECK_FALSE(caught(Bug::prepare_in_view_change, 1'000'000).empty());
  CHECK_FALSE(caught(Bug::prepare_of_earlier_view, 200'000).empty());
  CHECK_FALSE(caught(Bug::prepare_gap_ignored, 50'000).empty());
  CHECK_FALSE(caught(Bug::prepare_ok_counted_twice, 500'000).empty());
  CHECK_FALSE(caught(Bug::committed_when_logged, 50'000).empty());
  CHECK_FALSE(caught(Bug::commit_of_later_view, 1'000'000).empty());
  CHECK_FALSE(caught(Bug::checkpoint_without_client_table, 1'000'000).empty());
}

TEST_CASE("viewstamped replication: a commit-number that is learnt late is no mistake") {
  CHECK(caught(Bug::own_commit_number_kept, 300'000).empty());
}
