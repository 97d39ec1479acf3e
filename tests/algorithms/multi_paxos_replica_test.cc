// Multi-Paxos on the bench: acceptors, and replicas that learn, forget and catch up.
#include <doctest/doctest.h>

#include "tests/algorithms/multi_paxos_bench.h"

using namespace ballast;
using namespace ballast::multi_paxos_bench;

TEST_CASE("multi-paxos, A1: an acceptor promises higher ballots only, on disk, and for all slots") {
  MultiPaxosBench node;
  node.receive(n2, accept(2, ballot(1, n2), 20));
  node.receive(n2, accept(5, ballot(1, n2), 50));
  const auto step = node.receive(n3, Prepare{ballot(2, n3), Slot{2}});
  CHECK(step.record<PromiseGiven>().ballot == ballot(2, n3));
  CHECK(step.message<Promise>() == Promise{ballot(2, n3), {}, {vote(5, ballot(1, n2), 50)}});
  // A request that comes again is answered again, and written once.
  const auto again = node.receive(n3, Prepare{ballot(2, n3), Slot{2}});
  CHECK(again.messages<Promise>() == 1);
  CHECK(again.persist.empty());
  const auto lower = node.receive(n2, Prepare{ballot(1, n2), {}});
  CHECK(lower.message<Refused>() == Refused{ballot(1, n2), ballot(2, n3)});
}

TEST_CASE("multi-paxos, A2: an acceptor accepts nothing below its promise") {
  MultiPaxosBench node;
  node.receive(n3, Prepare{ballot(2, n3), {}});
  const auto lower = node.receive(n2, accept(1, ballot(1, n2), 10));
  CHECK(lower.message<Refused>() == Refused{ballot(1, n2), ballot(2, n3)});
  CHECK(lower.persist.empty());
  const auto same = node.receive(n3, accept(1, ballot(2, n3), 10));
  CHECK(same.record<Vote>() == vote(1, ballot(2, n3), 10));
  CHECK(same.message<multi_paxos::Accepted>() == multi_paxos::Accepted{ballot(2, n3), Slot{1}});
  // To accept in a higher ballot is to promise it, across a crash, too.
  node.receive(n2, accept(2, ballot(4, n2), 20));
  node.crash_and_recover();
  CHECK(node.receive(n3, accept(3, ballot(2, n3), 30)).messages<Refused>() == 1);
}

TEST_CASE("multi-paxos: a replica learns by its own vote only if the ballot is the leader's") {
  MultiPaxosBench node;
  node.receive(n2, accept(1, ballot(1, n2), 10));
  CHECK(node.receive(n3, Decision{ballot(2, n3), Slot{1}}).silent());
  const auto beat = node.receive(n3, Heartbeat{ballot(2, n3), Slot{1}, {}});
  CHECK(beat.stated<Decided>() == 0);
  CHECK(beat.message<CatchUp>().executed == Slot{});  // it asks what it was
  const auto told = node.receive(n3, Decisions{Slot{1}, {value(11)}});
  CHECK(told.fact<Decided>().value == value_of(value(11)));
  CHECK(node.state().executed == Slot{1});
}

TEST_CASE("multi-paxos: the leader's heartbeat tells again what is decided") {
  MultiPaxosBench node;
  node.receive(n2, accept(1, ballot(1, n2), 10));
  node.receive(n2, accept(2, ballot(1, n2), 20));
  const auto step = node.receive(n2, Heartbeat{ballot(1, n2), Slot{2}, {}});
  CHECK(step.stated<Executed>() == 2);
  CHECK(step.messages<CatchUp>() == 0);
}

