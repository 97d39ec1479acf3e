// Multi-Paxos: a replicated state machine by one instance of Paxos for each slot of a log. Sources:
//
//   Lamport 2001  "Paxos Made Simple", ACM SIGACT News 32(4), section 3: one leader runs phase 1
//                 for all slots at once, fills gaps with no-ops, and then needs phase 2 only
//   PMMC          van Renesse and Altinbuken, "Paxos Made Moderately Complex", ACM Computing
//                 Surveys 47(3), 2015: the window, leases, garbage collection; invariants A1 to
//                 A5, R1 to R5
//   PML           Chandra, Griesemer and Redstone, "Paxos Made Live", PODC 2007: checkpoints,
//                 catch-up, leases of a master
//
//   leader                     acceptors, which are replicas as well
//     |--- 1a Prepare(b, e) -------->|      once for a leader, for all slots after e
//     |<-- 1b Promise(b, votes) -----|
//     |--- 2a Accept(b, s, v) ------>|      for each slot s
//     |<-- 2b Accepted(b, s) --------|
//     |--- Decision(b, s) ---------->|      and Heartbeat(b, executed), which repeats it
//
// Every member is acceptor, replica and, if elected, leader. A replica executes decisions in the
// order of the slots. One that lags behind asks for them (CatchUp) and is sent Decisions or, if
// they are forgotten, a Checkpoint. Round numbers are never shared: member i of n uses those that
// leave the remainder i when divided by n (PML 3.1).
//
// Durable are promises, votes and checkpoints, of which each replaces the journal before it.
// Decisions are not: the votes keep them.
//
// Who has a say is part of the state that commands change (Lamport 2001, section 3; PMMC 2.1): a
// change that is executed in slot s counts from slot s + window on, before which nobody asks for
// anything there without knowing it. From any configuration to any other, then, and without a joint
// one. A leader that executes a change prepares a new ballot, with quorums of all configurations in
// its window, and asks for no-ops until the new one counts. Members without a say are sent all the
// same, learn, and may even lead: only their promises and votes do not count.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/multi_paxos_types.h"
#include "algorithms/consensus/replica.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::multi_paxos {

