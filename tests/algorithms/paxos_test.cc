// Paxos on the bench. Test names quote Lamport, "Paxos Made Simple" (2001), by section.
#include "algorithms/consensus/paxos.h"

#include <doctest/doctest.h>

#include "tests/support/bench.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;
using namespace ballast::paxos;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5}, client{9};

constexpr Ballot ballot(std::uint64_t round, NodeId proposer) { return {round, proposer}; }

Request propose(std::int64_t value, std::uint64_t sequence = 1, std::uint32_t session = 1) {
  return {{client, session, sequence}, {Operation::propose, 0, value, 0, 0}};
}

Config with_bug(Bug bug) {
  Config config;
  config.bug = bug;
  return config;
}

// n1 of three or five nodes, booted.
class PaxosBench : public Bench<Paxos> {
 public:
  explicit PaxosBench(Bug bug = Bug::none, std::vector<NodeId> members = {n1, n2, n3})
      : Bench(n1, std::move(members), with_bug(bug)) {
    start();
  }
  Acceptor acceptor() const { return state().acceptor; }
  template <class Phase>
  bool in() const {
    return std::holds_alternative<Phase>(state().proposer.phase);
  }
  // Proposes 5 in ballot 1.n1 and hears that n1 and n2, who have no vote yet, promise.
  Result be_promised() {
    ask(propose(5));
    receive(n1, Promise{ballot(1, n1), {}});
    return receive(n2, Promise{ballot(1, n1), {}});
  }
};

// --- Proposer ----------------------------------------------------------------------------------

TEST_CASE(
    "paxos 2.2 phase 1a: a proposer selects a proposal number n and sends a prepare request "
    "with number n to a majority of acceptors") {
  PaxosBench node;
  const auto step = node.ask(propose(5));
  CHECK(step.messages<Prepare>() == 3);
  for (const NodeId member : {n1, n2, n3}) {
    CHECK(*step.message_to<Prepare>(member) == Prepare{ballot(1, n1)});
  }
  CHECK(step.fact<Proposed>().value == ValueDigest{5});
  CHECK(step.fact<Prepared>().ballot == ballot(1, n1));
  CHECK(step.timer_set(Timer::retransmit));
}

TEST_CASE("paxos 2.5: different proposers choose their numbers from disjoint sets of numbers") {
  Bench<Paxos> first(n1, {n1, n2, n3});
  Bench<Paxos> second(n2, {n1, n2, n3});
  CHECK(first.ask(propose(5)).message<Prepare>().ballot == ballot(1, n1));
  CHECK(second.ask(propose(5)).message<Prepare>().ballot == ballot(1, n2));
  CHECK(ballot(1, n1) < ballot(1, n2));
  CHECK(ballot(1, n2) < ballot(2, n1));
}

TEST_CASE(
    "paxos 2.5: each proposer remembers (in stable storage) the highest-numbered proposal it "
    "has tried to issue, and begins phase 1 with a higher proposal number than any it has "
    "already used") {
  PaxosBench node;
  CHECK(node.ask(propose(5)).record<RoundUsed>() == RoundUsed{1});
  node.crash_and_recover();
  const auto step = node.ask(propose(6));
  CHECK(step.message<Prepare>().ballot == ballot(2, n1));
  CHECK(step.record<RoundUsed>() == RoundUsed{2});
}

TEST_CASE(
    "paxos 2.2 phase 2a: if the proposer receives a response to its prepare requests from a "
    "majority of acceptors, then it sends an accept request") {
  PaxosBench node(Bug::none, {n1, n2, n3, n4, n5});
  node.ask(propose(5));
  node.receive(n1, Promise{ballot(1, n1), {}});
  CHECK(node.receive(n4, Promise{ballot(1, n1), {}}).silent());
  const auto step = node.receive(n5, Promise{ballot(1, n1), {}});
  CHECK(step.messages<Accept>() == 5);
  CHECK(*step.message_to<Accept>(n1) == Accept{ballot(1, n1), 5});
  CHECK(step.fact<AcceptAsked>().ballot == ballot(1, n1));
  CHECK(step.fact<AcceptAsked>().value == ValueDigest{5});
}

