// Normal operation (4.1), batches (6.2) and reads under leases (6.3).
#include "algorithms/consensus/viewstamped_replication.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "algorithms/consensus/replica.h"
#include "sim/protocol/register.h"

namespace ballast {

using viewstamped_replication::Backup;
using viewstamped_replication::OpNumber;
using viewstamped_replication::Primary;
using viewstamped_replication::Recovering;
using viewstamped_replication::Status;
using viewstamped_replication::View;
using viewstamped_replication::ViewChange;

namespace {

const Register<ViewstampedReplication> registered_viewstamped_replication;

constexpr std::size_t most_prepared_again = 64;

ValueDigest value_of(const Request& request) { return {digest(request)}; }

}  // namespace

// --- Life --------------------------------------------------------------------------------------

void ViewstampedReplication::on_recover(const Record& record) {
  life_ = std::get<viewstamped_replication::Started>(record).life;
}

void ViewstampedReplication::on_start(Step_& step) {
  const bool is_first = life_ == 0;
  ++life_;
  step.persist(viewstamped_replication::Started{life_});
  lives_.assign(step.members().size(), 0);
  lives_[position_of(step.self(), step.members())] = life_;
  // WRONG if recovery_skipped. The others count on what this replica has acknowledged, and forgot.
  if (is_first || config_.bug == Bug::recovery_skipped) return enter(View{1}, step);
  // It may have granted a lease in its life before.
  if (config_.lease) leased_until_ = step.now() + *config_.lease;
  ask_to_recover(step);
}

// 4.3: "While a replica's status is recovering it does not participate in either the request
// processing protocol or the view change protocol."
void ViewstampedReplication::on_message(NodeId from, const Message& message, Step_& step) {
  using viewstamped_replication::DoViewChange;
  using viewstamped_replication::StartViewChange;
  if (std::holds_alternative<Recovering>(role_) &&
      !std::holds_alternative<viewstamped_replication::RecoveryResponse>(message)) {
    // WRONG if recovering_replica_takes_part. It brings an empty log into the view change, in the
    // place of one that held what is committed.
    const bool takes_part = config_.bug == Bug::recovering_replica_takes_part;
    const bool changes_view = std::holds_alternative<StartViewChange>(message) ||
                              std::holds_alternative<DoViewChange>(message);
    if (!takes_part || !changes_view) return;
  }
  std::visit([&](const auto& m) { receive(from, m, step); }, message);
}

void ViewstampedReplication::on_timer(Timer timer, Step_& step) {
  switch (timer) {
    case Timer::view_change:
      if (std::holds_alternative<Backup>(role_) && config_.lease && step.now() < leased_until_) {
        return await_primary(step);
      }
      if (std::holds_alternative<ViewChange>(role_)) step.reach(Goal::view_change_given_up);
      if (std::holds_alternative<Backup>(role_) || std::holds_alternative<ViewChange>(role_)) {
        begin_view_change(view_.next(), step);
      }
      return;
    case Timer::commit:
      return prepare_again(step);
    case Timer::resend:
      return ask_again(step);
  }
}

ViewstampedReplication::State ViewstampedReplication::state() const {
  return {static_cast<Status>(role_.index()),
          view_,
          last_normal_,
          log_.last(),
          commit_,
          log_.base,
          life_};
}

// 4: "The primary is chosen round-robin, starting with replica 1."
NodeId ViewstampedReplication::primary_of(Term view, const Step_& step) const {
  return step.members()[static_cast<std::size_t>((view.value - 1) % step.members().size())];
}

// The replica is in a normal status, in this view, with the log of this view.
void ViewstampedReplication::enter(Term view, Step_& step) {
  view_ = view;
  last_normal_ = view;
  wanted_.reset();
  step.cancel_timer(Timer::resend);
  step.observe(TermStarted{view});
  step.observe(ViewEntered{view, primary_of(view, step) == step.self()});
  if (primary_of(view, step) != step.self()) {
    role_ = Backup{};
    return await_primary(step);
  }
  Primary& primary = role_.emplace<Primary>();
  primary.prepared.assign(step.members().size(), OpNumber{});
  primary.leased.assign(step.members().size(), std::nullopt);
  primary.opened_at = log_.last();
  for (OpNumber op = commit_.next(); op <= log_.last(); op = op.next()) {
    std::uint64_t& taken = primary.taken[session_of(log_[op].id)];
    taken = std::max(taken, log_[op].id.sequence);
  }
  step.observe(Elected{view});
  step.cancel_timer(Timer::view_change);
  step.set_timer(Timer::commit, config_.commit_interval);
}

void ViewstampedReplication::step_down(Step_& step) {
  if (!std::holds_alternative<Primary>(role_)) return;
  step.observe(SteppedDown{view_});
  step.cancel_timer(Timer::commit);
}

void ViewstampedReplication::await_primary(Step_& step) const {
  step.set_timer(Timer::view_change, config_.view_change_timeout);
}

// --- The primary -------------------------------------------------------------------------------

void ViewstampedReplication::on_request(const Request& request, Step_& step) {
  auto* primary = std::get_if<Primary>(&role_);
  if (primary == nullptr) {
    const bool knows = std::holds_alternative<Backup>(role_);
    const NodeId who = knows ? primary_of(view_, step) : NodeId{};
    return step.reply(request.id, {Outcome::redirect, 0, who});
  }
  // 4.1: "If the request-number s isn't bigger than the information in the table it drops the
  // request, but it will re-send the response if the request is the most recent one from this
  // client and it has already been executed."
  // WRONG if retry_executed_again. A client that heard nothing asks again, and its request takes
  // effect twice.
  const bool looks = config_.bug != Bug::retry_executed_again;
  if (looks && answered_again(machine_, request, Goal::retry_answered_from_session, step)) return;
  if (answers_read(request, step)) {
    return step.reply(request.id, {Outcome::ok, machine_.look(request.command.key), {}});
  }
  // Repeated while it is under way: the answer follows when it is executed.
  std::uint64_t& taken = primary->taken[session_of(request.id)];
  if (looks && taken >= request.id.sequence) return;
  taken = request.id.sequence;
  step.observe(Proposed{value_of(request)});
  primary->waiting.push_back(request);
  prepare_waiting(step);
}

// 4.1: "The primary advances op-number, adds the request to the end of the log ... Then it sends a
// PREPARE message to the other replicas." 6.2: rather than running the protocol for each request
// when it arrives, a busy primary bundles those that have come meanwhile.
void ViewstampedReplication::prepare_waiting(Step_& step) {
  for (;;) {
    auto& waiting = std::get<Primary>(role_).waiting;
    const bool is_busy = config_.batch > 1 && commit_ < log_.last();
    if (waiting.empty() || (is_busy && waiting.size() < config_.batch)) return;
    const auto size =
        static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(config_.batch, waiting.size()));
    std::vector<Request> bundle(waiting.begin(), waiting.begin() + size);
    waiting.erase(waiting.begin(), waiting.begin() + size);
    if (size > 1) step.reach(Goal::batch_filled);
    const OpNumber first = log_.last().next();
    for (const Request& request : bundle) log(request, view_, step);
    step.broadcast(viewstamped_replication::Prepare{view_, first, std::move(bundle), commit_});
    count(step);
  }
}

