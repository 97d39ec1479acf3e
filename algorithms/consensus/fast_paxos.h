// Fast Paxos: Leslie Lamport, "Fast Paxos", Distributed Computing 19(2), 2006 (MSR-TR-2005-112).
// Sections, figures and quoted sentences are of that paper.
//
// All members agree on one value that a client proposed, as in paxos.h; but in a fast round
// proposals go straight to the acceptors, and a value is learnt two message delays after it was
// proposed instead of three:
//
//   coordinator                 acceptors                     learners
//      |--- 1a Prepare(i) --------->|                             |
//      |<-- 1b Promise(i, vote) ----|                             |   ahead of time
//      |--- 2a AcceptAny(i) ------->|                             |
//   proposer                        |                             |
//      |--- Propose(v) ------------>|--- 2b Accepted(i, v) ------>|   two delays
//
// Several proposals at a time may reach the acceptors in different orders, and then none is chosen:
// a collision. There are three ways to recover (section 3.2), each an option:
//   coordinated    2b of round i says all that 1b of round i + 1 would. The coordinator goes on
//                  with 2a of round i + 1, a classic one: two delays more.
//   uncoordinated  the acceptors do that by themselves, and vote at once in round i + 1, another
//                  fast one: one delay more, if they pick the same value.
//   new_round      the coordinator begins round i + 1 with phase 1: four delays more.
//
// One decision, as in the paper's description and its specification: everything that is new in Fast
// Paxos is about how one value is chosen. "Instances" of it (2.4) would be those of multi_paxos.h.
//
// Fast rounds take more votes than classic ones. "Quorum Requirement: (a) any i-quorum and any
// j-quorum have non-empty intersection; (b) if j is a fast round number, then any i-quorum and any
// two j-quorums have non-empty intersection" (3.1). With majorities for classic rounds that is
// ceil(3n/4) of n acceptors, the most failures E that satisfy 2E + F < n (3.4.1). Classic quorums
// may be any of sim/protocol/quorum.h.
//
// There is no leader election: n1 coordinates the first turn of rounds and begins it when it
// starts; later a proposer that has waited too long becomes coordinator of a turn of its own, a
// classic one unless `fast_turns` says otherwise. Where any value may be picked in a fast round,
// "any" is sent, also by a coordinator that knows a proposal, although the paper advises it to send
// that (3.1).
//
// Durable are an acceptor's promise and vote, and a coordinator's highest round. That a round is
// open to any proposal is not: who has forgotten it votes for nothing until it is told again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms/consensus/fast_paxos_bugs.h"
#include "algorithms/consensus/fast_paxos_types.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::fast_paxos {

enum class Recovery : std::uint8_t { coordinated, uncoordinated, new_round };
constexpr auto enumerators(Recovery) {
  return std::array<std::string_view, 3>{"coordinated", "uncoordinated", "new_round"};
}

// retransmit: a coordinator has not heard from a quorum. back_off: a refused coordinator tries
// again. take_over: a proposer has waited too long. inquire: a learner does not know the decision.
enum class Timer : std::uint8_t { retransmit, back_off, take_over, inquire };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 4>{"retransmit", "back_off", "take_over", "inquire"};
}

// The fewest acceptors of which any so many are a fast quorum beside these classic quorums, by the
// Quorum Requirement.
std::size_t least_fast_quorum(const QuorumSystem& classic, std::size_t members);

struct Config {
  Recovery recovery = Recovery::coordinated;
  std::uint64_t fast_turns = 1;
  QuorumSystem quorums;
  std::uint32_t fast_quorum = 0;
  bool unsafe_quorums = false;
  DurationRange retransmit = {{150'000'000}, {200'000'000}};
  DurationRange back_off = {{10'000'000}, {100'000'000}};
  std::uint32_t back_off_doublings = 5;
  DurationRange take_over = {{300'000'000}, {600'000'000}};
  DurationRange inquire = {{300'000'000}, {500'000'000}};
  Bug bug = Bug::none;

  Duration patience() const { return std::max(inquire.max, take_over.max); }

  std::string misfit(std::size_t members) const;

  bool opens(std::size_t goal) const {
    const auto reached = static_cast<Goal>(goal);
    if (reached == Goal::recovered_by_coordinator) return recovery == Recovery::coordinated;
    if (reached == Goal::recovered_by_acceptor) return recovery == Recovery::uncoordinated;
    return true;
  }

