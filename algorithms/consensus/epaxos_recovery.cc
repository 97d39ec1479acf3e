// Recovery of instances that nobody ends (4.7), as corrected.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "algorithms/consensus/epaxos.h"

namespace ballast {

using epaxos::Conflict;
using epaxos::FastQuorum;
using epaxos::PreAccepting;
using epaxos::Preparing;
using epaxos::Validating;

namespace {

// How many instances of one replica are recovered at once: whoever was away for long has many.
constexpr std::size_t most_recovered_at_once = 64;

// For how many looks an instance is left to its replica, while that is heard of: if it is late
// because there is too much to do, a recovery makes that worse.
constexpr std::uint64_t looks_left_to_owner = 8;

// Those that were there before, and still are.
std::vector<Conflict> remaining(const std::vector<Conflict>& before,
                                const std::vector<Conflict>& now) {
  std::vector<Conflict> left;
  for (const Conflict& conflict : now) {
    const bool was_there = std::any_of(before.begin(), before.end(), [&](const Conflict& old) {
      return old.instance == conflict.instance;
    });
    if (was_there) left.push_back(conflict);
  }
  return left;
}

}  // namespace

// --- When --------------------------------------------------------------------------------------

// What was not committed when this was looked at before, and is not yet, is recovered. Instances of
// which this replica knows nothing are among them if later ones are known: others may depend on
// them.
void Epaxos::look_for_stuck(Step_& step) {
  std::vector<Instance> now;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    std::size_t found = 0;
    for (std::uint64_t number = settled_[i] + 1;
         number <= highest_[i] && found < most_recovered_at_once; ++number) {
      const Instance instance{members_[i], number};
      const auto known = cells_.find(instance);
      if (known != cells_.end() && known->second.entry.status == Status::committed) continue;
      // WRONG if unseen_not_recovered. If its replica is gone, what depends on it is never
      // executed.
      if (known == cells_.end() && config_.bug == Bug::unseen_not_recovered) continue;
      now.push_back(instance);
      ++found;
    }
  }
  std::map<Instance, std::uint64_t> before;
  before.swap(stuck_);
  for (const Instance& instance : now) {
    if (leading_.contains(instance)) continue;  // and goes on with it
    const auto known = before.find(instance);
    const std::uint64_t looks = known == before.end() ? 0 : known->second + 1;
    if (looks > looks_left_to_others(instance)) {
      recover(instance, step);
    } else {
      stuck_[instance] = looks;
    }
  }
  heard_.assign(members_.size(), false);
}

// After each ballot for twice as many looks, and the more the further this replica comes behind the
// one whose instance it is. Recoveries that preempt each other would go on for ever.
std::uint64_t Epaxos::looks_left_to_others(const Instance& instance) const {
  const std::size_t owner = member(instance.replica);
  const auto known = cells_.find(instance);
  const std::uint64_t round = known == cells_.end() ? 0 : highest_ballot(known->second).round;
  if (round == 0) return heard_[owner] ? looks_left_to_owner : 0;
  const std::size_t distance = (member(self_) + members_.size() - owner) % members_.size();
  return (std::uint64_t{1} << std::min<std::uint64_t>(round, 10)) + distance;
}

// --- Prepare -----------------------------------------------------------------------------------

// "Increment ballot number to epoch.(b + 1).Q (where epoch.b.R is the highest ballot number Q is
// aware of in instance L.i), send Prepare ... to all replicas (including self)".
void Epaxos::recover(const Instance& instance, Step_& step) {
  Entry& entry = cell(instance).entry;
  Preparing stage;
  stage.said[self_] = as_told(entry);
  const Ballot ballot{highest_ballot(cell(instance)).round + 1, self_};
  join(instance, ballot, step);
  write(instance, step);
  lead(instance, {ballot, std::move(stage)});
  step.broadcast(epaxos::Prepare{instance, ballot});
  choose(instance, step);
}

void Epaxos::receive(NodeId from, const epaxos::Prepare& asked, Step_& step) {
  Entry& entry = cell(asked.instance).entry;
  if (entry.status == Status::committed) return tell_commit(from, asked.instance, step);
  const Entry told = as_told(entry);
  const Ballot before = entry.ballot;
  if (!join(asked.instance, asked.ballot, step)) return refuse(from, asked.instance, step);
  // WRONG if ballot_not_durable. After a crash it accepts what it has said that it would not.
  if (before != entry.ballot && config_.bug != Bug::ballot_not_durable) {
    write(asked.instance, step);
  }
  state_ballot(asked.instance, step);
  step.send(from, epaxos::PrepareOk{asked.instance, asked.ballot, told});
}

epaxos::Entry Epaxos::as_told(const Entry& entry) const {
  Entry told = entry;
  // WRONG if one_ballot_variable. What was accepted in a low ballot, and then left by a majority
  // for a higher one, seems to be of that higher one, and beats what was accepted in between.
  if (config_.bug == Bug::one_ballot_variable) told.voted = told.ballot;
  return told;
}

