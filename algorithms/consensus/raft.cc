#include "algorithms/consensus/raft.h"

#include <algorithm>
#include <span>
#include <utility>

#include "sim/protocol/quorum.h"
#include "sim/protocol/register.h"

namespace ballast {

using raft::AppendEntries;
using raft::AppendReply;
using raft::AppendResult;
using raft::Bug;
using raft::Candidate;
using raft::Entry;
using raft::Follower;
using raft::Goal;
using raft::Leader;
using raft::RequestVote;
using raft::Role;
using raft::TermAndVote;
using raft::Vote;
using raft::VoteReply;

namespace {

const Register<Raft> registered;

// The place of a node among the members, which are in ascending order.
std::size_t position_of(NodeId node, std::span<const NodeId> members) {
  const auto at = std::lower_bound(members.begin(), members.end(), node);
  ensure(at != members.end() && *at == node, "raft: nodes hear from members of their group only");
  return static_cast<std::size_t>(at - members.begin());
}

}  // namespace

// --- Life --------------------------------------------------------------------------------------

void Raft::on_recover(const Record& record) {
  if (const auto* kept = std::get_if<TermAndVote>(&record)) {
    term_ = kept->term;
    voted_for_ = kept->voted_for;
  } else if (const auto* added = std::get_if<raft::Append>(&record)) {
    ensure(added->index == log_.last_index().next(), "raft: the journal holds a log without gaps");
    log_.append(added->entry);
  } else if (const auto* cut = std::get_if<raft::Truncate>(&record)) {
    ensure(cut->last_kept <= log_.last_index(), "raft: the journal cuts no more than it holds");
    log_.truncate(cut->last_kept);
  }
}

// 5.2: "When servers start up, they begin as followers."
void Raft::on_start(Step<Raft>& step) {
  if (voted_for_) step.reach(Goal::vote_recovered);
  reset_election_timer(step);
}

void Raft::on_timer(Timer timer, Step<Raft>& step) {
  switch (timer) {
    case Timer::election:
      // 5.2: "If a follower receives no communication over a period of time called the election
      // timeout, then it assumes there is no viable leader and begins an election to choose a new
      // leader." A candidate whose vote was split does the same again.
      if (std::holds_alternative<Candidate>(role_)) step.reach(Goal::split_vote);
      become_candidate(step);
      break;
    case Timer::heartbeat: {
      // 5.2: "Leaders send periodic heartbeats (AppendEntries RPCs that carry no log entries) to
      // all followers in order to maintain their authority." 5.3: "If followers crash or run
      // slowly, or if network packets are lost, the leader retries AppendEntries RPCs
      // indefinitely": what a follower has not acknowledged goes along.
      auto* leader = std::get_if<Leader>(&role_);
      ensure(leader != nullptr, "raft: only a leader sends heartbeats (5.2)");
      for (std::size_t i = 0; i < leader->progress.size(); ++i) {
        const NodeId member = step.members()[i];
        if (member != step.self()) send_entries(member, leader->progress[i], step);
      }
      step.set_timer(Timer::heartbeat, config_.heartbeat);
      break;
    }
  }
}

Raft::State Raft::state() const {
  return {term_,
          voted_for_,
          static_cast<Role>(role_.index()),
          log_.last_index(),
          log_.last_term(),
          commit_index_,
          applied_index_};
}

// --- 5.1: terms, compared here and nowhere else ------------------------------------------------

void Raft::on_message(NodeId from, const Message& message, Step<Raft>& step) {
  const Term term = std::visit([](const auto& m) { return m.term; }, message);
  // Figure 2: "If RPC request or response contains term T > currentTerm: set currentTerm = T,
  // convert to follower."
  if (term > term_) {
    // Not a bug, whatever it looks like: one who does not hear of a later term from a reply still
    // gets no majority in its own, and hears of it from the later leader. Equivalent for safety.
    const bool is_reply =
        std::holds_alternative<VoteReply>(message) || std::holds_alternative<AppendReply>(message);
    if (is_reply && config_.bug == Bug::higher_term_in_replies_ignored) return;
    become_follower(term, step);
  }
  // 5.1: "If a server receives a request with a stale term number, it rejects the request."
  if (term < term_) {
    refuse_stale(from, message, step);
  } else {
    std::visit([&](const auto& m) { receive(from, m, step); }, message);
  }
}

// A reply of an earlier term says nothing about this one: it is dropped. To count it would let a
// leader take an acknowledgement for a log that has been replaced since.
void Raft::refuse_stale(NodeId from, const Message& message, Step<Raft>& step) const {
  if (std::holds_alternative<RequestVote>(message)) {
    step.send(from, VoteReply{term_, Vote::stale_term});
  } else if (const auto* request = std::get_if<AppendEntries>(&message)) {
    step.reach(Goal::stale_leader_refused);
    AppendReply reply{term_, AppendResult::stale_term, request->previous_index, {}, {}, {}};
    step.send(from, reply);
  }
}

// Term and vote change together, in one record: a vote belongs to its term.
void Raft::set_term_and_vote(Term term, NodeId voted_for, Step<Raft>& step) {
  term_ = term;
  voted_for_ = voted_for;
  // Figure 2: votedFor is persistent state, "updated on stable storage before responding to RPCs".
  // Bug: the vote stays in memory. After a crash the node votes again in the same term, and two
  // candidates can both hold a majority.
  if (config_.bug == Bug::vote_not_persisted) voted_for = NodeId{};
  step.persist(TermAndVote{term, voted_for});
}

// --- Figure 4: roles ---------------------------------------------------------------------------

void Raft::become_follower(Term term, Step<Raft>& step) {
  if (!std::holds_alternative<Follower>(role_)) step.observe(SteppedDown{term_});
  if (std::holds_alternative<Leader>(role_)) {
    if (commit_index_ < log_.last_index()) step.reach(Goal::deposed_with_uncommitted_entries);
    step.cancel_timer(Timer::heartbeat);
    reset_election_timer(step);
  }
  // Within its term a node keeps its vote, whatever becomes of its role.
  if (term > term_) {
    set_term_and_vote(term, NodeId{}, step);
    step.observe(TermStarted{term});
  }
  role_ = Follower{};
}

// 5.2: "To begin an election, a follower increments its current term and transitions to candidate
// state. It then votes for itself and issues RequestVote RPCs in parallel to each of the other
// servers in the cluster."
void Raft::become_candidate(Step<Raft>& step) {
  ensure(!std::holds_alternative<Leader>(role_),
         "raft: a leader does not stand for election (5.2)");
  set_term_and_vote(term_.next(), step.self(), step);
  step.observe(TermStarted{term_});
  step.observe(Campaigned{term_});
  step.observe(VoteGranted{term_, step.self()});
  role_ = Candidate{std::vector<bool>(step.members().size(), false)};
  reset_election_timer(step);
  step.broadcast(RequestVote{term_, log_.last_index(), log_.last_term()});
  receive(step.self(), VoteReply{term_, Vote::granted}, step);
}

// 5.3: "When a leader first comes to power, it initializes all nextIndex values to the index just
// after the last one in its log." 8: at the start of its term it may not know which entries are
// committed; "Raft handles this by having each leader commit a blank no-op entry into the log at
// the start of its term". The no-op is also the first heartbeat, which keeps others from elections.
void Raft::become_leader(Step<Raft>& step) {
  step.observe(Elected{term_});
  if (commit_index_ < log_.last_index()) step.reach(Goal::elected_with_uncommitted_entries);
  step.cancel_timer(Timer::election);
  step.set_timer(Timer::heartbeat, config_.heartbeat);
  Leader& leader = role_.emplace<Leader>();
  leader.progress.assign(step.members().size(), {log_.last_index().next(), LogIndex{}, false});
  propose(Entry{term_, std::nullopt}, leader, step);
}

// --- 5.2 and 5.4.1: elections ------------------------------------------------------------------

void Raft::reset_election_timer(Step<Raft>& step) const {
  step.set_timer(Timer::election, config_.election_timeout);
}

void Raft::receive(NodeId from, const RequestVote& request, Step<Raft>& step) {
  const Vote vote = judge(from, request);
  if (vote == Vote::granted) {
    // A repeated request gets the same answer again; the vote is on disk already.
    if (!voted_for_) {
      set_term_and_vote(term_, from, step);
      step.observe(VoteGranted{term_, from});
    }
    reset_election_timer(step);
  }
  if (vote == Vote::stale_log) step.reach(Goal::vote_refused_stale_log);
  if (vote == Vote::already_voted) step.reach(Goal::vote_refused_already_voted);
  step.send(from, VoteReply{term_, vote});
}

Vote Raft::judge(NodeId candidate, const RequestVote& request) const {
  // 5.2: "Each server will vote for at most one candidate in a given term, on a
  // first-come-first-served basis."
  if (voted_for_ && voted_for_ != candidate) return Vote::already_voted;
  // Bug: without the comparison below a candidate that lacks committed entries can win, and what
  // it lacks is lost.
  if (config_.bug == Bug::no_up_to_date_check) return Vote::granted;
  // 5.4.1: "If the logs have last entries with different terms, then the log with the later term is
  // more up-to-date. If the logs end with the same term, then whichever log is longer is more
  // up-to-date."
  if (request.last_term != log_.last_term()) {
    return request.last_term > log_.last_term() ? Vote::granted : Vote::stale_log;
  }
  return request.last_index >= log_.last_index() ? Vote::granted : Vote::stale_log;
}

// 5.2: "A candidate wins an election if it receives votes from a majority of the servers in the
// full cluster for the same term."
void Raft::receive(NodeId from, const VoteReply& reply, Step<Raft>& step) {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr || reply.vote != Vote::granted) return;
  std::vector<bool>& granted = candidate->granted;
  granted[position_of(from, step.members())] = true;
  const auto votes = static_cast<std::size_t>(std::count(granted.begin(), granted.end(), true));
  if (votes >= majority(granted.size())) become_leader(step);
}

