// Log replication (5.3) and commitment (5.4.2).
#include <algorithm>
#include <utility>

#include "algorithms/consensus/raft.h"

namespace ballast {

using raft::AppendEntries;
using raft::AppendReply;
using raft::AppendResult;
using raft::Bug;
using raft::Entry;
using raft::Goal;
using raft::Leader;

// --- 5.3: log replication, the follower's side -------------------------------------------------

void Raft::receive(NodeId from, const AppendEntries& request, Step<Raft>& step) {
  heed(from, step);

  AppendReply reply{term_, AppendResult::matched, request.previous_index, {}, {}, {}};
  LogIndex previous = request.previous_index;
  if (previous < commit_index_) {
    // Committed entries agree with those of every later leader (5.4): there is nothing to compare
    // and nothing to replace. The request was delayed or repeated.
    step.reach(Goal::late_append_ignored);
    reply.match_index = commit_index_;
    step.send(from, reply);
    return;
  }
  if (!fits(request)) {
    step.send(from, conflict_at(previous));
    return;
  }
  // Only behind a mistake is the log shorter.
  previous = std::min(previous, log_.last_index());
  // What is acknowledged ends with the entries of this request: anything after them in the log may
  // be left over from another leader.
  const LogIndex last_new = take_entries(previous, request.entries, step);
  reply.match_index = last_new;
  // Bug: what is left over counts as well.
  if (config_.bug == Bug::acks_own_last_index) reply.match_index = log_.last_index();
  learn_commit(request, last_new, step);
  if (config_.bug == Bug::acknowledged_before_written) {
    // Bug: the leader counts on what a crash of this node still takes.
    step.send_ahead(from, reply);
  } else {
    step.send(from, reply);
  }
}

// 5.3: "If the follower does not find an entry in its log with the same index and term, then it
// refuses the new entries." By induction equal entries mean equal logs before them.
bool Raft::fits(const AppendEntries& request) const {
  // Bugs: the entries are taken behind whatever the log holds. It then differs from the leader's
  // before them, and the leader counts it as equal.
  if (config_.bug == Bug::append_without_previous_check) return true;
  if (config_.bug == Bug::previous_term_not_compared) {
    return request.previous_index <= log_.last_index();
  }
  return log_.contains(request.previous_index, request.previous_term);
}

// Figure 2: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new
// entry)."
void Raft::learn_commit(const AppendEntries& request, LogIndex last_new, Step<Raft>& step) {
  LogIndex committed = std::min(request.commit_index, last_new);
  // Bug: what lies behind the last new entry may be left over from another leader.
  if (config_.bug == Bug::commit_not_clipped) {
    committed = std::min(request.commit_index, log_.last_index());
  }
  if (committed > commit_index_) {
    commit(committed, step);
    // Bug: what lies behind the commit index is not garbage. The leader may have counted it
    // towards a majority already.
    if (config_.bug == Bug::truncate_on_commit && log_.last_index() > commit_index_) {
      truncate(commit_index_, step);
    }
  } else if (config_.bug == Bug::commit_index_falls && committed < commit_index_) {
    // Bug: a new leader learns late what is committed; that does not take it back.
    commit_index_ = committed;
    step.observe(Committed{committed, term_});
  }
}

// Figure 2: "If an existing entry conflicts with a new one (same index but different terms), delete
// the existing entry and all that follow it. Append any new entries not already in the log." Only a
// real conflict deletes: a delayed request must not undo the work of later ones. Returns the index
// of the last new entry.
LogIndex Raft::take_entries(LogIndex previous, const std::vector<Entry>& entries,
                            Step<Raft>& step) {
  LogIndex index = previous;
  // Bug: a crash between the two writes leaves a log without what it has acknowledged.
  if (config_.bug == Bug::suffix_rewritten && previous < log_.last_index()) {
    truncate(previous, step);
  }
  for (const Entry& entry : entries) {
    index = index.next();
    if (log_.contains(index, entry.term)) continue;
    if (index <= log_.last_index()) {
      // Bug: the logs differ, and the leader counts them as equal.
      if (config_.bug == Bug::conflicting_entries_kept) continue;
      step.reach(Goal::entries_overwritten);
      truncate(index.previous(), step);
    }
    append(entry, step);
  }
  // Bug: a late request ends where the log ended when it was sent.
  if (config_.bug == Bug::truncates_always && index < log_.last_index()) truncate(index, step);
  return index;
}

// 5.3: "When rejecting an AppendEntries request, the follower can include the term of the
// conflicting entry and the first index it stores for that term."
AppendReply Raft::conflict_at(LogIndex previous) const {
  AppendReply reply{term_, AppendResult::conflict, previous, {}, {}, log_.last_index().next()};
  if (previous <= log_.last_index()) {
    reply.conflict_term = log_.term_at(previous);
    reply.conflict_index = log_.begin_of(reply.conflict_term);
  }
  return reply;
}

void Raft::append(Entry entry, Step<Raft>& step) {
  log_.append(entry);
  const LogIndex index = log_.last_index();
  const bool configures = raft::is_configuration(entry);
  if (configures) configure(index, entry);
  const Appended appended{index, entry.term, raft::value_of(entry)};
  step.persist(raft::Append{index, std::move(entry)});
  step.observe(appended);
  if (configures) state_configuration(step);
}

void Raft::truncate(LogIndex last_kept, Step<Raft>& step) {
  log_.truncate(last_kept);
  step.persist(raft::Truncate{last_kept});
  step.observe(Truncated{last_kept});
  if (configured_at() > last_kept) {
    step.reach(Goal::change_rolled_back);
    forget_changes_after(last_kept);
    state_configuration(step);
  }
}

// --- 5.3: log replication, the leader's side ---------------------------------------------------

// 5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in
// parallel to each of the other servers to replicate the entry."
void Raft::propose(Entry entry, Leader& leader, Step<Raft>& step) {
  const Proposed proposed{raft::value_of(entry)};
  if (config_.parallel_writes) {
    step.observe_ahead(proposed);
  } else {
    step.observe(proposed);
  }
  append(std::move(entry), step);
  for (std::size_t i = 0; i < leader.progress.size(); ++i) {
    Leader::Progress& member = leader.progress[i];
    if (step.members()[i] == step.self()) {
      // Bug: the leader is one of the majority before its disk has what a crash would take.
      const bool counts = !config_.parallel_writes || config_.bug == Bug::leader_counts_unwritten;
      member.next_index = log_.last_index().next();
      if (counts) member.match_index = log_.last_index();
    } else if (has_room(member) && configuration().is_member(step.members()[i])) {
      send_entries(step.members()[i], member, step);
    }
  }
  if (config_.parallel_writes) step.send(step.self(), raft::Written{term_, log_.last_index()});
  if (config_.bug == Bug::committed_when_sent) {
    // Bug: nobody else has it yet.
    commit(log_.last_index(), step);
    finish_change(step);
    return;
  }
  advance_commit(leader, step);  // at once in a group of one
}

// Flow control: one message with entries at a time, or a window of them.
bool Raft::has_room(const Leader::Progress& follower) const {
  return follower.pipelined ? follower.in_flight.size() < config_.max_in_flight : !follower.waiting;
}

void Raft::send_more(NodeId to, Leader::Progress& follower, Step<Raft>& step) const {
  while (follower.next_index <= log_.last_index() && has_room(follower)) {
    send_entries(to, follower, step);
  }
}

void Raft::send_heartbeats(Leader& leader, Step<Raft>& step) const {
  for (std::size_t i = 0; i < leader.progress.size(); ++i) {
    const NodeId member = step.members()[i];
    if (member == step.self() || !configuration().is_member(member)) continue;
    send_heartbeat(member, leader.progress[i], step);
  }
}

// What is not acknowledged goes along again, unless heartbeats are empty or it is taken to arrive:
// then the follower is asked whether it has, for nothing else would tell that the last of a window
// was lost.
void Raft::send_heartbeat(NodeId to, Leader::Progress& follower, Step<Raft>& step) const {
  const bool repeats = !config_.empty_heartbeats && (has_room(follower) || !follower.pipelined);
  send_entries(to, follower, step, repeats ? Cargo::entries : Cargo::none);
}

void Raft::send_entries(NodeId to, Leader::Progress& follower, Step<Raft>& step,
                        Cargo cargo) const {
  if (follower.next_index <= log_.base_index()) {
    send_snapshot(to, follower, step);
    return;
  }
  AppendEntries request;
  request.term = term_;
  request.previous_index = follower.next_index.previous();
  request.previous_term = log_.term_at(request.previous_index);
  if (follower.next_index <= log_.last_index() && cargo == Cargo::entries) {
    request.entries = log_.from(follower.next_index, config_.max_entries_per_message);
  }
  // The follower can only speak for its log up to the last entry sent.
  const LogIndex last_sent{request.previous_index.value + request.entries.size()};
  request.commit_index = std::min(commit_index_, last_sent);
  // Half of a bug; the other half is in learn_commit().
  if (config_.bug == Bug::commit_not_clipped) request.commit_index = commit_index_;
  if (cargo == Cargo::entries) follower.waiting = !request.entries.empty();
  if (follower.pipelined && !request.entries.empty()) {
    if (!follower.in_flight.empty()) step.reach(Goal::pipelined);
    follower.next_index = last_sent.next();
    follower.in_flight.push_back(last_sent);
  }
  // Dissertation 10.2.1: "the leader can write to its disk in parallel with replicating to the
  // followers": what it sends is right whether or not its disk will have it.
  if (config_.parallel_writes) {
    step.send_ahead(to, std::move(request));
  } else {
    step.send(to, std::move(request));
  }
}

// It leaves when everything before it is durable.
void Raft::receive(NodeId from, const raft::Written& written, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr || from != step.self()) return;
  LogIndex& match = leader->progress[position_of(from, step.members())].match_index;
  match = std::max(match, written.index);
  if (written.index <= commit_index_) step.reach(Goal::committed_before_own_write);
  advance_commit(*leader, step);
}

