// Multi-Paxos on the bench: who has a say, and from when on (Lamport 2001, section 3).
#include <doctest/doctest.h>

#include "sim/check/consensus_checks.h"
#include "sim/check/paxos_checks.h"
#include "sim/check/raft_checks.h"
#include "tests/algorithms/multi_paxos_bench.h"
#include "tests/support/ordeal.h"

using namespace ballast;
using namespace ballast::multi_paxos_bench;

namespace {

constexpr NodeId n4{4}, n5{5};

Request change(std::uint64_t number, Administration what, std::int64_t value) {
  Command command;
  command.operation = Operation::administer;
  command.key = static_cast<std::uint64_t>(what);
  command.value = value;
  return {{client, 2, number}, command};
}

Config three_of_five(Bug bug = Bug::none) {
  Config config = with_bug(bug);
  config.voters = 3;
  config.window = 4;
  return config;
}

// n1 of five, of which the first three have a say. Its rounds are 5, 10, 15 and so on.
class FiveBench : public Bench<MultiPaxos> {
 public:
  explicit FiveBench(Config config = three_of_five())
      : Bench(n1, {n1, n2, n3, n4, n5}, std::move(config)) {
    start();
  }
  Ballot own() const { return state().promised; }
  Result promise(NodeId from, std::vector<Vote> votes = {}) {
    return receive(from, Promise{own(), {}, std::move(votes)});
  }
  void be_elected() {
    fire(Timer::election);
    promise(n2);
  }
  // As the leader, executes a change in slot 1: those named have a say from slot 5 on.
  Result change_to(std::int64_t voters) {
    ask(change(1, Administration::set_voters, voters));
    return receive(n2, multi_paxos::Accepted{own(), Slot{1}});
  }
};

}  // namespace

TEST_CASE("multi-paxos: only promises of those who have a say elect") {
  FiveBench node;
  node.fire(Timer::election);
  node.promise(n4);
  node.promise(n5);
  CHECK(node.state().role == Role::candidate);
  node.promise(n3);
  CHECK(node.state().role == Role::leader);
}

TEST_CASE("multi-paxos: only votes of those who have a say decide") {
  for (const Bug bug : {Bug::none, Bug::everybody_counts}) {
    FiveBench node(three_of_five(bug));
    node.be_elected();
    node.promise(n3);
    node.ask(add(1, 1));
    node.receive(n4, multi_paxos::Accepted{node.own(), Slot{1}});
    const auto step = node.receive(n5, multi_paxos::Accepted{node.own(), Slot{1}});
    CHECK((step.messages<Decision>() > 0) == (bug == Bug::everybody_counts));
    CHECK(node.receive(n3, multi_paxos::Accepted{node.own(), Slot{1}}).messages<Decision>() ==
          (bug == Bug::none ? 4 : 0));
  }
}

TEST_CASE(
    "multi-paxos, Lamport 2001, 3: the servers of instance i + alpha are those of the state after "
    "command i, alpha being the window") {
  FiveBench node;
  node.be_elected();
  const auto step = node.change_to(0b11100);
  CHECK(step.fact<VotersChanged>().from == Slot{5});
  CHECK(step.fact<VotersChanged>().voters == 0b11100);
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies.front().response.outcome == Outcome::ok);
}

TEST_CASE(
    "multi-paxos: a leader that executes a change prepares a new ballot, with quorums of both "
    "configurations, and keeps what clients wait for") {
  FiveBench node;
  node.be_elected();
  const Ballot before = node.own();
  node.ask(change(1, Administration::set_voters, 0b11100));
  for (std::uint64_t i = 1; i <= 5; ++i) node.ask(add(i, 1));  // slots 2 to 4; two must wait
  const auto step = node.receive(n2, multi_paxos::Accepted{before, Slot{1}});
  CHECK(step.fact<SteppedDown>().term == Term{before.round});
  REQUIRE(step.messages<Prepare>() == 4);
  CHECK(node.own() > before);
  node.promise(n2);
  CHECK(node.state().role == Role::candidate);  // the old configuration alone
  node.promise(n4);
  CHECK(node.state().role == Role::candidate);
  const auto won = node.promise(n5);
  REQUIRE(node.state().role == Role::leader);
  // Slots 2 to 4 again, with the values that it had voted for, and the first of those that waited.
  REQUIRE(won.messages<multi_paxos::Accept>() == 4 * 4);
  CHECK(won.message<multi_paxos::Accept>(0).proposal == Vote{Slot{2}, node.own(), {add(1, 1)}});
  CHECK(won.message<multi_paxos::Accept>(12).proposal == Vote{Slot{5}, node.own(), {add(4, 1)}});
  SUBCASE("slot 5 is decided by the new ones") {
    node.receive(n2, multi_paxos::Accepted{node.own(), Slot{5}});
    node.receive(n3, multi_paxos::Accepted{node.own(), Slot{5}});
    CHECK(node.receive(n3, multi_paxos::Accepted{node.own(), Slot{5}}).silent());
    CHECK(node.receive(n4, multi_paxos::Accepted{node.own(), Slot{5}}).messages<Decision>() == 4);
  }
  SUBCASE("slot 2 is decided by the old ones") {
    CHECK(node.receive(n4, multi_paxos::Accepted{node.own(), Slot{2}}).messages<Decision>() == 0);
    CHECK(node.receive(n5, multi_paxos::Accepted{node.own(), Slot{2}}).messages<Decision>() == 0);
    CHECK(node.receive(n2, multi_paxos::Accepted{node.own(), Slot{2}}).messages<Decision>() == 4);
  }
}

