// View changes (4.2).
#include <algorithm>
#include <utility>

#include "algorithms/consensus/replica.h"
#include "algorithms/consensus/viewstamped_replication.h"

namespace ballast {

using viewstamped_replication::Backup;
using viewstamped_replication::DoViewChange;
using viewstamped_replication::OpNumber;
using viewstamped_replication::Primary;
using viewstamped_replication::StartView;
using viewstamped_replication::StartViewChange;
using viewstamped_replication::ViewChange;

// "A replica i that notices the need for a view change advances its view-number, sets its status to
// view-change, and sends a STARTVIEWCHANGE message to all other replicas."
void ViewstampedReplication::begin_view_change(Term view, Step_& step) {
  step_down(step);
  if (wanted_) step.reach(Goal::transfer_overtaken);
  wanted_.reset();
  // WRONG if view_instead_of_last_normal. A log of an earlier view then passes for one of a view
  // that has committed other requests.
  if (config_.bug == Bug::view_instead_of_last_normal) last_normal_ = view_;
  view_ = view;
  role_ = ViewChange{};
  step.observe(ViewChangeBegun{view});
  step.broadcast(StartViewChange{view});
  step.set_timer(Timer::view_change, config_.view_change_timeout);
  step.set_timer(Timer::resend, config_.commit_interval);
}

// "A replica notices the need for a view change either based on its own timer, or because it
// receives a STARTVIEWCHANGE or DOVIEWCHANGE message for a view with a larger number than its own
// view-number." With leases, not before its own has expired (6.3). True if it is changing to this
// view.
bool ViewstampedReplication::follows_into(Term view, Step_& step) {
  if (view < view_) return false;
  if (view > view_) {
    if (config_.lease && step.now() < leased_until_) return false;
    begin_view_change(view, step);
  }
  return std::holds_alternative<ViewChange>(role_);
}

void ViewstampedReplication::receive(NodeId from, const StartViewChange& start, Step_& step) {
  if (follows_into(start.view, step)) agree_to_view_change(from, step);
}

// "When replica i receives STARTVIEWCHANGE messages for its view-number from f other replicas, it
// sends a DOVIEWCHANGE message to the node that will be the primary in the new view."
void ViewstampedReplication::agree_to_view_change(NodeId from, Step_& step) {
  ViewChange& change = std::get<ViewChange>(role_);
  std::vector<NodeId>& agreed = change.agreed;
  if (std::find(agreed.begin(), agreed.end(), from) == agreed.end()) agreed.push_back(from);
  if (change.told || agreed.size() + 1 < majority(step.members().size())) return;
  change.told = true;
  do_view_change(step);
}

void ViewstampedReplication::do_view_change(Step_& step) {
  const NodeId primary = primary_of(view_, step);
  DoViewChange change{view_, last_normal_, everything(), lives_};
  if (primary == step.self()) return receive(primary, change, step);
  step.send(primary, std::move(change));
}

// "When the new primary receives f + 1 DOVIEWCHANGE messages from different replicas (including
// itself), it sets its view-number to that in the messages" and starts the view. Whoever sends one
// has agreed to the view change, too.
void ViewstampedReplication::receive(NodeId from, const DoViewChange& change, Step_& step) {
  if (!follows_into(change.view, step) || primary_of(view_, step) != step.self()) return;
  auto* changing = &std::get<ViewChange>(role_);
  ++changing->heard;
  changing->changes[from] = change;
  merge(change.lives);
  drop_earlier_lives(changing->changes, step);
  if (from != step.self()) agree_to_view_change(from, step);
  changing = std::get_if<ViewChange>(&role_);
  if (changing == nullptr || changing->changes.count(step.self()) == 0) return;
  std::size_t enough = majority(step.members().size());
  std::size_t heard = changing->changes.size();
  // WRONG if view_started_by_half. Nobody of those heard may know what is committed.
  if (config_.bug == Bug::view_started_by_half) --enough;
  // WRONG if do_view_change_counted_twice. A message that came twice is one replica's.
  if (config_.bug == Bug::do_view_change_counted_twice) heard = changing->heard;
  if (heard >= enough) start_view(step);
}

// "It selects as the new log the one contained in the message with the largest v'; if several
// messages have the same v' it selects the one among them with the largest n."
DoViewChange ViewstampedReplication::best_log(Step_& step) const {
  const auto& changes = std::get<ViewChange>(role_).changes;
  const DoViewChange* best = nullptr;
  OpNumber longest;
  for (const auto& [from, change] : changes) {
    const OpNumber last = change.state.log.last();
    longest = std::max(longest, last);
    if (best == nullptr) {
      best = &change;
      continue;
    }
    const OpNumber kept = best->state.log.last();
    bool better = change.last_normal > best->last_normal ||
                  (change.last_normal == best->last_normal && last > kept);
    // WRONG if longest_log_wins. A log may be long with what a later view has left out.
    if (config_.bug == Bug::longest_log_wins) better = last > kept;
    // WRONG if first_log_of_view_wins. A shorter log may lack what is committed.
    if (config_.bug == Bug::first_log_of_view_wins) better = change.last_normal > best->last_normal;
    if (better) best = &change;
  }
  if (best->state.log.last() < longest) step.reach(Goal::longer_log_passed_over);
  if (changes.count(step.self()) != 0 && best != &changes.at(step.self())) {
    step.reach(Goal::log_taken_from_other);
  }
  return *best;
}

// "It sets ... its commit-number to the largest such number it received in the DOVIEWCHANGE
// messages, changes its status to normal, and informs the other replicas of the completion of the
// view change by sending STARTVIEW messages." Then it executes what it has not executed before, and
// sends the replies.
void ViewstampedReplication::start_view(Step_& step) {
  const DoViewChange best = best_log(step);
  OpNumber committed = commit_;
  for (const auto& [from, change] : std::get<ViewChange>(role_).changes) {
    // Not so if own_commit_number_kept, which is slower and as safe.
    if (config_.bug == Bug::own_commit_number_kept) break;
    committed = std::max(committed, change.state.commit);
  }
  take(best.state, view_, step);
  enter(view_, step);
  commit_up_to(std::min(committed, log_.last()), step);
  if (commit_ < log_.last()) step.reach(Goal::uncommitted_taken_over);
  step.broadcast(StartView{view_, everything()});
  count(step);
}

// "When other replicas receive the STARTVIEW message, they replace their log with the one in the
// message ... If there are non-committed operations in the log, they send a PREPAREOK message to
// the primary."
void ViewstampedReplication::receive(NodeId /*from*/, const StartView& start, Step_& step) {
  if (start.view < view_) return;
  if (start.view == view_ && !std::holds_alternative<ViewChange>(role_)) {
    step.reach(Goal::late_start_view);
    // WRONG if start_view_taken_again. What was acknowledged since the view began is lost.
    if (config_.bug != Bug::start_view_taken_again) return;
  }
  join(start.state, start.view, step);
}

}  // namespace ballast
