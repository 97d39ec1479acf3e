// Coordinators and proposers of Fast Paxos.
#include "algorithms/consensus/fast_paxos.h"

#include <algorithm>

#include "sim/protocol/register.h"

namespace ballast {
namespace fast_paxos {

// Any fast quorum shares an acceptor with any classic one of phase 2; any two of them share some,
// 2f - n at least, of which one is in any third quorum, which fewer than that many are outside of.
std::size_t least_fast_quorum(const QuorumSystem& classic, std::size_t members) {
  const std::size_t electors = fewest(classic, Phase::one, members);
  const std::size_t deciders = fewest(classic, Phase::two, members);
  return std::max({members - deciders + 1, (2 * members - electors) / 2 + 1, 2 * members / 3 + 1});
}

std::uint32_t Config::fast_quorum_of(std::size_t members) const {
  if (fast_quorum != 0) return fast_quorum;
  return static_cast<std::uint32_t>(least_fast_quorum(quorums, members));
}

std::string Config::misfit(std::size_t members) const {
  if (fast_quorum > members) {
    return "fast_quorum: takes " + std::to_string(fast_quorum) + " members; there are " +
           std::to_string(members);
  }
  const std::size_t least = least_fast_quorum(quorums, members);
  if (fast_quorum == 0 || fast_quorum >= least || unsafe_quorums) return {};
  return "fast_quorum: two fast quorums of " + std::to_string(fast_quorum) +
         " and a third quorum need not share a member: beside these classic quorums it takes " +
         std::to_string(least) + " of " + std::to_string(members) +
         "; \"unsafe_quorums\": true shows what then happens";
}

bool Config::is_fast(const Ballot& ballot) const {
  // WRONG if own_pick_in_classic_round. Where acceptors pick by themselves they may pick
  // differently, and two classic quorums need not share an acceptor with a third.
  if (bug == Bug::own_pick_in_classic_round) return ballot.round % turn() == 1;
  return ballot.round % turn() != 0;
}

bool Config::is_quorum(const Ballot& ballot, Phase phase, std::span<const NodeId> members,
                       const std::vector<NodeId>& some) const {
  if (!is_fast(ballot)) return ballast::is_quorum(quorums, phase, members, some);
  const std::uint32_t fast = fast_quorum_of(members.size());
  return ballast::is_quorum(quorum::Sizes{fast, fast}, phase, members, some);
}

}  // namespace fast_paxos

fast_paxos::Rounds FastPaxos::rounds(const Step<FastPaxos>& step) const {
  return {step.members(), config_.turn()};
}

void FastPaxos::on_recover(const Record& record) {
  if (const auto* used = std::get_if<fast_paxos::RoundUsed>(&record)) {
    coordinator_.round = used->round;
  } else if (const auto* given = std::get_if<fast_paxos::PromiseGiven>(&record)) {
    acceptor_.promised = given->ballot;
  } else if (const auto* vote = std::get_if<fast_paxos::Vote>(&record)) {
    acceptor_.vote = *vote;
    acceptor_.promised = std::max(acceptor_.promised, promised_by_vote_in(vote->ballot));
  }
}

// "This is normally done when c is selected to be leader, before any values are proposed" (3.1).
void FastPaxos::on_start(Step<FastPaxos>& step) {
  if (acceptor_.vote) step.reach(Goal::vote_recovered);
  step.set_timer(Timer::inquire, config_.inquire);
  const bool is_first = step.members().front() == step.self();
  if (is_first && coordinator_.round == 0) start_turn(step);
}

void FastPaxos::on_message(NodeId from, const Message& message, Step<FastPaxos>& step) {
  // Whoever still works towards a decision is told of it; all else is settled.
  if (learner_.decided) {
    const bool asks = std::holds_alternative<fast_paxos::Propose>(message) ||
                      std::holds_alternative<fast_paxos::Prepare>(message) ||
                      std::holds_alternative<fast_paxos::Accept>(message) ||
                      std::holds_alternative<fast_paxos::AcceptAny>(message) ||
                      std::holds_alternative<fast_paxos::Inquire>(message);
    if (asks) step.send(from, fast_paxos::Decision{*learner_.decided});
    return;
  }
  std::visit([&](const auto& m) { receive(from, m, step); }, message);
}

void FastPaxos::on_timer(Timer timer, Step<FastPaxos>& step) {
  switch (timer) {
    case Timer::retransmit:
      return retransmit(step);
    case Timer::back_off:
      return start_turn(step);
    case Timer::take_over:
      // Who coordinates already goes on until there is a decision.
      if (std::holds_alternative<fast_paxos::Idle>(coordinator_.phase)) start_turn(step);
      return;
    case Timer::inquire:
      step.broadcast(fast_paxos::Inquire{});
      step.set_timer(Timer::inquire, config_.inquire);
      return;
  }
}

// "It might be easier to have them send their proposals to all coordinators and acceptors" (3.4.3).
void FastPaxos::on_request(const Request& request, Step<FastPaxos>& step) {
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
  paxos::send_to_all(fast_paxos::Propose{*proposer_.own}, step);
  step.set_timer(Timer::take_over, config_.take_over);
}

std::optional<std::int64_t> FastPaxos::known_proposal() const {
  return proposer_.own ? proposer_.own : acceptor_.heard;
}

// --- Coordinator -------------------------------------------------------------------------------

Ballot FastPaxos::round_under_way() const {
  const auto ballot_of = [](const auto& phase) {
    if constexpr (requires { phase.ballot; }) return phase.ballot;
    return Ballot{};
  };
  return std::visit(ballot_of, coordinator_.phase);
}

// "If coordinator c believes itself to be the leader and crnd[c] remains a fast round number, then
// c must eventually begin a new classic round" (CA4, section 3.3): so it begins no second fast one.
void FastPaxos::start_turn(Step<FastPaxos>& step) {
  std::uint64_t above = coordinator_.round;
  if (const auto* waited = std::get_if<fast_paxos::BackingOff>(&coordinator_.phase)) {
    above = std::max(above, waited->refused_by);
  }
  const fast_paxos::Rounds all = rounds(step);
  const std::uint64_t turn = all.next_turn(step.self(), above);
  // WRONG if only_fast_rounds. Less than a fast quorum may be left, or proposals collide for ever.
  const bool was_fast = coordinator_.round != 0 && config_.is_fast(all.at(coordinator_.round));
  const bool fast = (turn < config_.fast_turns && !was_fast) || makes(Bug::only_fast_rounds);
  begin(all.at(turn * all.turn + (fast ? 1 : all.turn)), step);
}

// Phase 1a: "If crnd[c] < i, then c starts round i by setting crnd[c] to i [...] and sending a
// message to each acceptor a requesting that a participate in round i" (2.2.1).
void FastPaxos::begin(Ballot ballot, Step<FastPaxos>& step) {
  coordinator_.round = ballot.round;
  coordinator_.repeats = 0;
  // WRONG if round_not_persisted. After a crash the round begins again, and may be given another
  // value; or votes cast in it before the crash are taken for those of its second beginning.
  if (!makes(Bug::round_not_persisted)) step.persist(fast_paxos::RoundUsed{ballot.round});
  coordinator_.phase = fast_paxos::Preparing{ballot};
  step.observe(Prepared{ballot});
  paxos::send_to_all(fast_paxos::Prepare{ballot}, step);
  step.set_timer(Timer::retransmit, config_.retransmit);
}

void FastPaxos::receive(NodeId from, const fast_paxos::Promise& promise, Step<FastPaxos>& step) {
  auto* preparing = std::get_if<fast_paxos::Preparing>(&coordinator_.phase);
  if (preparing == nullptr || preparing->ballot != promise.ballot) return;
  const bool twice = makes(Bug::promises_counted_twice);
  for (const fast_paxos::PromiseHeard& heard : preparing->promises) {
    if (heard.acceptor == from && !twice) return;
  }
  preparing->promises.push_back({from, promise.vote});
  std::vector<NodeId> promised;
  for (const fast_paxos::PromiseHeard& heard : preparing->promises) {
    promised.push_back(heard.acceptor);
  }
  // WRONG if promises_counted_twice. It may share no acceptor with those who have decided.
  const std::size_t least = config_.is_fast(promise.ballot)
                                ? config_.fast_quorum_of(step.members().size())
                                : majority(step.members().size());
  const bool counts = twice && promised.size() >= least;
  if (!counts && !config_.is_quorum(promise.ballot, Phase::one, step.members(), promised)) {
    return;
  }
  const std::optional<std::int64_t> value = pick(preparing->promises, step);
  // "In a fast round i, if the coordinator can pick any proposed value in phase 2a, then instead of
  // picking a single value, it may instead send a special phase 2a message called an any message"
  // (3.1). WRONG if any_over_votes: what was reported may have been chosen.
  const bool any = config_.is_fast(promise.ballot) && (!value || makes(Bug::any_over_votes));
  if (any) return open(promise.ballot, std::move(promised), step);
  const std::optional<std::int64_t> asked = value ? value : known_proposal();
  if (asked) return ask(promise.ballot, *asked, step);
  coordinator_.phase = fast_paxos::Waiting{promise.ballot};
  step.cancel_timer(Timer::retransmit);
}

void FastPaxos::open(Ballot ballot, std::vector<NodeId> recovery, Step<FastPaxos>& step) {
  step.observe(RoundOpened{ballot, config_.fast_quorum_of(step.members().size())});
  paxos::send_to_all(fast_paxos::AcceptAny{ballot, recovery}, step);
  coordinator_.phase = fast_paxos::Open{ballot, std::move(recovery)};
  coordinator_.repeats = 0;
  step.set_timer(Timer::retransmit, config_.retransmit);
}

void FastPaxos::ask(Ballot ballot, std::int64_t value, Step<FastPaxos>& step) {
  coordinator_.phase = fast_paxos::Asking{ballot, value};
  step.observe(AcceptAsked{ballot, paxos::digest_of(value)});
  paxos::send_to_all(fast_paxos::Accept{ballot, value}, step);
  step.set_timer(Timer::retransmit, config_.retransmit);
}

// "c begins a new round only if it has learned that a round j has been started, for some j with
// crnd[c] < j < i" (CA2). Who has nothing to propose leaves it to the other; coordinators that came
// back at once could refuse each other for ever, so each waits for a random while.
void FastPaxos::receive(NodeId /*from*/, const fast_paxos::Refused& refused,
                        Step<FastPaxos>& step) {
  if (round_under_way() != refused.ballot) return;
  step.cancel_timer(Timer::retransmit);
  if (!proposer_.own) {
    coordinator_.phase = fast_paxos::Idle{};
    return;
  }
  const std::int64_t factor = std::int64_t{1}
                              << std::min(coordinator_.refusals, config_.back_off_doublings);
  ++coordinator_.refusals;
  coordinator_.phase = fast_paxos::BackingOff{refused.promised.round};
  step.set_timer(Timer::back_off, config_.back_off.min * factor, config_.back_off.max * factor);
}

// "If c receives those messages from an (i + 1)-quorum of acceptors and sees that a collision may
// have occurred, then it treats those phase 2b messages as if they were the corresponding round
// i + 1 phase 1b messages and executes phase 2a of round i + 1" (3.2). Whether this was possible.
bool FastPaxos::recover(Ballot round, Step<FastPaxos>& step) {
  const auto* open = std::get_if<fast_paxos::Open>(&coordinator_.phase);
  if (open == nullptr || round.proposer != step.self() || !config_.is_fast(round) ||
      round < open->ballot || round.round >= open->ballot.round + config_.turn()) {
    return false;
  }
  Ballot next{round.round + 1, round.proposer};
  if (config_.is_fast(next)) return false;  // it is the acceptors' to recover in
  if (config_.recovery == fast_paxos::Recovery::new_round) {
    begin(next, step);
    return true;
  }
  const Reports votes = votes_in(round);
  std::vector<NodeId> voters;
  for (const fast_paxos::PromiseHeard& vote : votes) voters.push_back(vote.acceptor);
  // WRONG if recovery_without_quorum. Others may have chosen, or may yet choose, what it overrules.
  if (!makes(Bug::recovery_without_quorum) &&
      !config_.is_quorum(next, Phase::one, step.members(), voters)) {
    return false;
  }
  const std::optional<std::int64_t> value = pick(votes, step);
  if (!value) return false;
  // WRONG if recovery_in_same_round. Votes that made up a quorum there are then taken back.
  if (makes(Bug::recovery_in_same_round)) next = round;
  // WRONG if recovery_in_later_round. A vote in round i promises nothing about rounds after i + 1:
  // in those between, others may have chosen another value meanwhile.
  if (makes(Bug::recovery_in_later_round)) {
    const fast_paxos::Rounds all = rounds(step);
    next = all.at((all.next_turn(step.self(), round.round) + 1) * all.turn);
    coordinator_.round = next.round;
    step.persist(fast_paxos::RoundUsed{next.round});
  }
  step.reach(Goal::recovered_by_coordinator);
  ask(next, *value, step);
  return true;
}

// Messages get lost: the request is repeated, to whoever may not have had it (CA3). A fast round
// may have too few acceptors for good, or votes that are too different: after the first repetition
// its coordinator recovers from what it has heard, or begins a classic one (CA4). As long as
// nothing is proposed there is no haste.
void FastPaxos::retransmit(Step<FastPaxos>& step) {
  const Ballot current = round_under_way();
  Ballot voted;
  for (const fast_paxos::VoteHeard& heard : learner_.votes) {
    if (heard.vote.ballot.proposer == step.self()) voted = std::max(voted, heard.vote.ballot);
  }
  const bool is_due = voted != Ballot{} || known_proposal();
  if (config_.is_fast(current) && is_due) {
    if (recover(voted, step)) return;
    if (coordinator_.repeats++ > 0) {
      step.reach(Goal::classic_round_after_fast);
      return start_turn(step);
    }
  }
  if (const auto* preparing = std::get_if<fast_paxos::Preparing>(&coordinator_.phase)) {
    for (const NodeId member : step.members()) {
      const bool has_promised =
          std::any_of(preparing->promises.begin(), preparing->promises.end(),
                      [&](const auto& heard) { return heard.acceptor == member; });
      if (!has_promised) step.send(member, fast_paxos::Prepare{current});
    }
  } else if (const auto* asking = std::get_if<fast_paxos::Asking>(&coordinator_.phase)) {
    paxos::send_to_all(fast_paxos::Accept{current, asking->value}, step);
  } else if (const auto* open = std::get_if<fast_paxos::Open>(&coordinator_.phase)) {
    if (is_due) paxos::send_to_all(fast_paxos::AcceptAny{current, open->recovery}, step);
  }
  step.set_timer(Timer::retransmit, config_.retransmit);
}

// --- The rule of Figure 2 ----------------------------------------------------------------------

// The value to ask for, given the votes that a quorum Q reports; none if k = 0, and any proposed
// value will do. In the final ELSE case any value would do as well; taking the smallest of V is "a
// fixed procedure for picking a value from V" (3.4.2).
std::optional<std::int64_t> FastPaxos::pick(const Reports& reports, Step<FastPaxos>& step) const {
  Ballot k;
  for (const fast_paxos::PromiseHeard& report : reports) {
    if (report.vote) k = std::max(k, report.vote->ballot);
  }
  if (k == Ballot{}) return std::nullopt;
  // WRONG if highest_round_ignored. What lost in an earlier round may be larger than what has won.
  const bool any_round = makes(Bug::highest_round_ignored);
  std::vector<std::int64_t> v;  // V, with repetitions
  for (const fast_paxos::PromiseHeard& report : reports) {
    if (report.vote && (report.vote->ballot == k || any_round)) v.push_back(report.vote->value);
  }
  std::sort(v.begin(), v.end());
  if (v.front() == v.back()) return v.front();
  step.reach(Goal::several_values_reported);
  // WRONG if largest_value. Another one may have been chosen, or be about to be.
  if (makes(Bug::largest_value) || any_round) return v.back();
  if (makes(Bug::most_votes)) {
    // Not wrong: fewer than n - f acceptors of Q can have voted otherwise than a fast quorum of f
    // did, and by the Quorum Requirement more than n - f of Q voted with it.
    return *std::max_element(v.begin(), v.end(), [&](std::int64_t a, std::int64_t b) {
      return std::count(v.begin(), v.end(), a) < std::count(v.begin(), v.end(), b);
    });
  }
  for (const std::int64_t w : v) {
    if (!satisfies_o4({k, w}, reports, step.members())) continue;
    step.reach(Goal::value_saved);
    return w;
  }
  return v.front();
}

// "Define O4(v) to be true iff there exists a k-quorum R such that vr(a) = k and vv(a) = v for all
// acceptors a in R n Q" (3.1): the largest candidate for R is all of Q that voted like this, and
// all that are not in Q.
bool FastPaxos::satisfies_o4(const fast_paxos::Vote& w, const Reports& reports,
                             std::span<const NodeId> members) const {
  std::vector<NodeId> r;
  for (const NodeId member : members) {
    const auto report = std::find_if(reports.begin(), reports.end(),
                                     [&](const auto& each) { return each.acceptor == member; });
    if (report == reports.end() || report->vote == w) r.push_back(member);
  }
  return config_.is_quorum(w.ballot, Phase::two, members, r);
}

namespace {
const Register<FastPaxos> registered;
}

}  // namespace ballast
