#include "algorithms/consensus/multi_paxos.h"

#include <algorithm>
#include <utility>

#include "algorithms/consensus/replica.h"
#include "sim/protocol/register.h"

namespace ballast {

using multi_paxos::Candidate;
using multi_paxos::Follower;
using multi_paxos::Goal;
using multi_paxos::Leader;
using multi_paxos::Role;
using multi_paxos::SlotState;
using multi_paxos::SlotValue;
using multi_paxos::Vote;

namespace {

const Register<MultiPaxos> registered_multi_paxos;

// Round numbers of one member leave the same remainder when divided by the number of members (PML
// 3.1), so that a round belongs to one leader.
std::uint64_t next_round(std::uint64_t after, NodeId self, std::span<const NodeId> members) {
  const std::uint64_t count = members.size();
  const auto position = static_cast<std::uint64_t>(
      std::lower_bound(members.begin(), members.end(), self) - members.begin());
  return after + 1 + (count + position - (after + 1) % count) % count;
}

}  // namespace

// --- Life --------------------------------------------------------------------------------------

void MultiPaxos::on_recover(const Record& record) {
  if (const auto* given = std::get_if<multi_paxos::PromiseGiven>(&record)) {
    promised_ = given->ballot;
  } else if (const auto* cast = std::get_if<Vote>(&record)) {
    promised_ = std::max(promised_, cast->ballot);
    if (cast->slot > checkpoint_) slots_[cast->slot].vote = *cast;
  } else if (const auto* kept = std::get_if<multi_paxos::CheckpointKept>(&record)) {
    promised_ = kept->promised;
    machine_ = kept->machine;
    executed_ = checkpoint_ = kept->slot;
    slots_.clear();
    configurations_ = kept->configurations;
    for (const Vote& each : kept->votes) on_recover(each);
  }
}

void MultiPaxos::on_start(Step<MultiPaxos>& step) {
  if (promised_ != Ballot{}) step.reach(Goal::promise_recovered);
  if (executed_) step.reach(Goal::checkpoint_recovered);
  begin_with_voters(step);
  // It may have granted a lease in its life before.
  if (config_.lease && promised_ != Ballot{}) leased_until_ = step.now() + *config_.lease;
  reset_election_timer(step);
}

void MultiPaxos::on_message(NodeId from, const Message& message, Step<MultiPaxos>& step) {
  std::visit([&](const auto& m) { receive(from, m, step); }, message);
}

void MultiPaxos::on_timer(Timer timer, Step<MultiPaxos>& step) {
  switch (timer) {
    case Timer::election:
      if (std::holds_alternative<Leader>(role_)) return;
      if (keeps_out(step.self(), step.now())) return reset_election_timer(step);
      return become_candidate(step);
    case Timer::heartbeat:
      ask_again(step);
      return send_heartbeats(step);
  }
}

MultiPaxos::State MultiPaxos::state() const {
  return {static_cast<Role>(role_.index()),
          promised_,
          leader_,
          executed_,
          checkpoint_,
          slots_.empty() ? checkpoint_ : slots_.rbegin()->first};
}

void MultiPaxos::reset_election_timer(Step<MultiPaxos>& step) const {
  step.set_timer(Timer::election, config_.election_timeout);
}

// --- Roles -------------------------------------------------------------------------------------

void MultiPaxos::become_follower(Step<MultiPaxos>& step) {
  if (const auto* leader = std::get_if<Leader>(&role_)) {
    if (!leader->asked.empty()) step.reach(Goal::leader_preempted);
    step.observe(SteppedDown{Term{leader->ballot.round}});
    step.cancel_timer(Timer::heartbeat);
    reset_election_timer(step);
  } else if (const auto* candidate = std::get_if<Candidate>(&role_)) {
    step.observe(SteppedDown{Term{candidate->ballot.round}});
  }
  role_ = Follower{};
}

// Lamport 2001, section 3: a new leader "executes phase 1" for all slots of which it does not know
// the decision, infinitely many, with one message.
void MultiPaxos::become_candidate(Step<MultiPaxos>& step) {
  std::vector<Request> waiting;
  if (auto* leader = std::get_if<Leader>(&role_)) waiting = std::move(leader->waiting);
  if (auto* again = std::get_if<Candidate>(&role_)) waiting = std::move(again->waiting);
  const std::uint64_t after = std::max(promised_.round, outbid_);
  Ballot ballot{next_round(after, step.self(), step.members()), step.self()};
  // WRONG if shared_ballots. Two candidates of one round then lead in the same ballot, and ask for
  // different values in it.
  if (config_.bug == Bug::shared_ballots) ballot = {after + 1, {}};
  role_ = Candidate{ballot, {}, {}, std::move(waiting)};
  leader_ = {};
  step.observe(Campaigned{Term{ballot.round}});
  step.observe(Prepared{ballot});
  promise(ballot, step);
  reset_election_timer(step);
  step.broadcast(multi_paxos::Prepare{ballot, executed_});
  multi_paxos::Promise own{ballot, checkpoint_, {}};
  for (auto at = slots_.upper_bound(executed_); at != slots_.end(); ++at) {
    if (at->second.vote) own.votes.push_back(*at->second.vote);
  }
  receive(step.self(), own, step);
}

void MultiPaxos::receive(NodeId from, const multi_paxos::Promise& promise, Step<MultiPaxos>& step) {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr || candidate->ballot != promise.ballot) return;
  // A message may come twice; a quorum is one of acceptors, not of messages.
  const bool again = std::any_of(candidate->promises.begin(), candidate->promises.end(),
                                 [&](const auto& heard) { return heard.acceptor == from; });
  if (again && config_.bug != Bug::promise_counted_twice) return;
  candidate->promises.push_back({from, promise.checkpoint});
  for (const Vote& reported : promise.votes) {
    const auto [known, is_new] = candidate->votes.try_emplace(reported.slot, reported);
    if (is_new) continue;
    Vote& kept = known->second;
    if (kept.ballot != reported.ballot) step.reach(Goal::several_votes_reported);
    bool better = reported.ballot > kept.ballot;
    // WRONG if largest_value or first_heard_value. Of what was reported for a slot only the value
    // of the highest ballot is known to agree with all that was decided below it.
    if (config_.bug == Bug::largest_value) better = value_of(reported.value) > value_of(kept.value);
    if (config_.bug == Bug::first_heard_value) better = false;
    if (better) kept = reported;
  }
  std::vector<NodeId> promised;
  for (const auto& heard : candidate->promises) promised.push_back(heard.acceptor);
  bool elected = is_quorum_ahead(Phase::one, promised, step);
  // WRONG if promise_counted_twice. A promise that came twice makes a quorum that shares no
  // acceptor with the one that decided.
  if (config_.bug == Bug::promise_counted_twice) {
    elected |= promised.size() >= majority(step.members().size());
  }
  if (elected) become_leader(std::move(*candidate), step);
}

