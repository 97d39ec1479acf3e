#include "algorithms/consensus/raft.h"

#include <algorithm>
#include <utility>

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
using raft::PreCandidate;
using raft::PreVote;
using raft::PreVoteReply;
using raft::PreVoteResult;
using raft::RequestVote;
using raft::Role;
using raft::TermAndVote;
using raft::TransferVote;
using raft::Vote;
using raft::VoteReply;

namespace {

const Register<Raft> registered;

}  // namespace

// --- Life --------------------------------------------------------------------------------------

void Raft::on_recover(const Record& record) {
  if (const auto* kept = std::get_if<TermAndVote>(&record)) {
    term_ = kept->term;
    voted_for_ = kept->voted_for;
  } else if (const auto* added = std::get_if<raft::Append>(&record)) {
    ensure(added->index == log_.last_index().next(), "raft: the journal holds a log without gaps");
    log_.append(added->entry);
    configure(added->index, added->entry);
  } else if (const auto* cut = std::get_if<raft::Truncate>(&record)) {
    ensure(cut->last_kept <= log_.last_index(), "raft: the journal cuts no more than it holds");
    log_.truncate(cut->last_kept);
    forget_changes_after(cut->last_kept);
  } else if (const auto* snapshot = std::get_if<raft::Snapshot>(&record)) {
    recover(*snapshot);
  }
}

// 5.2: "When servers start up, they begin as followers."
void Raft::on_start(Step<Raft>& step) {
  if (config_.voters > 0 && !log_.base_index()) {
    for (const NodeId node :
         step.members().first(std::min<std::size_t>(config_.voters, step.members().size()))) {
      ensure(node.value <= raft::Configuration::most, "raft: voters are among the first 63 nodes");
      base_configuration_.voters |= std::uint64_t{1} << (node.value - 1);
    }
  }
  if (configuration() != raft::Configuration{}) state_configuration(step);
  // It does not remember whom it has heard, and keeps what it may have promised.
  if (config_.reads == raft::Reads::lease) heard_at_ = step.now();
  if (voted_for_) step.reach(Goal::vote_recovered);
  if (log_.base_index()) step.reach(Goal::snapshot_recovered);
  reset_election_timer(step);
}