// --- 5.3: log replication, the follower's side -------------------------------------------------

void Raft::receive(NodeId from, const AppendEntries& request, Step<Raft>& step) {
  ensure(!std::holds_alternative<Leader>(role_), "raft: at most one leader in a term (5.2)");
  // 5.2: "If the leader's term is at least as large as the candidate's current term, then the
  // candidate recognizes the leader as legitimate and returns to follower state."
  if (std::holds_alternative<Candidate>(role_)) become_follower(term_, step);
  std::get<Follower>(role_).leader = from;
  reset_election_timer(step);

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
  // 5.3: "If the follower does not find an entry in its log with the same index and term, then it
  // refuses the new entries." By induction equal entries mean equal logs before them.
  if (!log_.contains(previous, request.previous_term)) {
    if (config_.bug != Bug::append_without_previous_check) {
      step.send(from, conflict_at(previous));
      return;
    }
    // Bug: the entries are taken anyway, behind whatever the log holds. It then differs from the
    // leader's before them, and the leader counts it as equal.
    previous = std::min(previous, log_.last_index());
  }
  // What is acknowledged ends with the entries of this request: anything after them in the log may
  // be left over from another leader.
  reply.match_index = take_entries(previous, request.entries, step);
  // Figure 2: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new
  // entry)."
  const LogIndex committed = std::min(request.commit_index, reply.match_index);
  if (committed > commit_index_) {
    commit(committed, step);
    // Bug: what lies behind the commit index is not garbage. The leader may have counted it
    // towards a majority already.
    if (config_.bug == Bug::truncate_on_commit && log_.last_index() > commit_index_) {
      truncate(commit_index_, step);
    }
  }
  step.send(from, reply);
}

