// Who has a say: "the set of servers that execute instance i + alpha of the consensus algorithm" is
// "specified by the state after execution of the ith state machine command" (Lamport 2001, section
// 3). Alpha is the window.
#include <algorithm>
#include <bit>
#include <utility>

#include "algorithms/consensus/multi_paxos.h"
#include "algorithms/consensus/replica.h"

namespace ballast {

using multi_paxos::Configuration;
using multi_paxos::Goal;
using multi_paxos::Leader;

namespace {

constexpr std::uint64_t bit_of(NodeId node) { return std::uint64_t{1} << (node.value - 1); }

std::uint64_t set_of(std::span<const NodeId> nodes) {
  std::uint64_t set = 0;
  for (const NodeId node : nodes) set |= bit_of(node);
  return set;
}

bool has_majority(std::span<const NodeId> nodes, std::uint64_t voters) {
  const auto present = static_cast<std::size_t>(std::popcount(set_of(nodes) & voters));
  return present >= majority(static_cast<std::size_t>(std::popcount(voters)));
}

}  // namespace

void MultiPaxos::begin_with_voters(Step<MultiPaxos>& step) {
  if (configurations_.empty() && config_.voters > 0) {
    const std::size_t first = std::min<std::size_t>(config_.voters, step.members().size());
    ensure(step.members()[first - 1].value <= Configuration::most,
           "multi_paxos: voters are among the first 63 nodes");
    configurations_.push_back({Slot{}, set_of(step.members().first(first))});
  }
  for (const Configuration& each : configurations_) {
    step.observe(VotersChanged{each.from, each.voters});
  }
  // A checkpoint may hold one that was over when it was kept: those who had a say in it may be
  // gone, and nobody would be elected.
  forget_configurations();
}

// Those that have a say in no later slot than what is executed.
void MultiPaxos::forget_configurations() {
  while (configurations_.size() > 1 && configurations_[1].from <= executed_.next()) {
    configurations_.erase(configurations_.begin());
  }
}

void MultiPaxos::take_configurations(std::vector<Configuration> known, Step<MultiPaxos>& step) {
  if (known == configurations_) return;
  configurations_ = std::move(known);
  for (const Configuration& each : configurations_) {
    step.observe(VotersChanged{each.from, each.voters});
  }
}

// The set that a command leads to, or nothing if it cannot be done.
std::optional<std::uint64_t> MultiPaxos::wanted(const Command& command,
                                                std::span<const NodeId> members) const {
  if (members.back().value > Configuration::most) return std::nullopt;
  // Other quorums than majorities are of all members.
  if (!std::holds_alternative<quorum::Majority>(config_.quorums)) return std::nullopt;
  if (command.key >= enumerators(Administration{}).size()) return std::nullopt;
  const std::uint64_t everybody = set_of(members);
  std::uint64_t voters = configurations_.empty() ? everybody : configurations_.back().voters;
  const auto what = static_cast<Administration>(command.key);
  const auto number = static_cast<std::uint64_t>(command.value);
  const bool a_set = what == Administration::set_voters;
  if (!a_set && (number == 0 || number > Configuration::most)) return std::nullopt;
  const std::uint64_t set = a_set ? number : std::uint64_t{1} << (number - 1);
  if (set == 0 || (set & ~everybody) != 0) return std::nullopt;
  switch (what) {
    case Administration::add_voter:
      return voters | set;
    case Administration::remove:
      voters &= ~set;
      return voters == 0 ? std::nullopt : std::optional(voters);
    case Administration::set_voters:
      return set;
    case Administration::add_learner:          // all members learn
    case Administration::transfer_leadership:  // any may lead
      break;
  }
  return std::nullopt;
}

// A change is executed like any command, and counts a window later: all that is asked for until
// then was decided on without it.
void MultiPaxos::change_configuration(Slot slot, const Request& request, Step<MultiPaxos>& step) {
  const std::optional<std::uint64_t> voters = wanted(request.command, step.members());
  const bool leads = std::holds_alternative<Leader>(role_);
  if (leads) step.reply(request.id, {voters ? Outcome::ok : Outcome::failed, 0, {}});
  if (!voters) return;
  if (configurations_.empty()) configurations_.push_back({Slot{}, set_of(step.members())});
  if (configurations_.back().voters == *voters) return;
  Slot from{slot.value + config_.window};
  // WRONG if change_at_once. A slot under way may be decided by those who had a say until now, and
  // again by those who have it from now on.
  if (config_.bug == Bug::change_at_once) from = slot.next();
  configurations_.push_back({from, *voters});
  step.reach(Goal::configuration_changed);
  step.observe(VotersChanged{from, *voters});
}

// A leader is promised its ballot by quorums of those who had a say when it was elected. To ask for
// anything in the slots of a new configuration it needs promises of quorums of that, and has to
// hear of their votes. Returns whether it is a leader no more.
bool MultiPaxos::prepare_for_change(Step<MultiPaxos>& step) {
  forget_configurations();
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || leader->configured == last_change()) return false;
  // WRONG if prepared_once. Votes that only members of the new configuration know are missed.
  if (config_.bug == Bug::prepared_once) return false;
  step.reach(Goal::prepared_for_change);
  step.observe(SteppedDown{Term{leader->ballot.round}});
  step.cancel_timer(Timer::heartbeat);
  become_candidate(step);
  return true;
}

// --- Quorums -----------------------------------------------------------------------------------

// Whether these have decided a slot, in which this node knows who has a say.
bool MultiPaxos::is_quorum_at(Slot slot, const std::vector<NodeId>& nodes,
                              const Step<MultiPaxos>& step) const {
  const Configuration* current = nullptr;
  for (const Configuration& each : configurations_) {
    if (each.from <= slot) current = &each;
  }
  // WRONG if everybody_counts.
  if (current == nullptr || config_.bug == Bug::everybody_counts) {
    return is_quorum(config_.quorums, Phase::two, step.members(), nodes);
  }
  return has_majority(nodes, current->voters);
}

// Whether these are a quorum in each slot that a leader may ask for.
bool MultiPaxos::is_quorum_ahead(Phase phase, const std::vector<NodeId>& nodes,
                                 const Step<MultiPaxos>& step) const {
  if (configurations_.empty() || config_.bug == Bug::everybody_counts) {
    return is_quorum(config_.quorums, phase, step.members(), nodes);
  }
  return std::all_of(configurations_.begin(), configurations_.end(),
                     [&](const Configuration& each) { return has_majority(nodes, each.voters); });
}

}  // namespace ballast
