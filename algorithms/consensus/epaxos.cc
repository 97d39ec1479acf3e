// The commit protocol (4.3.1), and what interferes.
#include "algorithms/consensus/epaxos.h"

#include <algorithm>
#include <utility>

#include "sim/protocol/register.h"

namespace ballast {

using epaxos::Accepting;
using epaxos::Deps;
using epaxos::PreAccepting;

namespace {

const Register<Epaxos> registered_epaxos;

ValueDigest command_of(const std::optional<Request>& request) {
  return request ? ValueDigest{digest(*request)} : ValueDigest{};
}

bool reads(const Request& request) { return request.command.operation == Operation::read; }

void raise(epaxos::Attributes& latest, std::size_t member, std::uint64_t number,
           std::uint64_t seq) {
  if (latest.deps.size() <= member) latest.deps.resize(member + 1);
  latest.deps[member] = std::max(latest.deps[member], number);
  latest.seq = std::max(latest.seq, seq);
}

}  // namespace

// --- Life --------------------------------------------------------------------------------------

void Epaxos::on_recover(const Record& record) {
  const epaxos::Known& known = std::get<epaxos::Known>(record);
  Entry& entry = cells_[known.instance].entry;
  entry = known.entry;
  // WRONG if vote_ballot_after_restart. It joins ballots again that it has left for higher ones.
  if (config_.bug == Bug::vote_ballot_after_restart) entry.ballot = entry.voted;
}

void Epaxos::on_start(Step_& step) {
  self_ = step.self();
  members_.assign(step.members().begin(), step.members().end());
  highest_.assign(members_.size(), 0);
  settled_.assign(members_.size(), 0);
  executed_.assign(members_.size(), 0);
  heard_.assign(members_.size(), false);
  std::vector<Instance> committed;
  for (auto& [instance, known] : cells_) {
    cell(instance);
    known.stated = known.entry.ballot;
    note(instance);
    if (known.entry.status == Status::committed) committed.push_back(instance);
  }
  committed_count_ = committed.size();
  for (const Instance& instance : committed) settle(instance, step);
  step.set_timer(Timer::resend, config_.resend_interval);
  step.set_timer(Timer::recovery, config_.recovery_timeout);
}

void Epaxos::on_message(NodeId from, const Message& message, Step_& step) {
  heard_[member(from)] = true;
  std::visit([&](const auto& m) { receive(from, m, step); }, message);
}

void Epaxos::on_timer(Timer timer, Step_& step) {
  switch (timer) {
    case Timer::resend:
      resend(step);
      ask_again(step);
      return step.set_timer(Timer::resend, config_.resend_interval);
    case Timer::recovery:
      look_for_stuck(step);
      return step.set_timer(Timer::recovery, config_.recovery_timeout);
  }
}

Epaxos::State Epaxos::state() const {
  State shown;
  shown.own = highest_.empty() ? 0 : highest_[member(self_)];
  shown.known = cells_.size();
  shown.committed = committed_count_;
  shown.executed = executed_count_;
  shown.leading = leading_.size();
  shown.preparing = recovering_;
  shown.blocked = waits_.size();
  return shown;
}

// --- What is known -----------------------------------------------------------------------------

Epaxos::Cell& Epaxos::cell(const Instance& instance) {
  std::uint64_t& highest = highest_[member(instance.replica)];
  highest = std::max(highest, instance.number);
  return cells_[instance];
}

// What this replica leads in this ballot; null if it does not, or no more.
Epaxos::Leading* Epaxos::leading(const Instance& instance, const Ballot& ballot) {
  const auto found = leading_.find(instance);
  return found == leading_.end() || found->second.ballot != ballot ? nullptr : &found->second;
}

void Epaxos::lead(const Instance& instance, Leading how) {
  Leading& led = leading_[instance];
  recovering_ -= led.ballot != Ballot{} ? 1 : 0;
  led = std::move(how);
  recovering_ += led.ballot != Ballot{} ? 1 : 0;
}

void Epaxos::leave(const Instance& instance) {
  const auto led = leading_.find(instance);
  if (led == leading_.end()) return;
  recovering_ -= led->second.ballot != Ballot{} ? 1 : 0;
  leading_.erase(led);
}

// Takes part in this ballot from now on, unless it has joined a higher one. Who leads a lower one
// does so no more. The caller writes that down.
bool Epaxos::join(const Instance& instance, const Ballot& ballot, Step_& step) {
  Entry& entry = cell(instance).entry;
  if (ballot < entry.ballot) return false;
  if (ballot == entry.ballot) return true;
  entry.ballot = ballot;
  stuck_.erase(instance);  // somebody is at it
  const auto led = leading_.find(instance);
  // WRONG if fast_path_after_joining. Who recovers has been told that this leader has not committed
  // yet, and takes that for its word that it will not.
  const bool goes_on = config_.bug == Bug::fast_path_after_joining && led != leading_.end() &&
                       std::holds_alternative<PreAccepting>(led->second.stage);
  if (led != leading_.end() && !goes_on) {
    step.reach(Goal::ballot_overtaken);
    leave(instance);
  }
  return true;
}

void Epaxos::write(const Instance& instance, Step_& step) {
  step.persist(epaxos::Known{instance, cells_.at(instance).entry});
  state_ballot(instance, step);
}

// After the record, on which it rests.
void Epaxos::state_ballot(const Instance& instance, Step_& step) {
  Cell& known = cells_.at(instance);
  if (known.stated == known.entry.ballot) return;
  known.stated = known.entry.ballot;
  step.observe(BallotJoined{instance, known.stated});
}

void Epaxos::tell_commit(NodeId to, const Instance& instance, Step_& step) {
  const Entry& entry = cell(instance).entry;
  step.send(to, epaxos::Commit{instance, entry.voted, entry.no_op ? std::nullopt : entry.request,
                               entry.attributes});
}

void Epaxos::refuse(NodeId to, const Instance& instance, Step_& step) {
  step.send(to, epaxos::Nack{instance, cell(instance).entry.ballot});
}

// Whoever is refused leaves the instance to the higher ballot, or takes one above it in time.
void Epaxos::receive(NodeId /*from*/, const epaxos::Nack& nack, Step_& step) {
  Cell& known = cell(nack.instance);
  known.told = std::max(known.told, nack.ballot);
  const auto led = leading_.find(nack.instance);
  if (led == leading_.end() || nack.ballot <= led->second.ballot) return;
  step.reach(Goal::ballot_overtaken);
  leave(nack.instance);
}

// --- What interferes ---------------------------------------------------------------------------

// 4.2: "Two commands interfere if there exists a sequence of commands such that the serial
// execution of it with the one before the other is not equivalent to the opposite order". Two reads
// do not.
bool Epaxos::interfere(const Request& a, const Request& b) const {
  const bool share_session =
      session_of(a.id) == session_of(b.id) && config_.bug != Bug::sessions_do_not_interfere;
  const bool share_key = a.command.key == b.command.key;
  if (config_.bug == Bug::reads_do_not_interfere && (reads(a) || reads(b))) return false;
  return (share_key || share_session) && !(reads(a) && reads(b));
}

// Commands that come later will depend on what this instance holds.
void Epaxos::note(const Instance& instance) {
  const Entry& entry = cells_.at(instance).entry;
  if (!entry.request) return;
  // WRONG if conflicts_not_recorded. Of two commands that interfere, each may be seen first here.
  const bool is_own = instance.replica == self_ || entry.status == Status::committed;
  if (config_.bug == Bug::conflicts_not_recorded && !is_own) return;
  // WRONG if reads_do_not_interfere. A write that comes later may be executed earlier.
  const bool is_read = reads(*entry.request);
  if (config_.bug == Bug::reads_do_not_interfere && is_read) return;
  const std::size_t who = member(instance.replica);
  for (Latest* latest :
       {&by_key_[entry.request->command.key], &by_session_[session_of(entry.request->id)]}) {
    raise(latest->all, who, instance.number, entry.attributes.seq);
    if (!is_read) raise(latest->changes, who, instance.number, entry.attributes.seq);
  }
}

// 4.3.1: deps "is the list of all instances that contain commands that interfere", seq is "larger
// than the seq of all interfering commands in deps". Without `initial`, those that a command begins
// with. Else nothing is added of the instance's own replica: it knew all that came before.
epaxos::Attributes Epaxos::with_dependencies(const Instance& instance, const Request& request,
                                             const Attributes* initial) const {
  Attributes found = initial == nullptr ? Attributes{{}, 1} : *initial;
  found.deps.resize(members_.size());
  const std::size_t own = member(instance.replica);
  const auto add = [&](const Latest& latest) {
    const Attributes& interfering = reads(request) ? latest.changes : latest.all;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (initial != nullptr && i == own) continue;
      found.deps[i] = std::max(found.deps[i], interfering.on(i));
    }
    // WRONG if seq_not_updated, or so it seems.
    const bool updates = initial == nullptr || config_.bug != Bug::seq_not_updated;
    if (updates) found.seq = std::max(found.seq, interfering.seq + 1);
  };
  if (config_.bug == Bug::reads_do_not_interfere && reads(request)) return found;
  if (const auto of_key = by_key_.find(request.command.key); of_key != by_key_.end()) {
    add(of_key->second);
  }
  const auto of_session = by_session_.find(session_of(request.id));
  // WRONG if sessions_do_not_interfere. A request that its client has given up and the next one of
  // the same session are executed in any order, and after the next one it is left out.
  if (of_session != by_session_.end() && config_.bug != Bug::sessions_do_not_interfere) {
    add(of_session->second);
  }
  return found;
}