// Lamport 2001, section 3: the new leader asks again for what was reported to it, with the values
// of the highest ballots (A5), and proposes no-ops in the gaps between.
void MultiPaxos::become_leader(Candidate won, Step<MultiPaxos>& step) {
  Leader& leader = role_.emplace<Leader>();
  leader.ballot = won.ballot;
  leader_ = step.self();
  Slot recovered = executed_;
  if (!slots_.empty()) recovered = std::max(recovered, slots_.rbegin()->first);
  if (!won.votes.empty()) recovered = std::max(recovered, won.votes.rbegin()->first);
  for (const Candidate::Heard& heard : won.promises) {
    if (heard.checkpoint <= executed_) continue;
    // What an acceptor has forgotten is decided: it must be learnt, and nothing else asked for.
    leader.forgotten = std::max(leader.forgotten, heard.checkpoint);
    step.reach(Goal::leader_behind_checkpoint);
  }
  leader.recovered = std::max(recovered, leader.forgotten);
  leader.next = std::max(executed_, leader.forgotten).next();
  leader.reported = std::move(won.votes);
  leader.waiting = std::move(won.waiting);
  for (const Request& request : leader.waiting) {
    leader.taken[session_of(request.id)] = request.id.sequence;
  }
  leader.configured = last_change();
  if (configurations_.size() > 1) step.reach(Goal::window_of_two_configurations);
  step.observe(Elected{Term{won.ballot.round}});
  step.cancel_timer(Timer::election);
  propose_waiting(step);
  if (std::holds_alternative<Leader>(role_)) send_heartbeats(step);
}

