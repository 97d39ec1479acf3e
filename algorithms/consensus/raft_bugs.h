// The planted mistakes of Raft: mistakes of tutorials and of production systems, to be switched on
// on purpose. The place in the code says why each is wrong; algorithms/consensus/bugs.json names
// the property that it breaks, and what it takes to see that.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ballast::raft {

// Elections (5.2, 5.4.1, dissertation 9.6)
//   vote_not_persisted             a vote is granted without being written down
//   term_not_persisted             a later term is entered without being written down
//   no_up_to_date_check            a vote is granted without comparing logs
//   up_to_date_by_length           the longer log counts as more up-to-date
//   up_to_date_by_term             the later last term counts, whatever the length
//   up_to_date_by_both             term and length are compared each by itself: two logs may both
//                                  be refused, and nobody wins (openraft a48a3282; liveness)
//   vote_cleared_on_step_down      who steps down in its own term forgets its vote (akka-raft 56,
//                                  redpanda PR 14)
//   second_vote_if_newer           a second vote in a term goes to a more up-to-date candidate
//                                  (camunda 5356)
//   votes_counted_twice            a candidate counts votes, not voters (akka-raft 45)
//   elected_by_half                half of the voters are enough to be elected (akka-raft 42)
//   pre_votes_count                the votes of a pre-vote count in the election (raft-rs 83, 84);
//                                  needs pre_vote
//   own_vote_not_stored            a candidate that comes from a pre-vote does not write down its
//                                  own vote (nebula PR 3415); needs pre_vote
//   candidate_not_resigned         a candidate that hears the leader of its term stays one: looks
//                                  wrong and breaks nothing
//   higher_term_in_replies_ignored a leader or candidate does not step down for a reply: likewise
//   transfer_vote_refused          voters that hear their leader refuse the one whom it has chosen
//                                  (etcd 36d7d43, dragonboat 223): no transfer succeeds; needs
//                                  check_quorum
// Replication and commitment (5.3, 5.4.2)
//   append_without_previous_check  a follower appends entries without the consistency check
//   previous_term_not_compared     it only checks that its log is long enough
//   conflicting_entries_kept       what stands at an index is kept, whatever its term
//   truncates_always               a follower cuts its log after the entries of each request
//                                  (akka-raft 66, RaftOS 26, nebula PR 2483)
//   suffix_rewritten               it removes what it then appends again (openraft 9540c904)
//   stale_leader_obeyed            it takes entries from the leader of an earlier term
//   truncate_on_commit             it cuts its log to each commit index that it learns
//   conflict_not_backed_up         a leader does not go back when a follower lacks the entry before
//                                  (5.3; liveness)
//   acks_own_last_index            a follower acknowledges all of its log (CCF 6001, 6016)
//   acknowledged_before_written    it acknowledges what its disk has not got yet (yugabyte 32875)
//   leader_counts_unwritten        a leader counts itself before its disk has the entries
//                                  (Vanlightly, RaftFsync); needs parallel_writes
//   stale_append_reply_counts      a leader counts acknowledgements of earlier terms (openraft
//                                  a80579ef, RATIS 2154)
//   match_index_falls              it believes a late acknowledgement (PySyncObj 167)
//   commit_by_half                 half of the voters are enough to commit (akka-raft 42, NuRaft
//                                  ed1c153)
//   committed_when_sent            a leader commits what it has sent
//   commit_prior_term              entries of earlier terms are committed by counting (LogCabin 44,
//                                  PySyncObj 169)
//   commit_loop_breaks             nothing is committed behind an entry of an earlier term (RaftOS
//                                  30; liveness)
//   commit_not_clipped             a follower commits as much of its log as its leader has, whether
//                                  or not it is the same (etcd b927fa8, ra PR 508)
//   commit_index_falls             a follower believes a lower commit index (PySyncObj 166)
//   tail_truncated_on_election     a new leader removes what it does not know to be committed
//   retry_executed_again           a request that comes again is executed again (8)
// Reads (dissertation 6.4), with reads other than log
//   read_before_own_commit         a new leader reads at a commit index that may be behind (etcd
//                                  7331, tikv 6340)
//   read_without_quorum            a leader reads without asking whether it still is one
//   read_round_reused              a read is confirmed by heartbeats that were sent before it came
//                                  (etcd 20418)
//   read_before_applied            a read does not wait for the entries up to its index (Xraft-KV)
//   lease_too_long                 the lease lasts for the longest election timeout (sofa-jraft 26)
//   lease_kept_in_transfer         a leader that has told another one to stand reads on
// Snapshots (7), with snapshot_after
//   last_term_forgotten            a log that a snapshot has emptied counts as one whose last term
//                                  is 0 (RedisLabs/raft PR 2)
//   snapshot_sets_term             who installs a snapshot takes its last term for the current one
//                                  (WRaft, SandTable)
//   old_snapshot_installed         a late snapshot takes the place of later state (openraft
//                                  eed681d5, NuRaft 407)
//   snapshot_drops_tail            what follows a snapshot is not kept with it (redisraft 43)
//   configuration_not_in_snapshot  who installs a snapshot keeps the voters of its old log
//                                  (openraft 447dc11c, NuRaft f9c7462)
//   sessions_not_in_snapshot       after a snapshot a repeated request is executed again
// Membership (dissertation 4), with administer
//   change_before_own_commit       a leader changes the configuration before it has committed an
//                                  entry of its term (Ongaro, raft-dev 2015)
//   overlapping_changes            a change may begin before the one before is committed
//   change_without_joint           set_voters switches at once (dissertation, Figure 4.2)
//   joint_one_majority             under a joint configuration the new majority is enough (openraft
//                                  6c0ccaf3)
//   removed_leader_counts          a leader that is not in the new configuration counts itself
//   learners_count                 learners count towards majorities
//   removed_never_stand            who is not in its latest configuration never stands, though that
//                                  may not be committed (dissertation 4.2.2; liveness)
enum class Bug : std::uint8_t {
  none,
  vote_not_persisted,
  term_not_persisted,
  no_up_to_date_check,
  up_to_date_by_length,
  up_to_date_by_term,
  up_to_date_by_both,
  vote_cleared_on_step_down,
  second_vote_if_newer,
  votes_counted_twice,
  elected_by_half,
  pre_votes_count,
  own_vote_not_stored,
  candidate_not_resigned,
  higher_term_in_replies_ignored,
  transfer_vote_refused,
  append_without_previous_check,
  previous_term_not_compared,
  conflicting_entries_kept,
  truncates_always,
  suffix_rewritten,
  stale_leader_obeyed,
  truncate_on_commit,
  conflict_not_backed_up,
  acks_own_last_index,
  acknowledged_before_written,
  leader_counts_unwritten,
  stale_append_reply_counts,
  match_index_falls,
  commit_by_half,
  committed_when_sent,
  commit_prior_term,
  commit_loop_breaks,
  commit_not_clipped,
  commit_index_falls,
  tail_truncated_on_election,
  retry_executed_again,
  read_before_own_commit,
  read_without_quorum,
  read_round_reused,
  read_before_applied,
  lease_too_long,
  lease_kept_in_transfer,
  last_term_forgotten,
  snapshot_sets_term,
  old_snapshot_installed,
  snapshot_drops_tail,
  configuration_not_in_snapshot,
  sessions_not_in_snapshot,
  change_before_own_commit,
  overlapping_changes,
  change_without_joint,
  joint_one_majority,
  removed_leader_counts,
  learners_count,
  removed_never_stand
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 56>{"none",
                                          "vote_not_persisted",
                                          "term_not_persisted",
                                          "no_up_to_date_check",
                                          "up_to_date_by_length",
                                          "up_to_date_by_term",
                                          "up_to_date_by_both",
                                          "vote_cleared_on_step_down",
                                          "second_vote_if_newer",
                                          "votes_counted_twice",
                                          "elected_by_half",
                                          "pre_votes_count",
                                          "own_vote_not_stored",
                                          "candidate_not_resigned",
                                          "higher_term_in_replies_ignored",
                                          "transfer_vote_refused",
                                          "append_without_previous_check",
                                          "previous_term_not_compared",
                                          "conflicting_entries_kept",
                                          "truncates_always",
                                          "suffix_rewritten",
                                          "stale_leader_obeyed",
                                          "truncate_on_commit",
                                          "conflict_not_backed_up",
                                          "acks_own_last_index",
                                          "acknowledged_before_written",
                                          "leader_counts_unwritten",
                                          "stale_append_reply_counts",
                                          "match_index_falls",
                                          "commit_by_half",
                                          "committed_when_sent",
                                          "commit_prior_term",
                                          "commit_loop_breaks",
                                          "commit_not_clipped",
                                          "commit_index_falls",
                                          "tail_truncated_on_election",
                                          "retry_executed_again",
                                          "read_before_own_commit",
                                          "read_without_quorum",
                                          "read_round_reused",
                                          "read_before_applied",
                                          "lease_too_long",
                                          "lease_kept_in_transfer",
                                          "last_term_forgotten",
                                          "snapshot_sets_term",
                                          "old_snapshot_installed",
                                          "snapshot_drops_tail",
                                          "configuration_not_in_snapshot",
                                          "sessions_not_in_snapshot",
                                          "change_before_own_commit",
                                          "overlapping_changes",
                                          "change_without_joint",
                                          "joint_one_majority",
                                          "removed_leader_counts",
                                          "learners_count",
                                          "removed_never_stand"};
}

}  // namespace ballast::raft
