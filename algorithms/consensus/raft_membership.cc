// Cluster membership changes: one server at a time (dissertation 4.1), by joint consensus (4.3),
// and learners (4.2.1).
#include <algorithm>
#include <utility>

#include "algorithms/consensus/raft.h"

namespace ballast {

using raft::Bug;
using raft::Configuration;
using raft::Entry;
using raft::Goal;
using raft::Leader;

// --- Which configuration counts ----------------------------------------------------------------

Configuration Raft::configuration_at(LogIndex index) const {
  Configuration found = base_configuration_;
  for (const Change& change : changes_) {
    if (change.index <= index) found = change.configuration;
  }
  return found;
}

// 4.1: "the new configuration takes effect on each server as soon as it is added to that server's
// log".
void Raft::configure(LogIndex index, const Entry& entry) {
  if (raft::is_configuration(entry)) changes_.push_back({index, raft::configuration_of(entry)});
}

// 4.1: "in this case, a server must be prepared to fall back to the previous configuration in its
// log".
void Raft::forget_changes_after(LogIndex last_kept) {
  while (!changes_.empty() && changes_.back().index > last_kept) changes_.pop_back();
}

void Raft::state_configuration(Step<Raft>& step) const {
  const Configuration& c = configuration();
  step.observe(Reconfigured{configured_at(), c.voters, c.outgoing, c.learners});
}

void Raft::ask_voters(const Message& message, Step<Raft>& step) const {
  if (configuration().voters == 0) {
    step.broadcast(message);
    return;
  }
  for (const NodeId member : step.members()) {
    if (member != step.self() && configuration().is_voter(member)) step.send(member, message);
  }
}

// --- Changes -----------------------------------------------------------------------------------

void Raft::change_configuration(const Request& request, Leader& leader, Step<Raft>& step) {
  const auto refuse = [&] { step.reply(request.id, Response{Outcome::failed, 0, {}}); };
  const std::optional<Configuration> next = wanted(request.command, leader, step.members());
  if (!next || leader.transfer.target) {
    refuse();
  } else if (*next == configuration() && configured_at() <= commit_index_) {
    step.reply(request.id, Response{Outcome::ok, 0, {}});  // asked again
  } else if ((configured_at() > commit_index_ || configuration().is_joint()) &&
             config_.bug != Bug::overlapping_changes) {
    // 4.1: "a leader may not begin a new change until the previous one has been committed". Two at
    // once need not share a majority.
    step.reach(Goal::change_refused_overlap);
    refuse();
  } else if (commit_index_ < leader.opened_at && config_.bug != Bug::change_before_own_commit) {
    // Ongaro, "bug in single-server membership changes", raft-dev 2015: "a leader may not append a
    // new configuration entry until it has committed an entry from its current term".
    step.reach(Goal::change_refused_own_commit);
    refuse();
  } else {
    propose(Entry{term_, raft::to_request(request.id, *next)}, leader, step);
  }
}

// The configuration that a command leads to, or nothing if it cannot be done.
std::optional<Configuration> Raft::wanted(const Command& command, const Leader& leader,
                                          std::span<const NodeId> members) const {
  if (members.back().value > Configuration::most) return std::nullopt;
  // Other quorums than majorities are of all members.
  if (!std::holds_alternative<quorum::Majority>(config_.quorums)) return std::nullopt;
  if (command.key >= enumerators(Administration{}).size()) return std::nullopt;
  std::uint64_t everybody = 0;
  for (const NodeId node : members) everybody |= std::uint64_t{1} << (node.value - 1);
  Configuration next = configuration();
  if (next.voters == 0) next.voters = everybody;
  const bool a_set = command.key == static_cast<std::uint64_t>(Administration::set_voters);
  const auto number = static_cast<std::uint64_t>(command.value);
  if (!a_set && (number == 0 || number > Configuration::most)) return std::nullopt;
  const std::uint64_t set = a_set ? number : std::uint64_t{1} << (number - 1);
  if (set == 0 || (set & ~everybody) != 0) return std::nullopt;
  switch (static_cast<Administration>(command.key)) {
    case Administration::add_learner:
      if ((next.voters & set) != 0) return std::nullopt;
      next.learners |= set;
      return next;
    case Administration::add_voter: {
      // 4.2.1: a server that is far behind would leave the group unable to commit.
      const NodeId node{static_cast<std::uint32_t>(number)};
      const LogIndex match = leader.progress[position_of(node, members)].match_index;
      const bool behind = match.value + config_.max_entries_per_message < log_.last_index().value;
      if (behind && (next.voters & set) == 0) return std::nullopt;
      next.voters |= set;
      next.learners &= ~set;
      return next;
    }
    case Administration::remove:
      next.voters &= ~set;
      next.learners &= ~set;
      return next.voters == 0 ? std::nullopt : std::optional(next);
    case Administration::set_voters:
      if (next.voters == set && !next.is_joint()) return next;
      // Bug: a majority of the old voters and one of the new need not share a server.
      if (config_.bug != Bug::change_without_joint) next.outgoing = next.voters;
      next.voters = set;
      next.learners &= ~set;
      return next;
    case Administration::transfer_leadership:
      break;
  }
  return std::nullopt;
}

// What a leader does when a change is committed. 4.3: "once C_old,new has been committed, ... it is
// now safe for the leader to create a log entry describing C_new". 4.2.2: a leader that is not in
// C_new "steps down once C_new is committed".
void Raft::finish_change(Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || configured_at() > commit_index_) return;
  Configuration next = configuration();
  if (next.is_joint()) {
    // A snapshot may stand for the entry by now; then nobody is told.
    RequestId asked;
    if (configured_at() > log_.base_index()) {
      const Entry& joint = log_[configured_at()];
      if (joint.term != term_) step.reach(Goal::joint_left_by_another_leader);
      asked = joint.request->id;
    }
    next.outgoing = 0;
    propose(Entry{term_, raft::to_request(asked, next)}, *leader, step);
    return;
  }
  if (configured_at()) step.reach(Goal::change_committed);
  if (configuration().is_voter(step.self())) return;
  step.reach(Goal::leader_removed);
  become_follower(term_, step);
}

}  // namespace ballast