void ViewstampedReplication::log(Request request, Term view, Step_& step) {
  log_.entries.push_back(std::move(request));
  step.observe(Logged{log_.last(), value_of(log_[log_.last()]), view});
}

void ViewstampedReplication::receive(NodeId from, const viewstamped_replication::PrepareOk& ok,
                                     Step_& step) {
  auto* primary = std::get_if<Primary>(&role_);
  if (primary == nullptr || ok.op > log_.last()) return;
  // WRONG if prepare_ok_of_earlier_view. What was acknowledged there may be another request.
  if (ok.view != view_ && config_.bug != Bug::prepare_ok_of_earlier_view) return;
  OpNumber& prepared = primary->prepared[position_of(from, step.members())];
  prepared = std::max(prepared, ok.op);
  ++primary->acknowledgments[ok.op];
  count(step);
}

// 4.1: "The primary waits for f PREPAREOK messages from different backups; at this point it
// considers the operation (and all earlier ones) to be committed."
void ViewstampedReplication::count(Step_& step) {
  Primary& primary = std::get<Primary>(role_);
  const std::size_t enough = majority(step.members().size());
  std::vector<OpNumber> held = primary.prepared;
  held[position_of(step.self(), step.members())] = log_.last();
  std::sort(held.begin(), held.end(), std::greater<>());
  OpNumber committed = held[enough - 1];
  // WRONG if prepare_ok_counted_twice. A message that came twice is one acknowledgment.
  if (config_.bug == Bug::prepare_ok_counted_twice) {
    for (const auto& [op, times] : primary.acknowledgments) {
      if (times + 1 >= enough) committed = std::max(committed, op);
    }
  }
  // WRONG if committed_when_logged. Nobody else has it, and the next primary knows nothing of it.
  if (config_.bug == Bug::committed_when_logged) committed = log_.last();
  primary.acknowledgments.erase(primary.acknowledgments.begin(),
                                primary.acknowledgments.upper_bound(committed));
  if (committed <= commit_) return;
  commit_up_to(committed, step);
  prepare_waiting(step);
}

