// Viewstamped Replication: a replicated state machine without disks. Source:
//
//   VRR   Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021, 2012. All
//         sections named in these files are its sections.
//
//   client      primary of view v      backups
//     |- Request ->|-- Prepare(v, op) ---->|      4.1: the primary orders requests
//     |            |<- PrepareOk(v, op) ---|      f of 2f + 1: the request is committed
//     |<- reply ---|-- Commit(v, op) ----->|      or with the next Prepare
//
//   StartViewChange(v)  to all, when the primary is not heard      4.2: the next replica in the
//   DoViewChange(v)     f others have said so: to the new primary  circle becomes the primary
//   StartView(v)        f + 1 logs have come: from the new primary
//
//   Recovery, RecoveryResponse   4.3: after a crash, f + 1 others tell a replica what it knew
//   GetState, NewState           5.2: a replica that lags behind is given what it lacks
//
// A crash takes everything that a replica knew, and at most f of 2f + 1 may be down or recovering
// at once: otherwise the group stands still for ever, but does nothing wrong. On disk is only how
// often a replica has started, which serves as nonce.
//
// What the paper has wrong, and what is done here instead; each as published is a planted mistake:
//
//   4.3  An answer of a replica that has crashed and recovered since may be under way still. If
//        view changes count what it said before, acknowledged requests are lost (Michael, Ports,
//        Sharma and Szekeres, "Recovering Shared Objects Without Stable Storage", DISC 2017: VRR,
//        Paxos Made Live and JPaxos all have it). As there, DoViewChange and RecoveryResponse carry
//        a crash vector, and what a replica said in an earlier life is dropped.
//   5.2  A replica that hears of a later view is told to drop what it does not know to be committed
//        and to ask for the new log. If the next view change comes first, it takes part in it
//        without what it had acknowledged (Vanlightly, "VR Revisited - State Transfer", 2022). Here
//        it keeps its log and its view until the new log is there.
//   4.2  A StartView may come twice. Only a replica that is not in that view yet may take its log:
//        the paper does not say so.
//
// Not here: witnesses (6.1), reads at backups (6.3), changes of the group (7).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/replica.h"
#include "algorithms/consensus/viewstamped_bugs.h"
#include "algorithms/consensus/viewstamped_types.h"
#include "sim/base/random.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::viewstamped_replication {

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  retry_answered_from_session,
  batch_filled,
  view_change_given_up,
  log_taken_from_other,
  longer_log_passed_over,
  log_shortened,
  uncommitted_taken_over,
  late_start_view,
  recovered,
  recovery_asked_again,
  earlier_life_dropped,
  gap_filled_by_transfer,
  later_view_by_transfer,
  transfer_overtaken,
  given_checkpoint
};
inline constexpr std::array<GoalInfo, 15> goals{{
    {"retry_answered_from_session", "A repeated request was answered from the client table (4.1)."},
    {"batch_filled", "Requests waited for the ones before, and were prepared together (6.2)."},
    {"view_change_given_up", "A view change took too long, and the next one began (4.2)."},
    {"log_taken_from_other", "A new primary took the log of another replica (4.2)."},
    {"longer_log_passed_over",
     "A new primary left a log that was longer, but of an earlier view, for a shorter one (4.2)."},
    {"log_shortened", "A replica removed requests that a view change had left out (4.2)."},
    {"uncommitted_taken_over",
     "A new primary's log held requests that it did not know to be committed (4.2)."},
    {"late_start_view", "A StartView came to a replica that was in that view already."},
    {"recovered", "A replica recovered (4.3)."},
    {"recovery_asked_again", "A replica asked again, because too few could answer (4.3)."},
    {"earlier_life_dropped", "What a replica had said before it crashed was not counted."},
    {"gap_filled_by_transfer", "A replica was sent requests of its view that it lacked (5.2)."},
    {"later_view_by_transfer", "A replica was sent the log of a later view (5.2)."},
    {"transfer_overtaken",
     "A view change came before the log that a replica had asked for (5.2, Vanlightly 2022)."},
    {"given_checkpoint", "A replica was given a state in the place of requests (5.1)."},
}};

