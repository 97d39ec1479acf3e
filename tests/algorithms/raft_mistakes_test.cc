// The mistakes of Raft's core in a world that does its worst: each is caught by the checks within a
// stated number of steps, and those that break nothing are not accused.
#include <doctest/doctest.h>

#include <string>

#include "algorithms/consensus/raft.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/raft_checks.h"
#include "tests/algorithms/raft_ordeal.h"
#include "tests/support/effort.h"

using namespace ballast;
using raft::Bug;

namespace {

Ordeal<Raft>::Settings mistaken(std::uint64_t seed, Bug bug) {
  Ordeal<Raft>::Settings all;
  all.seed = seed;
  all.nodes = seed % 3 == 0 ? 3 : 5;
  all.config.bug = bug;
  all.config.max_entries_per_message = 2;  // logs of a few entries are long already
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
                  make_never_commit_entry_prev_terms,
                  make_mono_log,
                  make_candidate_term_not_in_log};
  all.request = some_write;
  return all;
}

}  // namespace

TEST_CASE("raft: mistakes in elections are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK_FALSE(caught(mistaken, Bug::term_not_persisted, 500'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::up_to_date_by_length, 2'000'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::up_to_date_by_term, 500'000).empty());
  CHECK(caught(mistaken, Bug::vote_cleared_on_step_down, 2'000'000) == "vote_once_per_term");
  CHECK(caught(mistaken, Bug::second_vote_if_newer, 500'000) == "vote_once_per_term");
  CHECK_FALSE(caught(mistaken, Bug::votes_counted_twice, 5'000'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::elected_by_half, 100'000).empty());
}

TEST_CASE("raft: mistakes in replication are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK_FALSE(caught(mistaken, Bug::previous_term_not_compared, 500'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::conflicting_entries_kept, 500'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::truncates_always, 2'000'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::suffix_rewritten, 100'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::stale_leader_obeyed, 500'000).empty());
  CHECK(caught(mistaken, Bug::match_index_falls, 100'000) == "ensure");
}

TEST_CASE("raft: mistakes in commitment are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK(caught(mistaken, Bug::commit_by_half, 20'000) == "quorum_log");
  CHECK(caught(mistaken, Bug::committed_when_sent, 20'000) == "quorum_log");
  CHECK(caught(mistaken, Bug::commit_prior_term, 100'000) == "never_commit_entry_prev_terms");
  CHECK_FALSE(caught(mistaken, Bug::commit_index_falls, 100'000).empty());
  CHECK_FALSE(caught(mistaken, Bug::tail_truncated_on_election, 100'000).empty());
}

TEST_CASE("raft: what looks wrong and breaks nothing is not accused") {
  CHECK(caught(mistaken, Bug::candidate_not_resigned, 500'000).empty());
  CHECK(caught(mistaken, Bug::higher_term_in_replies_ignored, 500'000).empty());
}
