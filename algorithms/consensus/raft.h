// Raft: D. Ongaro and J. Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
// ATC 2014 (extended version), and D. Ongaro, "Consensus: Bridging Theory and Practice", Stanford
// 2014 ("dissertation"). Sections are cited by number in comments.
//
// As in the paper: leader election (5.2), log replication (5.3), the election restriction and the
// commitment rule (5.4), and clients (8): redirection, the no-op at the start of a term, and
// commands executed exactly once. What production systems add is an option each, off where the
// paper has it off: PreVote and CheckQuorum, reads that bypass the log, and more, see
// raft_config.h. By file: raft.cc has life, terms and roles; raft_election.cc votes;
// raft_replication.cc the log; raft_snapshot.cc compaction; raft_membership.cc configurations;
// raft_clients.cc requests, reads and leadership transfer.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/machine.h"
#include "algorithms/consensus/raft_config.h"
#include "algorithms/consensus/raft_log.h"
#include "algorithms/consensus/raft_messages.h"
#include "algorithms/consensus/replica.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::raft {

// --- Roles (5.1) -------------------------------------------------------------------------------

struct Follower {
  NodeId leader;  // of the current term; 0 while unknown
};

struct Candidate {
  std::vector<bool> granted;      // by position in members(): who voted for this node in this term
  std::uint64_t votes_heard = 0;  // repeated ones too; only a mistake asks
};

struct Leader {
  // What the leader knows of one member's log.
  struct Progress {
    LogIndex next_index;   // the next entry to send
    LogIndex match_index;  // the highest entry known to be replicated there
    // Entries are on their way. More are sent when they are answered; should they be lost, the next
    // heartbeat repeats them or, if it is empty, the answer to it has them sent again.
    bool waiting = false;
    LogIndex snapshot = {};    // the one that it is sent; 0: none
    std::uint64_t offset = 0;  // its next word to send
    // Its log is known to agree up to where the first of these messages began, so that more go out
    // before it answers, each from where the one before ended (dissertation 10.2.2): the last
    // entries of those under way, oldest first.
    bool pipelined = false;
    std::vector<LogIndex> in_flight = {};
  };
  // Leadership transfer (dissertation 3.10).
  struct Transfer {
    NodeId target;               // 0: none is under way
    RequestId asked;             // who is to be told
    bool told_to_stand = false;  // somebody was, in this term, however the transfer went on
  };
  // A read that waits for its leader to know that it still is one.
  struct Read {
    Request request;          // of a follower who asks for a read index only what it is called
    NodeId follower;          // that one, 0 if it is a client who reads
    LogIndex index;           // "readIndex"
    std::uint64_t round = 0;  // that has to be confirmed; 0: none
  };
  struct ReadQueue {
    std::vector<Read> waiting;    // oldest first
    std::uint64_t round = 0;      // the latest that was begun
    std::uint64_t confirmed = 0;  // the latest that a majority has answered
    std::vector<bool> answered;   // the latest, by position
    Time begun;                   // when, on this node's clock
    Time leased_from;             // when the latest round that was confirmed was begun
    bool open() const { return round > confirmed; }
  };
  std::vector<Progress> progress;  // by position in members(); its own is kept like the others
  // The no-op of this term: whatever was committed in earlier terms is at or before it.
  LogIndex opened_at;
  std::vector<bool> heard;  // CheckQuorum, by position: who has answered since the last check
  Transfer transfer;
  ReadQueue reads;
  // The latest request of each session that was appended in this term: it will be answered when it
  // is applied, however often it is repeated until then.
  FlatMap<SessionKey, std::uint64_t> appended;
};

// PreVote: like a candidate, but in nobody's eyes; its term is still the old one.
struct PreCandidate {
  std::vector<bool> granted;
};

enum class Role : std::uint8_t { follower, candidate, leader, pre_candidate };
constexpr auto enumerators(Role) {
  return std::array<std::string_view, 4>{"follower", "candidate", "leader", "pre_candidate"};
}

// A read that a follower answers (dissertation 6.4).
struct FollowerRead {
  Request request;
  LogIndex index;  // what the leader says; 0 until it does
};

