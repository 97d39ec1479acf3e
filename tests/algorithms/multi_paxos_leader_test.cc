// Multi-Paxos on the bench: candidates, leaders and clients.
#include <doctest/doctest.h>

#include "tests/algorithms/multi_paxos_bench.h"

using namespace ballast;
using namespace ballast::multi_paxos_bench;

TEST_CASE(
    "multi-paxos, PML 3.1: each member has round numbers of its own, and takes the next above all "
    "that it has seen") {
  MultiPaxosBench node;
  CHECK(node.fire(Timer::election).fact<Prepared>().ballot == ballot(3, n1));
  CHECK(node.fire(Timer::election).fact<Prepared>().ballot == ballot(6, n1));
  node.receive(n2, Prepare{ballot(13, n2), {}});
  CHECK(node.fire(Timer::election).fact<Prepared>().ballot == ballot(15, n1));
  node.receive(n3, Refused{ballot(15, n1), ballot(20, n3)});
  CHECK(node.fire(Timer::election).fact<Prepared>().ballot == ballot(21, n1));
}

TEST_CASE(
    "multi-paxos, Lamport 2001, 3: a new leader executes phase 1 for all slots of which it does "
    "not know the decision, with one message") {
  MultiPaxosBench node;
  node.execute(4);
  const auto step = node.fire(Timer::election);
  CHECK(step.messages<Prepare>() == 2);
  CHECK(step.message<Prepare>() == Prepare{ballot(3, n1), Slot{4}});
  CHECK(step.record<PromiseGiven>().ballot == ballot(3, n1));  // its own acceptor's
  CHECK(step.timer_set(Timer::election));
}

