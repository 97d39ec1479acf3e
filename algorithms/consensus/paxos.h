// Single-decree Paxos: Leslie Lamport, "Paxos Made Simple", ACM SIGACT News 32(4), 2001. Sections
// and quoted sentences are of that paper.
//
// All members agree on one value that a client proposed. Every member plays all three roles:
//
//   proposer                     acceptors                   learners
//      |--- 1a Prepare(n) ----------->|                          |
//      |<-- 1b Promise(n, vote) ------|                          |
//      |--- 2a Accept(n, v) --------->|--- 2b Accepted(n, v) --->|
//
// An acceptor that cannot comply answers Refused. A learner that does not know the decision asks
// for it from time to time: Inquire, answered by Decision, or by Accepted from an acceptor that
// knows no more than its own vote.
//
// Durable are a proposer's highest round and an acceptor's promise and vote (section 2.5). A
// decision is not: a majority of the acceptors keeps it, and a node that restarts learns it from
// them.
//
// Not here: a distinguished proposer or learner (sections 2.3 and 2.4), a sequence of decisions
// (section 3), changes of membership. Quorums need not be majorities (Howard, Malkhi and
// Spiegelman, "Flexible Paxos", 2016): see sim/protocol/quorum.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/paxos_types.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/quorum.h"
#include "sim/protocol/step.h"

namespace ballast::paxos {

// Mistakes of popular tutorials, to be switched on on purpose. Each breaks safety, but for one.
//   accept_above_accepted  an acceptor compares with its last vote instead of its promise (2.2)
//   accept_below_promise   an acceptor accepts whatever it is asked to (2.2)
//   promise_overwritten    an acceptor promises whatever it is asked, also below its promise (2.2)
//   largest_value          a proposer takes the largest of the values reported to it (2.2)
//   first_heard_value      a proposer takes the first value that is reported to it (2.2)
//   own_value_kept         a proposer keeps its own value, whatever is reported to it (2.2)
//   promise_counted_twice  a proposer counts promises, not acceptors (2.2)
//   votes_counted_twice    a learner counts votes, not acceptors (2.3)
//   votes_of_all_ballots   a learner counts votes for a value, not for a proposal (2.3)
//   promise_not_persisted  a promise is given without being written down (2.5)
//   vote_not_persisted     a vote is cast without being written down (2.5)
//   round_not_persisted    a proposer uses a number again after a crash (2.5)
//   no_ballots             proposals have no numbers, and the later overwrites the earlier (2.2)
//   shared_ballots         two proposers may use the same number (2.5)
//   shared_ballots_once    the same, but an acceptor promises a number once, so that one of the
//                          two finds no majority. Looks wrong and breaks nothing
enum class Bug : std::uint8_t {
  none,
  accept_above_accepted,
  accept_below_promise,
  promise_overwritten,
  largest_value,
  first_heard_value,
  own_value_kept,
  promise_counted_twice,
  votes_counted_twice,
  votes_of_all_ballots,
  promise_not_persisted,
  vote_not_persisted,
  round_not_persisted,
  no_ballots,
  shared_ballots,
  shared_ballots_once
};
constexpr auto enumerators(Bug) {
  return std::array<std::string_view, 16>{"none",
                                          "accept_above_accepted",
                                          "accept_below_promise",
                                          "promise_overwritten",
                                          "largest_value",
                                          "first_heard_value",
                                          "own_value_kept",
                                          "promise_counted_twice",
                                          "votes_counted_twice",
                                          "votes_of_all_ballots",
                                          "promise_not_persisted",
                                          "vote_not_persisted",
                                          "round_not_persisted",
                                          "no_ballots",
                                          "shared_ballots",
                                          "shared_ballots_once"};
}

// What a sweep should bring about.
enum class Goal : std::uint8_t {
  prepare_refused,
  accept_refused,
  value_adopted,
  several_votes_reported,
  back_off_doubled,
  promise_recovered,
  vote_changed,
  learnt_by_inquiry,
  decision_passed_on
};
inline constexpr std::array<GoalInfo, 9> goals{{
    {"prepare_refused", "An acceptor refused to promise below its promise (2.2)."},
    {"accept_refused", "An acceptor refused a proposal below its promise (2.2)."},
    {"value_adopted", "A proposer gave up its own value for one that was reported to it (2.2)."},
    {"several_votes_reported", "The promises reported votes of different ballots (2.2)."},
    {"back_off_doubled", "A proposer was refused twice in a row (2.4)."},
    {"promise_recovered", "An acceptor restarted with a promise (2.5)."},
    {"vote_changed", "An acceptor accepted a further proposal (2.2)."},
    {"learnt_by_inquiry", "An acceptor told its vote again to a learner who asked (2.3)."},
    {"decision_passed_on", "Somebody who still tried was told the decision."},
}};

// retransmit: a proposer has not heard from a majority. back_off: a refused proposer tries again.
// inquire: a learner does not know the decision yet.
enum class Timer : std::uint8_t { retransmit, back_off, inquire };
constexpr auto enumerators(Timer) {
  return std::array<std::string_view, 3>{"retransmit", "back_off", "inquire"};
}

struct Config {
  DurationRange retransmit = {{150'000'000}, {200'000'000}};
  DurationRange back_off = {{10'000'000}, {100'000'000}};
  std::uint32_t back_off_doublings = 5;
  DurationRange inquire = {{300'000'000}, {500'000'000}};
  QuorumSystem quorums;
  bool unsafe_quorums = false;
  Bug bug = Bug::none;