void Raft::receive(NodeId from, const AppendReply& reply, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  hear_from(from, step);
  Leader::Progress& follower = leader->progress[position_of(from, step.members())];
  switch (reply.result) {
    case AppendResult::matched:
      if (lacks_entries(follower, reply)) {
        step.reach(Goal::entries_asked_for);
        follower.waiting = false;
      } else if (!record_match(from, reply, *leader, step)) {
        return;
      }
      break;
    case AppendResult::conflict:
      if (!take_conflict(follower, reply, step)) return;
      break;
    case AppendResult::stale_term:
      return;  // it answers a request of an earlier term
  }
  send_more(from, follower, step);
}

// With empty heartbeats: whether a follower answers one that it has all entries before those that
// were sent to it since. These may be lost, or late.
bool Raft::lacks_entries(const Leader::Progress& follower, const AppendReply& reply) const {
  return config_.empty_heartbeats && follower.waiting &&
         reply.match_index == reply.previous_index && reply.match_index == follower.match_index;
}

// 5.3: "After a rejection, the leader decrements nextIndex and retries the AppendEntries RPC."
// Returns whether it does. A rejection of any other request than the one at nextIndex is out of
// date, unless several are under way; and so is one of entries that have matched since.
bool Raft::take_conflict(Leader::Progress& follower, const AppendReply& reply,
                         Step<Raft>& step) const {
  const LogIndex last_sent = follower.next_index.previous();
  const bool is_latest = reply.previous_index == last_sent;
  if (!is_latest && !(follower.pipelined && reply.previous_index < last_sent)) return false;
  if (reply.previous_index <= follower.match_index) return false;
  ensure(reply.conflict_index > LogIndex{}, "a follower's log and ours agree before entry 1");
  if (reply.conflict_term) step.reach(Goal::conflict_skipped_a_term);
  // Bug: the same entries are refused again and again.
  if (config_.bug == Bug::conflict_not_backed_up) return false;
  back_up(follower, reply);
  if (follower.pipelined) {
    // Something was lost or overtaken on the way: from there on one at a time, until one arrives.
    step.reach(Goal::pipeline_broken);
    follower.next_index = std::max(follower.next_index, follower.match_index.next());
    follower.pipelined = false;
    follower.in_flight.clear();
  }
  follower.waiting = false;
  return true;
}