TEST_CASE("paxos: a majority is one of acceptors, not of copies of a message") {
  PaxosBench node;
  node.ask(propose(5));
  node.receive(n2, Promise{ballot(1, n1), {}});
  CHECK(node.receive(n2, Promise{ballot(1, n1), {}}).silent());
  CHECK(node.receive(n2, Promise{ballot(1, n1), {}}).silent());
  CHECK(node.in<Preparing>());
}

TEST_CASE("paxos: a promise for another ballot, or one that comes late, counts for nothing") {
  PaxosBench node;
  node.ask(propose(5));
  CHECK(node.receive(n2, Promise{ballot(2, n1), {}}).silent());
  node.receive(n2, Promise{ballot(1, n1), {}});
  CHECK(node.receive(n3, Promise{ballot(1, n1), {}}).messages<Accept>() == 3);
  CHECK(node.receive(n1, Promise{ballot(1, n1), {}}).silent());
}

TEST_CASE(
    "paxos 2.2 P2c: v is the value of the highest-numbered proposal among all proposals "
    "numbered less than n accepted by the acceptors in S") {
  PaxosBench node(Bug::none, {n1, n2, n3, n4, n5});
  node.ask(propose(5));
  node.receive(n2, Refused{ballot(1, n1), ballot(8, n4)});
  node.fire(Timer::back_off);
  node.receive(n1, Promise{ballot(9, n1), Vote{ballot(2, n3), 90}});
  SUBCASE("whichever response comes last") {
    node.receive(n2, Promise{ballot(9, n1), Vote{ballot(7, n2), 7}});
    const auto step = node.receive(n3, Promise{ballot(9, n1), {}});
    CHECK(step.message<Accept>() == Accept{ballot(9, n1), 7});
  }
  SUBCASE("and of two in one round that of the higher proposer") {
    node.receive(n2, Promise{ballot(9, n1), Vote{ballot(2, n4), 7}});
    const auto step = node.receive(n3, Promise{ballot(9, n1), Vote{ballot(2, n2), 80}});
    CHECK(step.message<Accept>() == Accept{ballot(9, n1), 7});
  }
}

TEST_CASE("paxos 2.2 phase 2a: v is any value if the responses reported no proposals") {
  PaxosBench node;
  CHECK(node.be_promised().message<Accept>().value == 5);
}

TEST_CASE(
    "paxos 2.2: the acceptor should probably inform the proposer, who should then abandon its "
    "proposal") {
  PaxosBench node;
  SUBCASE("in phase 1") { node.ask(propose(5)); }
  SUBCASE("in phase 2") { node.be_promised(); }
  const auto step = node.receive(n3, Refused{ballot(1, n1), ballot(4, n3)});
  CHECK(node.in<BackingOff>());
  CHECK(step.timer_cancelled(Timer::retransmit));
  CHECK(step.timer_set(Timer::back_off));
  CHECK(step.send.empty());
  // Once more, late: the ballot is abandoned already.
  CHECK(node.receive(n2, Refused{ballot(1, n1), ballot(4, n3)}).silent());
  // The next ballot is above the one that won.
  CHECK(node.fire(Timer::back_off).message<Prepare>().ballot == ballot(5, n1));
}

TEST_CASE("paxos: what is refused of an earlier ballot does not disturb the current one") {
  PaxosBench node;
  node.ask(propose(5));
  node.receive(n3, Refused{ballot(1, n1), ballot(4, n3)});
  node.fire(Timer::back_off);
  CHECK(node.receive(n2, Refused{ballot(1, n1), ballot(4, n3)}).silent());
  CHECK(node.in<Preparing>());
}

TEST_CASE(
    "paxos 2.4: a refused proposer waits for a random while, twice as long each time, within "
    "bounds") {
  PaxosBench node;
  node.ask(propose(5));
  const Duration expected[] = {10_ms, 20_ms, 40_ms, 80_ms, 160_ms, 320_ms, 320_ms};
  for (std::uint64_t round = 1; round <= 7; ++round) {
    const auto step = node.receive(n3, Refused{ballot(round, n1), ballot(round, n3)});
    CHECK(step.timer(Timer::back_off)->min == expected[round - 1]);
    CHECK(step.timer(Timer::back_off)->max == expected[round - 1] * 10);
    node.fire(Timer::back_off);
  }
}

