// The options of Raft, and what sweeps should bring about.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "algorithms/consensus/machine.h"
#include "algorithms/consensus/raft_bugs.h"
#include "algorithms/consensus/replica.h"
#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/base/ratio.h"
#include "sim/protocol/electors.h"
#include "sim/protocol/goal.h"

namespace ballast::raft {

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
  retry_answered_from_session,
  pre_vote_refused_leader_alive,
  pre_vote_lost,
  vote_ignored_leader_alive,
  stepped_down_without_quorum,
  leadership_transferred,
  transfer_given_up,
  read_waited_for_own_commit,
  read_confirmed,
  read_under_lease,
  read_by_follower,
  snapshot_recovered,
  snapshot_installed,
  snapshot_superfluous,
  snapshot_send_began_anew,
  change_committed,
  change_refused_own_commit,
  change_refused_overlap,
  change_rolled_back,
  joint_left_by_another_leader,
  leader_removed,
  committed_before_own_write,
  pipelined,
  pipeline_broken,
  entries_asked_for
};
inline constexpr std::array<GoalInfo, 37> goals{{
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
    {"pre_vote_refused_leader_alive",
     "A pre-vote was refused because the leader had been heard (dissertation 9.6); needs "
     "pre_vote."},
    {"pre_vote_lost",
     "A node's pre-vote found no majority, and its term stayed (dissertation 9.6); needs "
     "pre_vote."},
    {"vote_ignored_leader_alive",
     "A candidate of a later term was ignored because the leader had been heard (dissertation "
     "4.2.3); needs check_quorum."},
    {"stepped_down_without_quorum",
     "A leader stepped down that had not heard from a majority (dissertation 6.2); needs "
     "check_quorum."},
    {"leadership_transferred",
     "A node stood for election because its leader had told it to (dissertation 3.10)."},
    {"transfer_given_up", "A leadership transfer took too long and was given up (3.10)."},
    {"read_waited_for_own_commit",
     "A read had to wait for the first entry of its leader's term to be committed (6.4)."},
    {"read_confirmed", "A read was answered after a round of heartbeats (6.4); needs read_index."},
    {"read_under_lease", "A read was answered under a lease (6.4.1); needs reads: lease."},
    {"read_by_follower", "A follower answered a read (6.4); needs follower_reads."},
    {"snapshot_recovered", "A node restarted from a snapshot (7); needs snapshot_after."},
    {"snapshot_installed",
     "A follower put its leader's snapshot in the place of its log (7); needs snapshot_after."},
    {"snapshot_superfluous",
     "A follower was sent a snapshot whose entries it held already (7); needs snapshot_after."},
    {"snapshot_send_began_anew",
     "A snapshot was sent from its beginning again, because the follower had restarted or the "
     "leader had taken another one; needs snapshot_after."},
    {"change_committed", "A change of the configuration was committed (4.1); needs administer."},
    {"change_refused_own_commit",
     "A leader refused to change the configuration before it had committed an entry of its term "
     "(raft-dev 2015); needs administer."},
    {"change_refused_overlap",
     "A leader refused to change the configuration while an earlier change was under way (4.1); "
     "needs administer."},
    {"change_rolled_back",
     "A node removed an entry that had changed the configuration (4.1); needs administer."},
    {"joint_left_by_another_leader",
     "A leader left a joint configuration that one before it had entered (4.3); needs administer."},
    {"leader_removed",
     "A leader stepped down because it had been removed (4.2.2); needs administer."},
    {"committed_before_own_write",
     "A majority of followers held an entry before its leader's disk did (dissertation 10.2.1); "
     "needs parallel_writes."},
    {"pipelined",
     "A leader sent entries to a follower before it had acknowledged those before (dissertation "
     "10.2.2); needs max_in_flight."},
    {"pipeline_broken",
     "A message of several under way was lost or overtaken, and its leader began again there "
     "(dissertation 10.2.2); needs max_in_flight."},
    {"entries_asked_for",
     "A follower answered an empty heartbeat, and its leader sent again what it lacked; needs "
     "empty_heartbeats."},
}};

// How a read gets its answer (dissertation 6.4).
//   log         it passes through the log like a write
//   read_index  the leader makes sure, by a round of heartbeats, that it still is one
//   lease       it relies on clocks to know that for a while after such a round
enum class Reads : std::uint8_t { log, read_index, lease };
constexpr auto enumerators(Reads) {
  return std::array<std::string_view, 3>{"log", "read_index", "lease"};
}