struct Config {
  DurationRange view_change_timeout{{150'000'000}, {300'000'000}};
  Duration commit_interval{50'000'000};
  std::uint64_t batch = 1;
  std::uint64_t checkpoint_every = 1000;
  std::optional<Duration> lease;
  std::uint64_t drift_ppm = 1000;
  MachineKind machine = MachineKind::register_;
  Bug bug = Bug::none;

  // What is wrong with these options together; empty if nothing is.
  std::string problem() const {
    if (commit_interval >= view_change_timeout.min) {
      return "commit_interval must be shorter than every view_change_timeout, or backups will not "
             "hear of their primary in time";
    }
    if (lease && *lease >= view_change_timeout.min) {
      return "lease must be shorter than every view_change_timeout, or a primary's last lease will "
             "keep the next one out";
    }
    return {};
  }

  bool serves(Operation operation) const { return ballast::serves(machine, operation); }
  static std::string advice(Operation operation) { return machine_for(operation); }

  // A backup that hears nothing for so long starts a view change.
  Duration patience() const { return view_change_timeout.max; }

  // Whether a goal can be reached: what is switched off is no gap.
  bool opens(std::size_t goal) const {
    return static_cast<Goal>(goal) != Goal::batch_filled || batch > 1;
  }

  void vary(Stream& dice, Duration round_trip) {
    vary_timing(commit_interval, {5'000'000}, view_change_timeout, dice, round_trip);
    batch = dice.below(2) == 0 ? 1 : log_uniform(dice, 1, 16);
    checkpoint_every = log_uniform(dice, 2, 200);
    if (lease) lease->ns = std::min(lease->ns, view_change_timeout.min.ns - 1);
  }

  static constexpr std::string_view name = "viewstamped_replication";
  static constexpr auto fields = Fields{
      field("view_change_timeout", &Config::view_change_timeout,
            "How long a backup waits without word from the primary before it starts a view change, "
            "and how long that may take; drawn anew from this range each time (4.2).")
          .at_least(1'000'000),
      field("commit_interval", &Config::commit_interval,
            "How often a primary says what is committed, and repeats what is not acknowledged yet "
            "(4.1); how often others repeat what they ask for.")
          .at_least(1'000'000),
      field(
          "batch", &Config::batch,
          "How many requests one Prepare carries at most: with more than 1, those that come while "
          "others are under way wait for them (6.2).")
          .at_least(1)
          .at_most(1'000'000),
      field("checkpoint_every", &Config::checkpoint_every,
            "After how many requests a replica keeps its state in the place of its log (5.1).")
          .at_least(1),
      field(
          "lease", &Config::lease,
          "For how long backups keep out of view changes after a Commit, so that the primary can "
          "answer reads by itself (6.3); null for never. It relies on clocks that do not jump and "
          "whose rates differ by drift_ppm at most.")
          .at_least(1'000'000),
      field("drift_ppm", &Config::drift_ppm,
            "By how many parts per million the rates of two clocks are taken to differ at most.")
          .at_most(900'000),
      field("machine", &Config::machine, "The state machine that the log drives."),
      field("bug", &Config::bug,
            "A planted mistake; none for the algorithm with the corrections that the head of its "
            "file names.")};
};

enum class Timer : std::uint8_t { view_change, commit, resend };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 3>{"view_change", "commit", "resend"};
}

}  // namespace ballast::viewstamped_replication

namespace ballast {

class ViewstampedReplication {
 public:
  static constexpr std::string_view name = "viewstamped_replication";
  static constexpr std::string_view summary =
      "Viewstamped Replication Revisited: a replicated state machine without disks (Liskov and "
      "Cowling 2012), with its recovery and its state transfer as corrected since.";
  static constexpr std::array operations = machine_operations;
  static constexpr auto goals = viewstamped_replication::goals;
  using Config = viewstamped_replication::Config;
  using Message = viewstamped_replication::Message;
  using Record = viewstamped_replication::Record;
  using Timer = viewstamped_replication::Timer;
  using State = viewstamped_replication::State;

  explicit ViewstampedReplication(const Config& config)
      : config_(config), machine_(config.machine), checkpoint_(config.machine) {}