TEST_CASE("paxos: a request that got no answer is repeated under the same number") {
  PaxosBench node;
  node.ask(propose(5));
  node.receive(n2, Promise{ballot(1, n1), {}});
  SUBCASE("phase 1, to those that have not promised") {
    const auto step = node.fire(Timer::retransmit);
    CHECK(step.messages<Prepare>() == 2);
    CHECK(step.message_to<Prepare>(n2) == nullptr);
    CHECK(*step.message_to<Prepare>(n3) == Prepare{ballot(1, n1)});
    CHECK(step.timer_set(Timer::retransmit));
    CHECK(step.persist.empty());
  }
  SUBCASE("phase 2, to all") {
    node.receive(n1, Promise{ballot(1, n1), {}});
    const auto step = node.fire(Timer::retransmit);
    CHECK(step.messages<Accept>() == 3);
    CHECK(step.message<Accept>() == Accept{ballot(1, n1), 5});
    CHECK(step.timer_set(Timer::retransmit));
  }
}

// --- Acceptor ----------------------------------------------------------------------------------

TEST_CASE("paxos 2.2 P1: an acceptor must accept the first proposal that it receives") {
  PaxosBench node;
  const auto step = node.receive(n2, Accept{ballot(1, n2), 7});
  CHECK(step.record<Vote>() == Vote{ballot(1, n2), 7});
  CHECK(step.fact<ballast::Accepted>().ballot == ballot(1, n2));
  CHECK(step.fact<ballast::Accepted>().value == ValueDigest{7});
}

TEST_CASE(
    "paxos 2.2 phase 1b: if an acceptor receives a prepare request with number n greater than "
    "that of any prepare request to which it has already responded, then it responds with a "
    "promise") {
  PaxosBench node;
  const auto first = node.receive(n2, Prepare{ballot(1, n2)});
  CHECK(first.message<Promise>() == Promise{ballot(1, n2), {}});
  CHECK(first.send.at(0).to == n2);
  CHECK(first.record<PromiseGiven>() == PromiseGiven{ballot(1, n2)});
  CHECK(first.fact<Promised>().ballot == ballot(1, n2));
  CHECK(first.fact<Promised>().accepted == Ballot{});
  const auto second = node.receive(n3, Prepare{ballot(1, n3)});
  CHECK(second.message<Promise>() == Promise{ballot(1, n3), {}});
  CHECK(node.acceptor().promised == ballot(1, n3));
}

TEST_CASE(
    "paxos 2.2 phase 1b: ... and with the highest-numbered proposal (if any) that it has "
    "accepted") {
  PaxosBench node;
  node.receive(n2, Accept{ballot(1, n2), 7});
  node.receive(n3, Accept{ballot(2, n3), 6});
  const auto step = node.receive(n2, Prepare{ballot(3, n2)});
  CHECK(step.message<Promise>() == Promise{ballot(3, n2), Vote{ballot(2, n3), 6}});
  CHECK(step.fact<Promised>().accepted == ballot(2, n3));
  CHECK(step.fact<Promised>().value == ValueDigest{6});
}

TEST_CASE("paxos 2.2: a prepare request below the promise is refused, and nothing changes") {
  PaxosBench node;
  node.receive(n3, Prepare{ballot(2, n3)});
  const auto step = node.receive(n2, Prepare{ballot(2, n2)});
  CHECK(step.message<Refused>() == Refused{ballot(2, n2), ballot(2, n3)});
  CHECK(step.persist.empty());
  CHECK(step.facts.empty());
  CHECK(node.acceptor().promised == ballot(2, n3));
}

TEST_CASE("paxos 2.2: a prepare request that comes again is answered again, without a new record") {
  PaxosBench node;
  node.receive(n2, Prepare{ballot(1, n2)});
  const auto again = node.receive(n2, Prepare{ballot(1, n2)});
  CHECK(again.message<Promise>() == Promise{ballot(1, n2), {}});
  CHECK(again.stated<Promised>() == 1);
  CHECK(again.persist.empty());
  // But not when the ballot has gone on to phase 2: the answer would name a vote of this ballot.
  node.receive(n2, Accept{ballot(1, n2), 7});
  CHECK(node.receive(n2, Prepare{ballot(1, n2)}).silent());
}