// Figure 2: "If an existing entry conflicts with a new one (same index but different terms), delete
// the existing entry and all that follow it. Append any new entries not already in the log." Only a
// real conflict deletes: a delayed request must not undo the work of later ones. Returns the index
// of the last new entry.
LogIndex Raft::take_entries(LogIndex previous, const std::vector<Entry>& entries,
                            Step<Raft>& step) {
  LogIndex index = previous;
  for (const Entry& entry : entries) {
    index = index.next();
    if (log_.contains(index, entry.term)) continue;
    if (index <= log_.last_index()) {
      step.reach(Goal::entries_overwritten);
      truncate(index.previous(), step);
    }
    append(entry, step);
  }
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
  const Appended appended{index, entry.term, raft::value_of(entry)};
  step.persist(raft::Append{index, std::move(entry)});
  step.observe(appended);
}

void Raft::truncate(LogIndex last_kept, Step<Raft>& step) {
  log_.truncate(last_kept);
  step.persist(raft::Truncate{last_kept});
  step.observe(Truncated{last_kept});
}

// --- 5.3: log replication, the leader's side ---------------------------------------------------

// 8: "If the client's first choice is not the leader, that server will reject the client's request
// and supply information about the most recent leader it has heard from."
void Raft::on_request(const Request& request, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) {
    const auto* follower = std::get_if<Follower>(&role_);
    const NodeId hint = follower != nullptr ? follower->leader : NodeId{};
    step.reply(request.id, Response{Outcome::redirect, 0, hint});
    return;
  }
  // 8: "If it receives a command whose serial number has already been executed, it responds
  // immediately without re-executing the request."
  const std::uint64_t sequence = request.id.sequence;
  const Machine::Session* session = machine_.session(request.id);
  if (session != nullptr && session->sequence >= sequence) {
    if (session->sequence == sequence) {
      step.reach(Goal::retry_answered_from_session);
      step.reply(request.id, session->response);
    }
    return;
  }
  // Repeated while it waits in the log: the answer follows when it is applied.
  std::uint64_t& appended = leader->appended[session_of(request.id)];
  if (appended >= sequence) return;
  appended = sequence;
  propose(Entry{term_, request}, *leader, step);
}

