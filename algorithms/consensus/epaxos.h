// EPaxos: consensus without a leader. Every replica orders the commands of its clients by itself,
// after one round trip to the nearest others if nothing interferes. Sources:
//
//   SOSP  Moraru, Andersen and Kaminsky, "There Is More Consensus in Egalitarian Parliaments", SOSP
//         2013. Sections named in these files are its sections.
//   TR    The same, "A Proof of Correctness for Egalitarian Paxos", CMU-PDL-13-111, 2013.
//   S20   Sutra, "On the correctness of Egalitarian Paxos", Information Processing Letters 156,
//         2020 (arXiv 1906.10917).
//   RGS   Ryabinin, Gotsman and Sutra, "Making Democracy Work: Fixing and Simplifying Egalitarian
//         Paxos", 2025 (arXiv 2511.02743).
//
//   client      command leader                  others
//     |- Request ->|-- PreAccept(deps, seq) ---->|      4.3.1: what do you know that interferes?
//     |            |<- PreAcceptOk(deps, seq) ---|      a fast quorum knows no more: committed
//     |            |-- Accept(deps, seq) ------->|      else a majority has to accept what
//     |            |<- AcceptOk -----------------|      all of them know together
//     |<- reply ---|-- Commit ------------------>|      when it is executed, see 4.3.2
//
//   Ask                   has it been committed? In case the Commit is lost
//   Nack                  4.7: no, for I have joined a higher ballot
//   Prepare, PrepareOk    4.7: an instance that nobody ends is recovered in a higher ballot
//   Validate, ValidateOk  RGS: was the fast path taken, if too few are left to say so?
//
// What the sources have wrong or leave open, and what is done here instead:
//
//   S20   The specification and the authors' program have one ballot for each instance. Here are
//         two, for what a replica has joined and for what it has accepted.
//   RGS   The optimised recovery (TR, with TryPreAccept) can deadlock, and leaves out cases. Here
//         it is that of RGS, which asks a majority what interferes, and waits for those commands
//         that may have been committed instead. Where RGS gives up and commits a no-op, phase 1 is
//         run again, as in SOSP, so that no client has to ask again. With fewer answers to judge
//         by than a majority without the command leader, it asks nobody: as in SOSP.
//   4.2   Requests of one session interfere, whatever their keys: the table of sessions, which
//         keeps retries from being executed again, is part of the state machine.
//
// Clients are answered after the execution. So seq orders the commands of a cycle, and nothing
// depends on it but that order.
//
// Not here: batches (4.8 of the TR), reconfiguration (4.7), leases for reads, a log that forgets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "algorithms/consensus/epaxos_bugs.h"
#include "algorithms/consensus/epaxos_types.h"
#include "algorithms/consensus/replica.h"
#include "sim/base/random.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::epaxos {

// How many replicas commit on the fast path, of n of which f may fail.
//   optimized  n - e, where e = ceil((f + 1) / 2), or f if that is less: f + floor((f + 1) / 2) of
//              2f + 1 (SOSP 4.3.3; RGS)
//   simple     all but one: 2f of 2f + 1 (SOSP 4.3.1)
enum class FastQuorum : std::uint8_t { optimized, simple };
constexpr auto enumerators(FastQuorum) {
  return std::array<std::string_view, 2>{"optimized", "simple"};
}