  void vary(Stream& dice, Duration round_trip) {
    paxos::vary_wait(retransmit, 10'000'000, 999'999'999, dice, round_trip);
    paxos::vary_wait(back_off, 1'000'000, 99'999'999, dice, round_trip);
    paxos::vary_wait(take_over, 10'000'000, 1'999'999'999, dice, round_trip);
    paxos::vary_wait(inquire, 50'000'000, 1'999'999'999, dice, round_trip);
  }

  // Uncoordinated recovery needs a fast round behind the first, and a classic one in the end.
  std::uint64_t turn() const { return recovery == Recovery::uncoordinated ? 3 : 2; }
  bool is_fast(const Ballot& ballot) const;
  // Whether these acceptors are a quorum of this round.
  bool is_quorum(const Ballot& ballot, Phase phase, std::span<const NodeId> members,
                 const std::vector<NodeId>& some) const;
  std::uint32_t fast_quorum_of(std::size_t members) const;

  static constexpr std::string_view name = "fast_paxos";
  static constexpr auto fields = Fields{
      field("recovery", &Config::recovery,
            "How a collision is recovered from: by the coordinator in the next round, by each "
            "acceptor in the next round, or by a new round from its beginning. The same for all "
            "members."),
      field("fast_turns", &Config::fast_turns,
            "How many turns of rounds may begin with a fast one; all later rounds are classic. "
            "Nobody begins two fast rounds in a row. 0: there are classic rounds only.")
          .at_most(1'000'000),
      field("quorums", &Config::quorums,
            "Which acceptors are a quorum of a classic round, in phase 1 and in phase 2."),
      field("fast_quorum", &Config::fast_quorum,
            "How many acceptors are a quorum of a fast round; 0: as few as the Quorum Requirement "
            "allows, which is three quarters, rounded up, with majorities for classic rounds.")
          .at_least(0),
      field("unsafe_quorums", &Config::unsafe_quorums,
            "Takes quorums that need not share an acceptor, to show what then happens."),
      field("retransmit", &Config::retransmit,
            "How long a coordinator waits for a quorum before it repeats its request; after twice "
            "that it gives a fast round up.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("back_off", &Config::back_off,
            "How long a refused coordinator waits before it begins a higher round; twice as long "
            "after each further refusal.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("back_off_doublings", &Config::back_off_doublings,
            "How often that wait is doubled at most.")
          .at_most(16),
      field("take_over", &Config::take_over,
            "How long a proposer waits for a decision before it coordinates a round itself.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("inquire", &Config::inquire,
            "How often a learner that does not know the decision asks for it.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("bug", &Config::bug, "A planted mistake; none for the algorithm as published.")};
};

}  // namespace ballast::fast_paxos

namespace ballast {

class FastPaxos {
 public:
  static constexpr std::string_view name = "fast_paxos";
  static constexpr std::string_view summary =
      "Agreement on one value in two message delays (Lamport, \"Fast Paxos\", 2006).";
  static constexpr std::array operations = {Operation::propose};
  static constexpr auto goals = fast_paxos::goals;
  using Config = fast_paxos::Config;
  using Message = fast_paxos::Message;
  using Record = fast_paxos::Record;
  using Timer = fast_paxos::Timer;
  using State = fast_paxos::State;
  using Bug = fast_paxos::Bug;
  using Goal = fast_paxos::Goal;

  explicit FastPaxos(const Config& config) : config_(config) {}

  void on_recover(const Record& record);
  void on_start(Step<FastPaxos>& step);
  void on_message(NodeId from, const Message& message, Step<FastPaxos>& step);
  void on_timer(Timer timer, Step<FastPaxos>& step);
  // A client's request is answered, once the decision is known, with the value decided: the
  // client's own or another's. A repeated request changes nothing.
  void on_request(const Request& request, Step<FastPaxos>& step);
  State state() const { return {proposer_, coordinator_, acceptor_, learner_}; }

 private:
  using Reports = std::vector<fast_paxos::PromiseHeard>;

  // Coordinator
  void start_turn(Step<FastPaxos>& step);
  void begin(Ballot ballot, Step<FastPaxos>& step);                                      // 1a
  void receive(NodeId from, const fast_paxos::Promise& promise, Step<FastPaxos>& step);  //
  void open(Ballot ballot, std::vector<NodeId> recovery, Step<FastPaxos>& step);         // 2a any
  void ask(Ballot ballot, std::int64_t value, Step<FastPaxos>& step);                    // 2a
  void receive(NodeId from, const fast_paxos::Refused& refused, Step<FastPaxos>& step);  //
  bool recover(Ballot round, Step<FastPaxos>& step);
  void retransmit(Step<FastPaxos>& step);
  // Acceptor
  void receive(NodeId from, const fast_paxos::Propose& propose, Step<FastPaxos>& step);
  void receive(NodeId from, const fast_paxos::Prepare& prepare, Step<FastPaxos>& step);  // 1b
  void receive(NodeId from, const fast_paxos::Accept& accept, Step<FastPaxos>& step);    // 2b
  void receive(NodeId from, const fast_paxos::AcceptAny& any, Step<FastPaxos>& step);
  void receive(NodeId from, const fast_paxos::Inquire& inquire, Step<FastPaxos>& step);
  void vote_if_open(std::int64_t value, Step<FastPaxos>& step);
  void cast(const fast_paxos::Vote& vote, Step<FastPaxos>& step);  // 2b
  void recover_by_oneself(Ballot round, Step<FastPaxos>& step);
  // Learner
  void receive(NodeId from, const fast_paxos::Accepted& accepted, Step<FastPaxos>& step);
  void receive(NodeId from, const fast_paxos::Decision& decision, Step<FastPaxos>& step);
  void look_for_collision(Ballot round, Step<FastPaxos>& step);
  void decide(std::int64_t value, Step<FastPaxos>& step);
  // The rule of Figure 2
  std::optional<std::int64_t> pick(const Reports& reports, Step<FastPaxos>& step) const;
  bool satisfies_o4(const fast_paxos::Vote& w, const Reports& reports,
                    std::span<const NodeId> members) const;

  bool makes(Bug bug) const { return config_.bug == bug; }
  fast_paxos::Rounds rounds(const Step<FastPaxos>& step) const;
  std::optional<std::int64_t> known_proposal() const;
  Ballot round_under_way() const;
  Ballot promised_by_vote_in(const Ballot& ballot) const;
  Reports votes_in(const Ballot& round) const;

  Config config_;
  fast_paxos::Proposer proposer_;
  fast_paxos::Coordinator coordinator_;
  fast_paxos::Acceptor acceptor_;
  fast_paxos::Learner learner_;
};

}  // namespace ballast