// Mistakes, to be switched on on purpose. Each breaks safety unless it says otherwise.
//   accept_below_promise      an acceptor accepts whatever it is asked to
//   accept_above_accepted     an acceptor compares with its last vote instead of its promise
//   largest_value             a new leader takes over the largest of the values reported for a slot
//   first_heard_value         a new leader takes over the first value that it hears of
//   promise_counted_twice     a candidate counts promises, not acceptors
//   promise_not_persisted     a promise is given without being written down
//   vote_not_persisted        a vote is cast without being written down
//   shared_ballots            ballots do not tell who proposes
//   votes_ignored             a new leader takes over nothing that was reported to it
//   gap_skipped               a replica executes decisions as they come
//   checkpoint_hides_votes    an acceptor does not say that it has forgotten votes
//   decision_of_any_ballot    a replica takes its vote for what is decided, whatever its ballot
//   checkpoint_without_sessions  who catches up forgets which requests were executed
//   read_without_lease        a leader answers reads by itself although it holds no lease
//   votes_counted_twice       a leader counts votes, not acceptors
//   decided_when_asked        a leader takes for decided what it asks for
//   gaps_left                 a new leader does not fill the gaps that it finds (liveness)
//   change_at_once            a change counts from the next slot on, though others are under way
//   prepared_once             a leader does not prepare for the quorums of a new configuration
//   configurations_not_in_checkpoint  who restarts from a checkpoint forgets who has a say
//   everybody_counts          promises and votes of members without a say count
enum class Bug : std::uint8_t {
  none,
  accept_below_promise,
  accept_above_accepted,
  largest_value,
  first_heard_value,
  promise_counted_twice,
  promise_not_persisted,
  vote_not_persisted,
  shared_ballots,
  votes_ignored,
  gap_skipped,
  checkpoint_hides_votes,
  decision_of_any_ballot,
  checkpoint_without_sessions,
  read_without_lease,
  votes_counted_twice,
  decided_when_asked,
  gaps_left,
  change_at_once,
  prepared_once,
  configurations_not_in_checkpoint,
  everybody_counts
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 22>{"none",
                                          "accept_below_promise",
                                          "accept_above_accepted",
                                          "largest_value",
                                          "first_heard_value",
                                          "promise_counted_twice",
                                          "promise_not_persisted",
                                          "vote_not_persisted",
                                          "shared_ballots",
                                          "votes_ignored",
                                          "gap_skipped",
                                          "checkpoint_hides_votes",
                                          "decision_of_any_ballot",
                                          "checkpoint_without_sessions",
                                          "read_without_lease",
                                          "votes_counted_twice",
                                          "decided_when_asked",
                                          "gaps_left",
                                          "change_at_once",
                                          "prepared_once",
                                          "configurations_not_in_checkpoint",
                                          "everybody_counts"};
}

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  prepare_refused,
  accept_refused,
  leader_preempted,
  value_taken_over,
  several_votes_reported,
  gap_filled,
  decided_out_of_order,
  executed_once,
  retry_answered_from_session,
  window_full,
  promise_recovered,
  checkpoint_recovered,
  caught_up_by_decisions,
  caught_up_by_checkpoint,
  leader_behind_checkpoint,
  configuration_changed,
  prepared_for_change,
  change_hastened,
  window_of_two_configurations
};
inline constexpr std::array<GoalInfo, 19> goals{{
    {"prepare_refused", "An acceptor refused to promise below its promise (A1)."},
    {"accept_refused", "An acceptor refused a proposal below its promise (A2)."},
    {"leader_preempted", "A leader gave up because of a higher ballot, with proposals under way."},
    {"value_taken_over", "A new leader asked for a value that was reported to it (A5)."},
    {"several_votes_reported", "Votes of different ballots were reported for one slot (A5)."},
    {"gap_filled", "A new leader filled a gap with a no-op (Lamport 2001, 3)."},
    {"decided_out_of_order", "A slot was decided before an earlier one, and had to wait (R2)."},
    {"executed_once", "A request that was decided in two slots was executed once (R3)."},
    {"retry_answered_from_session",
     "A repeated request was answered without being proposed again."},
    {"window_full", "A leader had as many proposals under way as it may (R5)."},
    {"promise_recovered", "An acceptor restarted with a promise."},
    {"checkpoint_recovered", "A replica restarted from a checkpoint (PML 5.2)."},
    {"caught_up_by_decisions", "A replica that lagged behind was told decisions (PML 5.2)."},
    {"caught_up_by_checkpoint", "A replica that lagged behind was given a checkpoint (PML 5.2)."},
    {"leader_behind_checkpoint",
     "A leader was elected that had to learn slots which its acceptors had forgotten."},
    {"configuration_changed",
     "A change of who has a say was executed (Lamport 2001, 3); needs voters."},
    {"prepared_for_change",
     "A leader prepared a new ballot for the quorums of a new configuration; needs voters."},
    {"change_hastened",
     "A leader asked for no-ops until a new configuration counted; needs voters."},
    {"window_of_two_configurations",
     "A leader was elected by quorums of several configurations; needs voters."},
}};

struct Config {
  DurationRange election_timeout{{150'000'000}, {300'000'000}};
  Duration heartbeat{50'000'000};
  std::uint64_t window = 100;
  std::uint64_t checkpoint_every = 1000;
  std::optional<Duration> lease;
  std::uint64_t drift_ppm = 1000;
  std::uint32_t voters = 0;
  QuorumSystem quorums;
  bool unsafe_quorums = false;
  MachineKind machine = MachineKind::register_;
  Bug bug = Bug::none;

  // What is wrong with these options together; empty if nothing is.
  std::string problem() const {
    if (heartbeat >= election_timeout.min) {
      return "heartbeat must be shorter than every election_timeout, or replicas will not hear of "
             "their leader in time";
    }
    if (lease && *lease >= election_timeout.min) {
      return "lease must be shorter than every election_timeout, or a leader's last lease will "
             "keep the next one out";
    }
    if (voters > 0 && quorums != QuorumSystem{}) {
      return "voters needs quorums: majority, since other quorums are of all members";
    }
    return {};
  }

  // Whether a goal can be reached: what is switched off is no gap.
  bool opens(std::size_t goal) const {
    return voters > 0 || goal < static_cast<std::size_t>(Goal::configuration_changed);
  }