// How many may be missing from a fast quorum of n replicas: e.
constexpr std::size_t missing_from(FastQuorum kind, std::size_t n) {
  const std::size_t f = (n - 1) / 2;
  return std::min(f, kind == FastQuorum::simple ? 1 : (f + 2) / 2);
}

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  fast_path,
  slow_path,
  fast_quorum_given_up,
  retry_answered_from_session,
  retry_left_to_others,
  cycle_executed,
  execution_waited,
  accepted_recovered,
  fast_path_recovered,
  validated,
  validation_waited,
  validation_refused,
  phase_1_again,
  no_op_accepted,
  proposed_again,
  ballot_overtaken
};
inline constexpr std::array<GoalInfo, 16> goals{{
    {"fast_path", "A command was committed after one round trip (4.3.1)."},
    {"slow_path",
     "A command took the slow path, because others knew more that interferes (4.3.1)."},
    {"fast_quorum_given_up", "A leader waited no longer for a fast quorum, having a majority."},
    {"retry_answered_from_session", "A repeated request was answered from the client table."},
    {"retry_left_to_others", "A repeated request was left to the replica that was asked before."},
    {"cycle_executed", "Commands that depend on each other were executed together (4.3.2)."},
    {"execution_waited", "A command waited for one that it depends on to be committed (4.3.2)."},
    {"accepted_recovered", "Who recovered an instance found it accepted (4.7)."},
    {"fast_path_recovered", "Enough had pre-accepted what may have been committed fast (4.7)."},
    {"validated", "Nothing interfered with a command that may have been committed fast (RGS)."},
    {"validation_waited", "Whether a command was committed fast depends on another's end (RGS)."},
    {"validation_refused", "A command cannot have been committed fast, for what interferes (RGS)."},
    {"phase_1_again", "A command was pre-accepted again in a higher ballot (4.7)."},
    {"no_op_accepted",
     "An instance of which nobody knew the command was filled with a no-op (4.7)."},
    {"proposed_again", "A command whose instance became a no-op was put into another one."},
    {"ballot_overtaken", "A replica gave up what it led, for a higher ballot (4.7)."},
}};

struct Config {
  FastQuorum fast_quorum = FastQuorum::optimized;
  Duration resend_interval{50'000'000};
  DurationRange recovery_timeout{{200'000'000}, {400'000'000}};
  MachineKind machine = MachineKind::register_;
  Bug bug = Bug::none;

  // What is wrong with these options together; empty if nothing is.
  std::string problem() const {
    if (resend_interval < recovery_timeout.min) return {};
    return "resend_interval must be shorter than every recovery_timeout, or instances are "
           "recovered "
           "for a lost message";
  }

  bool serves(Operation operation) const { return ballast::serves(machine, operation); }
  static std::string advice(Operation operation) { return machine_for(operation); }

  // An instance is recovered by somebody within two of these, and if that fails within five more.
  Duration patience() const { return {2 * recovery_timeout.max.ns}; }

  void vary(Stream& dice, Duration round_trip) {
    // From where recovery meets what is merely slow to where it is rare. Below some round trips it
    // meets everything: what is recovered before it is known becomes a no-op, and is asked again.
    const auto least = static_cast<std::uint64_t>(std::max<std::int64_t>(5'000'000, round_trip.ns));
    const std::uint64_t resend = log_uniform(dice, least, 4 * least);
    resend_interval.ns = static_cast<std::int64_t>(resend);
    const std::uint64_t shortest = log_uniform(dice, 3 * resend, 24 * resend);
    recovery_timeout.min.ns = static_cast<std::int64_t>(shortest);
    recovery_timeout.max.ns = static_cast<std::int64_t>(log_uniform(dice, shortest, 3 * shortest));
  }

  static constexpr std::string_view name = "epaxos";
  static constexpr auto fields = Fields{
      field("fast_quorum", &Config::fast_quorum,
            "How many replicas have to pre-accept a command as it is for the fast path."),
      field("resend_interval", &Config::resend_interval,
            "After what time what is not answered is sent again, then after twice that, up to "
            "sixteen times; a leader that has a majority waits for a fast quorum no longer than "
            "twice this.")
          .at_least(1'000'000),
      field("recovery_timeout", &Config::recovery_timeout,
            "An instance that has not been committed for one to two of these is recovered (4.7), "
            "for up to nine if its replica is heard of; after each ballot it is left to others for "
            "twice as many. Drawn anew from this range each time.")
          .at_least(1'000'000),
      field("machine", &Config::machine, "The state machine that the commands drive."),
      field("bug", &Config::bug,
            "A planted mistake; none for the algorithm with the corrections that the head of its "
            "file names.")};
};