// A snapshot on its way from a leader (7).
struct Incoming {
  Term term;  // of the leader
  LogIndex last_index;
  std::vector<std::uint64_t> image;  // as much as there is
};

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
  static constexpr auto fields = Fields{field("term", &State::term),
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
      std::variant<raft::RequestVote, raft::VoteReply, raft::AppendEntries, raft::AppendReply,
                   raft::PreVote, raft::PreVoteReply, raft::TimeoutNow, raft::TransferVote,
                   raft::Heartbeat, raft::HeartbeatReply, raft::ReadIndex, raft::ReadIndexReply,
                   raft::InstallSnapshot, raft::InstallReply, raft::Written>;
  using Record = std::variant<raft::TermAndVote, raft::Append, raft::Truncate, raft::Snapshot>;
  using Timer = raft::Timer;
  using State = raft::State;

  static constexpr std::string_view name = "raft";
  static constexpr std::string_view summary =
      "Raft: a replicated state machine under an elected leader (Ongaro and Ousterhout 2014, "
      "sections 5 and 8).";
  static constexpr std::array operations = {
      Operation::read,    Operation::write,     Operation::cas,     Operation::delete_,
      Operation::add,     Operation::enqueue,   Operation::dequeue, Operation::acquire,
      Operation::release, Operation::administer};
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
  void become_pre_candidate(Step<Raft>& step);
  void become_candidate(bool told_to, Step<Raft>& step);
  void become_leader(Step<Raft>& step);

  // 5.1: terms.
  void refuse_stale(NodeId from, const Message& message, Step<Raft>& step) const;
  void set_term_and_vote(Term term, NodeId voted_for, Step<Raft>& step);

  // 5.2 and 5.4.1: elections.
  void receive(NodeId from, const raft::RequestVote& request, Step<Raft>& step);
  void receive(NodeId from, const raft::VoteReply& reply, Step<Raft>& step);
  raft::Vote judge(NodeId candidate, const raft::RequestVote& request) const;
  void reset_election_timer(Step<Raft>& step) const;
  void stand_for_election(Step<Raft>& step);
  bool may_stand(NodeId self) const;
  bool is_up_to_date(LogIndex last_index, Term last_term) const;

  // Dissertation 9.6, 6.2 and 4.2.3: PreVote and CheckQuorum.
  void answer_pre_vote(NodeId from, const raft::PreVote& request, Step<Raft>& step) const;
  void receive(NodeId from, const raft::PreVoteReply& reply, Step<Raft>& step);
  void receive(NodeId, const raft::PreVote&, Step<Raft>&) {}  // see answer_pre_vote()
  void receive(NodeId from, const raft::TransferVote& request, Step<Raft>& step);
  bool hears_leader(const Step<Raft>& step) const;
  void hear_from(NodeId member, Step<Raft>& step);
  void check_quorum(raft::Leader& leader, Step<Raft>& step);
  void heed(NodeId leader, Step<Raft>& step);

  // Dissertation 3.10: leadership transfer.
  void administer(const Request& request, raft::Leader& leader, Step<Raft>& step);
  void transfer_leadership(const Request& request, raft::Leader& leader, Step<Raft>& step);
  void tell_to_stand(raft::Leader& leader, Step<Raft>& step);
  void receive(NodeId from, const raft::TimeoutNow& request, Step<Raft>& step);

  // Dissertation 6.4: reads that bypass the log.
  bool bypasses_log(const Request& request) const {
    return config_.reads != raft::Reads::log && request.command.operation == Operation::read;
  }
  void read(raft::Leader::Read read, raft::Leader& leader, Step<Raft>& step);
  void begin_round(raft::Leader& leader, Step<Raft>& step);
  void end_round(raft::Leader& leader, Step<Raft>& step);
  // Bug: the state machine is older than what the read was promised.
  bool reads_too_soon() const { return config_.bug == raft::Bug::read_before_applied; }
  void serve_reads(raft::Leader& leader, Step<Raft>& step);
  void serve_reads(Step<Raft>& step);
  bool holds_lease(const raft::Leader& leader, const Step<Raft>& step) const;
  void ask_for_read_index(const Request& request, NodeId leader, Step<Raft>& step);
  void answer_read(const Request& request, Step<Raft>& step) const;
  void receive(NodeId from, const raft::Heartbeat& request, Step<Raft>& step);
  void receive(NodeId from, const raft::HeartbeatReply& reply, Step<Raft>& step);
  void receive(NodeId from, const raft::ReadIndex& request, Step<Raft>& step);
  void receive(NodeId from, const raft::ReadIndexReply& reply, Step<Raft>& step);

  // 5.3: log replication.
  void receive(NodeId from, const raft::AppendEntries& request, Step<Raft>& step);
  void receive(NodeId from, const raft::AppendReply& reply, Step<Raft>& step);
  LogIndex take_entries(LogIndex previous, const std::vector<raft::Entry>& entries,
                        Step<Raft>& step);
  bool fits(const raft::AppendEntries& request) const;
  void learn_commit(const raft::AppendEntries& request, LogIndex last_new, Step<Raft>& step);
  raft::AppendReply conflict_at(LogIndex previous) const;
  bool record_match(NodeId from, const raft::AppendReply& reply, raft::Leader& leader,
                    Step<Raft>& step);
  void back_up(raft::Leader::Progress& follower, const raft::AppendReply& reply) const;
  bool lacks_entries(const raft::Leader::Progress& follower, const raft::AppendReply& reply) const;
  enum class Cargo : std::uint8_t { entries, none };
  void send_entries(NodeId to, raft::Leader::Progress& follower, Step<Raft>& step,
                    Cargo cargo = Cargo::entries) const;
  void send_heartbeats(raft::Leader& leader, Step<Raft>& step) const;
  void send_heartbeat(NodeId to, raft::Leader::Progress& follower, Step<Raft>& step) const;
  void send_more(NodeId to, raft::Leader::Progress& follower, Step<Raft>& step) const;
  bool has_room(const raft::Leader::Progress& follower) const;
  bool take_conflict(raft::Leader::Progress& follower, const raft::AppendReply& reply,
                     Step<Raft>& step) const;
  void append(raft::Entry entry, Step<Raft>& step);
  void truncate(LogIndex last_kept, Step<Raft>& step);

  // Dissertation 4: cluster membership changes.
  const raft::Configuration& configuration() const {
    return changes_.empty() ? base_configuration_ : changes_.back().configuration;
  }
  LogIndex configured_at() const { return changes_.empty() ? LogIndex{} : changes_.back().index; }
  raft::Configuration configuration_at(LogIndex index) const;
  void configure(LogIndex index, const raft::Entry& entry);
  void forget_changes_after(LogIndex last_kept);
  void state_configuration(Step<Raft>& step) const;
  // Whether those at the positions for which `holds` are a quorum of the voters. To elect is phase
  // 1 and to commit is phase 2. Who would know that nobody else is elected needs a quorum of phase
  // 2, which meets all those of phase 1. 4.3: under a joint configuration "agreement (for elections
  // and entry commitment) requires majorities from both the old and new configurations".
  template <class Holds>
  bool is_quorum(Phase phase, const Step<Raft>& step, Holds holds) const {
    const std::span<const NodeId> members = step.members();
    const raft::Configuration& c = configuration();
    if (c.voters == 0 && !std::holds_alternative<quorum::Majority>(config_.quorums)) {
      std::vector<bool> held(members.size());
      for (std::size_t i = 0; i < members.size(); ++i) held[i] = holds(i);
      return ballast::is_quorum(config_.quorums, phase, held);
    }
    // Bug: two halves need not share a server.
    const auto half = phase == Phase::one ? raft::Bug::elected_by_half : raft::Bug::commit_by_half;
    const std::size_t missing = config_.bug == half ? 1 : 0;
    const auto has_majority = [&](std::uint64_t set) {
      std::size_t all = 0;
      std::size_t held = 0;
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (set != 0 && !raft::Configuration::has(set, members[i])) {
          held += counts_all_the_same(members[i], step.self()) && holds(i);
        } else {
          ++all;
          held += holds(i);
        }
      }
      return held + missing >= majority(all);
    };
    // Bug: those who were there before are not asked.
    const bool old_counts = c.is_joint() && config_.bug != raft::Bug::joint_one_majority;
    return has_majority(c.voters) && (!old_counts || has_majority(c.outgoing));
  }
  bool is_quorum(Phase phase, const Step<Raft>& step, const std::vector<bool>& those) const {
    return is_quorum(phase, step, [&](std::size_t i) { return bool{those[i]}; });
  }
  // Bugs: 4.2.2: a leader that is removing itself "does not count itself in majorities"; 4.2.1: nor
  // is a server counted that only learns.
  bool counts_all_the_same(NodeId member, NodeId self) const {
    if (config_.bug == raft::Bug::removed_leader_counts) return member == self;
    return config_.bug == raft::Bug::learners_count &&
           raft::Configuration::has(configuration().learners, member);
  }
  void ask_voters(const Message& message, Step<Raft>& step) const;
  void change_configuration(const Request& request, raft::Leader& leader, Step<Raft>& step);
  std::optional<raft::Configuration> wanted(const Command& command, const raft::Leader& leader,
                                            std::span<const NodeId> members) const;
  void finish_change(Step<Raft>& step);

  // 7: log compaction.
  void recover(const raft::Snapshot& snapshot);
  void compact(Step<Raft>& step);
  bool is_sending_snapshot() const;
  void send_snapshot(NodeId to, raft::Leader::Progress& follower, Step<Raft>& step) const;
  void receive(NodeId from, const raft::InstallSnapshot& request, Step<Raft>& step);
  void receive(NodeId from, const raft::InstallReply& reply, Step<Raft>& step);
  std::uint64_t take_chunk(const raft::InstallSnapshot& request);
  void install(LogIndex last_index, Term last_term, Step<Raft>& step);
  Term last_log_term() const;

  // Dissertation 10.2.1: writing to the leader's disk in parallel.
  void receive(NodeId from, const raft::Written& written, Step<Raft>& step);

  // 5.3 and 5.4.2: commitment.
  void redirect(const Request& request, NodeId to, Step<Raft>& step) const;
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
  std::variant<raft::Follower, raft::Candidate, raft::Leader, raft::PreCandidate> role_;
  struct Change {
    LogIndex index;
    raft::Configuration configuration;
  };
  raft::Configuration base_configuration_;  // up to log_.base_index()
  std::vector<Change> changes_;             // by entries that the log holds, in order
  std::vector<std::uint64_t> image_;        // the snapshot up to log_.base_index()
  raft::Incoming incoming_;
  std::optional<Time> heard_at_;  // the leader of this term, on this node's clock
  std::vector<raft::FollowerRead> reads_;
};

}  // namespace ballast
