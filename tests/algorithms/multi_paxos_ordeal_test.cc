// Multi-Paxos in a world that does its worst: correct code is never accused, and each planted
// mistake is caught by the checks within a stated number of steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/multi_paxos.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/paxos_checks.h"
#include "sim/check/raft_checks.h"
#include "tests/support/effort.h"
#include "tests/support/ordeal.h"
#include "tests/support/print.h"

using namespace ballast;
using multi_paxos::Bug;

namespace {

Ordeal<MultiPaxos>::Settings settings(std::uint64_t seed, Bug bug) {
  Ordeal<MultiPaxos>::Settings all;
  all.seed = seed;
  all.nodes = seed % 3 == 0 ? 5 : 3;
  all.config.bug = bug;
  all.config.machine = MachineKind::counter;
  all.config.window = 1 + seed % 4;
  all.config.checkpoint_every = 2 + seed % 5;  // so that some are behind a checkpoint
  all.checkers = {make_agreement,
                  make_validity,
                  make_integrity,
                  make_votes_safe,
                  make_one_value_per_ballot,
                  make_promise_never_lowered,
                  make_gap_free_apply,
                  make_checkpoints_agree,
                  make_election_safety};
  all.request = some_addition;
  return all;
}

std::string caught(Bug bug, std::uint64_t budget) {
  return first_broken<MultiPaxos>([&](std::uint64_t seed) { return settings(seed, bug); }, budget);
}

}  // namespace

TEST_CASE(
    "multi-paxos: correct code is never accused, and decides again once nothing goes wrong any "
    "more") {
  std::uint64_t elections = 0;
  std::uint64_t executions = 0;
  std::uint64_t checkpoints = 0;
  for (std::uint64_t seed = 1; seed <= tries(600); ++seed) {
    CAPTURE(seed);
    Ordeal<MultiPaxos> ordeal(settings(seed, Bug::none));
    ordeal.run(1000);
    elections += ordeal.heard<Elected>();
    executions += ordeal.heard<Executed>();
    checkpoints += ordeal.heard<Checkpointed>();
    // All nodes have executed the same slots, and something was added to them since.
    const std::uint64_t before = ordeal.heard<Executed>();
    const bool recovered = ordeal.recovers(3000, [&](Ordeal<MultiPaxos>& group) {
      for (const NodeId node : group.nodes()) group.ask(node);
      const multi_paxos::State first = group.state(NodeId{1});
      return group.heard<Executed>() > before &&
             std::all_of(group.nodes().begin(), group.nodes().end(),
                         [&](NodeId node) { return group.state(node).executed == first.executed; });
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
  }
  // The runs must have been worth something.
  CHECK(elections > tries(1000));
  CHECK(executions > tries(3000));
  CHECK(checkpoints > tries(300));
}

TEST_CASE("multi-paxos: every planted mistake is caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK_FALSE(caught(Bug::accept_below_promise, 20'000).empty());
  CHECK_FALSE(caught(Bug::accept_above_accepted, 50'000).empty());
  CHECK_FALSE(caught(Bug::largest_value, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::first_heard_value, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::promise_counted_twice, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::promise_not_persisted, 500'000).empty());
  CHECK_FALSE(caught(Bug::vote_not_persisted, 500'000).empty());
  CHECK_FALSE(caught(Bug::shared_ballots, 50'000).empty());
  CHECK_FALSE(caught(Bug::votes_ignored, 50'000).empty());
  CHECK_FALSE(caught(Bug::gap_skipped, 200'000).empty());
  CHECK_FALSE(caught(Bug::checkpoint_hides_votes, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::decision_of_any_ballot, 2'000'000).empty());
  CHECK_FALSE(caught(Bug::checkpoint_without_sessions, 500'000).empty());
  CHECK_FALSE(caught(Bug::decided_when_asked, 50'000).empty());
}
