#include <algorithm>
#include <utility>

#include "algorithms/consensus/multi_paxos.h"
#include "algorithms/consensus/replica.h"

namespace ballast {

using multi_paxos::Goal;
using multi_paxos::SlotState;
using multi_paxos::SlotValue;

namespace {

constexpr std::size_t most_decisions_at_once = 64;

}  // namespace

// --- Learning ----------------------------------------------------------------------------------

// The leader asked for one value only in this ballot and slot (A4): the one that was voted for.
void MultiPaxos::receive(NodeId /*from*/, const multi_paxos::Decision& decision,
                         Step<MultiPaxos>& step) {
  const auto known = slots_.find(decision.slot);
  if (known == slots_.end() || !known->second.vote) return;
  if (known->second.vote->ballot != decision.ballot) return;
  learn(decision.slot, SlotValue(known->second.vote->value), step);
}

// The same for all slots that the leader has executed. A vote in another ballot may be for another
// value: the decision must be asked for.
void MultiPaxos::learn_votes(Ballot ballot, Slot executed, Step<MultiPaxos>& step) {
  std::vector<std::pair<Slot, SlotValue>> decided;
  for (auto at = slots_.upper_bound(executed_); at != slots_.end() && at->first <= executed; ++at) {
    const SlotState& slot = at->second;
    if (slot.decided || !slot.vote) continue;
    // WRONG if decision_of_any_ballot. The vote may be for a proposal that lost: what is decided in
    // this slot is what the leader of this ballot found, or asked for.
    const bool counts = slot.vote->ballot == ballot || config_.bug == Bug::decision_of_any_ballot;
    if (counts) decided.emplace_back(at->first, slot.vote->value);
  }
  for (const auto& [slot, value] : decided) learn(slot, value, step);
}

void MultiPaxos::learn(Slot slot, const SlotValue& value, Step<MultiPaxos>& step) {
  if (slot <= executed_) return;
  if (auto* leader = std::get_if<multi_paxos::Leader>(&role_)) {
    const auto asked = leader->asked.find(slot);
    if (asked != leader->asked.end()) {
      // What was decided without this leader's count was decided under a later one, unless it is
      // the same.
      if (asked->second.value != value) {
        become_follower(step);
      } else {
        leader->asked.erase(asked);
      }
    }
  }
  SlotState& state = slots_[slot];
  if (state.decided) return;
  state.decided = value;
  step.observe(Decided{slot, value_of(value)});
  // WRONG if gap_skipped. Replicas that execute in the order in which they hear of decisions come
  // to different states.
  if (config_.bug == Bug::gap_skipped) {
    execute(slot, value, step);
  } else if (slot != executed_.next()) {
    step.reach(Goal::decided_out_of_order);
  }
  execute_in_order(step);
}

// --- Executing ---------------------------------------------------------------------------------

// R2 and R3: a replica executes all decisions in the order of the slots.
void MultiPaxos::execute_in_order(Step<MultiPaxos>& step) {
  for (;;) {
    const auto next = slots_.find(executed_.next());
    if (next == slots_.end() || !next->second.decided) break;
    executed_ = executed_.next();
    if (config_.bug != Bug::gap_skipped) {
      const SlotValue value = *next->second.decided;
      execute(executed_, value, step);
    }
    if (executed_.value % config_.checkpoint_every == 0) keep_checkpoint(false, step);
  }
  if (prepare_for_change(step)) return;
  propose_waiting(step);
}

// A request may be decided in two slots, because its client asked two leaders: the session tells.
void MultiPaxos::execute(Slot slot, const SlotValue& value, Step<MultiPaxos>& step) {
  step.observe(Executed{slot, value_of(value)});
  if (!value.request) return;
  if (value.request->command.operation == Operation::administer) {
    return change_configuration(slot, *value.request, step);
  }
  const Machine::Session* session = machine_.session(value.request->id);
  if (session != nullptr && session->sequence >= value.request->id.sequence) {
    step.reach(Goal::executed_once);
  }
  const std::optional<Response> response = machine_.apply(*value.request);
  const bool leads = std::holds_alternative<multi_paxos::Leader>(role_);
  if (leads && response) step.reply(value.request->id, *response);
}

// --- Checkpoints and catching up (PML 5.2) -----------------------------------------------------

// The state stands for the slots that led to it: votes and decisions up to there are forgotten, on
// disk as well. All replicas do so at the same slots, but for one that takes over another's.
void MultiPaxos::keep_checkpoint(bool taken_over, Step<MultiPaxos>& step) {
  checkpoint_ = executed_;
  slots_.erase(slots_.begin(), slots_.upper_bound(checkpoint_));
  multi_paxos::CheckpointKept kept{promised_, checkpoint_, machine_, {}, configurations_};
  for (const auto& [slot, state] : slots_) {
    if (state.vote) kept.votes.push_back(*state.vote);
  }
  // The mistakes of promise() and vote() in this other place where they are written down.
  if (config_.bug == Bug::promise_not_persisted) kept.promised = {};
  if (config_.bug == Bug::vote_not_persisted) kept.votes.clear();
  // WRONG if configurations_not_in_checkpoint. Quorums of those who had a say at the beginning need
  // not meet those of later ones.
  if (config_.bug == Bug::configurations_not_in_checkpoint) kept.configurations.clear();
  step.replace_journal(std::move(kept));
  step.observe(Checkpointed{checkpoint_, digest(machine_), taken_over});
}

void MultiPaxos::receive(NodeId from, const multi_paxos::CatchUp& request, Step<MultiPaxos>& step) {
  if (request.executed >= executed_) return;
  if (request.executed < checkpoint_) {
    return step.send(from, multi_paxos::Checkpoint{executed_, machine_, configurations_});
  }
  multi_paxos::Decisions known{request.executed.next(), {}};
  for (auto at = slots_.find(known.first); at != slots_.end() && at->first <= executed_; ++at) {
    if (known.values.size() == most_decisions_at_once) break;
    known.values.push_back(*at->second.decided);
  }
  step.send(from, std::move(known));
}

void MultiPaxos::receive(NodeId /*from*/, const multi_paxos::Decisions& decisions,
                         Step<MultiPaxos>& step) {
  Slot slot = decisions.first;
  for (const SlotValue& value : decisions.values) {
    if (slot > executed_) step.reach(Goal::caught_up_by_decisions);
    learn(slot, value, step);
    slot = slot.next();
  }
}

void MultiPaxos::receive(NodeId /*from*/, const multi_paxos::Checkpoint& checkpoint,
                         Step<MultiPaxos>& step) {
  if (checkpoint.slot <= executed_) return;
  step.reach(Goal::caught_up_by_checkpoint);
  if (const auto* leader = std::get_if<multi_paxos::Leader>(&role_)) {
    // Somebody else has decided what this leader still asks for.
    const bool overtaken =
        !leader->asked.empty() && leader->asked.begin()->first <= checkpoint.slot;
    if (overtaken) become_follower(step);
  }
  machine_ = checkpoint.machine;
  // WRONG if checkpoint_without_sessions. A request that was executed before the checkpoint, and is
  // decided again after it, is executed again.
  if (config_.bug == Bug::checkpoint_without_sessions) machine_.forget_sessions();
  executed_ = checkpoint.slot;
  take_configurations(checkpoint.configurations, step);
  keep_checkpoint(true, step);
  execute_in_order(step);
}

// --- Reads under a lease (PML 5.3, PMMC 4.5) ---------------------------------------------------

// Those that keep other leaders out meet every quorum of phase 1 if they are a quorum of phase 2.
// Their leases began after the heartbeat had left, and end no sooner than so much later by this
// node's clock, whatever the difference of rates.
bool MultiPaxos::holds_lease(const multi_paxos::Leader& leader, Step<MultiPaxos>& step) const {
  if (!config_.lease) return false;
  const Duration shorter = shortest(*config_.lease, config_.drift_ppm);
  std::vector<NodeId> bound;
  for (const multi_paxos::Leader::Lease& lease : leader.leases) {
    if (step.now() < lease.asked + shorter) bound.push_back(lease.acceptor);
  }
  return is_quorum_ahead(Phase::two, bound, step);
}

bool MultiPaxos::answers_read(const Request& request, const multi_paxos::Leader& leader,
                              Step<MultiPaxos>& step) const {
  if (request.command.operation != Operation::read) return false;
  // What earlier leaders may have answered must have been executed here.
  if (executed_ < leader.recovered) return false;
  // WRONG if read_without_lease. Another leader may have been elected, and answered writes.
  return config_.bug == Bug::read_without_lease || holds_lease(leader, step);
}

}  // namespace ballast