// Figure 2: matchIndex is the "index of highest log entry known to be replicated on server
// (initialized to 0, increases monotonically)". An answer that brings nothing new is a repeated or
// an overtaken one. It must neither lower what is known nor make the leader send again. Returns
// whether there may be more to send.
bool Raft::record_match(NodeId from, const AppendReply& reply, Leader& leader, Step<Raft>& step) {
  Leader::Progress& follower = leader.progress[position_of(from, step.members())];
  // Bug: the follower may be counted for less than it has acknowledged.
  const bool believes = config_.bug == Bug::match_index_falls;
  if (reply.match_index <= follower.match_index && !believes) return false;
  ensure(reply.match_index <= log_.last_index(),
         "raft: no follower has matched more entries than the leader has (5.3)");
  const LogIndex before = follower.match_index;
  std::vector<LogIndex> in_flight = std::move(follower.in_flight);
  std::erase_if(in_flight, [&](LogIndex last) { return last <= reply.match_index; });
  LogIndex next = reply.match_index.next();
  if (follower.pipelined) next = std::max(next, follower.next_index);
  follower = {next, reply.match_index};
  follower.pipelined = config_.max_in_flight > 1;
  follower.in_flight = std::move(in_flight);
  ensure(follower.match_index >= before, "raft: matchIndex increases monotonically (Figure 2)");
  advance_commit(leader, step);
  if (!std::holds_alternative<Leader>(role_)) return false;  // it was removed
  if (from == leader.transfer.target) tell_to_stand(leader, step);
  return true;
}