// --- Phase 2 -----------------------------------------------------------------------------------

// Asks the acceptors, itself among them, to accept a value for a slot. C1 (PMMC): for a ballot and
// a slot a leader asks for one value only.
void MultiPaxos::ask(Slot slot, SlotValue value, Step<MultiPaxos>& step) {
  Leader& leader = std::get<Leader>(role_);
  if (!value.request) step.observe(Proposed{value_of(value)});
  step.observe(SlotAsked{slot, leader.ballot, value_of(value)});
  const Vote proposal{slot, leader.ballot, value};
  leader.asked[slot] = {std::move(value), {}};
  step.broadcast(multi_paxos::Accept{proposal, executed_});
  if (leader.ballot < promised_) return;  // only under a mistake
  vote(proposal, step);
  // WRONG if decided_when_asked. Nobody else has accepted it, and another leader may ask for
  // another value.
  if (config_.bug == Bug::decided_when_asked) return learn(slot, SlotValue(proposal.value), step);
  count(slot, step.self(), step);
}

void MultiPaxos::receive(NodeId from, const multi_paxos::Accepted& accepted,
                         Step<MultiPaxos>& step) {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || leader->ballot != accepted.ballot) return;
  count(accepted.slot, from, step);
}

void MultiPaxos::count(Slot slot, NodeId from, Step<MultiPaxos>& step) {
  Leader& leader = std::get<Leader>(role_);
  const auto asked = leader.asked.find(slot);
  if (asked == leader.asked.end()) return;  // it is decided
  std::vector<NodeId>& accepted_by = asked->second.accepted_by;
  // WRONG if votes_counted_twice. A message that came twice is one vote.
  const bool twice = config_.bug == Bug::votes_counted_twice;
  const bool again = std::find(accepted_by.begin(), accepted_by.end(), from) != accepted_by.end();
  if (again && !twice) return;
  accepted_by.push_back(from);
  const bool enough = twice && accepted_by.size() >= majority(step.members().size());
  if (!enough && !is_quorum_at(slot, accepted_by, step)) return;
  const SlotValue value = asked->second.value;
  step.broadcast(multi_paxos::Decision{leader.ballot, slot});
  learn(slot, value, step);
}

// A leader that is refused for a higher ballot is one no more.
void MultiPaxos::receive(NodeId /*from*/, const multi_paxos::Refused& refused,
                         Step<MultiPaxos>& step) {
  outbid_ = std::max(outbid_, refused.promised.round);
  const auto* candidate = std::get_if<Candidate>(&role_);
  const auto* leader = std::get_if<Leader>(&role_);
  const bool is_current = (candidate != nullptr && candidate->ballot == refused.ballot) ||
                          (leader != nullptr && leader->ballot == refused.ballot);
  if (is_current) become_follower(step);
}

// Messages get lost: what is not decided yet is asked for again.
void MultiPaxos::ask_again(Step<MultiPaxos>& step) const {
  const Leader& leader = std::get<Leader>(role_);
  for (const auto& [slot, asked] : leader.asked) {
    for (const NodeId member : step.members()) {
      const bool has_accepted = std::find(asked.accepted_by.begin(), asked.accepted_by.end(),
                                          member) != asked.accepted_by.end();
      if (has_accepted || member == step.self()) continue;
      step.send(member, multi_paxos::Accept{{slot, leader.ballot, asked.value}, executed_});
    }
  }
}