  bool serves(Operation operation) const {
    return operation == Operation::administer || ballast::serves(machine, operation);
  }
  static std::string advice(Operation operation) { return machine_for(operation); }

  // A replica that hears nothing for so long stands for election.
  Duration patience() const { return election_timeout.max; }

  void vary(Stream& dice, Duration round_trip) {
    vary_timing(heartbeat, {5'000'000}, election_timeout, dice, round_trip);
    window = log_uniform(dice, 2, 100);
    checkpoint_every = log_uniform(dice, 2, 200);
    if (lease) lease->ns = std::min(lease->ns, election_timeout.min.ns - 1);
  }

  static constexpr std::string_view name = "multi_paxos";
  static constexpr auto fields = Fields{
      field("election_timeout", &Config::election_timeout,
            "How long a replica waits without word from a leader before it prepares a ballot of "
            "its own, drawn anew from this range each time.")
          .at_least(1'000'000),
      field("heartbeat", &Config::heartbeat,
            "How often a leader says that it is there, and repeats what is not accepted yet.")
          .at_least(1'000'000),
      field("window", &Config::window,
            "How many slots a leader may be ahead of what it has executed (PMMC, WINDOW).")
          .at_least(1)
          .at_most(1'000'000),
      field("checkpoint_every", &Config::checkpoint_every,
            "After how many slots a replica keeps its state and forgets votes and decisions.")
          .at_least(1),
      field("lease", &Config::lease,
            "For how long acceptors keep other leaders out after a heartbeat, so that the leader "
            "can answer reads by itself (PML 5.3); null for never. It relies on clocks that do not "
            "jump and whose rates differ by drift_ppm at most.")
          .at_least(1'000'000),
      field("drift_ppm", &Config::drift_ppm,
            "By how many parts per million the rates of two clocks are taken to differ at most.")
          .at_most(900'000),
      field("voters", &Config::voters,
            "How many members have a say at the beginning, the first ones; 0 for all. The others "
            "learn what is decided, and wait to be given a say.")
          .at_most(Configuration::most),
      field("quorums", &Config::quorums,
            "Which members elect a leader (phase 1) and which decide (phase 2); each of the one "
            "kind must share a member with each of the other. Other quorums than majorities are "
            "for a membership that does not change."),
      field("unsafe_quorums", &Config::unsafe_quorums,
            "Takes quorums that need not share a member, to show what then happens."),
      field("machine", &Config::machine, "The state machine that the log drives."),
      field("bug", &Config::bug, "A planted mistake; none for the algorithm as published.")};
};

enum class Timer : std::uint8_t { election, heartbeat };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 2>{"election", "heartbeat"};
}

}  // namespace ballast::multi_paxos

namespace ballast {

class MultiPaxos {
 public:
  static constexpr std::string_view name = "multi_paxos";
  static constexpr std::string_view summary =
      "Multi-Paxos: a replicated state machine under a stable leader (Lamport 2001, section 3; van "
      "Renesse and Altinbuken 2015; Chandra, Griesemer and Redstone 2007).";
  static constexpr std::array operations = {
      Operation::read,    Operation::write,     Operation::cas,     Operation::delete_,
      Operation::add,     Operation::enqueue,   Operation::dequeue, Operation::acquire,
      Operation::release, Operation::administer};
  static constexpr auto goals = multi_paxos::goals;
  using Config = multi_paxos::Config;
  using Message = multi_paxos::Message;
  using Record = multi_paxos::Record;
  using Timer = multi_paxos::Timer;
  using State = multi_paxos::State;

  explicit MultiPaxos(const Config& config) : config_(config), machine_(config.machine) {}

  void on_recover(const Record& record);
  void on_start(Step<MultiPaxos>& step);
  void on_message(NodeId from, const Message& message, Step<MultiPaxos>& step);
  void on_timer(Timer timer, Step<MultiPaxos>& step);
  void on_request(const Request& request, Step<MultiPaxos>& step);
  State state() const;

 private:
  using Bug = multi_paxos::Bug;