TEST_CASE("multi-paxos: no-ops fill the window until a change counts, and not beyond") {
  FiveBench node;
  node.be_elected();
  node.change_to(0b01111);
  node.promise(n2);
  const auto won = node.promise(n3);
  REQUIRE(node.state().role == Role::leader);
  REQUIRE(won.messages<multi_paxos::Accept>() == 3 * 4);  // slots 2, 3 and 4
  CHECK(won.message<multi_paxos::Accept>(0).proposal == Vote{Slot{2}, node.own(), SlotValue{}});
}

TEST_CASE("multi-paxos: who restarts from a checkpoint remembers who has a say") {
  for (const Bug bug : {Bug::none, Bug::configurations_not_in_checkpoint}) {
    Config config = three_of_five(bug);
    config.checkpoint_every = 1;
    FiveBench node(config);
    node.be_elected();
    node.change_to(0b11000);
    const auto started = node.crash_and_recover();
    const bool knows = started.facts.size() > 1 && started.fact<VotersChanged>(1).from == Slot{5};
    CHECK(knows == (bug == Bug::none));
  }
}

TEST_CASE("multi-paxos: what cannot be done to a group is refused") {
  FiveBench node;
  node.be_elected();
  const auto outcome = [&](Administration what, std::int64_t value) {
    return node.ask(change(1, what, value)).replies.at(0).response.outcome;
  };
  CHECK(outcome(Administration::set_voters, 0) == Outcome::failed);
  CHECK(outcome(Administration::set_voters, 64) == Outcome::failed);
  CHECK(outcome(Administration::add_voter, 6) == Outcome::failed);
  CHECK(outcome(Administration::add_voter, 0) == Outcome::failed);
  CHECK(outcome(Administration::transfer_leadership, 2) == Outcome::failed);
}

TEST_CASE("multi-paxos: changes of who has a say, in a world that does its worst") {
  const auto request = [](std::uint64_t number, Stream& random) {
    if (random.below(4) != 0) return some_addition(number, random);
    constexpr std::array ways{Administration::add_voter, Administration::remove,
                              Administration::set_voters};
    const Administration what = ways[random.below(ways.size())];
    const bool a_set = what == Administration::set_voters;
    const std::uint64_t value = 1 + random.below(a_set ? 31 : 5);
    return change(number, what, static_cast<std::int64_t>(value));
  };
  const auto settings = [&](std::uint64_t seed, Bug bug) {
    Ordeal<MultiPaxos>::Settings all;
    all.seed = seed;
    all.nodes = 5;
    all.config = three_of_five(bug);
    all.config.window = 1 + seed % 4;
    all.config.checkpoint_every = 2 + seed % 5;
    all.config.voters = static_cast<std::uint32_t>(seed % 4);
    all.checkers = {make_agreement,
                    make_validity,
                    make_integrity,
                    make_votes_safe,
                    make_gap_free_apply,
                    make_checkpoints_agree,
                    make_one_value_per_ballot,
                    make_promise_never_lowered,
                    make_election_safety};
    all.request = request;
    return all;
  };
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Ordeal<MultiPaxos> ordeal(settings(seed, Bug::none));
    ordeal.run(1500);
    changes += ordeal.heard<VotersChanged>();
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
  }
  CHECK(changes > 3000);
  for (const Bug bug : {Bug::change_at_once, Bug::prepared_once, Bug::everybody_counts}) {
    CAPTURE(name_of(bug));
    CHECK_FALSE(
        first_broken<MultiPaxos>([&](std::uint64_t seed) { return settings(seed, bug); }, 3'000'000)
            .empty());
  }
}
