// What production systems add to Raft, in a world that does its worst: correct code is never
// accused, and each planted mistake is caught.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/raft.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/raft_checks.h"
#include "tests/algorithms/raft_ordeal.h"
#include "tests/support/effort.h"
#include "tests/support/print.h"

using namespace ballast;
using raft::Bug;

namespace {

// Four sessions write and read; each repeats its last request now and then.
Request some_request(std::uint64_t number, Stream& random) {
  const auto session = static_cast<std::uint32_t>(random.below(4));
  const std::uint64_t sequence = 1 + number / (8 + random.below(2));
  const Operation operation = random.below(4) == 0 ? Operation::read : Operation::write;
  const auto value = static_cast<std::int64_t>(number);
  return {{NodeId{99}, session, sequence}, {operation, random.below(3), value, 0, 0}};
}

// The same, and one in four changes the group.
Request or_a_change(std::uint64_t number, Stream& random) {
  Request request = some_request(number, random);
  if (random.below(4) != 0) return request;
  request.id.session = 9;
  request.id.sequence = number;
  request.command = {};
  request.command.operation = Operation::administer;
  request.command.key = random.below(5);
  request.command.value = static_cast<std::int64_t>(1 + random.below(5));
  if (request.command.key == static_cast<std::uint64_t>(Administration::set_voters)) {
    request.command.value = static_cast<std::int64_t>(1 + random.below(31));
  }
  return request;
}

Ordeal<Raft>::Settings settings(std::uint64_t seed, Bug bug) {
  Ordeal<Raft>::Settings all;
  all.seed = seed;
  all.nodes = seed % 3 == 0 ? 5 : 3;
  all.config.bug = bug;
  all.config.max_entries_per_message = 2;
  all.config.max_in_flight = 1 + seed % 4;
  all.config.empty_heartbeats = seed % 11 == 0;
  all.config.pre_vote = seed % 2 == 0;
  all.config.check_quorum = seed % 5 < 2;
  all.config.reads = seed % 3 == 1 ? raft::Reads::read_index : raft::Reads::log;
  all.config.follower_reads = seed % 3 == 1;
  all.config.snapshot_after = 1 + seed % 7;
  all.config.snapshot_chunk = 8 + seed % 200;
  all.checkers = {make_agreement,
                  make_validity,
                  make_integrity,
                  make_election_safety,
                  make_leader_append_only,
                  make_log_matching,
                  make_leader_completeness,
                  make_state_machine_safety,
                  make_term_monotonic,
                  make_commit_monotonic,
                  make_vote_once_per_term,
                  make_committed_truncated,
                  make_quorum_log,
                  make_snapshots_agree,
                  make_mono_log,
                  make_candidate_term_not_in_log,
                  make_max_one_reconfiguration,
                  make_never_commit_entry_prev_terms};
  all.request = some_request;
  return all;
}

Ordeal<Raft>::Settings changing(std::uint64_t seed, Bug bug) {
  Ordeal<Raft>::Settings all = settings(seed, bug);
  all.nodes = 5;
  all.config.voters = seed % 2 == 0 ? 3 : 0;
  if (seed % 4 < 2) all.config.snapshot_after = 0;
  all.request = or_a_change;
  return all;
}

}  // namespace

TEST_CASE(
    "raft with PreVote, CheckQuorum, read indexes and snapshots is never accused, and "
    "commits again once nothing goes wrong any more") {
  std::uint64_t installed = 0;
  std::uint64_t taken = 0;
  for (std::uint64_t seed = 1; seed <= tries(500); ++seed) {
    CAPTURE(seed);
    Ordeal<Raft> ordeal(settings(seed, Bug::none));
    ordeal.run(1000);
    installed += ordeal.heard<SnapshotInstalled>();
    taken += ordeal.heard<SnapshotTaken>();
    const std::uint64_t before = ordeal.heard<Decided>();
    const bool recovered = ordeal.recovers(3000, [&](const Ordeal<Raft>& group) {
      const raft::State first = group.state(NodeId{1});
      return group.heard<Decided>() > before &&
             std::all_of(group.nodes().begin(), group.nodes().end(), [&](NodeId node) {
               const raft::State state = group.state(node);
               return state.applied_index == state.last_index &&
                      state.last_index == first.last_index;
             });
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
  }
  CHECK(taken > tries(500));
  CHECK(installed > tries(30));
}

TEST_CASE("raft under changes of its membership is never accused") {
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 1; seed <= tries(500); ++seed) {
    CAPTURE(seed);
    Ordeal<Raft> ordeal(changing(seed, Bug::none));
    ordeal.run(1000);
    changes += ordeal.heard<Reconfigured>();
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
  }
  CHECK(changes > tries(1000));
}

TEST_CASE("raft: the planted mistakes of its options are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK(caught(settings, Bug::own_vote_not_stored, 400'000) == "vote_once_per_term");
  CHECK(caught(settings, Bug::last_term_forgotten, 200'000) == "leader_completeness");
  CHECK(caught(settings, Bug::snapshot_sets_term, 200'000) == "term_monotonic");
  CHECK(caught(settings, Bug::sessions_not_in_snapshot, 2'000'000) == "snapshots_agree");
  CHECK_FALSE(caught(settings, Bug::snapshot_drops_tail, 500'000).empty());
  CHECK_FALSE(caught(settings, Bug::pre_votes_count, 500'000).empty());
  CHECK(caught(changing, Bug::overlapping_changes, 500'000) == "max_one_reconfiguration");
  CHECK_FALSE(caught(changing, Bug::removed_leader_counts, 5'000'000).empty());
  CHECK_FALSE(caught(changing, Bug::learners_count, 5'000'000).empty());
  CHECK_FALSE(caught(changing, Bug::configuration_not_in_snapshot, 5'000'000).empty());
  CHECK_FALSE(caught(changing, Bug::change_without_joint, 2'000'000).empty());
  CHECK_FALSE(caught(changing, Bug::joint_one_majority, 2'000'000).empty());
}
