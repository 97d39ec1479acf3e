// Clients (8), reads that bypass the log (dissertation 6.4) and leadership transfer (3.10).
#include <algorithm>

#include "algorithms/consensus/raft.h"

namespace ballast {

using raft::Bug;
using raft::Entry;
using raft::Follower;
using raft::FollowerRead;
using raft::Goal;
using raft::Heartbeat;
using raft::HeartbeatReply;
using raft::Leader;
using raft::ReadIndex;
using raft::ReadIndexReply;
using raft::Reads;
using raft::TimeoutNow;

// 8: "If the client's first choice is not the leader, that server will reject the client's request
// and supply information about the most recent leader it has heard from."
void Raft::redirect(const Request& request, NodeId to, Step<Raft>& step) const {
  step.reply(request.id, Response{Outcome::redirect, 0, to});
}

void Raft::on_request(const Request& request, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) {
    const auto* follower = std::get_if<Follower>(&role_);
    const NodeId known = follower != nullptr ? follower->leader : NodeId{};
    if (known && config_.follower_reads && bypasses_log(request)) {
      ask_for_read_index(request, known, step);
    } else {
      redirect(request, known, step);
    }
    return;
  }
  if (request.command.operation == Operation::administer) {
    administer(request, *leader, step);
    return;
  }
  // Dissertation 3.10: "The prior leader stops accepting new client requests."
  if (leader->transfer.target) {
    redirect(request, leader->transfer.target, step);
    return;
  }
  if (bypasses_log(request)) {
    read({request, NodeId{}, LogIndex{}, 0}, *leader, step);
    return;
  }
  // 8: "If it receives a command whose serial number has already been executed, it responds
  // immediately without re-executing the request."
  if (answered_again(machine_, request, Goal::retry_answered_from_session, step)) return;
  // Repeated while it waits in the log: the answer follows when it is applied.
  std::uint64_t& appended = leader->appended[session_of(request.id)];
  if (appended >= request.id.sequence) return;
  appended = request.id.sequence;
  propose(Entry{term_, request}, *leader, step);
}

// 5.3: "When the entry has been safely replicated, the leader applies the entry to its state
// machine and returns the result of that execution to the client."
void Raft::apply(LogIndex index, Step<Raft>& step) {
  const Entry& entry = log_[index];
  step.observe(Decided{Slot{index.value}, raft::value_of(entry)});
  if (!entry.request) return;
  if (raft::is_configuration(entry)) {
    const bool asked = std::holds_alternative<Leader>(role_) && entry.term == term_;
    if (asked && !configuration_at(index).is_joint()) {
      step.reply(entry.request->id, Response{Outcome::ok, 0, {}});
    }
    return;
  }
  // Bug: a client that heard nothing asks again, and its command takes effect twice.
  if (config_.bug == Bug::retry_executed_again) machine_.forget_sessions();
  const std::optional<Response> response = machine_.apply(*entry.request);
  // An entry of an earlier term was another leader's to answer; its client has asked again since,
  // or will.
  const bool mine = std::holds_alternative<Leader>(role_) && entry.term == term_;
  if (!mine || !response) return;
  // Dissertation 10.2.1: "The leader may even commit an entry before it has been written to its own
  // disk, if a majority of followers have written it to their disks; this is still safe." Nor need
  // its client wait for that disk.
  if (config_.parallel_writes) {
    step.reply_ahead(entry.request->id, *response);
  } else {
    step.reply(entry.request->id, *response);
  }
}

// --- Dissertation 6.4: reads -------------------------------------------------------------------