  // Whoever has not learnt the decision asks after so long.
  Duration patience() const { return inquire.max; }

  // A proposer that does not wait for the answers, or whose longest wait is too short for another's
  // ballot, outbids and is outbid for ever (2.4).
  void vary(Stream& dice, Duration round_trip) {
    vary_wait(retransmit, 10'000'000, 999'999'999, dice, round_trip);
    vary_wait(back_off, 1'000'000, 99'999'999, dice, round_trip);
    vary_wait(inquire, 50'000'000, 1'999'999'999, dice, round_trip);
  }

  static constexpr std::string_view name = "paxos";
  static constexpr auto fields = Fields{
      field("retransmit", &Config::retransmit,
            "How long a proposer waits for a majority before it repeats its request.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("back_off", &Config::back_off,
            "How long a refused proposer waits before it tries a higher ballot; twice as long "
            "after each further refusal.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field("back_off_doublings", &Config::back_off_doublings,
            "How often that wait is doubled at most.")
          .at_most(16),
      field("inquire", &Config::inquire,
            "How often a learner that does not know the decision asks for it.")
          .at_least(1'000)
          .at_most(3'600'000'000'000),
      field(
          "quorums", &Config::quorums,
          "Which acceptors are a quorum for a prepare request (phase 1) and for an accept request "
          "(phase 2); each of the one kind must share an acceptor with each of the other."),
      field("unsafe_quorums", &Config::unsafe_quorums,
            "Takes quorums that need not share an acceptor, to show what then happens."),
      field("bug", &Config::bug, "A planted mistake; none for the algorithm as published.")};
};

using Message = std::variant<Prepare, Promise, Accept, Accepted, Refused, Inquire, Decision>;
using Record = std::variant<RoundUsed, PromiseGiven, Vote>;

// --- The three roles ---------------------------------------------------------------------------

struct Proposer {
  std::uint64_t round = 0;          // durable: the highest that it has used
  std::uint32_t refusals = 0;       // ballots that were refused
  std::optional<std::int64_t> own;  // what it proposes if it is free to choose
  std::vector<RequestId> clients;   // who waits for the decision, at most one request a session
  std::variant<Idle, Preparing, Asking, BackingOff> phase;
  static constexpr std::string_view name = "Proposer";
  static constexpr auto fields =
      Fields{field("round", &Proposer::round), field("refusals", &Proposer::refusals),
             field("own", &Proposer::own), field("clients", &Proposer::clients),
             field("phase", &Proposer::phase)};
};

struct Acceptor {
  Ballot promised;           // durable: accepts nothing below
  std::optional<Vote> vote;  // durable: the highest-numbered proposal that it has accepted
  static constexpr std::string_view name = "Acceptor";
  static constexpr auto fields =
      Fields{field("promised", &Acceptor::promised), field("vote", &Acceptor::vote)};
};

struct State {
  Proposer proposer;
  Acceptor acceptor;
  Learner learner;
  static constexpr std::string_view name = "State";
  static constexpr auto fields =
      Fields{field("proposer", &State::proposer), field("acceptor", &State::acceptor),
             field("learner", &State::learner)};
};

}  // namespace ballast::paxos

namespace ballast {

class Paxos {
 public:
  static constexpr std::string_view name = "paxos";
  static constexpr std::string_view summary =
      "Agreement on one value (Lamport, \"Paxos Made Simple\", 2001).";
  static constexpr std::array operations = {Operation::propose};
  static constexpr auto goals = paxos::goals;
  using Config = paxos::Config;
  using Message = paxos::Message;
  using Record = paxos::Record;
  using Timer = paxos::Timer;
  using State = paxos::State;

  explicit Paxos(const Config& config) : config_(config) {}

  void on_recover(const Record& record);
  void on_start(Step<Paxos>& step);
  void on_message(NodeId from, const Message& message, Step<Paxos>& step);
  void on_timer(Timer timer, Step<Paxos>& step);
  // A client's request is answered, once the decision is known, with the value decided: the
  // client's own or another's. A repeated request changes nothing.
  void on_request(const Request& request, Step<Paxos>& step);
  State state() const { return {proposer_, acceptor_, learner_}; }

 private:
  // Proposer
  void start_ballot(Step<Paxos>& step);                                               // 1a
  void receive(NodeId from, const paxos::Promise& promise, Step<Paxos>& step);        //
  std::int64_t value_to_ask(const std::vector<paxos::PromiseHeard>& promises) const;  //
  void ask(Ballot ballot, std::int64_t value, Step<Paxos>& step);                     // 2a
  void receive(NodeId from, const paxos::Refused& refused, Step<Paxos>& step);        //
  void retransmit(Step<Paxos>& step);
  // Acceptor
  void receive(NodeId from, const paxos::Prepare& prepare, Step<Paxos>& step);  // 1b
  void receive(NodeId from, const paxos::Accept& accept, Step<Paxos>& step);    // 2b
  void receive(NodeId from, const paxos::Inquire& inquire, Step<Paxos>& step);
  // Learner
  void receive(NodeId from, const paxos::Accepted& accepted, Step<Paxos>& step);
  void receive(NodeId from, const paxos::Decision& decision, Step<Paxos>& step);
  void decide(std::int64_t value, Step<Paxos>& step);

  Config config_;
  paxos::Proposer proposer_;
  paxos::Acceptor acceptor_;
  paxos::Learner learner_;
};

}  // namespace ballast