TEST_CASE(
    "paxos 2.2 P1a: an acceptor can accept a proposal numbered n iff it has not responded to "
    "a prepare request having a number greater than n") {
  PaxosBench node;
  node.receive(n2, Prepare{ballot(3, n2)});
  SUBCASE("below the promise") {
    const auto step = node.receive(n3, Accept{ballot(2, n3), 7});
    CHECK(step.message<Refused>() == Refused{ballot(2, n3), ballot(3, n2)});
    CHECK(step.send.size() == 1);
    CHECK(step.persist.empty());
    CHECK(step.facts.empty());
    CHECK(!node.acceptor().vote);
  }
  SUBCASE("at the promise") {
    node.receive(n2, Accept{ballot(3, n2), 7});
    CHECK(node.acceptor().vote == Vote{ballot(3, n2), 7});
  }
  SUBCASE("above the promise, which it raises") {
    node.receive(n3, Accept{ballot(3, n3), 7});
    CHECK(node.acceptor().vote == Vote{ballot(3, n3), 7});
    CHECK(node.receive(n2, Accept{ballot(3, n2), 6}).messages<Refused>() == 1);
  }
}

TEST_CASE(
    "paxos 2.3 phase 2b: have each acceptor, whenever it accepts a proposal, respond to all "
    "learners, sending them the proposal") {
  PaxosBench node;
  const auto step = node.receive(n2, Accept{ballot(1, n2), 7});
  CHECK(step.messages<paxos::Accepted>() == 3);
  for (const NodeId member : {n1, n2, n3}) {
    CHECK(*step.message_to<paxos::Accepted>(member) == paxos::Accepted{ballot(1, n2), 7});
  }
  // An accept request that comes again means that the answer was lost.
  const auto again = node.receive(n2, Accept{ballot(1, n2), 7});
  CHECK(again.messages<paxos::Accepted>() == 3);
  CHECK(again.persist.empty());
}

TEST_CASE(
    "paxos 2.5: an acceptor records its intended response in stable storage before actually "
    "sending the response") {
  PaxosBench node;
  node.receive(n2, Prepare{ballot(4, n2)});
  node.receive(n2, Accept{ballot(4, n2), 7});
  node.receive(n3, Prepare{ballot(5, n3)});
  const Acceptor before = node.acceptor();
  CHECK(before.promised == ballot(5, n3));
  SUBCASE("so that it knows its promise and its vote after a crash") {
    node.crash_and_recover();
    CHECK(node.acceptor().promised == before.promised);
    CHECK(node.acceptor().vote == before.vote);
    CHECK(node.receive(n2, Accept{ballot(4, n3), 8}).messages<Refused>() == 1);
  }
  SUBCASE("and what was not durable was not said") {
    node.crash_and_recover(2);
    CHECK(node.acceptor().promised == ballot(4, n2));
    CHECK(node.acceptor().vote == Vote{ballot(4, n2), 7});
  }
}

TEST_CASE("paxos 2.3: the learner could ask the acceptors what proposals they have accepted") {
  PaxosBench node;
  CHECK(node.receive(n3, Inquire{}).silent());
  node.receive(n2, Accept{ballot(1, n2), 7});
  node.receive(n3, Prepare{ballot(2, n3)});
  const auto step = node.receive(n3, Inquire{});
  CHECK(step.send.size() == 1);
  CHECK(*step.message_to<paxos::Accepted>(n3) == paxos::Accepted{ballot(1, n2), 7});
  CHECK(step.facts.empty());  // it repeats an old vote, below its promise, and casts none
}

// --- Learner -----------------------------------------------------------------------------------