// "If the leader has not yet marked an entry from its current term committed, it waits until it has
// done so. ... The leader saves its current commit index in a local variable readIndex." To wait
// for the no-op of its term to be applied is to do both.
void Raft::read(Leader::Read read, Leader& leader, Step<Raft>& step) {
  read.index = std::max(commit_index_, leader.opened_at);
  if (read.index > commit_index_) step.reach(Goal::read_waited_for_own_commit);
  // Bug: a new leader may not know of all that was committed before it.
  if (config_.bug == Bug::read_before_own_commit) read.index = commit_index_;
  if (holds_lease(leader, step)) {
    step.reach(Goal::read_under_lease);
  } else if (config_.bug == Bug::read_without_quorum) {
    // Bug: it may have been deposed, and entries committed that it has never heard of.
  } else if (!leader.reads.open()) {
    read.round = leader.reads.round + 1;
  } else {
    // A round under way may have been answered before this read came.
    // Bug: it is taken for an answer all the same.
    read.round = leader.reads.round + (config_.bug == Bug::read_round_reused ? 0 : 1);
  }
  const std::uint64_t round = read.round;
  leader.reads.waiting.push_back(std::move(read));
  if (round > leader.reads.round && !leader.reads.open()) begin_round(leader, step);
  if (std::holds_alternative<Leader>(role_)) serve_reads(leader, step);
}

// "The leader needs to make sure it hasn't been superseded by a newer leader of which it is
// unaware. It issues a new round of heartbeats and waits for their acknowledgments from a majority
// of the cluster."
void Raft::begin_round(Leader& leader, Step<Raft>& step) {
  Leader::ReadQueue& reads = leader.reads;
  ++reads.round;
  reads.begun = step.now();
  reads.answered.assign(step.members().size(), false);
  step.broadcast(Heartbeat{term_, reads.round});
  receive(step.self(), HeartbeatReply{term_, reads.round}, step);
}

void Raft::receive(NodeId from, const Heartbeat& request, Step<Raft>& step) {
  heed(from, step);
  step.send(from, HeartbeatReply{term_, request.round});
}

void Raft::receive(NodeId from, const HeartbeatReply& reply, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  hear_from(from, step);
  Leader::ReadQueue& reads = leader->reads;
  if (!reads.open() || reply.round != reads.round) return;
  std::vector<bool>& answered = reads.answered;
  answered[position_of(from, step.members())] = true;
  if (is_quorum(Phase::two, step, answered)) end_round(*leader, step);
}

void Raft::end_round(Leader& leader, Step<Raft>& step) {
  leader.reads.confirmed = leader.reads.round;
  leader.reads.leased_from = leader.reads.begun;
  serve_reads(leader, step);
  const auto& waiting = leader.reads.waiting;
  const bool more = std::any_of(waiting.begin(), waiting.end(), [&](const Leader::Read& read) {
    return read.round > leader.reads.confirmed;
  });
  if (more) begin_round(leader, step);
}

// 6.4.1: "Once the leader's heartbeats were acknowledged by a majority of the cluster, the leader
// would extend its lease to start + election timeout / clock drift bound". A leader that has told
// somebody to stand, past all who hear it, has no lease any more, for its message may be late.
bool Raft::holds_lease(const Leader& leader, const Step<Raft>& step) const {
  if (config_.reads != Reads::lease || leader.reads.confirmed == 0) return false;
  if (leader.transfer.told_to_stand && config_.bug != Bug::lease_kept_in_transfer) return false;
  const Time from = leader.reads.leased_from;
  return step.now() >= from && step.now() - from < config_.lease();
}

// "The leader waits for its state machine to advance at least as far as the readIndex; ... finally,
// the leader issues the query against its state machine and replies to the client with the
// results." A follower waits for its own.
void Raft::serve_reads(Leader& leader, Step<Raft>& step) {
  const auto served = [&](const Leader::Read& read) {
    if (read.round > leader.reads.confirmed) return false;
    if (read.follower) {
      step.send(read.follower, ReadIndexReply{term_, read.request.id, read.index});
      return true;
    }
    if (read.index > applied_index_ && !reads_too_soon()) return false;
    if (read.round != 0) step.reach(Goal::read_confirmed);
    answer_read(read.request, step);
    return true;
  };
  std::erase_if(leader.reads.waiting, served);
}