TEST_CASE("multi-paxos, PML 5.2: a checkpoint stands for all slots before it") {
  Config config = with_bug(Bug::none);
  config.checkpoint_every = 3;
  MultiPaxosBench node(config);
  node.execute(4);
  CHECK(node.state().checkpoint == Slot{3});
  SUBCASE("and is where a replica restarts") {
    node.crash_and_recover();
    CHECK(node.state().executed == Slot{3});
    CHECK(node.state().last_voted == Slot{4});
  }
  SUBCASE("its record replaces the journal, with the promise and the votes that still count") {
    node.receive(n3, Prepare{ballot(5, n3), {}});
    node.receive(n3, accept(8, ballot(5, n3), 88));
    node.receive(n3, Decisions{Slot{5}, {value(5), value(6)}});
    REQUIRE(node.state().checkpoint == Slot{6});
    node.crash_and_recover();
    CHECK(node.state().promised == ballot(5, n3));
    CHECK(node.state().executed == Slot{6});
    CHECK(node.state().last_voted == Slot{8});
    const auto step = node.receive(n2, Prepare{ballot(6, n2), {}});
    CHECK(step.message<Promise>() == Promise{ballot(6, n2), Slot{6}, {vote(8, ballot(5, n3), 88)}});
  }
  SUBCASE("votes before it are not reported, but that they are forgotten is") {
    const auto step = node.receive(n3, Prepare{ballot(2, n3), {}});
    CHECK(step.message<Promise>() == Promise{ballot(2, n3), Slot{3}, {vote(4, ballot(1, n2), 4)}});
  }
  SUBCASE("who lags behind further is given it, others the decisions after it") {
    const auto far = node.receive(n3, CatchUp{Slot{1}});
    CHECK(far.message<Checkpoint>().slot == Slot{4});
    const auto near = node.receive(n3, CatchUp{Slot{3}});
    CHECK(near.message<Decisions>() == Decisions{Slot{4}, {value(4)}});
    CHECK(node.receive(n3, CatchUp{Slot{4}}).silent());
  }
  SUBCASE("a leader that asks for a slot before it is given it as well") {
    const auto step = node.receive(n3, accept(2, ballot(2, n3), 99));
    CHECK(step.messages<multi_paxos::Accepted>() == 0);
    CHECK(step.message<Checkpoint>().slot == Slot{4});
  }
  SUBCASE("taken over, it is written down before anything else") {
    MultiPaxosBench other(config);
    const auto given = node.receive(n3, CatchUp{});
    const auto step = other.receive(n3, given.message<Checkpoint>());
    CHECK(step.records<multi_paxos::CheckpointKept>() == 1);
    CHECK(step.fact<Checkpointed>().taken_over);
    other.crash_and_recover();
    CHECK(other.state().executed == Slot{4});
    // An older one is not news.
    CHECK(other.receive(n3, Checkpoint{Slot{3}, Machine(MachineKind::counter)}).silent());
  }
}

TEST_CASE("multi-paxos: a leader that is told of other decisions than its own gives up") {
  MultiPaxosBench node;
  node.be_elected();
  node.ask(add(1, 5));
  SUBCASE("by a value") {
    node.receive(n3, Decisions{Slot{1}, {value(6)}});
    CHECK(node.state().role == Role::follower);
  }
  SUBCASE("by a checkpoint") {
    node.receive(n3, Checkpoint{Slot{1}, Machine(MachineKind::counter)});
    CHECK(node.state().role == Role::follower);
  }
  SUBCASE("but not for the same value") {
    node.receive(n3, Decisions{Slot{1}, {{add(1, 5)}}});
    CHECK(node.state().role == Role::leader);
  }
  CHECK(node.state().executed == Slot{1});
}

TEST_CASE("multi-paxos, PML 5.3: an acceptor keeps candidates out until its lease is over") {
  Config config = with_bug(Bug::none);
  config.lease = Duration{100'000'000};
  MultiPaxosBench node(config);
  node.set_clock(Time{1'000'000'000});
  CHECK(node.receive(n2, Heartbeat{ballot(1, n2), {}, Time{5}}).message<HeartbeatReply>() ==
        HeartbeatReply{ballot(1, n2), Time{5}});
  node.set_clock(Time{1'099'000'000});
  CHECK(node.receive(n3, Prepare{ballot(2, n3), {}}).silent());
  CHECK(node.fire(Timer::election).messages<Prepare>() == 0);  // itself among them
  SUBCASE("then it promises") {
    node.set_clock(Time{1'100'000'000});
    CHECK(node.receive(n3, Prepare{ballot(2, n3), {}}).messages<Promise>() == 1);
  }
  SUBCASE("a restart does not end it") {
    node.receive(n2, accept(1, ballot(1, n2), 10));
    node.crash_and_recover();
    node.set_clock(Time{1'198'000'000});
    CHECK(node.receive(n3, Prepare{ballot(2, n3), {}}).silent());
  }
}

TEST_CASE("flexible quorums: the sizes of the two phases may differ") {
  Config config = with_bug(Bug::none);
  config.quorums = quorum::Sizes{3, 1};
  MultiPaxosBench node(config);
  node.be_elected();
  CHECK(node.state().role == Role::candidate);
  node.receive(n3, Promise{node.state().promised, {}, {}});
  CHECK(node.state().role == Role::leader);
  CHECK(node.ask(add(1, 5)).replies.at(0).response.value == 5);  // its own vote is enough
}