TEST_CASE(
    "paxos 2.3: to learn that a value has been chosen, a learner must find out that a "
    "proposal has been accepted by a majority of acceptors") {
  PaxosBench node(Bug::none, {n1, n2, n3, n4, n5});
  const paxos::Accepted vote{ballot(1, n2), 7};
  CHECK(node.receive(n1, vote).silent());
  CHECK(node.receive(n2, vote).silent());
  SUBCASE("of three different acceptors out of five") {
    CHECK(node.receive(n2, vote).silent());
    const auto step = node.receive(n3, vote);
    CHECK(step.fact<Decided>().slot == Slot{1});
    CHECK(step.fact<Decided>().value == ValueDigest{7});
    CHECK(node.state().learner.decided == 7);
    CHECK(step.timer_cancelled(Timer::inquire));
    // It learns once.
    CHECK(node.receive(n4, vote).silent());
  }
  SUBCASE("in one ballot: the same value in two ballots is no majority") {
    CHECK(node.receive(n3, paxos::Accepted{ballot(2, n3), 7}).silent());
    CHECK(node.receive(n4, paxos::Accepted{ballot(2, n3), 7}).silent());
    CHECK(node.receive(n5, paxos::Accepted{ballot(2, n3), 7}).stated<Decided>() == 1);
  }
  SUBCASE("and an acceptor that voted again counts in its latest ballot, whatever comes late") {
    CHECK(node.receive(n3, paxos::Accepted{ballot(2, n3), 7}).silent());
    CHECK(node.receive(n3, vote).silent());
    CHECK(node.receive(n4, vote).stated<Decided>() == 1);
  }
}

TEST_CASE("paxos: a learner that does not know the decision asks for it from time to time") {
  Bench<Paxos> node(n1, {n1, n2, n3});
  CHECK(node.start().timer_set(Timer::inquire));
  const auto step = node.fire(Timer::inquire);
  CHECK(step.messages<Inquire>() == 2);
  CHECK(step.timer_set(Timer::inquire));
  const auto told = node.receive(n3, Decision{7});
  CHECK(told.fact<Decided>().value == ValueDigest{7});
  CHECK(told.timer_cancelled(Timer::inquire));
}

TEST_CASE("paxos: whoever still works towards a decision is told of it") {
  PaxosBench node;
  node.receive(n3, Decision{7});
  SUBCASE("a late proposer in phase 1") {
    CHECK(node.receive(n2, Prepare{ballot(9, n2)}).message<Decision>() == Decision{7});
  }
  SUBCASE("a late proposer in phase 2") {
    CHECK(node.receive(n2, Accept{ballot(9, n2), 8}).message<Decision>() == Decision{7});
  }
  SUBCASE("a learner that asks") {
    CHECK(node.receive(n2, Inquire{}).message<Decision>() == Decision{7});
  }
  SUBCASE("and nobody else") { CHECK(node.receive(n2, Decision{7}).silent()); }
  CHECK(node.acceptor().promised == Ballot{});
}

TEST_CASE("paxos: a node that restarts does not know the decision, and can learn it again") {
  PaxosBench node;
  node.receive(n2, Decision{7});
  const auto boot = node.crash_and_recover();
  CHECK(!node.state().learner.decided);
  CHECK(boot.timer_set(Timer::inquire));
  node.receive(n2, paxos::Accepted{ballot(1, n2), 7});
  CHECK(node.receive(n3, paxos::Accepted{ballot(1, n2), 7}).stated<Decided>() == 1);
}

// --- Clients -----------------------------------------------------------------------------------

TEST_CASE("paxos: every client that waits is told the value decided, also if it is another's") {
  PaxosBench node;
  node.ask(propose(5, 1, 1));
  CHECK(node.ask(propose(6, 1, 2)).silent());  // one proposal is under way already
  const auto step = node.receive(n3, Decision{7});
  REQUIRE(step.replies.size() == 2);
  for (const std::uint32_t session : {1u, 2u}) {
    const Answer& answer = step.replies[session - 1];
    CHECK(answer.request == RequestId{client, session, 1});
    CHECK(answer.response == Response{Outcome::ok, 7, {}});
  }
  CHECK(node.in<Idle>());
  CHECK(step.timer_cancelled(Timer::retransmit));
  CHECK(step.timer_cancelled(Timer::back_off));
  // Who asks later is told at once.
  const auto late = node.ask(propose(8, 2, 1));
  CHECK(late.replies.at(0).response == Response{Outcome::ok, 7, {}});
  CHECK(late.facts.empty());
}

