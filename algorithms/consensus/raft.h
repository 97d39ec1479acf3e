// Raft: D. Ongaro and J. Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
// ATC 2014 (extended version). Sections are cited by number in comments.
//
// Here: leader election (5.2), log replication (5.3), the election restriction and the commitment
// rule (5.4), and clients (8): redirection, the no-op at the start of a term, and commands executed
// exactly once. Reads pass through the log like writes. Not here: membership changes (6), log
// compaction (7), reads that bypass the log (end of 8), pre-vote and leader transfer
// (dissertation).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "algorithms/consensus/machine.h"
#include "algorithms/consensus/raft_log.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/step.h"

namespace ballast::raft {

// Mistakes of popular tutorials, to be switched on on purpose. Each breaks safety but the last,
// which only looks as if it did.
//   vote_not_persisted             a vote is granted without being written down
//   no_up_to_date_check            a vote is granted without comparing logs (5.4.1)
//   append_without_previous_check  a follower appends entries without the consistency check (5.3)
//   commit_prior_term              entries of earlier terms are committed by counting (5.4.2)
//   truncate_on_commit             a follower cuts its log to each commit index that it learns
//   higher_term_in_replies_ignored a leader or candidate does not step down for a reply (5.1)
enum class Bug : std::uint8_t {
  none,
  vote_not_persisted,
  no_up_to_date_check,
  append_without_previous_check,
  commit_prior_term,
  truncate_on_commit,
  higher_term_in_replies_ignored
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 7>{"none",
                                         "vote_not_persisted",
                                         "no_up_to_date_check",
                                         "append_without_previous_check",
                                         "commit_prior_term",
                                         "truncate_on_commit",
                                         "higher_term_in_replies_ignored"};
}

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  vote_refused_stale_log,
  vote_refused_already_voted,
  vote_recovered,
  split_vote,
  elected_with_uncommitted_entries,
  deposed_with_uncommitted_entries,
  entries_overwritten,
  conflict_skipped_a_term,
  prior_term_not_counted,
  prior_term_committed,
  stale_leader_refused,
  late_append_ignored,
  retry_answered_from_session
};
inline constexpr std::array<GoalInfo, 13> goals{{
    {"vote_refused_stale_log",
     "A vote was refused because the candidate's log was behind (5.4.1)."},
    {"vote_refused_already_voted", "A vote was refused because it had been given away (5.2)."},
    {"vote_recovered", "A node restarted in a term in which it had voted (5.1)."},
    {"split_vote", "A candidate's election timeout passed without a winner (5.2)."},
    {"elected_with_uncommitted_entries",
     "A leader was elected that held entries it did not know to be committed (5.4.2)."},
    {"deposed_with_uncommitted_entries", "A leader was deposed before it had committed its log."},
    {"entries_overwritten", "A follower deleted entries that conflicted with the leader's (5.3)."},
    {"conflict_skipped_a_term", "A leader backed up over a whole term of a follower's log (5.3)."},
    {"prior_term_not_counted",
     "A majority held an entry of an earlier term, and the leader did not commit it by counting "
     "(5.4.2, Figure 8)."},
    {"prior_term_committed",
     "An entry of the current term committed earlier ones with it (5.4.2)."},
    {"stale_leader_refused", "A request of a leader of an earlier term was refused (5.1)."},
    {"late_append_ignored", "An AppendEntries came for entries that had been committed already."},
    {"retry_answered_from_session",
     "A repeated request was answered without being executed again (8)."},
}};

struct Config {
  DurationRange election_timeout{{150'000'000}, {300'000'000}};
  Duration heartbeat{50'000'000};
  std::uint64_t max_entries_per_message = 64;
  MachineKind machine = MachineKind::register_;
  Bug bug = Bug::none;

  // What is wrong with these options together; empty if nothing is.
  std::string problem() const {
    if (heartbeat < election_timeout.min) return {};
    return "heartbeat must be shorter than every election_timeout, or followers will not hear of "
           "their leader in time";
  }

  bool serves(Operation operation) const { return ballast::serves(machine, operation); }
  static std::string advice(Operation operation) { return machine_for(operation); }

  // A follower that hears nothing for so long stands for election.
  Duration patience() const { return election_timeout.max; }

  // Heartbeats from 10 ms to 160 ms; elections from just above that to rarely, but never so often
  // that votes could not be counted in between: "broadcastTime << electionTimeout" (5.6).
  void vary(Stream& dice, Duration round_trip) {
    heartbeat.ns = static_cast<std::int64_t>(log_uniform(dice, 10'000'000, 159'999'999));
    const auto shortest = static_cast<std::uint64_t>(std::max(heartbeat.ns * 2, round_trip.ns * 5));
    election_timeout.min.ns = static_cast<std::int64_t>(log_uniform(dice, shortest, 5 * shortest));
    const auto least = static_cast<std::uint64_t>(election_timeout.min.ns);
    election_timeout.max.ns =
        static_cast<std::int64_t>(log_uniform(dice, least + least / 4, 3 * least));
    // One at a time is what splits an entry of an earlier term from the first of this one.
    max_entries_per_message = dice.below(2) == 0 ? 1 : log_uniform(dice, 1, 64);
  }