enum class Timer : std::uint8_t { resend, recovery };
constexpr auto enumerators(Timer) { return std::array<std::string_view, 2>{"resend", "recovery"}; }

}  // namespace ballast::epaxos

namespace ballast {

class Epaxos {
 public:
  static constexpr std::string_view name = "epaxos";
  static constexpr std::string_view summary =
      "EPaxos: a replicated state machine without a leader (Moraru, Andersen and Kaminsky 2013), "
      "with two ballots for each instance (Sutra 2020) and the recovery of Ryabinin, Gotsman and "
      "Sutra (2025).";
  static constexpr std::array operations = machine_operations;
  static constexpr auto goals = epaxos::goals;
  using Config = epaxos::Config;
  using Message = epaxos::Message;
  using Record = epaxos::Record;
  using Timer = epaxos::Timer;
  using State = epaxos::State;

  explicit Epaxos(const Config& config) : config_(config), machine_(config.machine) {}

  void on_recover(const Record& record);
  void on_start(Step<Epaxos>& step);
  void on_message(NodeId from, const Message& message, Step<Epaxos>& step);
  void on_timer(Timer timer, Step<Epaxos>& step);
  void on_request(const Request& request, Step<Epaxos>& step);
  State state() const;

 private:
  using Attributes = epaxos::Attributes;
  using Bug = epaxos::Bug;
  using Entry = epaxos::Entry;
  using Goal = epaxos::Goal;
  using Leading = epaxos::Leading;
  using Status = epaxos::Status;
  using Step_ = Step<Epaxos>;

  struct Cell {
    Entry entry;
    Ballot stated;  // the last one that was observed
    Ballot told;    // the highest one that somebody refused for
    bool executed = false;
  };
  // The latest instances, by member, of commands that interfere with others for one reason: those
  // that change something, and all.
  struct Latest {
    Attributes changes;
    Attributes all;
  };

  static Ballot highest_ballot(const Cell& of) { return std::max(of.entry.ballot, of.told); }
  // What an instance depends on, directly and indirectly, as far as that was followed.
  struct Closure {
    Attributes reached;
    std::vector<std::uint64_t> seen;  // by member: all up to this one have been looked at
  };

  // The commit protocol (epaxos.cc).
  void receive(NodeId from, const epaxos::PreAccept& asked, Step_& step);
  void receive(NodeId from, const epaxos::PreAcceptOk& answer, Step_& step);
  void receive(NodeId from, const epaxos::Accept& asked, Step_& step);
  void receive(NodeId from, const epaxos::AcceptOk& answer, Step_& step);
  void receive(NodeId from, const epaxos::Commit& commit, Step_& step);
  void receive(NodeId from, const epaxos::Ask& asked, Step_& step);
  void receive(NodeId from, const epaxos::Nack& nack, Step_& step);
  bool is_under_way(const Request& request) const;
  void propose(const Request& request, Step_& step);
  void count_pre_accepts(const Instance& instance, Step_& step);
  void accept(const Instance& instance, const Ballot& ballot, const std::optional<Request>& request,
              const Attributes& attributes, const Attributes& initial, Step_& step);
  void vote(const Instance& instance, const Ballot& ballot, const std::optional<Request>& request,
            const Attributes& attributes, const Attributes& initial, Step_& step);
  void count_accepts(const Instance& instance, Step_& step);
  void commit(const Instance& instance, const Ballot& ballot, const std::optional<Request>& request,
              const Attributes& attributes, Step_& step);
  void learn(const Instance& instance, const Ballot& ballot, const std::optional<Request>& request,
             const Attributes& attributes, bool is_leader, Step_& step);

  // Messages that are lost (epaxos_resend.cc).
  void resend(Step_& step);
  void resend(const Instance& instance, Leading& leading, Step_& step);
  void ask_again(Step_& step);