struct Config {
  DurationRange election_timeout{{150'000'000}, {300'000'000}};
  Duration heartbeat{50'000'000};
  std::uint64_t max_entries_per_message = 64;
  std::uint64_t max_in_flight = 1;
  bool empty_heartbeats = false;
  bool pre_vote = false;
  bool check_quorum = false;
  Reads reads = Reads::log;
  bool follower_reads = false;
  Ratio clock_drift{1, 100};
  std::uint64_t snapshot_after = 0;
  std::uint64_t snapshot_chunk = 64;
  std::uint32_t voters = 0;
  bool parallel_writes = false;
  QuorumSystem quorums;
  bool unsafe_quorums = false;
  MachineKind machine = MachineKind::register_;
  Bug bug = Bug::none;

  // What is wrong with these options together; empty if nothing is.
  std::string problem() const {
    if (heartbeat >= election_timeout.min) {
      return "heartbeat must be shorter than every election_timeout, or followers will not hear of "
             "their leader in time";
    }
    if (reads == Reads::lease && !check_quorum) {
      return "reads: lease needs check_quorum, without which followers vote while the lease runs";
    }
    if (follower_reads && reads == Reads::log) {
      return "follower_reads needs reads: read_index or lease";
    }
    if (voters > 0 && quorums != QuorumSystem{}) {
      return "voters needs quorums: majority, since other quorums are of all members";
    }
    return {};
  }

  // Terms have no owner, as Paxos's ballots have: besides the quorums of the two phases, those that
  // elect must meet each other, or a term may have two leaders.
  std::string misfit(std::size_t members) const {
    const std::string apart = electors_apart(quorums, members);
    if (apart.empty() || unsafe_quorums) return {};
    return "quorums: " + apart + "; \"unsafe_quorums\": true shows what then happens";
  }

  bool serves(Operation operation) const {
    return operation == Operation::administer || ballast::serves(machine, operation);
  }
  static std::string advice(Operation operation) { return machine_for(operation); }

  // How long a leader's lease lasts on its own clock, from the start of a round of heartbeats:
  // followers keep others out for the shortest election timeout on theirs. One clock may be slow
  // and the other one fast (dissertation 6.4.1).
  Duration lease() const {
    if (bug == Bug::lease_too_long) return election_timeout.max;
    const Ratio slowest{clock_drift.denominator - clock_drift.numerator,
                        clock_drift.denominator + clock_drift.numerator};
    const auto shortest = static_cast<std::uint64_t>(election_timeout.min.ns);
    return {static_cast<std::int64_t>(slowest.of(shortest))};
  }

  // Whether a goal can be reached: what is switched off is no gap.
  bool opens(std::size_t goal) const {
    switch (static_cast<Goal>(goal)) {
      case Goal::pre_vote_refused_leader_alive:
      case Goal::pre_vote_lost:
        return pre_vote;
      case Goal::vote_ignored_leader_alive:
      case Goal::stepped_down_without_quorum:
        return check_quorum;
      case Goal::leadership_transferred:
      case Goal::transfer_given_up:
        return false;  // unless somebody asks for it, which is not an option
      case Goal::read_waited_for_own_commit:
        return reads != Reads::log;
      case Goal::read_confirmed:
        return reads == Reads::read_index;
      case Goal::read_under_lease:
        return reads == Reads::lease;
      case Goal::read_by_follower:
        return follower_reads;
      case Goal::snapshot_recovered:
      case Goal::snapshot_installed:
      case Goal::snapshot_superfluous:
      case Goal::snapshot_send_began_anew:
        return snapshot_after > 0;
      case Goal::change_committed:
      case Goal::change_refused_own_commit:
      case Goal::change_refused_overlap:
      case Goal::change_rolled_back:
      case Goal::joint_left_by_another_leader:
      case Goal::leader_removed:
        return voters > 0;
      case Goal::committed_before_own_write:
        return parallel_writes;
      case Goal::pipelined:
      case Goal::pipeline_broken:
        return max_in_flight > 1;
      case Goal::entries_asked_for:
        return empty_heartbeats;
      default:
        return true;
    }
  }

  // With both, whoever meddles can neither raise the terms of those that hear a leader nor hold
  // them under a leader that hears nobody.
  bool bears_meddling() const { return pre_vote && check_quorum; }

  // A follower that hears nothing for so long stands for election.
  Duration patience() const { return election_timeout.max; }