  static constexpr std::string_view name = "raft";
  static constexpr auto fields = std::tuple{
      field("election_timeout", &Config::election_timeout,
            "How long a node waits without word from a leader before it stands for election, drawn "
            "anew from this range each time (5.2).")
          .at_least(1'000'000),
      field("heartbeat", &Config::heartbeat,
            "How often a leader sends AppendEntries to each follower, with what it has not "
            "acknowledged yet or else empty (5.2).")
          .at_least(1'000'000),
      field("max_entries_per_message", &Config::max_entries_per_message,
            "The most log entries that one AppendEntries carries (5.3).")
          .at_least(1)
          .at_most(1'000'000),
      field("machine", &Config::machine, "The state machine that the log drives (8)."),
      field("bug", &Config::bug, "A planted mistake; none for the algorithm as published.")};
};

// --- Messages (Figure 2) -----------------------------------------------------------------------
// The sender stands for candidateId and leaderId.

struct RequestVote {
  Term term;
  LogIndex last_index;  // of the candidate's last log entry
  Term last_term;
  friend constexpr auto operator<=>(const RequestVote&, const RequestVote&) = default;
  static constexpr std::string_view name = "RequestVote";
  static constexpr auto fields =
      std::tuple{field("term", &RequestVote::term), field("last_index", &RequestVote::last_index),
                 field("last_term", &RequestVote::last_term)};
};

// Granted, or why not.
enum class Vote : std::uint8_t { granted, stale_term, stale_log, already_voted };
constexpr auto enumerators(Vote) {
  return std::array<std::string_view, 4>{"granted", "stale_term", "stale_log", "already_voted"};
}

struct VoteReply {
  Term term;
  Vote vote = Vote::granted;
  friend constexpr auto operator<=>(const VoteReply&, const VoteReply&) = default;
  static constexpr std::string_view name = "VoteReply";
  static constexpr auto fields =
      std::tuple{field("term", &VoteReply::term), field("vote", &VoteReply::vote)};
};

struct AppendEntries {
  Term term;
  LogIndex previous_index;  // of the entry before the new ones
  Term previous_term;
  std::vector<Entry> entries;
  LogIndex commit_index;  // the leader's, as far as this message lets the follower know its log
  friend auto operator<=>(const AppendEntries&, const AppendEntries&) = default;
  static constexpr std::string_view name = "AppendEntries";
  static constexpr auto fields = std::tuple{field("term", &AppendEntries::term),
                                            field("previous_index", &AppendEntries::previous_index),
                                            field("previous_term", &AppendEntries::previous_term),
                                            field("entries", &AppendEntries::entries),
                                            field("commit_index", &AppendEntries::commit_index)};
};

//   matched     the follower's log agrees with the leader's up to match_index
//   conflict    it does not hold the entry before the new ones, see conflict_*
//   stale_term  the request was of a term that is over
enum class AppendResult : std::uint8_t { matched, conflict, stale_term };
constexpr auto enumerators(AppendResult) {
  return std::array<std::string_view, 3>{"matched", "conflict", "stale_term"};
}

struct AppendReply {
  Term term;
  AppendResult result = AppendResult::matched;
  LogIndex previous_index;  // of the request that this answers
  LogIndex match_index;
  Term conflict_term;       // of the entry found at previous_index; 0 if the log ends before it
  LogIndex conflict_index;  // the first of that term; or the one after the end of the log
  friend constexpr auto operator<=>(const AppendReply&, const AppendReply&) = default;
  static constexpr std::string_view name = "AppendReply";
  static constexpr auto fields = std::tuple{field("term", &AppendReply::term),
                                            field("result", &AppendReply::result),
                                            field("previous_index", &AppendReply::previous_index),
                                            field("match_index", &AppendReply::match_index),
                                            field("conflict_term", &AppendReply::conflict_term),
                                            field("conflict_index", &AppendReply::conflict_index)};
};

// --- Records: "Persistent state on all servers" (Figure 2) -------------------------------------

struct TermAndVote {
  Term term;
  NodeId voted_for;  // 0: nobody in this term
  friend constexpr auto operator<=>(const TermAndVote&, const TermAndVote&) = default;
  static constexpr std::string_view name = "TermAndVote";
  static constexpr auto fields =
      std::tuple{field("term", &TermAndVote::term), field("voted_for", &TermAndVote::voted_for)};
};

struct Append {
  LogIndex index;
  Entry entry;
  friend constexpr auto operator<=>(const Append&, const Append&) = default;
  static constexpr std::string_view name = "Append";
  static constexpr auto fields =
      std::tuple{field("index", &Append::index), field("entry", &Append::entry)};
};

struct Truncate {
  LogIndex last_kept;
  friend constexpr auto operator<=>(const Truncate&, const Truncate&) = default;
  static constexpr std::string_view name = "Truncate";
  static constexpr auto fields = std::tuple{field("last_kept", &Truncate::last_kept)};
};