// --- Status 1: to establish ordering attributes -------------------------------------------------

void Epaxos::on_request(const Request& request, Step_& step) {
  // WRONG if retry_executed_again. A client that heard nothing asks again, and its request takes
  // effect twice.
  const bool looks = config_.bug != Bug::retry_executed_again;
  if (looks && answered_again(machine_, request, Goal::retry_answered_from_session, step)) return;
  // Repeated while it is under way: the answer follows when it is executed.
  std::uint64_t& asked = asked_[session_of(request.id)];
  if (looks && asked >= request.id.sequence) return;
  asked = request.id.sequence;
  if (looks && is_under_way(request)) return step.reach(Goal::retry_left_to_others);
  step.observe(Proposed{command_of(request)});
  propose(request, step);
}

// Whether it is known from others, whom the client has asked before. If every replica proposed it
// anew, those who cannot commit for a while would be left with many times what clients want.
bool Epaxos::is_under_way(const Request& request) const {
  const auto latest = by_session_.find(session_of(request.id));
  if (latest == by_session_.end()) return false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto known = cells_.find({members_[i], latest->second.all.on(i)});
    if (known == cells_.end() || known->second.entry.no_op) continue;
    if (known->second.entry.request && known->second.entry.request->id == request.id) return true;
  }
  return false;
}