void Epaxos::receive(NodeId from, const epaxos::PrepareOk& answer, Step_& step) {
  Leading* led = leading(answer.instance, answer.ballot);
  if (led == nullptr) return;
  if (auto* preparing = std::get_if<Preparing>(&led->stage)) {
    preparing->said[from] = answer.entry;
    return choose(answer.instance, step);
  }
  // Who waits to learn whether the fast path was taken may be told by somebody who is late.
  auto* validating = std::get_if<Validating>(&led->stage);
  if (validating == nullptr || !validating->said.try_emplace(from, answer.entry).second) return;
  const Entry& late = answer.entry;
  if (late.status == Status::accepted) {
    accept(answer.instance, answer.ballot, late.no_op ? std::nullopt : late.request,
           late.attributes, late.initial, step);
  } else if (from == answer.instance.replica) {
    pre_accept_again(answer.instance, Entry(cell(answer.instance).entry), step);
  }
}

// --- What may have been committed --------------------------------------------------------------

// With the answers of a majority. Whoever has committed the instance has said so in another way.
void Epaxos::choose(const Instance& instance, Step_& step) {
  const Leading& led = leading_.at(instance);
  const std::map<NodeId, Entry> said = std::get<Preparing>(led.stage).said;
  if (said.size() < majority(members_.size())) return;
  const Entry* accepted = nullptr;
  for (const auto& [who, entry] : said) {
    if (entry.status != Status::accepted) continue;
    // WRONG if any_accepted_taken. Only that of the highest ballot may have been committed.
    const bool is_higher = accepted == nullptr || (entry.voted > accepted->voted &&
                                                   config_.bug != Bug::any_accepted_taken);
    if (is_higher) accepted = &entry;
  }
  if (accepted == nullptr) return choose_unaccepted(instance, said, step);
  step.reach(Goal::accepted_recovered);
  Attributes attributes = accepted->attributes;
  // WRONG if deps_lost_in_recovery. It may be committed elsewhere with all its dependencies.
  if (config_.bug == Bug::deps_lost_in_recovery) attributes.deps.assign(members_.size(), 0);
  accept(instance, led.ballot, accepted->no_op ? std::nullopt : accepted->request, attributes,
         accepted->initial, step);
}

void Epaxos::choose_unaccepted(const Instance& instance, const std::map<NodeId, Entry>& said,
                               Step_& step) {
  const Entry* known = nullptr;
  const Entry* as_proposed = nullptr;
  std::size_t support = 0;
  for (const auto& [who, entry] : said) {
    if (entry.request) known = &entry;
    if (!entry.is_as_proposed()) continue;
    as_proposed = &entry;
    ++support;
  }
  // WRONG if preaccepted_ignored. It may have been committed on the fast path.
  if (known == nullptr || config_.bug == Bug::preaccepted_ignored) {
    step.reach(Goal::no_op_accepted);
    Attributes nothing;
    nothing.deps.assign(members_.size(), 0);
    return accept(instance, leading_.at(instance).ballot, std::nullopt, nothing, nothing, step);
  }
  // The command leader has not committed, and will not in ballot 0 any more.
  const bool leader_answered = said.contains(instance.replica);
  const std::size_t n = members_.size();
  const std::size_t missing = missing_from(config_.fast_quorum, n);
  // WRONG if fast_path_forgotten. Others know more by now, so that the attributes become others.
  const bool forgets = config_.bug == Bug::fast_path_forgotten;
  // If the fast path was taken, all but `missing` replicas have pre-accepted the command as it was.
  if (leader_answered || support == 0 || support + missing < said.size() || forgets) {
    return pre_accept_again(instance, Entry(*known), step);
  }
  // Together with the command leader they are a majority that knew no more than the leader: whether
  // that was seen or not, nothing that interferes can have been committed without this command.
  // WRONG if validation_skipped. Fewer than that may have missed what others know.
  if (support + 1 >= majority(n) || config_.bug == Bug::validation_skipped) {
    step.reach(Goal::fast_path_recovered);
    return accept(instance, leading_.at(instance).ballot, as_proposed->request,
                  as_proposed->initial, as_proposed->initial, step);
  }
  validate(instance, Entry(*as_proposed), support, step);
}

// --- Status 1 again -----------------------------------------------------------------------------

// "If there is at least one tuple (γ, seq, deps, pre-accepted): start Status 1 (at line 2) for γ at
// L.i, avoiding fast path". It begins with what the command leader knew, so that what was told to
// others of these attributes stays true.
void Epaxos::pre_accept_again(const Instance& instance, const Entry& known, Step_& step) {
  step.reach(Goal::phase_1_again);
  const Ballot ballot = leading_.at(instance).ballot;
  Entry& entry = cell(instance).entry;
  entry.request = known.request;
  entry.initial = known.initial;
  entry.status = Status::pre_accepted;
  entry.voted = ballot;
  entry.attributes = with_dependencies(instance, *known.request, &known.initial);
  note(instance);
  write(instance, step);
  PreAccepting stage;
  stage.answers.add(self_);
  stage.merged = entry.attributes;
  lead(instance, {ballot, std::move(stage)});
  step.broadcast(epaxos::PreAccept{instance, ballot, *entry.request, entry.initial});
  count_pre_accepts(instance, step);
}