  void on_recover(const Record& record);
  void on_start(Step<ViewstampedReplication>& step);
  void on_message(NodeId from, const Message& message, Step<ViewstampedReplication>& step);
  void on_timer(Timer timer, Step<ViewstampedReplication>& step);
  void on_request(const Request& request, Step<ViewstampedReplication>& step);
  State state() const;
  // Whether it knows what it knew before it crashed (Process::remembers).
  bool remembers() const {
    return !std::holds_alternative<viewstamped_replication::Recovering>(role_);
  }

 private:
  using Bug = viewstamped_replication::Bug;
  using Goal = viewstamped_replication::Goal;
  using Step_ = Step<ViewstampedReplication>;

  // Normal operation (viewstamped_replication.cc).
  void receive(NodeId from, const viewstamped_replication::Prepare& prepare, Step_& step);
  void receive(NodeId from, const viewstamped_replication::PrepareOk& ok, Step_& step);
  void receive(NodeId from, const viewstamped_replication::Commit& commit, Step_& step);
  void receive(NodeId from, const viewstamped_replication::LeaseGranted& lease, Step_& step);
  NodeId primary_of(Term view, const Step_& step) const;
  void enter(Term view, Step_& step);
  void step_down(Step_& step);
  bool follows(NodeId from, Term view, Step_& step);
  void log(Request request, Term view, Step_& step);
  void prepare_waiting(Step_& step);
  void prepare_again(Step_& step);
  void count(Step_& step);
  void commit_up_to(Slot op, Step_& step);
  void execute(Slot op, Step_& step);
  bool holds_leases(const Step_& step) const;
  bool answers_read(const Request& request, const Step_& step) const;
  void await_primary(Step_& step) const;

  // View changes (viewstamped_view_change.cc).
  void receive(NodeId from, const viewstamped_replication::StartViewChange& start, Step_& step);
  void receive(NodeId from, const viewstamped_replication::DoViewChange& change, Step_& step);
  void receive(NodeId from, const viewstamped_replication::StartView& start, Step_& step);
  bool follows_into(Term view, Step_& step);
  void begin_view_change(Term view, Step_& step);
  void agree_to_view_change(NodeId from, Step_& step);
  void do_view_change(Step_& step);
  void start_view(Step_& step);
  viewstamped_replication::DoViewChange best_log(Step_& step) const;

  // Recovery and state transfer (viewstamped_recovery.cc).
  void receive(NodeId from, const viewstamped_replication::Recovery& recovery, Step_& step);
  void receive(NodeId from, const viewstamped_replication::RecoveryResponse& response, Step_& step);
  void receive(NodeId from, const viewstamped_replication::GetState& request, Step_& step);
  void receive(NodeId from, const viewstamped_replication::NewState& state, Step_& step);
  void ask_to_recover(Step_& step);
  const viewstamped_replication::Transfer* what_it_knew(
      const viewstamped_replication::Recovering& recovering, Term view, Step_& step) const;
  void ask_for_state(NodeId from, Term view, Step_& step);
  viewstamped_replication::Transfer everything() const;
  void take(const viewstamped_replication::Transfer& state, Term view, Step_& step);
  void join(const viewstamped_replication::Transfer& state, Term view, Step_& step);
  void keep_checkpoint(Step_& step);
  void merge(const viewstamped_replication::Lives& lives);
  template <class Said>
  void drop_earlier_lives(std::map<NodeId, Said>& said, Step_& step) const;
  void ask_again(Step_& step);

  Config config_;

  // Durable.
  std::uint64_t life_ = 0;  // how often it has started

  // Volatile.
  viewstamped_replication::Role role_;
  Term view_;
  Term last_normal_;  // the latest view in which it was backup or primary
  viewstamped_replication::Log log_;
  Slot commit_;         // and executed
  Machine machine_;     // the effect of the log up to commit_
  Machine checkpoint_;  // the same up to where the log begins
  viewstamped_replication::Lives lives_;
  Time leased_until_;  // the primary's lease, by this replica's clock
  // What it has asked for and was not given yet.
  std::optional<viewstamped_replication::GetState> wanted_;
};

}  // namespace ballast