  // Leadership (multi_paxos.cc).
  void become_follower(Step<MultiPaxos>& step);
  void become_candidate(Step<MultiPaxos>& step);
  void become_leader(multi_paxos::Candidate won, Step<MultiPaxos>& step);
  void ask(Slot slot, multi_paxos::SlotValue value, Step<MultiPaxos>& step);
  void count(Slot slot, NodeId from, Step<MultiPaxos>& step);
  void propose_waiting(Step<MultiPaxos>& step);
  bool propose_next(multi_paxos::Leader& leader, Step<MultiPaxos>& step);
  std::optional<multi_paxos::SlotValue> value_to_ask(multi_paxos::Leader& leader, Slot slot,
                                                     Step<MultiPaxos>& step) const;
  void ask_again(Step<MultiPaxos>& step) const;
  void send_heartbeats(Step<MultiPaxos>& step);
  void reset_election_timer(Step<MultiPaxos>& step) const;
  void receive(NodeId from, const multi_paxos::Promise& promise, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Accepted& accepted, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Refused& refused, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::HeartbeatReply& reply, Step<MultiPaxos>& step);

  // Acceptor (multi_paxos_acceptor.cc).
  void receive(NodeId from, const multi_paxos::Prepare& prepare, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Accept& accept, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Heartbeat& heartbeat, Step<MultiPaxos>& step);
  void promise(Ballot ballot, Step<MultiPaxos>& step);
  void vote(const multi_paxos::Vote& proposal, Step<MultiPaxos>& step);
  bool keeps_out(NodeId candidate, Time now) const;
  void follow(NodeId leader, Ballot ballot, Step<MultiPaxos>& step);

  // Replica (multi_paxos_replica.cc).
  void receive(NodeId from, const multi_paxos::Decision& decision, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::CatchUp& request, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Decisions& decisions, Step<MultiPaxos>& step);
  void receive(NodeId from, const multi_paxos::Checkpoint& checkpoint, Step<MultiPaxos>& step);
  void learn(Slot slot, const multi_paxos::SlotValue& value, Step<MultiPaxos>& step);
  void learn_votes(Ballot ballot, Slot executed, Step<MultiPaxos>& step);
  void execute(Slot slot, const multi_paxos::SlotValue& value, Step<MultiPaxos>& step);
  void execute_in_order(Step<MultiPaxos>& step);
  void keep_checkpoint(bool taken_over, Step<MultiPaxos>& step);
  bool holds_lease(const multi_paxos::Leader& leader, Step<MultiPaxos>& step) const;
  bool answers_read(const Request& request, const multi_paxos::Leader& leader,
                    Step<MultiPaxos>& step) const;

  // Membership (multi_paxos_membership.cc).
  void begin_with_voters(Step<MultiPaxos>& step);
  void forget_configurations();
  void take_configurations(std::vector<multi_paxos::Configuration> known, Step<MultiPaxos>& step);
  void change_configuration(Slot slot, const Request& request, Step<MultiPaxos>& step);
  std::optional<std::uint64_t> wanted(const Command& command,
                                      std::span<const NodeId> members) const;
  bool prepare_for_change(Step<MultiPaxos>& step);
  Slot last_change() const {
    return configurations_.empty() ? Slot{} : configurations_.back().from;
  }
  bool is_quorum_at(Slot slot, const std::vector<NodeId>& nodes,
                    const Step<MultiPaxos>& step) const;
  bool is_quorum_ahead(Phase phase, const std::vector<NodeId>& nodes,
                       const Step<MultiPaxos>& step) const;

  Config config_;

  // Durable: changed only together with a record of it.
  Ballot promised_;
  std::map<Slot, multi_paxos::SlotState> slots_;  // after checkpoint_
  Slot checkpoint_;

  // Volatile.
  Slot executed_;
  // Who has a say in the slots after executed_, by the slots from which on they have it; empty: all
  // have. Later slots than executed_ + window may have others.
  std::vector<multi_paxos::Configuration> configurations_;
  Machine machine_;           // the effect of all slots up to executed_
  std::uint64_t outbid_ = 0;  // the highest round that this node was refused for
  NodeId leader_;             // whom it last heard from as a leader; 0 if it knows none
  Time leased_until_;         // the leader's lease, by this node's clock
  std::variant<multi_paxos::Follower, multi_paxos::Candidate, multi_paxos::Leader> role_;
};

}  // namespace ballast
