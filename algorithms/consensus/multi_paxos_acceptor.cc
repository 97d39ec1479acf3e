#include <algorithm>

#include "algorithms/consensus/multi_paxos.h"

namespace ballast {

using multi_paxos::Goal;
using multi_paxos::Vote;

// A lease keeps every other candidate out until it is over (PML 5.3).
bool MultiPaxos::keeps_out(NodeId candidate, Time now) const {
  return config_.lease && now < leased_until_ && candidate != leader_;
}

// A1: an acceptor adopts strictly increasing ballots only. A request that comes again is answered
// again: the first answer may be lost.
void MultiPaxos::receive(NodeId from, const multi_paxos::Prepare& prepare, Step<MultiPaxos>& step) {
  if (prepare.ballot < promised_) {
    step.reach(Goal::prepare_refused);
    return step.send(from, multi_paxos::Refused{prepare.ballot, promised_});
  }
  if (keeps_out(from, step.now())) return;
  if (prepare.ballot > promised_) {
    become_follower(step);
    leader_ = {};
    promise(prepare.ballot, step);
  }
  reset_election_timer(step);
  multi_paxos::Promise reply{prepare.ballot, checkpoint_, {}};
  // WRONG if checkpoint_hides_votes. The votes up to the checkpoint are forgotten because all these
  // slots are decided; the candidate takes them to be free, and fills them with no-ops.
  if (config_.bug == Bug::checkpoint_hides_votes) reply.checkpoint = {};
  for (auto at = slots_.upper_bound(prepare.executed); at != slots_.end(); ++at) {
    if (at->second.vote) reply.votes.push_back(*at->second.vote);
  }
  step.send(from, std::move(reply));
}

// A promise is for all slots at once (Lamport 2001, section 3), and on disk before anybody hears of
// it.
void MultiPaxos::promise(Ballot ballot, Step<MultiPaxos>& step) {
  promised_ = ballot;
  // WRONG if promise_not_persisted. The promise is forgotten in a crash, although a leader relies
  // on it.
  if (config_.bug != Bug::promise_not_persisted) step.persist(multi_paxos::PromiseGiven{ballot});
  step.observe(Promised{ballot, {}, {}});
}

// A2: an acceptor accepts a proposal only in the ballot that it has promised. To be asked to accept
// in a higher one is to be asked for the promise as well.
void MultiPaxos::receive(NodeId from, const multi_paxos::Accept& accept, Step<MultiPaxos>& step) {
  const Vote& proposal = accept.proposal;
  Ballot lowest = promised_;
  // WRONG if accept_below_promise or accept_above_accepted. A leader of a higher ballot has built
  // on the promise: it may have found the slot free, or another value in it.
  if (config_.bug == Bug::accept_below_promise) lowest = {};
  if (config_.bug == Bug::accept_above_accepted) {
    const auto known = slots_.find(proposal.slot);
    lowest = known != slots_.end() && known->second.vote ? known->second.vote->ballot : Ballot{};
  }
  if (proposal.ballot < lowest) {
    step.reach(Goal::accept_refused);
    return step.send(from, multi_paxos::Refused{proposal.ballot, promised_});
  }
  follow(from, proposal.ballot, step);
  if (proposal.slot <= checkpoint_) {
    // Decided, and forgotten: the leader lags behind.
    return step.send(from, multi_paxos::Checkpoint{executed_, machine_, configurations_});
  }
  vote(proposal, step);
  step.send(from, multi_paxos::Accepted{proposal.ballot, proposal.slot});
  learn_votes(proposal.ballot, accept.executed, step);
}

void MultiPaxos::vote(const Vote& proposal, Step<MultiPaxos>& step) {
  std::optional<Vote>& cast = slots_[proposal.slot].vote;
  if (cast == proposal) return;  // it was asked again
  cast = proposal;
  promised_ = std::max(promised_, proposal.ballot);
  // WRONG if vote_not_persisted. What is decided is kept by votes alone: without them it is lost in
  // a crash of too many at a time.
  if (config_.bug != Bug::vote_not_persisted) step.persist(proposal);
  step.observe(SlotAccepted{proposal.slot, proposal.ballot, value_of(proposal.value)});
}

void MultiPaxos::receive(NodeId from, const multi_paxos::Heartbeat& heartbeat,
                         Step<MultiPaxos>& step) {
  if (heartbeat.ballot < promised_) {
    return step.send(from, multi_paxos::Refused{heartbeat.ballot, promised_});
  }
  follow(from, heartbeat.ballot, step);
  if (config_.lease) {
    leased_until_ = step.now() + *config_.lease;
    step.send(from, multi_paxos::HeartbeatReply{heartbeat.ballot, heartbeat.sent});
  }
  learn_votes(heartbeat.ballot, heartbeat.executed, step);
  if (executed_ < heartbeat.executed) step.send(from, multi_paxos::CatchUp{executed_});
}

// Word from a leader whose ballot is not below this node's promise.
void MultiPaxos::follow(NodeId leader, Ballot ballot, Step<MultiPaxos>& step) {
  const auto* own = std::get_if<multi_paxos::Leader>(&role_);
  if (own == nullptr || own->ballot < ballot) become_follower(step);
  leader_ = leader;
  reset_election_timer(step);
}

}  // namespace ballast