TEST_CASE("multi-paxos: a majority of acceptors elects, however often each of them promises") {
  Bench<MultiPaxos> node(n1, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
  node.start();
  node.fire(Timer::election);
  const Promise promise{node.state().promised, {}, {}};
  node.receive(n2, promise);
  node.receive(n2, promise);
  CHECK(node.state().role == Role::candidate);
  node.receive(n3, Promise{ballot(1, n2), {}, {}});  // of another ballot
  CHECK(node.state().role == Role::candidate);
  const auto step = node.receive(n3, promise);
  CHECK(step.fact<Elected>().term == Term{node.state().promised.round});
  CHECK(step.messages<Heartbeat>() == 4);
}

TEST_CASE(
    "multi-paxos, Lamport 2001, 3: the leader asks again for the values of the highest ballots, "
    "and fills the gaps with no-ops") {
  MultiPaxosBench node;
  node.receive(n2, accept(1, ballot(1, n2), 10));
  node.receive(n2, accept(2, ballot(1, n2), 20));
  const auto step = node.be_elected({vote(2, ballot(2, n3), 21), vote(4, ballot(2, n3), 40)});
  const Ballot own = node.state().promised;
  CHECK(step.message_to<multi_paxos::Accept>(n3)->proposal == vote(1, own, 10));
  REQUIRE(step.messages<multi_paxos::Accept>() == 8);
  CHECK(step.message<multi_paxos::Accept>(2).proposal == vote(2, own, 21));
  CHECK(step.message<multi_paxos::Accept>(4).proposal == Vote{Slot{3}, own, SlotValue{}});
  CHECK(step.message<multi_paxos::Accept>(6).proposal == vote(4, own, 40));
  // What comes from a client goes into the slot after all that was reported.
  CHECK(node.ask(add(1, 5)).fact<SlotAsked>().slot == Slot{5});
}

TEST_CASE("multi-paxos: a leader asks for nothing in slots that an acceptor has forgotten") {
  MultiPaxosBench node;
  const auto step = node.be_elected({vote(23, ballot(2, n3), 230)}, 20);
  REQUIRE(step.messages<multi_paxos::Accept>() == 6);  // 21 to 23
  CHECK(step.message<multi_paxos::Accept>().proposal.slot == Slot{21});
  CHECK(step.message<CatchUp>().executed == Slot{});  // it learns them from whoever knows
  Machine machine(MachineKind::counter);
  machine.apply(add(1, 77));
  node.receive(n3, Checkpoint{Slot{20}, machine});
  CHECK(node.state().executed == Slot{20});
  CHECK(node.state().role == Role::leader);
}

TEST_CASE("multi-paxos: with a quorum of votes the leader decides, executes and answers") {
  MultiPaxosBench node;
  node.be_elected();
  const auto asked = node.ask(add(1, 5));
  CHECK(asked.record<Vote>().slot == Slot{1});  // its own vote, before it is sent
  CHECK(asked.messages<multi_paxos::Accept>() == 2);
  CHECK(asked.replies.empty());
  const auto step = node.be_accepted(1);
  CHECK(step.fact<Decided>().slot == Slot{1});
  CHECK(step.fact<Executed>().slot == Slot{1});
  CHECK(step.messages<Decision>() == 2);
  CHECK(step.replies.at(0).response == Response{Outcome::ok, 5, {}});
  CHECK(node.be_accepted(1).silent());  // once
}

TEST_CASE(
    "multi-paxos, R2: decisions may come in any order, but are executed in that of the slots") {
  MultiPaxosBench node;
  node.be_elected();
  node.ask(add(1, 5));
  Request other = add(1, 6);
  other.id.session = 2;
  node.ask(other);
  const auto second = node.be_accepted(2);
  CHECK(second.fact<Decided>().slot == Slot{2});
  CHECK(second.stated<Executed>() == 0);
  CHECK(second.replies.empty());
  const auto first = node.be_accepted(1);
  CHECK(first.stated<Executed>() == 2);
  REQUIRE(first.replies.size() == 2);
  CHECK(first.replies[1].response.value == 11);
}

TEST_CASE("multi-paxos, R5: a leader is ahead of what it has executed by the window at most") {
  Config config = with_bug(Bug::none);
  config.window = 2;
  MultiPaxosBench node(config);
  node.be_elected();
  for (std::uint32_t session = 1; session <= 3; ++session) {
    Request request = add(1, 1);
    request.id.session = session;
    CHECK(node.ask(request).stated<SlotAsked>() == (session <= 2 ? 1 : 0));
  }
  CHECK(node.be_accepted(2).stated<SlotAsked>() == 0);
  CHECK(node.be_accepted(1).fact<SlotAsked>().slot == Slot{3});
}

TEST_CASE("multi-paxos: what is not decided is asked for again with each heartbeat") {
  MultiPaxosBench node;
  node.be_elected();
  node.ask(add(1, 5));
  const auto beat = node.fire(Timer::heartbeat);
  CHECK(beat.messages<multi_paxos::Accept>() == 2);
  CHECK(beat.messages<Heartbeat>() == 2);
  CHECK(beat.timer_set(Timer::heartbeat));
  node.be_accepted(1);
  CHECK(node.fire(Timer::heartbeat).messages<multi_paxos::Accept>() == 0);
}

TEST_CASE("multi-paxos: a leader that is refused for a higher ballot gives up") {
  MultiPaxosBench node;
  node.be_elected();
  node.ask(add(1, 5));
  CHECK(node.receive(n3, Refused{ballot(1, n1), ballot(4, n2)}).silent());  // of an earlier ballot
  const auto step = node.receive(n3, Refused{node.state().promised, ballot(4, n2)});
  CHECK(step.stated<SteppedDown>() == 1);
  CHECK(step.timer_cancelled(Timer::heartbeat));
  CHECK(node.state().role == Role::follower);
  CHECK(node.be_accepted(1).silent());
}

TEST_CASE("multi-paxos: clients are sent to the leader that was heard from last") {
  MultiPaxosBench node;
  CHECK(node.ask(add(1, 5)).replies.at(0).response == Response{Outcome::redirect, 0, {}});
  node.receive(n2, Heartbeat{ballot(1, n2), {}, {}});
  CHECK(node.ask(add(1, 5)).replies.at(0).response == Response{Outcome::redirect, 0, n2});
}

TEST_CASE("multi-paxos: a request that is repeated is proposed once and executed once") {
  MultiPaxosBench node;
  node.be_elected();
  node.ask(add(1, 5));
  CHECK(node.ask(add(1, 5)).silent());
  node.be_accepted(1);
  CHECK(node.ask(add(1, 5)).replies.at(0).response.value == 5);
  // Two leaders took it in, into two slots.
  MultiPaxosBench other;
  other.receive(n2, accept(1, ballot(1, n2), 5));
  other.receive(n2, accept(2, ballot(1, n2), 5));
  const auto step = other.receive(n2, Heartbeat{ballot(1, n2), Slot{2}, {}});
  CHECK(step.stated<Executed>() == 2);
  other.be_elected();
  Request next = read(6);
  other.ask(next);
  CHECK(other.be_accepted(3).replies.at(0).response.value == 5);
}

TEST_CASE("multi-paxos, PML 5.3: a leader answers reads by itself while a quorum's leases last") {
  Config config = with_bug(Bug::none);
  config.lease = Duration{100'000'000};
  config.drift_ppm = 100'000;  // the leader counts on nine tenths of it
  MultiPaxosBench node(config);
  node.set_clock(Time{1'000'000'000});
  const auto won = node.be_elected();
  const Time sent = won.message<Heartbeat>().sent;
  CHECK(node.ask(read(1)).replies.empty());  // nobody has granted a lease yet
  node.receive(n2, HeartbeatReply{node.state().promised, sent});
  node.set_clock(sent + Duration{89'000'000});
  CHECK(node.ask(read(2)).replies.at(0).response.value == 0);
  node.set_clock(sent + Duration{90'000'000});
  CHECK(node.ask(read(3)).replies.empty());
}

TEST_CASE("multi-paxos: reads under a lease wait for what earlier leaders may have answered") {
  Config config = with_bug(Bug::none);
  config.lease = Duration{100'000'000};
  MultiPaxosBench node(config);
  const auto won = node.be_elected({vote(1, ballot(2, n3), 5)});
  node.receive(n2, HeartbeatReply{node.state().promised, won.message<Heartbeat>().sent});
  Request early = read(1);
  early.id.session = 2;
  CHECK(node.ask(early).replies.empty());
  node.be_accepted(1);
  Request late = read(1);
  late.id.session = 3;
  CHECK(node.ask(late).replies.at(0).response.value == 5);
}
