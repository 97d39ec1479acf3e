// Fast Paxos on the bench: what the module does beside the sentences of its paper, which stand in
// tests/paper/fast_paxos_test.cc.
#include <doctest/doctest.h>

#include "tests/algorithms/fast_paxos_bench.h"

using namespace ballast;
using namespace ballast::fast_paxos_bench;

TEST_CASE("fast paxos: a proposal goes to everybody, and is repeated by nobody") {
  FastPaxosBench node(n4);
  const auto step = node.ask(propose(7));
  CHECK(step.messages<Propose>() == 5);
  CHECK(step.fact<Proposed>().value == ValueDigest{7});
  CHECK(step.timer_set(Timer::take_over));
  CHECK(node.ask(propose(8, 1, 2)).messages<Propose>() == 0);
}

TEST_CASE("fast paxos: all clients are told the one decision, and late ones at once") {
  FastPaxosBench node(n4);
  node.ask(propose(7));
  node.ask(propose(8, 1, 2));
  const auto step = node.hear_votes(round(1), {5, 5, 5, 5});
  REQUIRE(step.replies.size() == 2);
  CHECK(step.replies[0].response.value == 5);
  CHECK(step.replies[1].response.value == 5);
  CHECK(step.timer_cancelled(Timer::take_over));
  CHECK(node.ask(propose(9, 2)).replies.at(0).response.value == 5);
}

TEST_CASE("fast paxos: whoever still works towards a decision is told of it") {
  FastPaxosBench node(n4);
  node.receive(n2, Decision{5});
  CHECK(node.receive(n1, Propose{7}).message<Decision>().value == 5);
  CHECK(node.receive(n1, Prepare{round(2)}).message<Decision>().value == 5);
  CHECK(node.receive(n1, Accept{round(2), 5}).message<Decision>().value == 5);
  CHECK(node.receive(n1, any(round(1))).message<Decision>().value == 5);
  CHECK(node.receive(n1, Inquire{}).message<Decision>().value == 5);
  CHECK(node.receive(n1, fast_paxos::Accepted{round(2), 5}).silent());
}

TEST_CASE("fast paxos: a fast quorum must promise before a round is opened") {
  FastPaxosBench node;
  CHECK(node.hear_promises(round(1), {{n1, {}}, {n2, {}}, {n3, {}}}).silent());
  CHECK(node.hear_promises(round(1), {{n3, {}}, {n3, {}}}).silent());
  CHECK(node.hear_promises(round(1), {{n5, {}}}).messages<AcceptAny>() == 5);
}

TEST_CASE("fast paxos: without fast turns the coordinator waits for a proposal to ask for") {
  FastPaxosBench node(n1, classic_only());
  const auto ready = node.hear_promises(round(2), {{n1, {}}, {n2, {}}, {n3, {}}});
  CHECK(ready.send.empty());
  CHECK(node.in<Waiting>());
  CHECK(node.receive(n4, Propose{7}).message<Accept>() == Accept{round(2), 7});
}

TEST_CASE("fast paxos: a coordinator that knows a proposal asks for it in a classic round") {
  FastPaxosBench node(n1, classic_only());
  node.receive(n4, Propose{7});
  const auto step = node.hear_promises(round(2), {{n1, {}}, {n2, {}}, {n3, {}}});
  CHECK(step.message<Accept>() == Accept{round(2), 7});
}

TEST_CASE(
    "fast paxos: a later fast round asks for what may have been chosen, and for nothing else") {
  Config config;
  config.fast_turns = 100;
  FastPaxosBench node(n2, config);
  node.ask(propose(99));
  node.fire(Timer::take_over);
  SUBCASE("if there was a vote") {
    const auto step =
        node.hear_promises(round(3, n2), {{n1, {}}, {n2, Vote{round(1), 7}}, {n3, {}}, {n4, {}}});
    CHECK(step.message<Accept>() == Accept{round(3, n2), 7});
    CHECK(step.stated<RoundOpened>() == 0);
  }
  SUBCASE("else it is open") {
    const auto step = node.hear_promises(round(3, n2), {{n1, {}}, {n2, {}}, {n3, {}}, {n4, {}}});
    CHECK(step.messages<AcceptAny>() == 5);
  }
}

TEST_CASE("fast paxos: nobody begins two fast rounds in a row") {
  Config config;
  config.fast_turns = 100;
  FastPaxosBench node(n1, config);
  node.ask(propose(7));
  node.fire(Timer::retransmit);
  CHECK(node.fire(Timer::retransmit).message<Prepare>().ballot == round(12));
  node.receive(n3, Refused{round(12), round(14, n2)});
  CHECK(node.fire(Timer::back_off).message<Prepare>().ballot == round(21));
}

TEST_CASE("fast paxos: rounds used before a crash are not begun again") {
  FastPaxosBench node;
  node.open();
  node.crash_and_recover();
  CHECK(node.in<Idle>());
  node.ask(propose(7));
  CHECK(node.fire(Timer::take_over).message<Prepare>().ballot == round(12));
}

TEST_CASE("fast paxos: an acceptor that has forgotten that a round is open does not vote in it") {
  FastPaxosBench node(n3);
  node.receive(n1, any(round(1)));
  node.crash_and_recover();
  CHECK(node.receive(n5, Propose{7}).stated<ballast::Accepted>() == 0);
  CHECK(node.receive(n1, any(round(1))).record<Vote>() == Vote{round(1), 7});
}

TEST_CASE("fast paxos: a refused coordinator backs off and begins a higher round") {
  FastPaxosBench node(n2);
  node.ask(propose(7));
  node.fire(Timer::take_over);
  const auto step = node.receive(n3, Refused{round(4, n2), round(9, n5)});
  CHECK(node.in<BackingOff>());
  CHECK(step.timer_set(Timer::back_off));
  CHECK(node.fire(Timer::back_off).message<Prepare>().ballot == round(14, n2));
}

TEST_CASE("fast paxos: a refused coordinator that has nothing to propose leaves it to the other") {
  FastPaxosBench node;
  node.open();
  node.receive(n3, Refused{round(1), round(4, n2)});
  CHECK(node.in<Idle>());
}

TEST_CASE("fast paxos: an open round for which nobody proposes is left open") {
  FastPaxosBench node;
  node.open();
  for (int i = 0; i < 3; ++i) CHECK(node.fire(Timer::retransmit).send.empty());
  CHECK(node.in<Open>());
}

TEST_CASE("fast paxos: acceptors do not recover for a round whose successor is not theirs") {
  FastPaxosBench node(n3);
  node.receive(n1, any(round(1)));
  CHECK(node.hear_votes(round(1), {8, 8, 7, 7}).stated<ballast::Accepted>() == 0);
}

TEST_CASE("fast paxos: an acceptor that has promised more does not recover") {
  FastPaxosBench node(n3, uncoordinated());
  node.receive(n1, any(round(1)));
  node.receive(n2, Prepare{round(6, n2)});
  CHECK(node.hear_votes(round(1), {8, 8, 7, 7}).stated<ballast::Accepted>() == 0);
}

TEST_CASE("fast paxos: a quorum is one of acceptors, not of copies of a message") {
  FastPaxosBench node(n4);
  for (int i = 0; i < 5; ++i) node.receive(n2, fast_paxos::Accepted{round(1), 7});
  CHECK(node.state().learner.votes.size() == 1);
  CHECK_FALSE(node.state().learner.decided.has_value());
}