void Raft::on_timer(Timer timer, Step<Raft>& step) {
  switch (timer) {
    case Timer::election:
      if (auto* leader = std::get_if<Leader>(&role_)) {
        check_quorum(*leader, step);
      } else {
        stand_for_election(step);
      }
      break;
    case Timer::heartbeat: {
      // 5.2: "Leaders send periodic heartbeats (AppendEntries RPCs that carry no log entries) to
      // all followers in order to maintain their authority." 5.3: "If followers crash or run
      // slowly, or if network packets are lost, the leader retries AppendEntries RPCs
      // indefinitely": what a follower has not acknowledged goes along, or is sent when it answers.
      auto* leader = std::get_if<Leader>(&role_);
      ensure(leader != nullptr, "raft: only a leader sends heartbeats (5.2)");
      send_heartbeats(*leader, step);
      // Answers to a round of heartbeats may have been lost; a lease needs a new one.
      if (leader->reads.open()) {
        step.broadcast(raft::Heartbeat{term_, leader->reads.round});
      } else if (config_.reads == raft::Reads::lease) {
        begin_round(*leader, step);
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
  // 9.6: a pre-vote asks about a term that nobody is in yet, and moves nobody there.
  if (const auto* about = std::get_if<PreVote>(&message)) {
    answer_pre_vote(from, *about, step);
    return;
  }
  Term term = std::visit([](const auto& m) { return m.term; }, message);
  const auto* pre_vote = std::get_if<PreVoteReply>(&message);
  if (pre_vote != nullptr && pre_vote->result == PreVoteResult::granted) term = term.previous();
  // Dissertation 4.2.3: "if a server receives a RequestVote request within the minimum election
  // timeout of hearing from a current leader, it does not update its term or grant its vote."
  const bool stands =
      std::holds_alternative<RequestVote>(message) ||
      (std::holds_alternative<TransferVote>(message) && config_.bug == Bug::transfer_vote_refused);
  if (stands && term > term_ && config_.check_quorum && hears_leader(step)) {
    step.reach(Goal::vote_ignored_leader_alive);
    return;
  }
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
  // Bugs: a leader of an earlier term may undo what was committed since; and what was acknowledged
  // to it need not be in the log any more that acknowledges it now.
  const bool taken =
      (config_.bug == Bug::stale_leader_obeyed && std::holds_alternative<AppendEntries>(message) &&
       !std::holds_alternative<Leader>(role_)) ||
      (config_.bug == Bug::stale_append_reply_counts &&
       std::holds_alternative<AppendReply>(message));
  // 5.1: "If a server receives a request with a stale term number, it rejects the request."
  if (term < term_ && !taken) {
    refuse_stale(from, message, step);
  } else {
    std::visit([&](const auto& m) { receive(from, m, step); }, message);
  }
}

// A reply of an earlier term says nothing about this one: it is dropped. To count it would let a
// leader take an acknowledgement for a log that has been replaced since.
void Raft::refuse_stale(NodeId from, const Message& message, Step<Raft>& step) const {
  if (std::holds_alternative<RequestVote>(message) ||
      std::holds_alternative<TransferVote>(message)) {
    step.send(from, VoteReply{term_, Vote::stale_term});
  } else if (std::holds_alternative<raft::Heartbeat>(message)) {
    step.send(from, raft::HeartbeatReply{term_, 0});
  } else if (const auto* chunk = std::get_if<raft::InstallSnapshot>(&message)) {
    step.send(from, raft::InstallReply{term_, chunk->last_index, 0, false});
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
  // Bug: so is the term, until the next vote. After a crash the node obeys and elects leaders of
  // earlier terms again.
  if (config_.bug == Bug::term_not_persisted && !voted_for) return;
  step.persist(TermAndVote{term, voted_for});
}

// --- Figure 4: roles ---------------------------------------------------------------------------

void Raft::become_follower(Term term, Step<Raft>& step) {
  if (std::holds_alternative<Candidate>(role_) || std::holds_alternative<Leader>(role_)) {
    step.observe(SteppedDown{term_});
  }
  if (std::holds_alternative<Leader>(role_)) {
    if (commit_index_ < log_.last_index()) step.reach(Goal::deposed_with_uncommitted_entries);
    step.cancel_timer(Timer::heartbeat);
    reset_election_timer(step);
  }
  // Within its term a node keeps its vote, whatever becomes of its role.
  if (term > term_) {
    set_term_and_vote(term, NodeId{}, step);
    step.observe(TermStarted{term});
    // What it has promised to a leader that counts on its clock, it keeps in any term.
    if (config_.reads != raft::Reads::lease) heard_at_.reset();
    std::erase_if(reads_, [](const raft::FollowerRead& read) { return !read.index; });
  } else if (config_.bug == Bug::vote_cleared_on_step_down) {
    // Bug: it is free to vote for somebody else in the term in which it has voted.
    set_term_and_vote(term, NodeId{}, step);
  }
  role_ = Follower{};
}

// Dissertation 9.6: "a candidate only increments its term if it first learns from a majority of the
// cluster that they would be willing to grant the candidate their votes". Its term, its vote and
// what others think of it stay as they are.
void Raft::become_pre_candidate(Step<Raft>& step) {
  if (std::holds_alternative<Candidate>(role_)) step.observe(SteppedDown{term_});
  if (config_.reads != raft::Reads::lease) heard_at_.reset();
  role_ = PreCandidate{std::vector<bool>(step.members().size(), false)};
  reset_election_timer(step);
  ask_voters(PreVote{term_.next(), log_.last_index(), last_log_term()}, step);
  receive(step.self(), PreVoteReply{term_.next(), PreVoteResult::granted}, step);
}

// 5.2: "To begin an election, a follower increments its current term and transitions to candidate
// state. It then votes for itself and issues RequestVote RPCs in parallel to each of the other
// servers in the cluster."
void Raft::become_candidate(bool told_to, Step<Raft>& step) {
  ensure(!std::holds_alternative<Leader>(role_),
         "raft: a leader does not stand for election (5.2)");
  // Bug: the vote is counted below, and given again to somebody else.
  const bool forgets = config_.bug == Bug::own_vote_not_stored && config_.pre_vote;
  set_term_and_vote(term_.next(), forgets ? NodeId{} : step.self(), step);
  step.observe(TermStarted{term_});
  step.observe(Campaigned{term_});
  step.observe(VoteGranted{term_, step.self()});
  if (config_.reads != raft::Reads::lease) heard_at_.reset();
  std::vector<bool> granted(step.members().size(), false);
  // Bug: a pre-vote binds nobody. Those who gave one are free to elect another candidate.
  const auto* asked = std::get_if<PreCandidate>(&role_);
  if (asked != nullptr && config_.bug == Bug::pre_votes_count) granted = asked->granted;
  role_ = Candidate{std::move(granted)};
  reset_election_timer(step);
  if (told_to) {
    ask_voters(TransferVote{term_, log_.last_index(), last_log_term()}, step);
  } else {
    ask_voters(RequestVote{term_, log_.last_index(), last_log_term()}, step);
  }
  receive(step.self(), VoteReply{term_, Vote::granted}, step);
}

// 5.3: "When a leader first comes to power, it initializes all nextIndex values to the index just
// after the last one in its log." 8: at the start of its term it may not know which entries are
// committed; "Raft handles this by having each leader commit a blank no-op entry into the log at
// the start of its term". The no-op is also the first heartbeat, which keeps others from elections,
// unless heartbeats are empty: Figure 2 then has one sent "upon election".
void Raft::become_leader(Step<Raft>& step) {
  step.observe(Elected{term_});
  if (commit_index_ < log_.last_index()) step.reach(Goal::elected_with_uncommitted_entries);
  step.cancel_timer(Timer::election);
  step.set_timer(Timer::heartbeat, config_.heartbeat);
  // Bug: what a leader does not know to be committed may be so all the same.
  if (config_.bug == Bug::tail_truncated_on_election && commit_index_ < log_.last_index()) {
    truncate(commit_index_, step);
  }
  Leader& leader = role_.emplace<Leader>();
  leader.progress.assign(step.members().size(), {log_.last_index().next(), LogIndex{}});
  leader.opened_at = log_.last_index().next();
  if (config_.check_quorum) {
    leader.heard.assign(step.members().size(), false);
    step.set_timer(Timer::election, config_.election_timeout.min);
  }
  if (config_.empty_heartbeats) send_heartbeats(leader, step);
  propose(Entry{term_, std::nullopt}, leader, step);
}

}  // namespace ballast
