// Recovery (4.3) and state transfer (5.2).
#include <algorithm>
#include <utility>

#include "algorithms/consensus/replica.h"
#include "algorithms/consensus/viewstamped_replication.h"

namespace ballast {

using viewstamped_replication::Backup;
using viewstamped_replication::GetState;
using viewstamped_replication::Lives;
using viewstamped_replication::NewState;
using viewstamped_replication::OpNumber;
using viewstamped_replication::Primary;
using viewstamped_replication::Recovering;
using viewstamped_replication::Recovery;
using viewstamped_replication::RecoveryResponse;
using viewstamped_replication::StartViewChange;
using viewstamped_replication::Transfer;
using viewstamped_replication::ViewChange;

// --- Recovery ----------------------------------------------------------------------------------

void ViewstampedReplication::ask_to_recover(Step_& step) {
  step.broadcast(Recovery{life_});
  step.set_timer(Timer::resend, config_.commit_interval);
}

// "A replica j replies to a RECOVERY message only when its status is normal. ... If j is the
// primary of its view, l is its log, n is its op-number, and k is the commit-number; otherwise
// these values are nil."
void ViewstampedReplication::receive(NodeId from, const Recovery& recovery, Step_& step) {
  const bool is_primary = std::holds_alternative<Primary>(role_);
  if (!is_primary && !std::holds_alternative<Backup>(role_)) return;
  std::uint64_t& life = lives_[position_of(from, step.members())];
  if (recovery.nonce < life) return;  // of an earlier crash
  life = recovery.nonce;
  RecoveryResponse response{view_, recovery.nonce, std::nullopt, lives_};
  // WRONG if recovery_from_any, with what it does to those who ask.
  if (is_primary || config_.bug == Bug::recovery_from_any) response.state = everything();
  step.send(from, std::move(response));
}

// "The recovering replica waits to receive at least f + 1 RECOVERYRESPONSE messages from different
// replicas, all containing the nonce it sent in its RECOVERY message, including one from the
// primary of the latest view it learns of in these messages."
void ViewstampedReplication::receive(NodeId from, const RecoveryResponse& response, Step_& step) {
  auto* recovering = std::get_if<Recovering>(&role_);
  if (recovering == nullptr) return;
  // WRONG if nonce_ignored. What the others knew at an earlier crash lacks what this replica has
  // acknowledged since.
  if (response.nonce != life_ && config_.bug != Bug::nonce_ignored) return;
  const auto known = recovering->responses.find(from);
  if (known != recovering->responses.end() && known->second.view > response.view) return;
  recovering->responses[from] = response;
  merge(response.lives);
  drop_earlier_lives(recovering->responses, step);
  Term latest;
  for (const auto& [who, said] : recovering->responses) latest = std::max(latest, said.view);
  const Transfer* found = what_it_knew(*recovering, latest, step);
  if (found == nullptr) return;
  const Transfer state = *found;
  step.reach(Goal::recovered);
  step.observe(LogCut{});
  join(state, latest, step);
}

const Transfer* ViewstampedReplication::what_it_knew(const Recovering& recovering, Term view,
                                                     Step_& step) const {
  const auto& responses = recovering.responses;
  // WRONG if recovery_from_one. A primary that nobody follows any more answers, too.
  const bool enough =
      responses.size() >= majority(step.members().size()) || config_.bug == Bug::recovery_from_one;
  if (!enough) return nullptr;
  for (const auto& [who, said] : responses) {
    // WRONG if recovery_from_any. A backup may lack what this replica has acknowledged.
    const bool counts = who == primary_of(view, step) || config_.bug == Bug::recovery_from_any;
    if (said.view == view && counts && said.state) return &*said.state;
  }
  return nullptr;
}

// --- Crash vectors (DISC 2017) -----------------------------------------------------------------

void ViewstampedReplication::merge(const Lives& lives) {
  for (std::size_t i = 0; i < std::min(lives.size(), lives_.size()); ++i) {
    lives_[i] = std::max(lives_[i], lives[i]);
  }
}

// A quorum must be one of replicas as they are. If one of them is known to have crashed since, by
// anybody of the quorum, it may have recovered without what it says here, and have done otherwise.
template <class Said>
void ViewstampedReplication::drop_earlier_lives(std::map<NodeId, Said>& said, Step_& step) const {
  // WRONG if earlier_lives_count.
  if (config_.bug == Bug::earlier_lives_count) return;
  const std::size_t dropped = std::erase_if(said, [&](const auto& one) {
    const std::size_t sender = position_of(one.first, step.members());
    return sender >= one.second.lives.size() || one.second.lives[sender] < lives_[sender];
  });
  if (dropped > 0) step.reach(Goal::earlier_life_dropped);
}

template void ViewstampedReplication::drop_earlier_lives(
    std::map<NodeId, viewstamped_replication::DoViewChange>& said, Step_& step) const;

// --- State transfer ----------------------------------------------------------------------------

// 5.2: within its view a replica lacks what comes after its op-number; of a later view it lacks
// what comes after its commit-number, "since requests after that might have been reordered in the
// view change".
void ViewstampedReplication::ask_for_state(NodeId from, Term view, Step_& step) {
  const bool in_view = view == view_ && std::holds_alternative<Backup>(role_);
  const GetState request{view, in_view ? log_.last() : commit_};
  if (wanted_ == request) return;  // it has asked already
  // WRONG if state_transfer_truncates: "it sets its op-number to its commit-number and removes all
  // entries after this from its log". What this replica has acknowledged is gone before it has the
  // log that holds it, and a view change may take its log for one of the later view.
  if (config_.bug == Bug::state_transfer_truncates && !in_view) {
    step_down(step);
    log_.cut(commit_);
    step.observe(LogCut{commit_, view, false});
    view_ = view;
    last_normal_ = view;
    role_ = Backup{};
    await_primary(step);
  }
  wanted_ = request;
  step.send(from, request);
  step.set_timer(Timer::resend, config_.commit_interval);
}

// What was asked for and has not come is asked for again: state of whoever it may be.
void ViewstampedReplication::ask_again(Step_& step) {
  if (std::holds_alternative<Recovering>(role_)) {
    step.reach(Goal::recovery_asked_again);
    return ask_to_recover(step);
  }
  const auto* change = std::get_if<ViewChange>(&role_);
  if (change == nullptr && !wanted_) return;
  step.set_timer(Timer::resend, config_.commit_interval);
  if (wanted_) {
    const std::size_t self = position_of(step.self(), step.members());
    const auto any = static_cast<std::size_t>(step.choose(step.members().size() - 1));
    step.send(step.members()[any < self ? any : any + 1], *wanted_);
  }
  if (change == nullptr) return;
  step.broadcast(StartViewChange{view_});
  if (change->told) do_view_change(step);
}

// "A replica responds to a GETSTATE message only if its status is normal and it is currently in
// view v."
void ViewstampedReplication::receive(NodeId from, const GetState& request, Step_& step) {
  const bool is_normal =
      std::holds_alternative<Backup>(role_) || std::holds_alternative<Primary>(role_);
  if (!is_normal || request.view != view_ || request.op > log_.last()) return;
  if (request.op < log_.base) return step.send(from, NewState{view_, everything()});
  const viewstamped_replication::Log rest{request.op, log_.after(request.op)};
  step.send(from, NewState{view_, {rest, std::nullopt, commit_}});
}

void ViewstampedReplication::receive(NodeId /*from*/, const NewState& given, Step_& step) {
  if (given.view < view_) return;
  const Transfer& state = given.state;
  const bool in_view = given.view == view_ && std::holds_alternative<Backup>(role_);
  if (in_view) {
    // The two logs agree as far as both go; this one may have grown meanwhile.
    const bool fits = state.checkpoint || state.log.base <= log_.last();
    if (!fits || state.log.last() <= log_.last()) return;
    step.reach(Goal::gap_filled_by_transfer);
  } else {
    if (!state.checkpoint && state.log.base > commit_) return;  // it was asked by somebody else
    step.reach(Goal::later_view_by_transfer);
  }
  join(state, given.view, step);
}

// The log as it is, and the state before it.
Transfer ViewstampedReplication::everything() const {
  return {log_, log_.base ? std::optional(checkpoint_) : std::nullopt, commit_};
}

// Becomes a backup of the primary of this view, with this log of it.
void ViewstampedReplication::join(const Transfer& state, Term view, Step_& step) {
  const NodeId primary = primary_of(view, step);
  if (primary == step.self()) return;  // no view starts without its primary
  step_down(step);
  take(state, view, step);
  if (view != view_ || !std::holds_alternative<Backup>(role_)) enter(view, step);
  wanted_.reset();
  step.send(primary, viewstamped_replication::PrepareOk{view_, log_.last()});
  commit_up_to(std::min(state.commit, log_.last()), step);
}

// Puts this state in the place of the own one, except for what is committed in both.
void ViewstampedReplication::take(const Transfer& state, Term view, Step_& step) {
  if (state.checkpoint && state.log.base > commit_) {
    step.reach(Goal::given_checkpoint);
    machine_ = *state.checkpoint;
    // WRONG if checkpoint_without_client_table. A request that was executed before the checkpoint,
    // and comes again after it, is executed again.
    if (config_.bug == Bug::checkpoint_without_client_table) machine_.forget_sessions();
    checkpoint_ = machine_;
    commit_ = state.log.base;
    log_ = {commit_, {}};
    step.observe(LogCut{commit_, view, true});
    step.observe(Checkpointed{commit_, digest(machine_), true});
    step.observe(CommitAdvanced{commit_, view});
  }
  ensure(state.log.base <= log_.last(), "a replica is given a log that continues its own");
  OpNumber same = std::max(commit_, state.log.base);
  const OpNumber shorter = std::min(log_.last(), state.log.last());
  while (same < shorter && log_[same.next()] == state.log[same.next()]) same = same.next();
  if (same < log_.last()) {
    step.reach(Goal::log_shortened);
    log_.cut(same);
    step.observe(LogCut{same, view, false});
  }
  while (log_.last() < state.log.last()) log(state.log[log_.last().next()], view, step);
}

}  // namespace ballast