// Messages get lost: what is not acknowledged is sent again. Whoever lacks more than the log has
// asks for it.
void ViewstampedReplication::prepare_again(Step_& step) {
  const auto* primary = std::get_if<Primary>(&role_);
  if (primary == nullptr) return;
  step.broadcast(viewstamped_replication::Commit{view_, commit_, step.now()});
  for (std::size_t i = 0; i < step.members().size(); ++i) {
    if (step.members()[i] == step.self() || primary->prepared[i] >= log_.last()) continue;
    const OpNumber known = std::max(primary->prepared[i], log_.base);
    std::vector<Request> missing = log_.after(known, most_prepared_again);
    if (missing.empty()) continue;
    step.send(step.members()[i],
              viewstamped_replication::Prepare{view_, known.next(), std::move(missing), commit_});
  }
  step.set_timer(Timer::commit, config_.commit_interval);
}

// --- The backups -------------------------------------------------------------------------------

// Whether this replica is a backup of the primary that sends this. One that hears of a later view,
// or of the one that it is changing to, has missed how that began (5.2).
bool ViewstampedReplication::follows(NodeId from, Term view, Step_& step) {
  const bool is_backup = std::holds_alternative<Backup>(role_);
  if (view > view_ || (view == view_ && std::holds_alternative<ViewChange>(role_))) {
    ask_for_state(from, view, step);
    return false;
  }
  // WRONG if prepare_of_earlier_view. The later view may have put another request in this place.
  if (view < view_ && is_backup && config_.bug == Bug::prepare_of_earlier_view) return true;
  // WRONG if prepare_in_view_change. This replica has told the new primary what its log is: that
  // one will not hear of what it acknowledges now.
  const bool is_changing = std::holds_alternative<ViewChange>(role_) && view == last_normal_;
  if (is_changing && config_.bug == Bug::prepare_in_view_change) return true;
  if (view < view_ || !is_backup) return false;
  await_primary(step);
  return true;
}

// 4.1: "Backups process PREPARE messages in order: a backup won't accept a prepare with op-number n
// until it has entries for all earlier requests in its log."
void ViewstampedReplication::receive(NodeId from, const viewstamped_replication::Prepare& prepare,
                                     Step_& step) {
  if (!follows(from, prepare.view, step)) return;
  OpNumber op = prepare.op;
  if (op > log_.last().next()) {
    // WRONG if prepare_gap_ignored. The request gets another op-number than it has at the others.
    if (config_.bug != Bug::prepare_gap_ignored) return ask_for_state(from, view_, step);
    op = log_.last().next();
  }
  for (const Request& request : prepare.requests) {
    if (op > log_.last()) log(request, prepare.view, step);
    op = op.next();
  }
  step.send(from, viewstamped_replication::PrepareOk{prepare.view, log_.last()});
  commit_up_to(std::min(prepare.commit, log_.last()), step);
}

