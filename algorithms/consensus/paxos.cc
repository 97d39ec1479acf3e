#include "algorithms/consensus/paxos.h"

#include <algorithm>

#include "sim/protocol/register.h"

namespace ballast {
// "An acceptor records its intended response in stable storage before actually sending the
// response" (section 2.5). Records come back in the order in which they were written.
void Paxos::on_recover(const Record& record) {
  if (const auto* used = std::get_if<paxos::RoundUsed>(&record)) {
    proposer_.round = used->round;
  } else if (const auto* given = std::get_if<paxos::PromiseGiven>(&record)) {
    acceptor_.promised = given->ballot;
  } else if (const auto* vote = std::get_if<paxos::Vote>(&record)) {
    acceptor_.vote = *vote;
    acceptor_.promised = std::max(acceptor_.promised, vote->ballot);
  }
}

void Paxos::on_start(Step<Paxos>& step) {
  if (acceptor_.promised != Ballot{}) step.reach(paxos::Goal::promise_recovered);
  step.set_timer(Timer::inquire, config_.inquire);
}

void Paxos::on_message(NodeId from, const Message& message, Step<Paxos>& step) {
  // Whoever still works towards a decision is told of it; all else is settled.
  if (learner_.decided) {
    if (std::holds_alternative<paxos::Prepare>(message) ||
        std::holds_alternative<paxos::Accept>(message) ||
        std::holds_alternative<paxos::Inquire>(message)) {
      step.reach(paxos::Goal::decision_passed_on);
      step.send(from, paxos::Decision{*learner_.decided});
    }
    return;
  }
  std::visit([&](const auto& m) { receive(from, m, step); }, message);
}

void Paxos::on_timer(Timer timer, Step<Paxos>& step) {
  switch (timer) {
    case Timer::retransmit:
      return retransmit(step);
    case Timer::back_off:
      return start_ballot(step);
    case Timer::inquire:
      step.broadcast(paxos::Inquire{});
      step.set_timer(Timer::inquire, config_.inquire);
      return;
  }
}

void Paxos::on_request(const Request& request, Step<Paxos>& step) {
  if (request.command.operation != Operation::propose) {
    return step.reply(request.id, {Outcome::failed, 0, {}});
  }
  if (learner_.decided) {
    return step.reply(request.id, {Outcome::ok, *learner_.decided, {}});
  }
  paxos::add_waiting(proposer_.clients, request.id);
  if (proposer_.own) return;  // one proposal is under way already, and one value will be decided
  proposer_.own = request.command.value;
  step.observe(Proposed{paxos::digest_of(*proposer_.own)});
  start_ballot(step);
}

// --- Proposer ----------------------------------------------------------------------------------

// Phase 1a: "A proposer selects a proposal number n and sends a prepare request with number n to a
// majority of acceptors." It "remembers (in stable storage) the highest-numbered proposal it has
// tried to issue, and begins phase 1 with a higher proposal number than any it has already used"
// (section 2.5): else a proposer that crashed could issue two values under one number.
void Paxos::start_ballot(Step<Paxos>& step) {
  if (config_.bug == paxos::Bug::no_ballots) {
    // WRONG. Without numbers there is nothing to promise and nothing to tell early from late: the
    // proposer asks at once, acceptors let the later proposal overwrite the earlier, and a majority
    // that a learner has counted may be gone when the next one counts.
    return ask(Ballot{}, *proposer_.own, step);
  }
  if (const auto* waited = std::get_if<paxos::BackingOff>(&proposer_.phase)) {
    proposer_.round = std::max(proposer_.round, waited->refused_by);
  }
  ++proposer_.round;
  // WRONG if round_not_persisted. After a crash the number comes again, with another value.
  if (config_.bug != paxos::Bug::round_not_persisted) {
    step.persist(paxos::RoundUsed{proposer_.round});
  }
  // WRONG if shared_ballots: two proposers then ask for two values in one ballot.
  const bool shares =
      config_.bug == paxos::Bug::shared_ballots || config_.bug == paxos::Bug::shared_ballots_once;
  const Ballot ballot{proposer_.round, shares ? NodeId{} : step.self()};
  proposer_.phase = paxos::Preparing{ballot};
  step.observe(Prepared{ballot});
  paxos::send_to_all(paxos::Prepare{ballot}, step);
  step.set_timer(Timer::retransmit, config_.retransmit);
}

void Paxos::receive(NodeId from, const paxos::Promise& promise, Step<Paxos>& step) {
  auto* preparing = std::get_if<paxos::Preparing>(&proposer_.phase);
  if (preparing == nullptr || preparing->ballot != promise.ballot) return;
  // A message may come twice; a majority is one of acceptors, not of messages.
  const bool twice = config_.bug == paxos::Bug::promise_counted_twice;
  for (const paxos::PromiseHeard& heard : preparing->promises) {
    if (heard.acceptor == from && !twice) return;
  }
  preparing->promises.push_back({from, promise.vote});
  std::vector<NodeId> promised;
  for (const paxos::PromiseHeard& heard : preparing->promises) promised.push_back(heard.acceptor);
  // WRONG if promise_counted_twice. It may share no acceptor with those who have decided.
  const bool counts = twice && promised.size() >= majority(step.members().size());
  if (!counts && !is_quorum(config_.quorums, Phase::one, step.members(), promised)) return;
  Ballot reported;
  for (const paxos::PromiseHeard& heard : preparing->promises) {
    if (!heard.vote) continue;
    if (reported != Ballot{} && reported != heard.vote->ballot) {
      step.reach(paxos::Goal::several_votes_reported);
    }
    reported = heard.vote->ballot;
  }
  const std::int64_t value = value_to_ask(preparing->promises);
  if (value != *proposer_.own) step.reach(paxos::Goal::value_adopted);
  ask(promise.ballot, value, step);
}

// Phase 2a: "... a proposal numbered n with a value v, where v is the value of the highest-numbered
// proposal among the responses, or is any value if the responses reported no proposals."
std::int64_t Paxos::value_to_ask(const std::vector<paxos::PromiseHeard>& promises) const {
  std::optional<paxos::Vote> highest;
  // WRONG if own_value_kept. What is reported may have been chosen.
  if (config_.bug == paxos::Bug::own_value_kept) return *proposer_.own;
  for (const paxos::PromiseHeard& heard : promises) {
    if (!heard.vote) continue;
    bool higher = !highest || heard.vote->ballot > highest->ballot;
    // WRONG if largest_value or first_heard_value. Only the highest-numbered proposal is known to
    // agree with all that was chosen below it; the largest value, or the first, may have lost.
    if (config_.bug == paxos::Bug::largest_value) {
      higher = !highest || heard.vote->value > highest->value;
    }
    if (config_.bug == paxos::Bug::first_heard_value) higher = !highest;
    if (higher) highest = heard.vote;
  }
  return highest ? highest->value : *proposer_.own;
}

// Phase 2a: "If the proposer receives a response to its prepare requests (numbered n) from a
// majority of acceptors, then it sends an accept request [...] for a proposal numbered n".
void Paxos::ask(Ballot ballot, std::int64_t value, Step<Paxos>& step) {
  proposer_.phase = paxos::Asking{ballot, value};
  step.observe(AcceptAsked{ballot, paxos::digest_of(value)});
  paxos::send_to_all(paxos::Accept{ballot, value}, step);
  step.set_timer(Timer::retransmit, config_.retransmit);
}

// "If an acceptor ignores a prepare or accept request because it has already received a prepare
// request with a higher number, then it should probably inform the proposer, who should then
// abandon its proposal" (section 2.2). Proposers that came back at once could outbid each other for
// ever (section 2.4): each waits for a random while, longer every time.
void Paxos::receive(NodeId /*from*/, const paxos::Refused& refused, Step<Paxos>& step) {
  const auto* preparing = std::get_if<paxos::Preparing>(&proposer_.phase);
  const auto* asking = std::get_if<paxos::Asking>(&proposer_.phase);
  const bool is_current = (preparing != nullptr && preparing->ballot == refused.ballot) ||
                          (asking != nullptr && asking->ballot == refused.ballot);
  if (!is_current) return;
  const std::int64_t factor = std::int64_t{1}
                              << std::min(proposer_.refusals, config_.back_off_doublings);
  if (++proposer_.refusals > 1) step.reach(paxos::Goal::back_off_doubled);
  proposer_.phase = paxos::BackingOff{refused.promised.round};
  step.cancel_timer(Timer::retransmit);
  step.set_timer(Timer::back_off, config_.back_off.min * factor, config_.back_off.max * factor);
}

// Messages get lost: the request is repeated under the same number, to whoever may not have had it.
void Paxos::retransmit(Step<Paxos>& step) {
  if (const auto* preparing = std::get_if<paxos::Preparing>(&proposer_.phase)) {
    for (const NodeId member : step.members()) {
      const bool has_promised =
          std::any_of(preparing->promises.begin(), preparing->promises.end(),
                      [&](const paxos::PromiseHeard& heard) { return heard.acceptor == member; });
      if (!has_promised) step.send(member, paxos::Prepare{preparing->ballot});
    }
  } else if (const auto* asking = std::get_if<paxos::Asking>(&proposer_.phase)) {
    paxos::send_to_all(paxos::Accept{asking->ballot, asking->value}, step);
  }
  step.set_timer(Timer::retransmit, config_.retransmit);
}

// --- Acceptor ----------------------------------------------------------------------------------

// Phase 1b: "If an acceptor receives a prepare request with number n greater than that of any
// prepare request to which it has already responded, then it responds to the request with a promise
// not to accept any more proposals numbered less than n and with the highest-numbered proposal (if
// any) that it has accepted." A request that comes again is answered again.
void Paxos::receive(NodeId from, const paxos::Prepare& prepare, Step<Paxos>& step) {
  // WRONG if promise_overwritten. A late prepare request then takes back a promise on which the
  // proposer of a higher ballot has built: a lower ballot can still be accepted behind its back.
  if (prepare.ballot < acceptor_.promised && config_.bug != paxos::Bug::promise_overwritten) {
    step.reach(paxos::Goal::prepare_refused);
    return step.send(from, paxos::Refused{prepare.ballot, acceptor_.promised});
  }
  // Not wrong, though a proposer that heard nothing has to try a higher number.
  const bool once = config_.bug == paxos::Bug::shared_ballots_once;
  if (once && prepare.ballot == acceptor_.promised) return;
  // With a vote in this very ballot, its proposer has had its majority: the request is an old copy.
  if (acceptor_.vote && acceptor_.vote->ballot == prepare.ballot) return;
  if (acceptor_.promised != prepare.ballot) {
    acceptor_.promised = prepare.ballot;
    // WRONG if promise_not_persisted. The promise is then forgotten in a crash, although the
    // proposer that holds it goes on to rely on it.
    if (config_.bug != paxos::Bug::promise_not_persisted) {
      step.persist(paxos::PromiseGiven{prepare.ballot});
    }
  }
  const paxos::Vote vote = acceptor_.vote.value_or(paxos::Vote{});
  step.observe(Promised{prepare.ballot, vote.ballot, paxos::digest_of(vote.value)});
  step.send(from, paxos::Promise{prepare.ballot, acceptor_.vote});
}

// Phase 2b: "If an acceptor receives an accept request for a proposal numbered n, it accepts the
// proposal unless it has already responded to a prepare request having a number greater than n."
// Its response goes "to all learners" (section 2.3).
void Paxos::receive(NodeId from, const paxos::Accept& accept, Step<Paxos>& step) {
  const Ballot last_accepted = acceptor_.vote ? acceptor_.vote->ballot : Ballot{};
  // WRONG if accept_above_accepted. The promise is what the proposer of a higher ballot relies on;
  // comparing with the last vote lets a lower ballot be accepted after that promise.
  Ballot lowest =
      config_.bug == paxos::Bug::accept_above_accepted ? last_accepted : acceptor_.promised;
  if (config_.bug == paxos::Bug::accept_below_promise) lowest = {};  // WRONG in the same way.
  if (accept.ballot < lowest) {
    step.reach(paxos::Goal::accept_refused);
    return step.send(from, paxos::Refused{accept.ballot, acceptor_.promised});
  }
  const paxos::Vote vote{accept.ballot, accept.value};
  if (acceptor_.vote != vote) {
    if (acceptor_.vote) step.reach(paxos::Goal::vote_changed);
    acceptor_.vote = vote;
    // To accept is to promise as well: the prose leaves it out, Lamport's specification has it
    // (Paxos.tla, Phase2b). An acceptor that missed the prepare request needs it.
    acceptor_.promised = std::max(acceptor_.promised, accept.ballot);
    // WRONG if vote_not_persisted. A decision is kept by votes alone, and a crash takes them.
    if (config_.bug != paxos::Bug::vote_not_persisted) step.persist(vote);
  }
  step.observe(Accepted{accept.ballot, paxos::digest_of(accept.value)});
  paxos::send_to_all(paxos::Accepted{accept.ballot, accept.value}, step);
}

// "The learner could ask the acceptors what proposals they have accepted" (section 2.3): messages
// get lost, and it may have missed them. No new vote is cast, so no new claim is made.
void Paxos::receive(NodeId from, const paxos::Inquire& /*inquire*/, Step<Paxos>& step) {
  if (acceptor_.vote) {
    step.reach(paxos::Goal::learnt_by_inquiry);
    step.send(from, paxos::Accepted{acceptor_.vote->ballot, acceptor_.vote->value});
  }
}

// --- Learner -----------------------------------------------------------------------------------

// "To learn that a value has been chosen, a learner must find out that a proposal has been accepted
// by a majority of acceptors" (section 2.3): one proposal, that is, one ballot. Of each acceptor
// the highest-numbered vote is enough. An older one could only complete a majority for a value that
// is chosen then, and by P2b later ballots carry the same.
void Paxos::receive(NodeId from, const paxos::Accepted& accepted, Step<Paxos>& step) {
  const paxos::Vote vote{accepted.ballot, accepted.value};
  std::vector<NodeId> same;  // who voted like this
  bool is_new = true;
  for (paxos::VoteHeard& heard : learner_.votes) {
    if (heard.acceptor == from) {
      is_new = false;
      if (vote.ballot >= heard.vote.ballot) heard.vote = vote;
    }
    // WRONG if votes_of_all_ballots. Votes in two ballots chose nothing: between them a third one
    // may hold another value, which a higher ballot has to take.
    const bool counts = heard.vote == vote || (config_.bug == paxos::Bug::votes_of_all_ballots &&
                                               heard.vote.value == vote.value);
    if (counts) same.push_back(heard.acceptor);
  }
  // WRONG if votes_counted_twice. A message that came twice is one vote.
  const bool twice = config_.bug == paxos::Bug::votes_counted_twice;
  if (is_new || twice) {
    learner_.votes.push_back({from, vote});
    same.push_back(from);
  }
  const bool enough = twice && same.size() >= majority(step.members().size());
  if (enough || is_quorum(config_.quorums, Phase::two, step.members(), same)) {
    decide(accepted.value, step);
  }
}

void Paxos::receive(NodeId /*from*/, const paxos::Decision& decision, Step<Paxos>& step) {
  decide(decision.value, step);
}

void Paxos::decide(std::int64_t value, Step<Paxos>& step) {
  learner_.decided = value;
  step.observe(Decided{Slot{1}, paxos::digest_of(value)});
  for (const RequestId& client : proposer_.clients) {
    step.reply(client, {Outcome::ok, value, {}});
  }
  proposer_.clients.clear();
  proposer_.phase = paxos::Idle{};
  step.cancel_timer(Timer::retransmit);
  step.cancel_timer(Timer::back_off);
  step.cancel_timer(Timer::inquire);
}

namespace {
const Register<Paxos> registered;
}

}  // namespace ballast
