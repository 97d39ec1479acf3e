// The properties of Raft (Ongaro and Ousterhout 2014, Figure 3) and the white-box invariants that
// find its mistakes soonest. They hear facts about terms, votes, leaders and logs only, and so
// serve every algorithm that states these facts in Raft's sense.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// --- Figure 3 ----------------------------------------------------------------------------------

// "At most one leader can be elected in a given term" (5.2): over all time.
std::unique_ptr<Checker> make_election_safety(const Group& group);

// "A leader never overwrites or deletes entries in its log; it only appends new entries" (5.3).
std::unique_ptr<Checker> make_leader_append_only(const Group& group);

// "If two logs contain an entry with the same index and term, then the logs are identical in all
// entries up through the given index" (5.3): over all time, and logs have no gaps.
std::unique_ptr<Checker> make_log_matching(const Group& group);

// "If a log entry is committed in a given term, then that entry will be present in the logs of the
// leaders for all higher-numbered terms" (5.4).
std::unique_ptr<Checker> make_leader_completeness(const Group& group);

// "If a server has applied a log entry at a given index to its state machine, no other server will
// ever apply a different log entry for the same index" (5.4.3). Where nodes state a commit index,
// each applies its entries in order, without gaps, and not before they are committed.
std::unique_ptr<Checker> make_state_machine_safety(const Group& group);

// --- White box ---------------------------------------------------------------------------------

// The term of a node never falls, across all its lives (5.1, Figure 2).
std::unique_ptr<Checker> make_term_monotonic(const Group& group);

// The commit index of a node never falls within a life (Figure 2: "increases monotonically").
std::unique_ptr<Checker> make_commit_monotonic(const Group& group);

// A node votes for at most one candidate in a term, across all its lives (5.2).
std::unique_ptr<Checker> make_vote_once_per_term(const Group& group);

// No node removes an entry that is committed, once it has reached the term of the commitment (5.4).
// A node that has not may still obey an older leader.
std::unique_ptr<Checker> make_committed_truncated(const Group& group);

// A snapshot ends with an entry that is committed, and two snapshots up to one entry hold the same
// state (7).
std::unique_ptr<Checker> make_snapshots_agree(const Group& group);

// When an entry is stated to be committed, a majority of the group, or of the voters that the node
// which states it has named, holds it durably (5.3; QuorumLog in etcd's specification).
std::unique_ptr<Checker> make_quorum_log(const Group& group);

// An action of leaders: their commit index moves to entries of their own term only (5.4.2; CCF's
// NeverCommitEntryPrevTermsProp). What Figure 8 needs several elections to show is wrong here in
// the step that does it.
std::unique_ptr<Checker> make_never_commit_entry_prev_terms(const Group& group);

// An action of leaders: a change of the configuration begins when the one before is committed
// (dissertation 4.1; MaxOneReconfigurationAtATime of Vanlightly's specifications).
std::unique_ptr<Checker> make_max_one_reconfiguration(const Group& group);

// Along a log terms never fall (5.3; CCF's MonoLogInv).
std::unique_ptr<Checker> make_mono_log(const Group& group);

// Whoever is elected has held no entry of its term before (5.2; CCF's CandidateTermNotInLogInv, of
// candidates with a quorum of votes and their own logs).
std::unique_ptr<Checker> make_candidate_term_not_in_log(const Group& group);

}  // namespace ballast