// --- Validation (RGS) --------------------------------------------------------------------------

// Whoever is asked knows the command from then on, so that nothing that interferes with it can miss
// it any more.
void Epaxos::validate(const Instance& instance, const Entry& known, std::uint64_t support,
                      Step_& step) {
  Leading& led = leading_.at(instance);
  Validating stage;
  stage.said = std::get<Preparing>(led.stage).said;
  for (const auto& [who, entry] : stage.said) stage.quorum.push_back(who);
  stage.support = support;
  Entry& entry = cell(instance).entry;
  entry.request = known.request;
  entry.initial = known.initial;
  entry.support = support;
  note(instance);
  write(instance, step);
  stage.conflicts[self_] = conflicts_of(instance, *entry.request, entry.initial);
  const epaxos::Validate asked{instance, led.ballot, *entry.request, entry.initial, support};
  for (const NodeId other : stage.quorum) {
    if (other != self_) step.send(other, asked);
  }
  led.stage = std::move(stage);
  weigh_conflicts(instance, step);
}

void Epaxos::receive(NodeId from, const epaxos::Validate& asked, Step_& step) {
  Entry& entry = cell(asked.instance).entry;
  if (entry.status == Status::committed) return tell_commit(from, asked.instance, step);
  if (asked.ballot < entry.ballot) return refuse(from, asked.instance, step);
  if (entry.ballot != asked.ballot) return;
  const bool is_news = !entry.request || entry.support != asked.support;
  entry.request = asked.request;
  entry.initial = asked.initial;
  entry.support = asked.support;
  note(asked.instance);
  if (is_news) write(asked.instance, step);
  step.send(from, epaxos::ValidateOk{asked.instance, asked.ballot,
                                     conflicts_of(asked.instance, asked.request, asked.initial)});
}

// What may keep this command from having been committed with these attributes: commands that
// interfere and are no dependencies of it, nor have it as theirs. Those that are not committed will
// have at least the dependencies with which they began.
std::vector<Conflict> Epaxos::conflicts_of(const Instance& instance, const Request& request,
                                           const Attributes& attributes) const {
  std::vector<Conflict> found;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto at = cells_.upper_bound({members_[i], attributes.on(i)});
    for (; at != cells_.end() && at->first.replica == members_[i]; ++at) {
      const Entry& other = at->second.entry;
      if (at->first == instance || !other.request || !interfere(request, *other.request)) continue;
      const bool is_committed = other.status == Status::committed;
      if (is_committed && other.no_op) continue;
      if (is_dependency(instance, is_committed ? other.attributes : other.initial)) continue;
      found.push_back({at->first, is_committed, other.support});
    }
  }
  return found;
}

void Epaxos::receive(NodeId from, const epaxos::ValidateOk& answer, Step_& step) {
  Leading* led = leading(answer.instance, answer.ballot);
  auto* stage = led == nullptr ? nullptr : std::get_if<Validating>(&led->stage);
  if (stage == nullptr) return;
  const auto [known, is_new] = stage->conflicts.try_emplace(from, answer.conflicts);
  // What has come meanwhile has seen this command at everybody who was asked.
  if (!is_new) known->second = remaining(known->second, answer.conflicts);
  weigh_conflicts(answer.instance, step);
}

// If nothing interferes, the command may have been committed on the fast path, and can be committed
// so. If something does that is committed, it cannot have been; nor if what interferes belongs to a
// replica that must have been in the fast quorum, or if so many had pre-accepted the other command
// as it was that they meet every fast quorum. Else the end of the other command decides.
void Epaxos::weigh_conflicts(const Instance& instance, Step_& step) {
  const Leading& led = leading_.at(instance);
  const auto& stage = std::get<Validating>(led.stage);
  if (stage.conflicts.size() < stage.quorum.size()) return;
  const std::size_t n = members_.size();
  const std::size_t missing = missing_from(config_.fast_quorum, n);
  const bool all_others_needed = stage.support + missing == stage.quorum.size();
  bool interferes = false;
  bool refused = false;
  for (const auto& [who, conflicts] : stage.conflicts) {
    for (const Conflict& conflict : conflicts) {
      interferes = true;
      const bool was_asked = std::find(stage.quorum.begin(), stage.quorum.end(),
                                       conflict.instance.replica) != stage.quorum.end();
      refused = refused || conflict.committed || (all_others_needed && !was_asked) ||
                conflict.support + missing > stage.quorum.size();
    }
  }
  const Entry known = cell(instance).entry;
  if (refused) {
    step.reach(Goal::validation_refused);
    return pre_accept_again(instance, known, step);
  }
  if (interferes) return step.reach(Goal::validation_waited);
  step.reach(Goal::validated);
  accept(instance, led.ballot, known.request, known.initial, known.initial, step);
}

}  // namespace ballast
