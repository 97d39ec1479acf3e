// Elections: 5.2 and 5.4.1, with PreVote (dissertation 9.6) and CheckQuorum (6.2, 4.2.3).
#include "algorithms/consensus/raft.h"

namespace ballast {

using raft::Bug;
using raft::Candidate;
using raft::Follower;
using raft::Goal;
using raft::Leader;
using raft::PreCandidate;
using raft::PreVote;
using raft::PreVoteReply;
using raft::PreVoteResult;
using raft::RequestVote;
using raft::TransferVote;
using raft::Vote;
using raft::VoteReply;

void Raft::reset_election_timer(Step<Raft>& step) const {
  step.set_timer(Timer::election, config_.election_timeout);
}

// 5.2: "If a follower receives no communication over a period of time called the election timeout,
// then it assumes there is no viable leader and begins an election to choose a new leader." A
// candidate whose vote was split does the same again.
void Raft::stand_for_election(Step<Raft>& step) {
  if (std::holds_alternative<Candidate>(role_)) step.reach(Goal::split_vote);
  if (std::holds_alternative<PreCandidate>(role_)) step.reach(Goal::pre_vote_lost);
  if (!may_stand(step.self())) {
    // Whoever asks is not to be sent to a leader that has been silent for so long.
    if (auto* follower = std::get_if<Follower>(&role_)) follower->leader = NodeId{};
    reset_election_timer(step);
  } else if (config_.reads == raft::Reads::lease && hears_leader(step)) {
    // A timer may be early. To vote for oneself is to vote, and a lease counts on it that nobody
    // does.
    reset_election_timer(step);
  } else if (config_.pre_vote) {
    become_pre_candidate(step);
  } else {
    become_candidate(false, step);
  }
}

// Dissertation 4.2.1: non-voting servers do not stand. 4.2.2: who is not part of its own latest
// configuration stands all the same until that is committed, for its log may be the only one that a
// majority can follow (Figure 4.7); its own vote does not count. The configuration before the
// latest one is committed, or the latest would not have been begun: older ones are over.
bool Raft::may_stand(NodeId self) const {
  if (configuration().is_voter(self)) return true;
  // Bug: with n2's removal from n1 and n2 in n2's log alone, n1 is refused and n2 does not ask.
  if (configured_at() <= commit_index_ || config_.bug == Bug::removed_never_stand) return false;
  const bool first = changes_.size() == 1;
  return (first ? base_configuration_ : changes_[changes_.size() - 2].configuration).is_voter(self);
}

void Raft::receive(NodeId from, const RequestVote& request, Step<Raft>& step) {
  const Vote vote = judge(from, request);
  if (vote == Vote::granted) {
    // A repeated request gets the same answer again; the vote is on disk already.
    if (voted_for_ != from) {
      set_term_and_vote(term_, from, step);
      step.observe(VoteGranted{term_, from});
    }
    reset_election_timer(step);
  }
  if (vote == Vote::stale_log) step.reach(Goal::vote_refused_stale_log);
  if (vote == Vote::already_voted) step.reach(Goal::vote_refused_already_voted);
  step.send(from, VoteReply{term_, vote});
}

void Raft::receive(NodeId from, const TransferVote& request, Step<Raft>& step) {
  receive(from, RequestVote{request.term, request.last_index, request.last_term}, step);
}

Vote Raft::judge(NodeId candidate, const RequestVote& request) const {
  // 5.2: "Each server will vote for at most one candidate in a given term, on a
  // first-come-first-served basis."
  if (voted_for_ && voted_for_ != candidate) {
    // Bug: whoever it voted for counts on that vote.
    const bool newer =
        request.last_term > log_.last_term() || request.last_index > log_.last_index();
    const bool again = config_.bug == Bug::second_vote_if_newer && newer;
    if (!again || !is_up_to_date(request.last_index, request.last_term)) return Vote::already_voted;
  }
  // Bug: without the comparison below a candidate that lacks committed entries can win, and what
  // it lacks is lost.
  if (config_.bug == Bug::no_up_to_date_check) return Vote::granted;
  return is_up_to_date(request.last_index, request.last_term) ? Vote::granted : Vote::stale_log;
}

// 5.4.1: "If the logs have last entries with different terms, then the log with the later term is
// more up-to-date. If the logs end with the same term, then whichever log is longer is more
// up-to-date."
bool Raft::is_up_to_date(LogIndex last_index, Term last_term) const {
  const Term own = last_log_term();
  // Bugs: uncommitted entries make a log long, and of two logs of one last term the longer one may
  // hold what is committed. To ask for both leaves two logs that refuse each other.
  if (config_.bug == Bug::up_to_date_by_length) return last_index >= log_.last_index();
  if (config_.bug == Bug::up_to_date_by_term) return last_term >= own;
  if (config_.bug == Bug::up_to_date_by_both) {
    return last_term >= own && last_index >= log_.last_index();
  }
  if (last_term != own) return last_term > own;
  return last_index >= log_.last_index();
}

// 5.2: "A candidate wins an election if it receives votes from a majority of the servers in the
// full cluster for the same term."
void Raft::receive(NodeId from, const VoteReply& reply, Step<Raft>& step) {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr || reply.vote != Vote::granted) return;
  std::vector<bool>& granted = candidate->granted;
  granted[position_of(from, step.members())] = true;
  ++candidate->votes_heard;
  // Bug: a vote that came twice is one vote.
  const bool twice = config_.bug == Bug::votes_counted_twice &&
                     candidate->votes_heard >= majority(step.members().size());
  if (twice || is_quorum(Phase::one, step, granted)) become_leader(step);
}

