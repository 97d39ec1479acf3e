// Acceptors and learners of Fast Paxos.
#include <algorithm>

#include "algorithms/consensus/fast_paxos.h"

namespace ballast {

// --- Acceptor ----------------------------------------------------------------------------------

// A vote in a fast round i "carries exactly the same information as its round i + 1 phase 1b
// message" (3.2): that the acceptor "can cast no further vote in any round numbered less than
// i + 1". So it counts as that promise.
Ballot FastPaxos::promised_by_vote_in(const Ballot& ballot) const {
  return config_.is_fast(ballot) ? Ballot{ballot.round + 1, ballot.proposer} : ballot;
}

// "When an acceptor receives a phase 2a any message, it may treat any proposer's message proposing
// a value as if it were an ordinary round i phase 2a message with that value. (However, it may
// execute its round i phase 2b action only once, for a single value.)" (3.1)
void FastPaxos::receive(NodeId /*from*/, const fast_paxos::Propose& propose,
                        Step<FastPaxos>& step) {
  if (!acceptor_.heard) acceptor_.heard = propose.value;
  vote_if_open(propose.value, step);
  if (const auto* waiting = std::get_if<fast_paxos::Waiting>(&coordinator_.phase)) {
    ask(Ballot{waiting->ballot}, propose.value, step);
  }
}

void FastPaxos::vote_if_open(std::int64_t value, Step<FastPaxos>& step) {
  const Ballot open = acceptor_.open;
  if (open == Ballot{}) return;
  // WRONG if second_vote. Its first vote may be one of those that have chosen a value.
  if (makes(Bug::second_vote) && acceptor_.vote && acceptor_.vote->ballot == open) {
    if (acceptor_.vote->value != value) cast({open, value}, step);
    return;
  }
  if (acceptor_.vote && acceptor_.vote->ballot >= open) return;
  // WRONG if late_vote. The coordinator of the higher round has been told that there will be none.
  if (open < acceptor_.promised && !makes(Bug::late_vote)) return;
  cast({open, value}, step);
}

void FastPaxos::receive(NodeId from, const fast_paxos::AcceptAny& any, Step<FastPaxos>& step) {
  if (acceptor_.vote && acceptor_.vote->ballot == any.ballot) {
    return step.send(from, fast_paxos::Accepted{any.ballot, acceptor_.vote->value});
  }
  if (any.ballot < acceptor_.promised) {
    step.reach(Goal::request_refused);
    return step.send(from, fast_paxos::Refused{any.ballot, acceptor_.promised});
  }
  acceptor_.open = any.ballot;
  acceptor_.recovery = any.recovery;
  if (acceptor_.heard) vote_if_open(*acceptor_.heard, step);
}

// Phase 1b: "If an acceptor a receives a request to participate in round i and i > rnd[a], then a
// sets rnd[a] to i and sends coordinator c a message containing the round number i and the current
// values of vrnd[a] and vval[a]" (2.2.1). A request that comes again is answered again.
void FastPaxos::receive(NodeId from, const fast_paxos::Prepare& prepare, Step<FastPaxos>& step) {
  if (prepare.ballot < acceptor_.promised) {
    step.reach(Goal::request_refused);
    return step.send(from, fast_paxos::Refused{prepare.ballot, acceptor_.promised});
  }
  // With a vote in this very round, its coordinator has had its quorum: the request is an old copy.
  if (acceptor_.vote && acceptor_.vote->ballot == prepare.ballot) return;
  if (acceptor_.promised != prepare.ballot) {
    acceptor_.promised = prepare.ballot;
    // WRONG if promise_not_persisted. The promise is forgotten in a crash, although the coordinator
    // that holds it goes on to rely on it.
    if (!makes(Bug::promise_not_persisted)) {
      step.persist(fast_paxos::PromiseGiven{prepare.ballot});
    }
  }
  const fast_paxos::Vote vote = acceptor_.vote.value_or(fast_paxos::Vote{});
  step.observe(Promised{prepare.ballot, vote.ballot, paxos::digest_of(vote.value)});
  step.send(from, fast_paxos::Promise{prepare.ballot, acceptor_.vote});
}

// Phase 2b: "If an acceptor a receives a request to vote in round i to accept a value v, and
// i >= rnd[a] and vrnd[a] != i; then a votes in round i to accept v" (2.2.1).
void FastPaxos::receive(NodeId from, const fast_paxos::Accept& accept, Step<FastPaxos>& step) {
  const bool has_voted = acceptor_.vote && acceptor_.vote->ballot == accept.ballot;
  // WRONG if recovery_in_same_round: see recover().
  if (has_voted && !makes(Bug::recovery_in_same_round)) {
    return step.send(from, fast_paxos::Accepted{accept.ballot, acceptor_.vote->value});
  }
  const bool late = accept.ballot < acceptor_.promised && !has_voted;
  // WRONG if accept_below_promise. The coordinator of a higher round has been told otherwise.
  if (late && !makes(Bug::accept_below_promise)) {
    step.reach(Goal::request_refused);
    return step.send(from, fast_paxos::Refused{accept.ballot, acceptor_.promised});
  }
  cast({accept.ballot, accept.value}, step);
}

void FastPaxos::cast(const fast_paxos::Vote& vote, Step<FastPaxos>& step) {
  acceptor_.vote = vote;
  const Ballot promise = promised_by_vote_in(vote.ballot);
  acceptor_.promised = std::max(acceptor_.promised, promise);
  // WRONG if vote_not_persisted. A decision is kept by votes alone, and a crash takes them.
  if (!makes(Bug::vote_not_persisted)) step.persist(vote);
  const ValueDigest value = paxos::digest_of(vote.value);
  step.observe(Accepted{vote.ballot, value});
  if (promise != vote.ballot) step.observe(Promised{promise, vote.ballot, value});
  paxos::send_to_all(fast_paxos::Accepted{vote.ballot, vote.value}, step);
}

// "Each acceptor uses the same procedure as in coordinated recovery to pick a value v that the
// coordinator could send in a round i + 1 phase 2a message. It then executes phase 2b for round
// i + 1 as if it had received such a phase 2a message" (3.2). All go by the votes of the quorum
// that the coordinator named when it opened round i (3.4.2), so that they pick the same.
void FastPaxos::recover_by_oneself(Ballot round, Step<FastPaxos>& step) {
  const Ballot next{round.round + 1, round.proposer};
  const bool opens = config_.is_fast(next);
  if (!opens && !makes(Bug::own_pick_in_classic_round)) return;
  if (acceptor_.open != round || acceptor_.promised > next) return;
  if (acceptor_.vote && acceptor_.vote->ballot >= next) return;
  Reports votes = votes_in(round);
  // WRONG if own_pick_in_classic_round, though not for that alone: who goes by other votes may pick
  // another value, which only a fast round allows for.
  if (opens) {
    std::erase_if(votes, [&](const fast_paxos::PromiseHeard& vote) {
      return std::find(acceptor_.recovery.begin(), acceptor_.recovery.end(), vote.acceptor) ==
             acceptor_.recovery.end();
    });
    if (votes.size() < acceptor_.recovery.size()) return;
  }
  const std::optional<std::int64_t> value = pick(votes, step);
  if (!value) return;
  step.reach(Goal::recovered_by_acceptor);
  if (opens) step.observe(RoundOpened{next, config_.fast_quorum_of(step.members().size())});
  cast({next, *value}, step);
}

// Messages get lost: who asks is told the vote again. No new vote is cast, so no new claim is made.
void FastPaxos::receive(NodeId from, const fast_paxos::Inquire& /*inquire*/,
                        Step<FastPaxos>& step) {
  if (!acceptor_.vote) return;
  step.send(from, fast_paxos::Accepted{acceptor_.vote->ballot, acceptor_.vote->value});
}

// --- Learner -----------------------------------------------------------------------------------

// "A learner learns a value v if, for some round i, it receives phase 2b messages from [an
// i-quorum of] acceptors announcing that they have all voted for v in round i" (2.2.1). Of each
// acceptor the highest-numbered vote is enough: by CP, later rounds carry what is chosen.
void FastPaxos::receive(NodeId from, const fast_paxos::Accepted& accepted, Step<FastPaxos>& step) {
  const fast_paxos::Vote vote{accepted.ballot, accepted.value};
  std::vector<NodeId> same;  // who voted like this
  bool is_new = true;
  for (fast_paxos::VoteHeard& heard : learner_.votes) {
    if (heard.acceptor == from) {
      is_new = false;
      if (vote.ballot >= heard.vote.ballot) heard.vote = vote;
    }
    // WRONG if votes_of_all_rounds. Votes in two rounds chose nothing: a third one between them may
    // hold another value, which a higher round has to take.
    const bool counts =
        heard.vote == vote || (makes(Bug::votes_of_all_rounds) && heard.vote.value == vote.value);
    if (counts) same.push_back(heard.acceptor);
  }
  // WRONG if votes_counted_twice. A message that came twice is one vote.
  const bool twice = makes(Bug::votes_counted_twice);
  if (is_new || twice) {
    learner_.votes.push_back({from, vote});
    same.push_back(from);
  }
  const bool fast = config_.is_fast(vote.ballot);
  const std::size_t n = step.members().size();
  bool enough = config_.is_quorum(vote.ballot, Phase::two, step.members(), same);
  if (twice) enough = same.size() >= (fast ? config_.fast_quorum_of(n) : majority(n));
  // WRONG if fast_majority. Two classic quorums may have voted differently as seen from a third.
  if (makes(Bug::fast_majority)) {
    enough = is_quorum(config_.quorums, Phase::two, step.members(), same);
  }
  if (enough) {
    step.reach(fast ? Goal::chosen_fast : Goal::chosen_classic);
    return decide(accepted.value, step);
  }
  if (fast) look_for_collision(vote.ballot, step);
}

FastPaxos::Reports FastPaxos::votes_in(const Ballot& round) const {
  Reports votes;
  for (const fast_paxos::VoteHeard& heard : learner_.votes) {
    if (heard.vote.ballot == round) votes.push_back({heard.acceptor, heard.vote});
  }
  return votes;
}

// There is a collision once no value can be chosen any more, not even by all who are still to vote.
void FastPaxos::look_for_collision(Ballot round, Step<FastPaxos>& step) {
  const Reports votes = votes_in(round);
  if (votes.empty()) return;
  const auto differs = [&](const auto& vote) { return vote.vote != votes.front().vote; };
  if (std::none_of(votes.begin(), votes.end(), differs)) return;
  // Whether everybody who has not voted, and those who voted like this, are a quorum: that is O4
  // with all who have voted for Q.
  const auto choosable = [&](const auto& vote) {
    return satisfies_o4(*vote.vote, votes, step.members());
  };
  const bool undecided = std::any_of(votes.begin(), votes.end(), choosable);
  if (undecided && !makes(Bug::recovery_without_quorum)) return;
  step.reach(Goal::collision);
  if (config_.recovery == fast_paxos::Recovery::uncoordinated) recover_by_oneself(round, step);
  recover(round, step);
}

void FastPaxos::receive(NodeId /*from*/, const fast_paxos::Decision& decision,
                        Step<FastPaxos>& step) {
  decide(decision.value, step);
}

void FastPaxos::decide(std::int64_t value, Step<FastPaxos>& step) {
  learner_.decided = value;
  step.observe(Decided{Slot{1}, paxos::digest_of(value)});
  for (const RequestId& client : proposer_.clients) {
    step.reply(client, {Outcome::ok, value, {}});
  }
  proposer_.clients.clear();
  coordinator_.phase = fast_paxos::Idle{};
  step.cancel_timer(Timer::retransmit);
  step.cancel_timer(Timer::back_off);
  step.cancel_timer(Timer::take_over);
  step.cancel_timer(Timer::inquire);
}

}  // namespace ballast