void Raft::answer_read(const Request& request, Step<Raft>& step) const {
  step.reply(request.id, Response{Outcome::ok, machine_.look(request.command.key), {}});
}

// "Followers can help offload the processing of read-only queries. ... a follower issues a request
// to the leader that just asks for a current readIndex." A session has one request at a time: an
// earlier one is over, or is asked again.
void Raft::ask_for_read_index(const Request& request, NodeId leader, Step<Raft>& step) {
  std::erase_if(reads_, [&](const FollowerRead& read) {
    return session_of(read.request.id) == session_of(request.id);
  });
  reads_.push_back({request, LogIndex{}});
  step.send(leader, ReadIndex{term_, request.id});
}

void Raft::receive(NodeId from, const ReadIndex& request, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  hear_from(from, step);
  Request asked;
  asked.id = request.request;
  read({asked, from, LogIndex{}, 0}, *leader, step);
}

void Raft::receive(NodeId, const ReadIndexReply& reply, Step<Raft>& step) {
  for (FollowerRead& read : reads_) {
    if (read.request.id == reply.request) read.index = reply.index;
  }
  serve_reads(step);
}

void Raft::serve_reads(Step<Raft>& step) {
  if (auto* leader = std::get_if<Leader>(&role_)) serve_reads(*leader, step);
  std::erase_if(reads_, [&](const FollowerRead& read) {
    if (!read.index || (read.index > applied_index_ && !reads_too_soon())) return false;
    step.reach(Goal::read_by_follower);
    answer_read(read.request, step);
    return true;
  });
}

// --- Dissertation 3.10: leadership transfer ----------------------------------------------------

void Raft::administer(const Request& request, Leader& leader, Step<Raft>& step) {
  if (request.command.key == static_cast<std::uint64_t>(Administration::transfer_leadership)) {
    transfer_leadership(request, leader, step);
  } else {
    change_configuration(request, leader, step);
  }
}

// "The prior leader fully updates the target server's log to match its own log", and then tells it
// to stand. Nobody in particular is whoever is nearest to that.
void Raft::transfer_leadership(const Request& request, Leader& leader, Step<Raft>& step) {
  NodeId target{static_cast<std::uint32_t>(request.command.value)};
  LogIndex furthest;
  for (std::size_t i = 0; i < leader.progress.size() && request.command.value == 0; ++i) {
    const LogIndex match = leader.progress[i].match_index;
    const NodeId member = step.members()[i];
    if (member == step.self() || (target && match <= furthest)) continue;
    if (!configuration().is_voter(member)) continue;
    target = step.members()[i];
    furthest = match;
  }
  const bool known = std::binary_search(step.members().begin(), step.members().end(), target);
  if (!known || target == step.self() || !configuration().is_voter(target)) {
    step.reply(request.id, Response{target == step.self() ? Outcome::ok : Outcome::failed, 0, {}});
    return;
  }
  leader.transfer.target = target;
  leader.transfer.asked = request.id;
  step.set_timer(Timer::election, config_.election_timeout.min);
  tell_to_stand(leader, step);
}

void Raft::tell_to_stand(Leader& leader, Step<Raft>& step) {
  const NodeId target = leader.transfer.target;
  const auto& progress = leader.progress[position_of(target, step.members())];
  if (progress.match_index < log_.last_index()) return;  // it is sent the rest
  leader.transfer.told_to_stand = true;
  step.send(target, TimeoutNow{term_});
  step.reply(leader.transfer.asked, Response{Outcome::ok, 0, {}});
}

// "This request has the same effect as the target server's election timer firing: the target server
// starts a new election (incrementing its term and becoming a candidate)." It asks nobody first.
void Raft::receive(NodeId, const TimeoutNow&, Step<Raft>& step) {
  if (std::holds_alternative<Leader>(role_) || !configuration().is_voter(step.self())) return;
  step.reach(Goal::leadership_transferred);
  become_candidate(true, step);
}

}  // namespace ballast