// Bug: what the snapshot has in place of the last entry is overlooked.
Term Raft::last_log_term() const {
  const bool is_empty = log_.base_index() == log_.last_index();
  if (is_empty && config_.bug == Bug::last_term_forgotten) return Term{};
  return log_.last_term();
}

// --- Dissertation 9.6: PreVote -----------------------------------------------------------------

// "... if the candidate's log is sufficiently up-to-date, and the voters have not received
// heartbeats from a valid leader for at least a baseline election timeout". To answer changes
// nothing here: neither the term, nor the vote, nor the timer. A refusal carries this node's term,
// or one that has fallen behind would ask in vain for ever.
void Raft::answer_pre_vote(NodeId from, const PreVote& request, Step<Raft>& step) const {
  PreVoteReply reply{term_, PreVoteResult::stale_term};
  if (request.term > term_) {
    if (hears_leader(step)) {
      step.reach(Goal::pre_vote_refused_leader_alive);
      reply.result = PreVoteResult::leader_alive;
    } else if (is_up_to_date(request.last_index, request.last_term)) {
      reply = {request.term, PreVoteResult::granted};
    } else {
      reply.result = PreVoteResult::stale_log;
    }
  }
  step.send(from, reply);
}

void Raft::receive(NodeId from, const PreVoteReply& reply, Step<Raft>& step) {
  auto* candidate = std::get_if<PreCandidate>(&role_);
  if (candidate == nullptr || reply.result != PreVoteResult::granted) return;
  std::vector<bool>& granted = candidate->granted;
  granted[position_of(from, step.members())] = true;
  if (is_quorum(Phase::one, step, granted)) become_candidate(false, step);
}

// Whether this node leads, or has heard its leader within the shortest election timeout. A clock
// that went back says nothing.
bool Raft::hears_leader(const Step<Raft>& step) const {
  if (std::holds_alternative<Leader>(role_)) return true;
  if (!heard_at_ || step.now() < *heard_at_) return false;
  return step.now() - *heard_at_ < config_.election_timeout.min;
}

// A leader of this term was heard. 5.2: "If the leader's term is at least as large as the
// candidate's current term, then the candidate recognizes the leader as legitimate and returns to
// follower state."
void Raft::heed(NodeId leader, Step<Raft>& step) {
  ensure(!std::holds_alternative<Leader>(role_), "raft: at most one leader in a term (5.2)");
  // Not a bug, whatever it looks like: this term has its leader, and no votes for another one.
  const bool stays = config_.bug == Bug::candidate_not_resigned;
  if (!std::holds_alternative<Follower>(role_) &&
      !(stays && std::holds_alternative<Candidate>(role_))) {
    become_follower(term_, step);
  }
  if (auto* follower = std::get_if<Follower>(&role_)) follower->leader = leader;
  heard_at_ = step.now();
  reset_election_timer(step);
}

// --- Dissertation 6.2: CheckQuorum -------------------------------------------------------------

// A member has answered this leader.
void Raft::hear_from(NodeId member, Step<Raft>& step) {
  auto& heard = std::get<Leader>(role_).heard;
  if (!heard.empty()) heard[position_of(member, step.members())] = true;
}

// "A leader in Raft steps down if an election timeout elapses without a successful round of
// heartbeats to a majority of its cluster." The same time is all that a transfer of leadership may
// take (3.10): "If leadership transfer does not complete after about an election timeout, the prior
// leader aborts the transfer and resumes accepting client requests."
void Raft::check_quorum(Leader& leader, Step<Raft>& step) {
  if (leader.transfer.target) {
    step.reach(Goal::transfer_given_up);
    leader.transfer.target = NodeId{};
  }
  if (!config_.check_quorum) return;
  std::vector<bool>& heard = leader.heard;
  heard[position_of(step.self(), step.members())] = true;
  if (!is_quorum(Phase::two, step, heard)) {
    step.reach(Goal::stepped_down_without_quorum);
    become_follower(term_, step);
    return;
  }
  heard.assign(heard.size(), false);
  step.set_timer(Timer::election, config_.election_timeout.min);
}

}  // namespace ballast