void Epaxos::propose(const Request& request, Step_& step) {
  const Instance instance{self_, highest_[member(self_)] + 1};
  Entry& entry = cell(instance).entry;
  entry.request = request;
  entry.status = Status::pre_accepted;
  entry.initial = with_dependencies(instance, request, nullptr);
  entry.attributes = entry.initial;
  note(instance);
  write(instance, step);
  PreAccepting stage;
  stage.answers.add(self_);
  stage.merged = entry.initial;
  stage.alike = 1;
  lead(instance, {Ballot{}, std::move(stage)});
  step.broadcast(epaxos::PreAccept{instance, Ballot{}, request, entry.initial});
  count_pre_accepts(instance, step);
}

void Epaxos::receive(NodeId from, const epaxos::PreAccept& asked, Step_& step) {
  Entry& entry = cell(asked.instance).entry;
  if (entry.status == Status::committed) return tell_commit(from, asked.instance, step);
  if (!join(asked.instance, asked.ballot, step)) return refuse(from, asked.instance, step);
  const bool is_first = asked.ballot == Ballot{};
  if (is_first && entry.status == Status::accepted) return;
  Attributes found = entry.attributes;
  const bool is_known = entry.status == Status::pre_accepted && entry.voted == asked.ballot;
  // Whoever has pre-accepted already says the same again, for only that is a vote.
  if (is_first ? entry.status == Status::unknown : !is_known) {
    entry.request = asked.request;
    entry.initial = asked.initial;
    found = with_dependencies(asked.instance, asked.request, &asked.initial);
    if (entry.status != Status::accepted) {
      entry.status = Status::pre_accepted;
      entry.voted = asked.ballot;
      entry.attributes = found;
    }
    note(asked.instance);
    // WRONG if preaccept_reply_not_durable. Two commands that interfere meet at this replica only,
    // and after a crash it knows nothing of the first.
    if (config_.bug != Bug::preaccept_reply_not_durable) write(asked.instance, step);
  }
  step.send(from, epaxos::PreAcceptOk{asked.instance, asked.ballot, std::move(found)});
}