void ViewstampedReplication::receive(NodeId from, const viewstamped_replication::Commit& commit,
                                     Step_& step) {
  // WRONG if commit_of_later_view. What this replica has at these op-numbers may have been left
  // out of the later view, and others be there instead.
  if (config_.bug == Bug::commit_of_later_view && commit.view > view_) {
    commit_up_to(std::min(commit.commit, log_.last()), step);
  }
  if (!follows(from, commit.view, step)) return;
  if (config_.lease) {
    leased_until_ = step.now() + *config_.lease;
    step.send(from, viewstamped_replication::LeaseGranted{commit.view, commit.sent});
  }
  if (commit.commit > log_.last()) ask_for_state(from, view_, step);
  commit_up_to(std::min(commit.commit, log_.last()), step);
}

// --- Executing ---------------------------------------------------------------------------------

void ViewstampedReplication::commit_up_to(OpNumber op, Step_& step) {
  if (op <= commit_) return;
  step.observe(CommitAdvanced{op, last_normal_});
  while (commit_ < op) execute(commit_.next(), step);
}

// 4.1: it "executes the operation by making an up-call to the service code, increments its
// commit-number, updates the client's entry in the client-table"; the primary sends the reply.
void ViewstampedReplication::execute(OpNumber op, Step_& step) {
  commit_ = op;
  const Request request = log_[op];
  step.observe(Decided{op, value_of(request)});
  step.observe(Executed{op, value_of(request)});
  if (config_.bug == Bug::retry_executed_again) machine_.forget_sessions();
  const std::optional<Response> response = machine_.apply(request);
  if (std::holds_alternative<Primary>(role_) && response) step.reply(request.id, *response);
  if (op.value % config_.checkpoint_every == 0) keep_checkpoint(step);
}

// 5.1: the state stands for the requests that led to it. All replicas keep it at the same ones.
void ViewstampedReplication::keep_checkpoint(Step_& step) {
  checkpoint_ = machine_;
  log_.forget_up_to(commit_);
  step.observe(Checkpointed{commit_, digest(machine_), false});
}

// --- Reads under leases (6.3) ------------------------------------------------------------------

void ViewstampedReplication::receive(NodeId from,
                                     const viewstamped_replication::LeaseGranted& lease,
                                     Step_& step) {
  auto* primary = std::get_if<Primary>(&role_);
  if (primary == nullptr || lease.view != view_ || lease.sent > step.now()) return;
  std::optional<Time>& latest = primary->leased[position_of(from, step.members())];
  latest = latest ? std::max(*latest, lease.sent) : lease.sent;
}

// "The primary processes reads unilaterally only if it holds valid leases from f other replicas,
// and a new view will start only after leases at f + 1 participants in the view change protocol
// expire."
bool ViewstampedReplication::holds_leases(const Step_& step) const {
  if (!config_.lease) return false;
  const Duration shorter = shortest(*config_.lease, config_.drift_ppm);
  const auto& leased = std::get<Primary>(role_).leased;
  const auto held = std::count_if(leased.begin(), leased.end(), [&](const auto& asked) {
    return asked && step.now() < *asked + shorter;
  });
  return static_cast<std::size_t>(held) + 1 >= majority(leased.size());
}

bool ViewstampedReplication::answers_read(const Request& request, const Step_& step) const {
  if (request.command.operation != Operation::read) return false;
  // What primaries before may have answered must have been executed here.
  if (commit_ < std::get<Primary>(role_).opened_at) return false;
  // WRONG if read_without_lease. Another primary may have started a view, and answered writes.
  return config_.bug == Bug::read_without_lease || holds_leases(step);
}

}  // namespace ballast