// 5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in
// parallel to each of the other servers to replicate the entry."
void Raft::propose(Entry entry, Leader& leader, Step<Raft>& step) {
  step.observe(Proposed{raft::value_of(entry)});
  append(std::move(entry), step);
  for (std::size_t i = 0; i < leader.progress.size(); ++i) {
    Leader::Progress& member = leader.progress[i];
    if (step.members()[i] == step.self()) {
      member = {log_.last_index().next(), log_.last_index(), false};
    } else if (!member.waiting) {
      send_entries(step.members()[i], member, step);
    }
  }
  advance_commit(leader, step);  // at once in a group of one
}

void Raft::send_entries(NodeId to, Leader::Progress& follower, Step<Raft>& step) const {
  AppendEntries request;
  request.term = term_;
  request.previous_index = follower.next_index.previous();
  request.previous_term = log_.term_at(request.previous_index);
  if (follower.next_index <= log_.last_index()) {
    request.entries = log_.from(follower.next_index, config_.max_entries_per_message);
  }
  // The follower can only speak for its log up to the last entry sent.
  const LogIndex last_sent{request.previous_index.value + request.entries.size()};
  request.commit_index = std::min(commit_index_, last_sent);
  follower.waiting = !request.entries.empty();
  step.send(to, std::move(request));
}

void Raft::receive(NodeId from, const AppendReply& reply, Step<Raft>& step) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  Leader::Progress& follower = leader->progress[position_of(from, step.members())];
  switch (reply.result) {
    case AppendResult::matched:
      // An answer that brings nothing new is a repeated or an overtaken one. It must neither lower
      // what is known nor make the leader send again.
      if (reply.match_index <= follower.match_index) return;
      ensure(reply.match_index <= log_.last_index(),
             "raft: no follower has matched more entries than the leader has (5.3)");
      follower = {reply.match_index.next(), reply.match_index, false};
      advance_commit(*leader, step);
      break;
    case AppendResult::conflict:
      // 5.3: "After a rejection, the leader decrements nextIndex and retries the AppendEntries
      // RPC." A rejection of any other request than the one at nextIndex is out of date, and so is
      // one of entries that have matched since.
      if (reply.previous_index != follower.next_index.previous()) return;
      if (reply.previous_index <= follower.match_index) return;
      ensure(reply.conflict_index > LogIndex{}, "a follower's log and ours agree before entry 1");
      if (reply.conflict_term) step.reach(Goal::conflict_skipped_a_term);
      back_up(follower, reply);
      break;
    case AppendResult::stale_term:
      return;  // it answers a request of an earlier term
  }
  if (follower.next_index <= log_.last_index()) send_entries(from, follower, step);
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
// log[N].term == currentTerm: set commitIndex = N." The largest such N is some member's matchIndex.
void Raft::advance_commit(const Leader& leader, Step<Raft>& step) {
  LogIndex n = commit_index_;
  for (const Leader::Progress& member : leader.progress) {
    if (member.match_index <= n) continue;
    std::size_t holders = 0;
    for (const auto& other : leader.progress) holders += other.match_index >= member.match_index;
    if (holders >= majority(leader.progress.size())) n = member.match_index;
  }
  if (n == commit_index_) return;
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
}

// 5.3: "When the entry has been safely replicated, the leader applies the entry to its state
// machine and returns the result of that execution to the client."
void Raft::apply(LogIndex index, Step<Raft>& step) {
  const Entry& entry = log_[index];
  step.observe(Decided{Slot{index.value}, raft::value_of(entry)});
  if (!entry.request) return;
  const std::optional<Response> response = machine_.apply(*entry.request);
  // An entry of an earlier term was another leader's to answer; its client has asked again since,
  // or will.
  const bool mine = std::holds_alternative<Leader>(role_) && entry.term == term_;
  if (mine && response) step.reply(entry.request->id, *response);
}

}  // namespace ballast