  void vary(Stream& dice, Duration round_trip) {
    vary_timing(heartbeat, {10'000'000}, election_timeout, dice, round_trip);
    // One at a time is what splits an entry of an earlier term from the first of this one.
    max_entries_per_message = dice.below(2) == 0 ? 1 : log_uniform(dice, 1, 64);
    // What a scenario has switched on stays on.
    if (dice.below(4) == 0) pre_vote = true;
    if (dice.below(4) == 0) check_quorum = true;
    const std::uint64_t after = log_uniform(dice, 1, 100);
    if (dice.below(4) == 0) snapshot_after = after;
    const std::uint64_t window = log_uniform(dice, 2, 16);
    if (dice.below(4) == 0) max_in_flight = window;
    if (dice.below(4) == 0) empty_heartbeats = true;
  }

  static constexpr std::string_view name = "raft";
  static constexpr auto fields = Fields{
      field("election_timeout", &Config::election_timeout,
            "How long a node waits without word from a leader before it stands for election, drawn "
            "anew from this range each time (5.2).")
          .at_least(1'000'000),
      field("heartbeat", &Config::heartbeat,
            "How often a leader sends AppendEntries to each follower, with what it has not "
            "acknowledged yet or else empty (5.2); see empty_heartbeats.")
          .at_least(1'000'000),
      field("max_entries_per_message", &Config::max_entries_per_message,
            "The most log entries that one AppendEntries carries (5.3).")
          .at_least(1)
          .at_most(1'000'000),
      field("max_in_flight", &Config::max_in_flight,
            "How many AppendEntries with entries may be on their way to one follower: 1 waits for "
            "the answer to each, more send on from where the last one ended, as long as the "
            "follower's log agrees (dissertation 10.2.2). As etcd's MaxInflightMsgs.")
          .at_least(1)
          .at_most(1'000'000),
      field("empty_heartbeats", &Config::empty_heartbeats,
            "Whether heartbeats carry no entries, and the first goes out upon election (Figure 2): "
            "a follower is sent again what it lacks once it answers one. As etcd's."),
      field("pre_vote", &Config::pre_vote,
            "Whether a node asks first who would vote for it, before it raises its term "
            "(dissertation 9.6)."),
      field("check_quorum", &Config::check_quorum,
            "Whether a leader steps down that has not heard from a majority for the shortest "
            "election timeout (dissertation 6.2), and nodes that have heard their leader within "
            "that time ignore candidates (4.2.3)."),
      field(
          "reads", &Config::reads,
          "How reads get their answers: through the log; at a read_index that a round of "
          "heartbeats confirms (dissertation 6.4); or under a lease, which relies on clocks: that "
          "none jumps or stops, and none runs too fast or slow, see clock_drift (6.4.1)."),
      field("follower_reads", &Config::follower_reads,
            "Whether followers answer reads, at a read index that they ask their leader for "
            "(dissertation 6.4)."),
      field("clock_drift", &Config::clock_drift,
            "reads: lease relies on no clock being faster or slower than true time by more than "
            "this share, and makes leases as much shorter as it takes.")
          .at_most(1),
      field(
          "snapshot_after", &Config::snapshot_after,
          "After how many applied entries a node puts a snapshot in their place (7); 0 for never. "
          "A leader in the middle of sending one waits until there are four times as many.")
          .at_most(1'000'000'000),
      field("snapshot_chunk", &Config::snapshot_chunk,
            "How many words of 8 bytes of a snapshot one InstallSnapshot carries (7).")
          .at_least(1)
          .at_most(1'000'000'000),
      field("voters", &Config::voters,
            "How many members have a say at the beginning, the first ones; 0 for all. The others "
            "wait "
            "to be added (dissertation 4).")
          .at_most(63),
      field(
          "parallel_writes", &Config::parallel_writes,
          "Whether a leader sends entries to the others while its own disk is still writing them, "
          "and counts itself when it has. If enough others have them first, it commits them and "
          "answers without waiting for its disk (dissertation 10.2.1)."),
      field("quorums", &Config::quorums,
            "Which members elect a leader (phase 1) and which commit (phase 2). Each of the one "
            "kind must share a member with each of the other, and those that elect with each "
            "other. Other quorums than majorities are for a membership that does not change."),
      field("unsafe_quorums", &Config::unsafe_quorums,
            "Takes quorums that need not share a member, to show what then happens."),
      field("machine", &Config::machine, "The state machine that the log drives (8)."),
      field("bug", &Config::bug, "A planted mistake; none for the algorithm as published.")};
};

}  // namespace ballast::raft