// 5.3: "With this information, the leader can decrement nextIndex to bypass all of the conflicting
// entries in that term; one AppendEntries RPC will be required for each term with conflicting
// entries, rather than one RPC per entry."
void Raft::back_up(Leader::Progress& follower, const AppendReply& reply) const {
  LogIndex next = reply.conflict_index;
  if (reply.conflict_term) {
    // Where the leader has entries of that term too, the two logs may agree up to its last one.
    const LogIndex end = log_.begin_of(reply.conflict_term.next());
    if (log_.term_at(end.previous()) == reply.conflict_term) next = end;
  }
  follower.next_index = std::min(next, reply.previous_index);
}

// --- 5.3 and 5.4.2: commitment -----------------------------------------------------------------

// Figure 2: "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and
// log[N].term == currentTerm: set commitIndex = N." The largest such N is some member's matchIndex,
// and whoever holds it holds what is before it: so they are tried upwards, until one is too few's.
void Raft::advance_commit(const Leader& leader, Step<Raft>& step) {
  constexpr LogIndex none{~std::uint64_t{0}};
  LogIndex n = commit_index_;
  for (;;) {
    LogIndex next = none;
    for (const Leader::Progress& member : leader.progress) {
      if (member.match_index > n) next = std::min(next, member.match_index);
    }
    const auto holds = [&](std::size_t i) { return leader.progress[i].match_index >= next; };
    if (next == none || !is_quorum(Phase::two, step, holds)) break;
    n = next;
  }
  if (n == commit_index_) return;
  // Bug: what an entry of this term would commit with it holds that entry back.
  if (config_.bug == Bug::commit_loop_breaks && log_.term_at(commit_index_.next()) != term_) return;
  // 5.4.2: "Raft never commits log entries from previous terms by counting replicas." They are
  // committed by an entry of the current term after them.
  // Bug: counting them commits an entry that a later leader may still overwrite (Figure 8).
  if (log_.term_at(n) != term_) {
    step.reach(Goal::prior_term_not_counted);
    if (config_.bug != Bug::commit_prior_term) return;
  } else if (log_.term_at(commit_index_.next()) != term_) {
    step.reach(Goal::prior_term_committed);
  }
  commit(n, step);
  finish_change(step);
}

void Raft::commit(LogIndex index, Step<Raft>& step) {
  commit_index_ = index;
  step.observe(Committed{index, term_});
  // Figure 2: "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] to state
  // machine."
  while (applied_index_ < commit_index_) {
    applied_index_ = applied_index_.next();
    apply(applied_index_, step);
  }
  if (config_.reads != raft::Reads::log) serve_reads(step);
  if (config_.snapshot_after > 0) compact(step);
}

}  // namespace ballast