  // What is known (epaxos.cc).
  Cell& cell(const Instance& instance);
  Leading* leading(const Instance& instance, const Ballot& ballot);
  void lead(const Instance& instance, Leading how);
  void leave(const Instance& instance);
  bool join(const Instance& instance, const Ballot& ballot, Step_& step);
  void write(const Instance& instance, Step_& step);
  void state_ballot(const Instance& instance, Step_& step);
  void tell_commit(NodeId to, const Instance& instance, Step_& step);
  void refuse(NodeId to, const Instance& instance, Step_& step);
  std::size_t member(NodeId node) const { return position_of(node, members_); }
  bool is_dependency(const Instance& instance, const Attributes& of) const {
    return instance.number <= of.on(member(instance.replica));
  }

  // What interferes (epaxos.cc).
  bool interfere(const Request& a, const Request& b) const;
  void note(const Instance& instance);
  Attributes with_dependencies(const Instance& instance, const Request& request,
                               const Attributes* initial) const;

  // Recovery (epaxos_recovery.cc).
  void receive(NodeId from, const epaxos::Prepare& asked, Step_& step);
  void receive(NodeId from, const epaxos::PrepareOk& answer, Step_& step);
  void receive(NodeId from, const epaxos::Validate& asked, Step_& step);
  void receive(NodeId from, const epaxos::ValidateOk& answer, Step_& step);
  void look_for_stuck(Step_& step);
  std::uint64_t looks_left_to_others(const Instance& instance) const;
  void recover(const Instance& instance, Step_& step);
  void choose(const Instance& instance, Step_& step);
  void choose_unaccepted(const Instance& instance, const std::map<NodeId, Entry>& said,
                         Step_& step);
  void validate(const Instance& instance, const Entry& known, std::uint64_t support, Step_& step);
  void weigh_conflicts(const Instance& instance, Step_& step);
  void pre_accept_again(const Instance& instance, const Entry& known, Step_& step);
  std::vector<epaxos::Conflict> conflicts_of(const Instance& instance, const Request& request,
                                             const Attributes& attributes) const;
  Entry as_told(const Entry& entry) const;

  // Execution (epaxos_execution.cc).
  struct Search;
  void settle(const Instance& instance, Step_& step);
  void release(const Instance& instance, std::vector<Instance>& ready);
  std::optional<Instance> blocked_by(const Instance& instance) const;
  void try_to_execute(const Instance& root, std::vector<Instance>& ready, Step_& step);
  std::optional<Instance> missing(Closure& closure) const;
  void execute_together(std::vector<Instance> cycle, std::vector<Instance>& ready, Step_& step);
  void execute(const Instance& instance, Step_& step);

  Config config_;
  std::vector<NodeId> members_;
  NodeId self_;

  // Durable, but for what is executed.
  std::map<Instance, Cell> cells_;

  // Volatile.
  std::vector<std::uint64_t> highest_;   // by member: the last instance that somebody knows of
  std::vector<std::uint64_t> settled_;   // by member: all up to this one are committed here
  std::vector<std::uint64_t> executed_;  // by member: all up to this one are executed here
  std::vector<bool> heard_;              // by member: of whom since the last look for what is stuck
  std::map<std::uint64_t, Latest> by_key_;
  std::map<SessionKey, Latest> by_session_;
  std::map<Instance, Leading> leading_;
  std::uint64_t recovering_ = 0;             // of those, in ballots above the first
  std::map<Instance, std::uint64_t> stuck_;  // not committed when that was looked at so often
  std::map<Instance, Instance> waits_for_;  // what is committed, for one that is not, or that waits
  std::map<Instance, Closure> closures_;    // of what waits
  std::map<Instance, std::vector<Instance>> waits_;  // the same, by what is waited for
  std::map<Instance, std::uint64_t> waited_for_;     // so often when that was looked at
  std::map<SessionKey, std::uint64_t> asked_;        // who waits for an answer to what
  Machine machine_;
  std::uint64_t committed_count_ = 0;
  std::uint64_t executed_count_ = 0;
};

}  // namespace ballast