enum class Timer : std::uint8_t { election, heartbeat };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 2>{"election", "heartbeat"};
}

// --- Roles (5.1) -------------------------------------------------------------------------------

struct Follower {
  NodeId leader;  // of the current term; 0 while unknown
};

struct Candidate {
  std::vector<bool> granted;  // by position in members(): who voted for this node in this term
};

struct Leader {
  // What the leader knows of one member's log.
  struct Progress {
    LogIndex next_index;   // the next entry to send
    LogIndex match_index;  // the highest entry known to be replicated there
    // Entries are on their way. More are sent when they are answered; should they be lost, the next
    // heartbeat repeats them.
    bool waiting = false;
  };
  std::vector<Progress> progress;  // by position in members(); its own is kept like the others
  // The latest request of each session that was appended in this term: it will be answered when it
  // is applied, however often it is repeated until then.
  FlatMap<SessionKey, std::uint64_t> appended;
};

enum class Role : std::uint8_t { follower, candidate, leader };
constexpr auto enumerators(Role) {
  return std::array<std::string_view, 3>{"follower", "candidate", "leader"};
}

// What traces and explorers see of a node.
struct State {
  Term term;
  NodeId voted_for;
  Role role = Role::follower;
  LogIndex last_index;
  Term last_term;
  LogIndex commit_index;
  LogIndex applied_index;
  friend constexpr auto operator<=>(const State&, const State&) = default;
  static constexpr std::string_view name = "State";
  static constexpr auto fields = std::tuple{field("term", &State::term),
                                            field("voted_for", &State::voted_for),
                                            field("role", &State::role),
                                            field("last_index", &State::last_index),
                                            field("last_term", &State::last_term),
                                            field("commit_index", &State::commit_index),
                                            field("applied_index", &State::applied_index)};
};

}  // namespace ballast::raft

namespace ballast {

class Raft {
 public:
  using Config = raft::Config;
  using Message =
      std::variant<raft::RequestVote, raft::VoteReply, raft::AppendEntries, raft::AppendReply>;
  using Record = std::variant<raft::TermAndVote, raft::Append, raft::Truncate>;
  using Timer = raft::Timer;
  using State = raft::State;

  static constexpr std::string_view name = "raft";
  static constexpr std::string_view summary =
      "Raft: a replicated state machine under an elected leader (Ongaro and Ousterhout 2014, "
      "sections 5 and 8).";
  static constexpr std::array operations = machine_operations;
  static constexpr auto goals = raft::goals;

  explicit Raft(const Config& config) : config_(config), machine_(config.machine) {}

  void on_recover(const Record& record);
  void on_start(Step<Raft>& step);
  void on_message(NodeId from, const Message& message, Step<Raft>& step);
  void on_timer(Timer timer, Step<Raft>& step);
  void on_request(const Request& request, Step<Raft>& step);
  State state() const;

 private:
  // Figure 4: the transitions between roles.
  void become_follower(Term term, Step<Raft>& step);
  void become_candidate(Step<Raft>& step);
  void become_leader(Step<Raft>& step);

  // 5.1: terms.
  void refuse_stale(NodeId from, const Message& message, Step<Raft>& step) const;
  void set_term_and_vote(Term term, NodeId voted_for, Step<Raft>& step);

  // 5.2 and 5.4.1: elections.
  void receive(NodeId from, const raft::RequestVote& request, Step<Raft>& step);
  void receive(NodeId from, const raft::VoteReply& reply, Step<Raft>& step);
  raft::Vote judge(NodeId candidate, const raft::RequestVote& request) const;
  void reset_election_timer(Step<Raft>& step) const;

  // 5.3: log replication.
  void receive(NodeId from, const raft::AppendEntries& request, Step<Raft>& step);
  void receive(NodeId from, const raft::AppendReply& reply, Step<Raft>& step);
  LogIndex take_entries(LogIndex previous, const std::vector<raft::Entry>& entries,
                        Step<Raft>& step);
  raft::AppendReply conflict_at(LogIndex previous) const;
  void back_up(raft::Leader::Progress& follower, const raft::AppendReply& reply) const;
  void send_entries(NodeId to, raft::Leader::Progress& follower, Step<Raft>& step) const;
  void append(raft::Entry entry, Step<Raft>& step);
  void truncate(LogIndex last_kept, Step<Raft>& step);

  // 5.3 and 5.4.2: commitment.
  void propose(raft::Entry entry, raft::Leader& leader, Step<Raft>& step);
  void advance_commit(const raft::Leader& leader, Step<Raft>& step);
  void commit(LogIndex index, Step<Raft>& step);
  void apply(LogIndex index, Step<Raft>& step);

  Config config_;

  // Persistent state (Figure 2): changed only together with a record of it.
  Term term_;
  NodeId voted_for_;
  raft::Log log_;

  // Volatile state.
  LogIndex commit_index_;
  LogIndex applied_index_;
  Machine machine_;  // the effect of all entries up to applied_index_
  std::variant<raft::Follower, raft::Candidate, raft::Leader> role_;
};

}  // namespace ballast