void Epaxos::receive(NodeId from, const epaxos::PreAcceptOk& answer, Step_& step) {
  Leading* led = leading(answer.instance, answer.ballot);
  auto* stage = led == nullptr ? nullptr : std::get_if<PreAccepting>(&led->stage);
  if (stage == nullptr || !stage->answers.add(from)) return;
  stage->merged.merge(answer.attributes);
  stage->alike += answer.attributes == cell(answer.instance).entry.initial;
  count_pre_accepts(answer.instance, step);
}

// 4.3.1: with enough answers that are all the same the command is committed, else it takes the slow
// path. Who recovers (4.7) may not take the fast path: in its ballot nobody looks for that.
void Epaxos::count_pre_accepts(const Instance& instance, Step_& step) {
  const Leading& led = leading_.at(instance);
  const auto& stage = std::get<PreAccepting>(led.stage);
  const Entry& entry = cell(instance).entry;
  const std::size_t answers = stage.answers.from.size();
  const std::size_t enough = majority(members_.size());
  std::size_t fast = members_.size() - missing_from(config_.fast_quorum, members_.size());
  // WRONG if fast_path_with_majority. Who recovers finds too few of these to know of the fast path.
  if (config_.bug == Bug::fast_path_with_majority) fast = enough;
  // WRONG if fast_path_with_others. The dependency that one of them knows may not know of this.
  const std::size_t alike = config_.bug == Bug::fast_path_with_others ? answers : stage.alike;
  const Ballot ballot = led.ballot;
  if (ballot == Ballot{} && alike >= fast) {
    step.reach(Goal::fast_path);
    return commit(instance, ballot, entry.request, Attributes(entry.initial), step);
  }
  const bool goes_on = ballot != Ballot{} || stage.alike < answers || stage.is_late;
  if (answers < enough || !goes_on) return;
  if (ballot == Ballot{}) {
    step.reach(stage.alike < answers ? Goal::slow_path : Goal::fast_quorum_given_up);
  }
  // WRONG if deps_not_merged. What only others know is executed before this command here, and after
  // it elsewhere.
  const Attributes merged = config_.bug == Bug::deps_not_merged ? entry.initial : stage.merged;
  accept(instance, ballot, entry.request, merged, Attributes(entry.initial), step);
}

// --- Status 2: Paxos-Accept ---------------------------------------------------------------------

void Epaxos::accept(const Instance& instance, const Ballot& ballot,
                    const std::optional<Request>& request, const Attributes& attributes,
                    const Attributes& initial, Step_& step) {
  step.broadcast(epaxos::Accept{instance, ballot, request, attributes, initial});
  vote(instance, ballot, request, attributes, initial, step);
  Accepting stage;
  stage.answers.add(self_);
  lead(instance, {ballot, std::move(stage)});
  count_accepts(instance, step);
}

void Epaxos::vote(const Instance& instance, const Ballot& ballot,
                  const std::optional<Request>& request, const Attributes& attributes,
                  const Attributes& initial, Step_& step) {
  Entry& entry = cell(instance).entry;
  entry.voted = ballot;
  entry.status = Status::accepted;
  entry.no_op = !request.has_value();
  if (request) entry.request = request;
  entry.attributes = attributes;
  // WRONG if initial_not_told. Who has not pre-accepted this command takes it for one that missed
  // others, which are then thought not to have been committed fast.
  if (request && config_.bug != Bug::initial_not_told) entry.initial = initial;
  note(instance);
  write(instance, step);
  step.observe(InstanceAccepted{instance, ballot, command_of(request), digest(attributes)});
  // WRONG if execute_before_commit. Others may have accepted less, and something else be committed.
  const bool is_executed = entry.no_op || cell(instance).executed;
  if (config_.bug == Bug::execute_before_commit && !is_executed) execute(instance, step);
}