TEST_CASE("paxos: a request that is repeated changes nothing and is answered once") {
  PaxosBench node;
  node.ask(propose(5));
  CHECK(node.ask(propose(5)).silent());
  // A session that moved on has given up what it asked before.
  CHECK(node.ask(propose(6, 2)).silent());
  const auto step = node.receive(n3, Decision{7});
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].request.sequence == 2);
}

TEST_CASE("paxos: only proposals are served") {
  PaxosBench node;
  const auto step = node.ask({{client, 1, 1}, {Operation::read, 0, 0, 0, 0}});
  CHECK(step.replies.at(0).response.outcome == Outcome::failed);
  CHECK(node.in<Idle>());
}

// --- Planted mistakes --------------------------------------------------------------------------

TEST_CASE("paxos bug accept_above_accepted: a proposal below the promise is accepted") {
  PaxosBench node(Bug::accept_above_accepted);
  node.receive(n2, Accept{ballot(1, n2), 6});
  node.receive(n3, Prepare{ballot(3, n3)});
  const auto step = node.receive(n2, Accept{ballot(2, n2), 7});
  CHECK(step.record<Vote>() == Vote{ballot(2, n2), 7});
  CHECK(step.fact<ballast::Accepted>().ballot == ballot(2, n2));
  CHECK(node.acceptor().promised == ballot(3, n3));
  // What it compares with is the last vote.
  CHECK(node.receive(n3, Accept{ballot(1, n3), 8}).messages<Refused>() == 1);
}

TEST_CASE("paxos bug promise_overwritten: a late prepare request takes a promise back") {
  PaxosBench node(Bug::promise_overwritten);
  node.receive(n3, Prepare{ballot(3, n3)});
  const auto step = node.receive(n2, Prepare{ballot(1, n2)});
  CHECK(step.message<Promise>() == Promise{ballot(1, n2), {}});
  CHECK(step.fact<Promised>().ballot == ballot(1, n2));
  CHECK(node.receive(n2, Accept{ballot(1, n2), 7}).stated<ballast::Accepted>() == 1);
}

TEST_CASE("paxos bug largest_value: the largest value wins over that of the highest ballot") {
  PaxosBench node(Bug::largest_value);
  node.ask(propose(99));
  node.receive(n2, Promise{ballot(1, n1), Vote{ballot(0, n3), 90}});
  const auto step = node.receive(n3, Promise{ballot(1, n1), Vote{ballot(0, n4), 7}});
  CHECK(step.message<Accept>().value == 90);
  CHECK(step.fact<AcceptAsked>().value == ValueDigest{90});
}

TEST_CASE("paxos bug promise_not_persisted: a promise is forgotten in a crash, a vote is not") {
  PaxosBench node(Bug::promise_not_persisted);
  node.receive(n2, Accept{ballot(1, n2), 6});
  CHECK(node.receive(n3, Prepare{ballot(3, n3)}).persist.empty());
  node.crash_and_recover();
  CHECK(node.acceptor().promised == ballot(1, n2));
  CHECK(node.receive(n2, Accept{ballot(2, n2), 7}).stated<ballast::Accepted>() == 1);
}

TEST_CASE("paxos bug no_ballots: the later proposal overwrites, and a majority lasts a moment") {
  PaxosBench node(Bug::no_ballots);
  const auto asked = node.ask(propose(5));
  CHECK(asked.messages<Prepare>() == 0);
  CHECK(asked.message<Accept>() == Accept{Ballot{}, 5});
  CHECK(asked.fact<AcceptAsked>().ballot == Ballot{});
  node.receive(n1, Accept{Ballot{}, 5});
  const auto overwritten = node.receive(n2, Accept{Ballot{}, 7});
  CHECK(overwritten.fact<ballast::Accepted>().value == ValueDigest{7});
  CHECK(node.acceptor().vote == Vote{Ballot{}, 7});
  node.receive(n2, paxos::Accepted{Ballot{}, 5});
  node.receive(n2, paxos::Accepted{Ballot{}, 7});
  CHECK(node.receive(n3, paxos::Accepted{Ballot{}, 7}).fact<Decided>().value == ValueDigest{7});
}

}  // namespace
