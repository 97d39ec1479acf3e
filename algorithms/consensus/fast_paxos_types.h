// What is said and kept in Fast Paxos, besides what it shares with Paxos (paxos_types.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "algorithms/consensus/paxos_types.h"

namespace ballast::fast_paxos {

using paxos::Accept;
using paxos::Accepted;
using paxos::Asking;
using paxos::BackingOff;
using paxos::Decision;
using paxos::Idle;
using paxos::Inquire;
using paxos::Learner;
using paxos::Prepare;
using paxos::Preparing;
using paxos::Promise;
using paxos::PromiseGiven;
using paxos::PromiseHeard;
using paxos::Refused;
using paxos::RoundUsed;
using paxos::Vote;
using paxos::VoteHeard;

// Rounds are numbered from 1 and belong to the members in turn, `turn` of them each: all but the
// last of a turn are fast, the last is classic. So round i + 1 has the coordinator of round i
// wherever round i is fast, and everybody coordinates infinitely many classic rounds (section 3.3).
// A ballot is a round with its coordinator.
struct Rounds {
  std::span<const NodeId> members;
  std::uint64_t turn = 2;

  Ballot at(std::uint64_t round) const {
    return {round, members[(round - 1) / turn % members.size()]};
  }
  // The first turn of a member, counted from 0, all of whose rounds are above this one.
  std::uint64_t next_turn(NodeId of, std::uint64_t above) const {
    std::uint64_t next = (above + turn - 1) / turn;
    while (members[next % members.size()] != of) ++next;
    return next;
  }
};

// --- Messages ----------------------------------------------------------------------------------

struct Propose {  // to everyone: to acceptors for a fast round, to coordinators for a classic one
  std::int64_t value = 0;
  friend constexpr auto operator<=>(const Propose&, const Propose&) = default;
  static constexpr std::string_view name = "Propose";
  static constexpr auto fields = Fields{field("value", &Propose::value)};
};

struct AcceptAny {  // phase 2a, to acceptors: accept whatever is proposed, the first that you hear
  Ballot ballot;
  std::vector<NodeId> recovery;  // whose votes to go by after a collision (section 3.4.2)
  friend auto operator<=>(const AcceptAny&, const AcceptAny&) = default;
  static constexpr std::string_view name = "AcceptAny";
  static constexpr auto fields =
      Fields{field("ballot", &AcceptAny::ballot), field("recovery", &AcceptAny::recovery)};
};

using Message = std::variant<Propose, Prepare, Promise, Accept, AcceptAny, Accepted, Refused,
                             Inquire, Decision>;
using Record = std::variant<RoundUsed, PromiseGiven, Vote>;

// --- The four roles ----------------------------------------------------------------------------

struct Proposer {
  std::optional<std::int64_t> own;  // what it proposes
  std::vector<RequestId> clients;   // who waits for the decision, at most one request a session
  static constexpr std::string_view name = "Proposer";
  static constexpr auto fields =
      Fields{field("own", &Proposer::own), field("clients", &Proposer::clients)};
};

struct Waiting {  // phase 1 of a classic round is over, and there is no value to ask for yet
  Ballot ballot;
  static constexpr std::string_view name = "Waiting";
  static constexpr auto fields = Fields{field("ballot", &Waiting::ballot)};
};

struct Open {  // "any" was sent in this fast round
  Ballot ballot;
  std::vector<NodeId> recovery = {};  // as in AcceptAny
  static constexpr std::string_view name = "Open";
  static constexpr auto fields =
      Fields{field("ballot", &Open::ballot), field("recovery", &Open::recovery)};
};

struct Coordinator {
  std::uint64_t round = 0;     // durable: the highest that it has begun
  std::uint32_t refusals = 0;  // rounds that were refused
  std::uint32_t repeats = 0;   // how often it has repeated its request although a vote was due
  std::variant<Idle, Preparing, Waiting, Open, Asking, BackingOff> phase;
  static constexpr std::string_view name = "Coordinator";
  static constexpr auto fields =
      Fields{field("round", &Coordinator::round), field("refusals", &Coordinator::refusals),
             field("repeats", &Coordinator::repeats), field("phase", &Coordinator::phase)};
};

struct Acceptor {
  Ballot promised;                    // durable: accepts nothing below
  std::optional<Vote> vote;           // durable: the highest-numbered one
  Ballot open;                        // the highest round of which it has been told "any"
  std::vector<NodeId> recovery;       // as told with it
  std::optional<std::int64_t> heard;  // the first proposal that it has heard
  static constexpr std::string_view name = "Acceptor";
  static constexpr auto fields =
      Fields{field("promised", &Acceptor::promised), field("vote", &Acceptor::vote),
             field("open", &Acceptor::open), field("recovery", &Acceptor::recovery),
             field("heard", &Acceptor::heard)};
};

struct State {
  Proposer proposer;
  Coordinator coordinator;
  Acceptor acceptor;
  Learner learner;
  static constexpr std::string_view name = "State";
  static constexpr auto fields =
      Fields{field("proposer", &State::proposer), field("coordinator", &State::coordinator),
             field("acceptor", &State::acceptor), field("learner", &State::learner)};
};

}  // namespace ballast::fast_paxos