void Epaxos::receive(NodeId from, const epaxos::Accept& asked, Step_& step) {
  if (cell(asked.instance).entry.status == Status::committed) {
    return tell_commit(from, asked.instance, step);
  }
  // WRONG if accept_below_ballot. Who leads the higher ballot was told that nothing is accepted.
  const bool joins = join(asked.instance, asked.ballot, step);
  if (!joins && config_.bug != Bug::accept_below_ballot) {
    return refuse(from, asked.instance, step);
  }
  // What has come again need not be written again.
  const Entry& entry = cell(asked.instance).entry;
  if (entry.status != Status::accepted || entry.voted != asked.ballot) {
    vote(asked.instance, asked.ballot, asked.request, asked.attributes, asked.initial, step);
  }
  step.send(from, epaxos::AcceptOk{asked.instance, asked.ballot});
}

void Epaxos::receive(NodeId from, const epaxos::AcceptOk& answer, Step_& step) {
  Leading* led = leading(answer.instance, answer.ballot);
  auto* stage = led == nullptr ? nullptr : std::get_if<Accepting>(&led->stage);
  if (stage == nullptr) return;
  stage->answers.add(from);
  count_accepts(answer.instance, step);
}

void Epaxos::count_accepts(const Instance& instance, Step_& step) {
  const auto& stage = std::get<Accepting>(leading_.at(instance).stage);
  // WRONG if answers_counted_twice. A message that came twice is one answer.
  const std::size_t answers = config_.bug == Bug::answers_counted_twice ? stage.answers.messages
                                                                        : stage.answers.from.size();
  if (answers < majority(members_.size())) return;
  const Entry& entry = cell(instance).entry;
  commit(instance, entry.voted, entry.no_op ? std::nullopt : entry.request,
         Attributes(entry.attributes), step);
}

// --- Commit ------------------------------------------------------------------------------------

void Epaxos::commit(const Instance& instance, const Ballot& ballot,
                    const std::optional<Request>& request, const Attributes& attributes,
                    Step_& step) {
  step.broadcast(epaxos::Commit{instance, ballot, request, attributes});
  learn(instance, ballot, request, attributes, true, step);
}

void Epaxos::receive(NodeId /*from*/, const epaxos::Commit& commit, Step_& step) {
  if (cell(commit.instance).entry.status == Status::committed) return;
  learn(commit.instance, commit.ballot, commit.request, commit.attributes, false, step);
}

void Epaxos::learn(const Instance& instance, const Ballot& ballot,
                   const std::optional<Request>& request, const Attributes& attributes,
                   bool is_leader, Step_& step) {
  Entry& entry = cell(instance).entry;
  entry.voted = ballot;
  entry.status = Status::committed;
  entry.no_op = !request.has_value();
  if (request) entry.request = request;
  entry.attributes = attributes;
  ++committed_count_;
  leave(instance);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    highest_[i] = std::max(highest_[i], attributes.on(i));
  }
  note(instance);
  // WRONG if commit_not_durable. After a crash this leader says that it has committed nothing, and
  // whoever hears it need not look for a fast quorum.
  if (!is_leader || config_.bug != Bug::commit_not_durable) write(instance, step);
  step.observe(InstanceCommitted{instance, ballot, command_of(request), digest(attributes)});
  settle(instance, step);
  // Somebody has recovered an instance without its command, whose client waits here.
  if (!entry.no_op || !entry.request) return;
  const Request lost = *entry.request;
  const auto asked = asked_.find(session_of(lost.id));
  if (asked == asked_.end() || asked->second != lost.id.sequence || is_under_way(lost)) return;
  step.reach(Goal::proposed_again);
  propose(lost, step);
}

}  // namespace ballast