void MultiPaxos::send_heartbeats(Step<MultiPaxos>& step) {
  const Leader& leader = std::get<Leader>(role_);
  step.broadcast(multi_paxos::Heartbeat{leader.ballot, executed_, step.now()});
  // What this leader has to learn itself.
  if (executed_ < leader.forgotten) step.broadcast(multi_paxos::CatchUp{executed_});
  if (config_.lease) {
    leased_until_ = step.now() + *config_.lease;
    receive(step.self(), multi_paxos::HeartbeatReply{leader.ballot, step.now()}, step);
  }
  step.set_timer(Timer::heartbeat, config_.heartbeat);
}

void MultiPaxos::receive(NodeId from, const multi_paxos::HeartbeatReply& reply,
                         Step<MultiPaxos>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || leader->ballot != reply.ballot || reply.sent > step.now()) return;
  for (Leader::Lease& lease : leader->leases) {
    if (lease.acceptor != from) continue;
    lease.asked = std::max(lease.asked, reply.sent);
    return;
  }
  leader->leases.push_back({from, reply.sent});
}

// --- Clients -----------------------------------------------------------------------------------

void MultiPaxos::on_request(const Request& request, Step<MultiPaxos>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return step.reply(request.id, {Outcome::redirect, 0, leader_});
  if (answered_again(machine_, request, Goal::retry_answered_from_session, step)) return;
  if (answers_read(request, *leader, step)) {
    return step.reply(request.id, {Outcome::ok, machine_.look(request.command.key), {}});
  }
  if (request.command.operation == Operation::administer) {
    // Asked again, it is executed again, which changes nothing.
    if (!wanted(request.command, step.members())) {
      return step.reply(request.id, {Outcome::failed, 0, {}});
    }
  } else {
    // Repeated while it is under way: the answer follows when it is executed.
    std::uint64_t& taken = leader->taken[session_of(request.id)];
    if (taken >= request.id.sequence) return;
    taken = request.id.sequence;
  }
  step.observe(Proposed{{digest(request)}});
  leader->waiting.push_back(request);
  propose_waiting(step);
}

// Slot by slot: first what earlier leaders may have decided, then what clients wait for.
void MultiPaxos::propose_waiting(Step<MultiPaxos>& step) {
  for (;;) {
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr || !propose_next(*leader, step)) return;
  }
}

// Whether there may be more to ask for. R5 (PMMC): a leader is ahead of what it has executed by a
// window of slots at most, so that it knows who has a say in each.
bool MultiPaxos::propose_next(Leader& leader, Step<MultiPaxos>& step) {
  leader.next = std::max(leader.next, executed_.next());
  const Slot slot = leader.next;
  const bool hastens = last_change() > slot;
  if (slot > leader.recovered && leader.waiting.empty() && !hastens) return false;
  if (slot.value > executed_.value + config_.window) {
    step.reach(Goal::window_full);
    return false;
  }
  leader.next = slot.next();
  std::optional<SlotValue> value = value_to_ask(leader, slot, step);
  if (value) ask(slot, std::move(*value), step);
  return true;
}

// What a leader asks for in a slot; nothing if it is decided.
std::optional<SlotValue> MultiPaxos::value_to_ask(Leader& leader, Slot slot,
                                                  Step<MultiPaxos>& step) const {
  if (slot <= leader.recovered) {
    const auto own = slots_.find(slot);
    if (own != slots_.end() && own->second.decided) return std::nullopt;
    const auto reported = leader.reported.find(slot);
    // WRONG if votes_ignored. The value may be decided: a quorum may have voted for it.
    const bool taken = reported != leader.reported.end() && config_.bug != Bug::votes_ignored;
    // WRONG if gaps_left. What follows the gap waits for it for ever.
    if (!taken && config_.bug == Bug::gaps_left) return std::nullopt;
    step.reach(taken ? Goal::value_taken_over : Goal::gap_filled);
    return taken ? reported->second.value : SlotValue{};
  }
  if (leader.waiting.empty()) {
    step.reach(Goal::change_hastened);
    return SlotValue{};
  }
  SlotValue value{leader.waiting.front()};
  leader.waiting.erase(leader.waiting.begin());
  return value;
}

}  // namespace ballast
