#include <vector>

#include "sim/check/balancing_checks.h"
#include "sim/check/checker.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/epaxos_checks.h"
#include "sim/check/paxos_checks.h"
#include "sim/check/raft_checks.h"
#include "sim/check/viewstamped_checks.h"

namespace ballast {

namespace {

constexpr std::string_view raft = "Ongaro and Ousterhout 2014, Figure 3";
constexpr std::string_view raft_rules = "Ongaro and Ousterhout 2014, Figure 2";
constexpr std::string_view voting = "Lamport, Voting.tla";

std::vector<CheckInfo> consensus_checks() {
  return {
      CheckInfo{
          "agreement", "No two nodes decide differently for one slot.",
          "Lamport, \"Paxos Made Simple\", 2001, section 2.1; Paxos/Consensus.tla, Consistency",
          make_agreement},
      CheckInfo{"validity", "Only a value that was proposed is decided.",
                "Lamport, \"Paxos Made Simple\", 2001, section 2.1; Nontriviality", make_validity},
      CheckInfo{"integrity", "A node decides a slot once, and stays with it across restarts.",
                "Cachin, Guerraoui and Rodrigues, 2011, section 5.1; Stability", make_integrity},
  };
}

std::vector<CheckInfo> raft_figure_3() {
  return {
      CheckInfo{"election_safety", "At most one leader is elected in a term.",
                "Ongaro and Ousterhout 2014, Figure 3; etcd, MoreThanOneLeaderInv",
                make_election_safety},
      CheckInfo{"leader_append_only",
                "A leader never overwrites or removes entries of its log; it only appends.", raft,
                make_leader_append_only},
      CheckInfo{"log_matching",
                "Two logs with an entry of the same index and term agree up to that index.", raft,
                make_log_matching},
      CheckInfo{"leader_completeness",
                "An entry committed in a term is in the logs of the leaders of all higher terms.",
                raft, make_leader_completeness},
      CheckInfo{"state_machine_safety",
                "No two nodes apply different entries at one index, and each applies in order.",
                raft, make_state_machine_safety},
  };
}

std::vector<CheckInfo> raft_checks() {
  return {
      CheckInfo{"term_monotonic", "A node's current term never decreases.",
                "Ongaro and Ousterhout 2014, Figure 2; CCF, MonotonicTermProp",
                make_term_monotonic},
      CheckInfo{"commit_monotonic", "A node's commit index never decreases while it is up.",
                raft_rules, make_commit_monotonic},
      CheckInfo{"vote_once_per_term",
                "A node votes for one candidate in a term, across restarts too.",
                "Ongaro and Ousterhout 2014, section 5.2", make_vote_once_per_term},
      CheckInfo{"committed_truncated", "No node removes an entry that is known to be committed.",
                "Ongaro and Ousterhout 2014, Figure 2; CCF, CommittedLogAppendOnlyProp",
                make_committed_truncated},
      CheckInfo{"quorum_log", "What a leader commits is in the durable logs of a majority.",
                "etcd, MCetcdraft.tla, QuorumLogInv", make_quorum_log},
      CheckInfo{"never_commit_entry_prev_terms",
                "A leader's commit index moves to entries of its own term only.",
                "CCF, ccfraft.tla, NeverCommitEntryPrevTermsProp",
                make_never_commit_entry_prev_terms},
      CheckInfo{"max_one_reconfiguration",
                "A leader begins no change of the configuration before the last one is committed.",
                "Vanlightly, raft-tlaplus, MaxOneReconfigurationAtATime",
                make_max_one_reconfiguration},
      CheckInfo{"mono_log", "Terms never fall along a log.", "CCF, ccfraft.tla, MonoLogInv",
                make_mono_log},
      CheckInfo{"candidate_term_not_in_log",
                "Whoever is elected has held no entry of its term before.",
                "CCF, ccfraft.tla, CandidateTermNotInLogInv", make_candidate_term_not_in_log},
      CheckInfo{"snapshots_agree",
                "A snapshot ends with a committed entry; two up to the same one are equal.",
                "Ongaro and Ousterhout 2014, section 7", make_snapshots_agree},
  };
}

std::vector<CheckInfo> paxos_checks() {
  return {
      CheckInfo{"one_value_per_ballot",
                "No two values are asked for or accepted in one ballot, but for a fast round.",
                voting, make_one_value_per_ballot},
      CheckInfo{"one_vote_per_ballot", "An acceptor accepts one value in a fast round.",
                "Lamport, VoteProof.tla, VInv1; Lamport, \"Fast Paxos\", 2006, 2.2.1, phase 2b",
                make_one_vote_per_ballot},
      CheckInfo{"votes_safe",
                "A value is accepted only where no other can be chosen in a lower ballot.", voting,
                make_votes_safe},
      CheckInfo{"promise_never_lowered",
                "An acceptor's promise never decreases, and it accepts nothing below it.",
                "Lamport, \"Paxos Made Simple\", 2001, P1a", make_promise_never_lowered},
      CheckInfo{"gap_free_apply",
                "A node executes slots in order, leaves none out, and executes what is decided.",
                "van Renesse and Altinbuken 2015, R2 and R3", make_gap_free_apply},
      CheckInfo{"checkpoints_agree", "The states of two nodes after the same slot are equal.",
                "Schneider 1990, section 3", make_checkpoints_agree},
  };
}

std::vector<CheckInfo> viewstamped_checks() {
  return {
      CheckInfo{"no_log_divergence",
                "Of two replicas in one view the log of one is the beginning of the other's.",
                "Vanlightly, vsr-tlaplus, NoLogDivergence; Liskov and Cowling 2012, section 8.1",
                make_no_log_divergence},
      CheckInfo{"log_grows_in_view",
                "Within a view the log of a replica only grows, across crashes too; for another "
                "view it removes nothing that is committed.",
                "Liskov and Cowling 2012, sections 8.1 and 8.2; CCF, CommittedLogAppendOnlyProp",
                make_log_grows_in_view},
      CheckInfo{"acknowledged_write_not_lost",
                "The primary of a view has in its log what was committed in the views before.",
                "Vanlightly, vsr-tlaplus, AcknowledgedWriteNotLost; Liskov and Cowling 2012, "
                "section 8.1",
                make_acknowledged_write_not_lost},
      CheckInfo{"acknowledged_writes_exist_on_majority",
                "What is committed is in the logs of a majority of the replicas.",
                "Vanlightly, vsr-tlaplus, AcknowledgedWritesExistOnMajority",
                make_acknowledged_writes_exist_on_majority},
      CheckInfo{"commit_number_never_higher_than_op_number",
                "No replica takes for committed what its log does not hold, or holds differently.",
                "Vanlightly, vsr-tlaplus, CommitNumberNeverHigherThanOpNumber",
                make_commit_number_never_higher},
  };
}

std::vector<CheckInfo> epaxos_checks() {
  constexpr std::string_view properties = "Moraru, Andersen and Kaminsky 2013, section 4.2";
  return {
      CheckInfo{"nontriviality", "Any command that a replica commits was proposed by a client.",
                properties, make_nontriviality},
      CheckInfo{"stability", "What a replica has committed stays committed, across restarts too.",
                properties, make_stability},
      CheckInfo{
          "consistency",
          "No two replicas commit different commands, or the same one with different "
          "attributes, in one instance.",
          "Moraru, Andersen and Kaminsky 2013, section 4.2; EgalitarianPaxos.tla, Consistency",
          make_consistency},
      CheckInfo{
          "execution_consistency",
          "Commands that interfere are executed in the same order everywhere, and none before "
          "it is committed.",
          properties, make_execution_consistency},
      CheckInfo{
          "ballot_monotonic",
          "For each instance, a replica's ballot never decreases, across restarts too, and it "
          "accepts nothing below it.",
          "Sutra, \"On the correctness of Egalitarian Paxos\", 2020, section 4",
          make_ballot_monotonic},
      CheckInfo{"committed_is_final",
                "What is committed in a ballot is all that is accepted in it and in those above.",
                "Lamport, \"Paxos Made Simple\", 2001, P2b, for each instance",
                make_committed_is_final},
  };
}

std::vector<CheckInfo> balancing_checks() {
  return {
      CheckInfo{"conservation",
                "Every request that a balancer takes in ends exactly once, as completed, rejected, "
                "timed out or lost.",
                "a request is never created or destroyed on the way", make_conservation},
      CheckInfo{"healthy_picks", "A balancer never picks an endpoint that it holds to be down.",
                "nginx, HAProxy and Envoy alike", make_healthy_picks},
      CheckInfo{"weights_honoured",
                "Endpoints are picked in proportion to their weights, within the policy's bound.",
                "nginx, ngx_http_upstream_round_robin.c", make_weights_honoured},
      CheckInfo{"picks_least_loaded",
                "The policy least_loaded picks an endpoint with the fewest outstanding requests.",
                "nginx, least_conn", make_picks_least_loaded},
  };
}

}  // namespace

std::span<const CheckInfo> checks() {
  static const std::vector<CheckInfo> all = [] {
    std::vector<CheckInfo> joined;
    for (const auto& part : {consensus_checks(), raft_figure_3(), raft_checks(), paxos_checks(),
                             viewstamped_checks(), epaxos_checks(), balancing_checks()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

}  // namespace ballast
