// Multi-Paxos: the invariants of R. van Renesse and D. Altinbuken, "Paxos Made Moderately Complex"
// (PMMC), ACM Computing Surveys 47(3), 2015, of acceptors (A1 to A5), commanders (C1, C2) and
// replicas (R1 to R5), section 3 of L. Lamport, "Paxos Made Simple", 2001, and what T. Chandra,
// R. Griesemer and J. Redstone, "Paxos Made Live", 2007, say of leases, as stories of a group.
#include "algorithms/consensus/multi_paxos.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/paper/rule.h"
#include "tests/support/cluster.h"

using namespace ballast;
using namespace ballast::multi_paxos;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5};

Config counting(Bug bug, std::uint64_t checkpoint_every = 1000) {
  Config config;
  config.bug = bug;
  config.checkpoint_every = checkpoint_every;
  config.machine = MachineKind::counter;
  return config;
}

class MultiPaxosGroup : public Cluster<MultiPaxos> {
 public:
  explicit MultiPaxosGroup(Bug bug, std::uint32_t nodes = 3)
      : Cluster<MultiPaxos>(nodes, counting(bug)) {}
  explicit MultiPaxosGroup(Config config, std::uint32_t nodes = 3)
      : Cluster<MultiPaxos>(nodes, std::move(config)) {}

  // Stands, and hears the promises of these only; what it then asks for is on its way.
  void stand(NodeId node, const std::vector<NodeId>& acceptors) {
    fire(node, Timer::election);
    for (const NodeId acceptor : acceptors) {
      deliver<multi_paxos::Prepare>(node, acceptor);
      deliver<Promise>(acceptor, node);
    }
    while (drop_if([&](const Letter& letter) {
      return std::holds_alternative<multi_paxos::Prepare>(letter.message);
    })) {
    }
  }
  void lead(NodeId node) {
    fire(node, Timer::election);
    settle();
  }
  void beat(NodeId node) {
    fire(node, Timer::heartbeat);
    settle();
  }
  // Asks for the sum to grow by this: each value is a client of its own, who asks once.
  void add(NodeId node, std::int64_t value) {
    ask(node,
        {{NodeId{9}, static_cast<std::uint32_t>(value), 1}, {Operation::add, 7, value, 0, 0}});
  }
  // The oldest request to accept on its way, and what comes of it.
  void accept(NodeId leader, NodeId acceptor) {
    deliver<Accept>(leader, acceptor);
    deliver<multi_paxos::Accepted>(acceptor, leader);
  }
  // Only these have a say from now on, or rather from a window of slots on.
  void set_voters(NodeId node, std::int64_t voters) {
    Command command{Operation::administer, 0, voters, 0, 0};
    command.key = static_cast<std::uint64_t>(Administration::set_voters);
    ask(node, {{NodeId{8}, 1, ++changes_}, command});
  }
  bool leads(NodeId node) const { return state(node).role == Role::leader; }
  Slot executed(NodeId node) const { return state(node).executed; }
  // What clients were told last.
  std::int64_t sum() const { return answers().empty() ? 0 : answers().back().response.value; }

 private:
  std::uint64_t changes_ = 0;
};

// The first three of five have a say, and n1 leads.
MultiPaxosGroup three_of_five(Bug bug, std::uint64_t checkpoint_every = 1000) {
  Config config = counting(bug, checkpoint_every);
  config.voters = 3;
  config.window = 3;
  MultiPaxosGroup group(config, 5);
  group.lead(n1);
  return group;
}

// n1 led, and decided slot 1 with the vote of n2; n3 has heard nothing of it, and n1 is down.
MultiPaxosGroup decided_by_two(const Config& config) {
  MultiPaxosGroup group(config);
  group.lead(n1);
  group.add(n1, 5);
  group.accept(n1, n2);
  group.deliver<Decision>(n1, n2);
  group.drop_all();
  group.crash(n1);
  return group;
}

}  // namespace

// --- Acceptors -----------------------------------------------------------------------------------

TEST_CASE("pmmc, A1: an acceptor can only adopt strictly increasing ballot numbers") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.stand(n1, {n3});
        group.crash_and_restart(n3);
        group.hear(n3, n2, multi_paxos::Prepare{{1, n2}, {}});
        return group.last().messages<Refused>() == 1 && group.broken().empty();
      },
      {Bug::promise_not_persisted});
}

TEST_CASE("pmmc, A2: an acceptor can only accept in the ballot that it has adopted") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.lead(n1);
        group.add(n1, 5);
        group.stand(n2, {n3});
        group.deliver<Accept>(n1, n3);
        return group.last().messages<Refused>() == 1 && group.broken().empty();
      },
      {Bug::accept_below_promise, Bug::accept_above_accepted});
}

TEST_CASE("pmmc, A3: an acceptor cannot remove what it has accepted, nor pass over it") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = decided_by_two(counting(bug));
        group.crash_and_restart(n2);
        group.stand(n3, {n2});
        group.add(n3, 6);
        group.settle();
        return group.broken().empty() && group.sum() == 11;
      },
      {Bug::vote_not_persisted});
  // What a checkpoint stands for is decided, and said to be so.
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = decided_by_two(counting(bug, 1));
        group.stand(n3, {n2});
        group.add(n3, 6);
        group.settle();
        return group.broken().empty();
      },
      {Bug::checkpoint_hides_votes});
}

TEST_CASE("pmmc, A4: two acceptors that accept in one ballot and slot accept the same command") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.stand(n2, {n3});
        group.stand(n1, {n3});
        group.add(n1, 5);
        group.add(n2, 6);
        group.settle();
        return group.broken().empty();
      },
      {Bug::shared_ballots});
}

TEST_CASE(
    "pmmc, A5: if a majority has accepted a command in a slot, any acceptor that accepts in that "
    "slot in a higher ballot accepts the same command") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = decided_by_two(counting(bug));
        group.stand(n3, {n2});
        group.settle();
        return group.broken().empty();
      },
      {Bug::votes_ignored});
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug, 5);
        group.lead(n1);
        group.add(n1, 5);
        group.accept(n1, n2);
        group.accept(n1, n3);  // a majority
        group.drop_all();
        group.crash(n1);
        group.fire(n5, Timer::election);
        group.deliver<multi_paxos::Prepare>(n5, n4);
        group.deliver_twice<Promise>(n4, n5);
        group.deliver<Promise>(n4, n5);  // of one acceptor, twice
        group.add(n5, 6);
        group.settle({n4, n5});
        return group.broken().empty() && !group.leads(n5);
      },
      {Bug::promise_counted_twice});
}

TEST_CASE(
    "pmmc, A5: of the commands reported for a slot, that of the highest ballot is taken over") {
  check_rule(
      [](Bug bug) {
        for (const auto& [lost, chosen] : {std::pair{5, 6}, std::pair{6, 5}}) {
          MultiPaxosGroup group(bug);
          group.lead(n1);
          group.add(n1, lost);  // accepted by n1 alone, in ballot 3.n1
          group.drop_all();
          group.crash(n1);
          group.stand(n2, {n3});
          group.add(n2, chosen);  // accepted by n2 and n3, in ballot 4.n2
          group.accept(n2, n3);
          group.drop_all();
          group.restart(n1);
          group.stand(n1, {n2});
          group.settle();
          if (!group.leads(n1) || !group.broken().empty()) return false;
        }
        return true;
      },
      {Bug::largest_value, Bug::first_heard_value, Bug::votes_ignored});
}

// --- Commanders ----------------------------------------------------------------------------------

TEST_CASE("pmmc, C1: for any ballot and slot, at most one command is asked for") {
  MultiPaxosGroup group(Bug::none);
  group.lead(n1);
  group.add(n1, 5);
  const Vote asked = group.last().message<Accept>().proposal;
  group.add(n1, 5);  // asked again while it is under way
  CHECK(group.last().messages<Accept>() == 0);
  group.fire(n1, Timer::heartbeat);
  CHECK(group.last().message<Accept>().proposal == asked);
  group.settle();
  CHECK(group.executed(n1) == Slot{1});
  CHECK(group.broken() == "");
}

TEST_CASE(
    "pmmc, C2: a command that a majority has accepted in a slot is asked for in later ballots") {
  MultiPaxosGroup group = decided_by_two(counting(Bug::none));
  group.stand(n3, {n2});
  const auto won = group.last().message<Accept>().proposal;
  CHECK(won.slot == Slot{1});
  CHECK(won.value.request->command.value == 5);
}

// --- Replicas ------------------------------------------------------------------------------------

TEST_CASE("pmmc, R1: no two different commands are decided for the same slot") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.lead(n1);
        group.add(n1, 5);  // nobody else has accepted it
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3});
        group.add(n2, 6);
        group.settle();
        return group.broken().empty();
      },
      {Bug::decided_when_asked});
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug, 5);
        group.lead(n1);
        group.add(n1, 5);
        group.deliver<Accept>(n1, n2);
        group.deliver_twice<multi_paxos::Accepted>(n2, n1);
        group.deliver<multi_paxos::Accepted>(n2, n1);
        return group.executed(n1) == Slot{0};  // two of five have accepted it
      },
      {Bug::votes_counted_twice});
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug, 5);
        group.lead(n1);
        group.add(n1, 5);
        group.deliver<Accept>(n1, n5);  // in vain
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3, n4});
        group.add(n2, 6);
        group.settle({n2, n3, n4});
        group.drop_all();
        group.beat(n2);  // tells n5 that slot 1 is decided
        return group.broken().empty() && group.executed(n5) == Slot{1};
      },
      {Bug::decision_of_any_ballot});
}

TEST_CASE(
    "pmmc, R2 and R3: a replica has executed the commands of all slots up to where it is, in the "
    "order of the slots") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.lead(n1);
        group.add(n1, 5);
        group.add(n1, 6);
        for (int i = 0; i < 2; ++i) {
          group.deliver<Accept>(n1, n3);
          group.accept(n1, n2);
        }
        const auto of_slot_2 = [](const auto& letter) {
          const auto* decision = std::get_if<Decision>(&letter.message);
          return letter.to == n3 && decision != nullptr && decision->slot == Slot{2};
        };
        if (!group.deliver_if(of_slot_2)) return false;
        const bool waited = group.last().stated<Executed>() == 0;
        group.settle();
        return waited && group.executed(n3) == Slot{2} && group.broken().empty();
      },
      {Bug::gap_skipped});
}

TEST_CASE("pmmc, R3: a command that is decided in two slots is executed once") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(counting(bug, 1));
        group.lead(n1);
        group.isolate(n3);
        group.add(n1, 5);
        group.settle();
        group.heal();
        group.beat(n1);  // n3 is given a checkpoint
        group.crash(n1);
        group.stand(n3, {n2});
        group.add(n3, 5);  // its client has heard nothing
        group.settle();
        return group.sum() == 5 && group.broken().empty();
      },
      {Bug::checkpoint_without_sessions});
}

TEST_CASE("pmmc, R4: what a replica has executed stays so, across checkpoints that come late") {
  MultiPaxosGroup group(counting(Bug::none, 1));
  group.lead(n1);
  group.isolate(n3);
  group.add(n1, 5);
  group.settle();
  group.heal();
  group.fire(n1, Timer::heartbeat);
  group.deliver<multi_paxos::Heartbeat>(n1, n3);
  group.deliver<CatchUp>(n3, n1);
  group.deliver_twice<Checkpoint>(n1, n3);
  group.add(n1, 6);
  group.deliver<Accept>(n1, n3);
  group.deliver<multi_paxos::Accepted>(n3, n1);
  group.deliver<Decision>(n1, n3);
  REQUIRE(group.executed(n3) == Slot{2});
  group.deliver<Checkpoint>(n1, n3);
  CHECK(group.executed(n3) == Slot{2});
}

TEST_CASE("pmmc, R5: a leader is ahead of what it has executed by the window at most") {
  Config config = counting(Bug::none);
  config.window = 2;
  MultiPaxosGroup group(config);
  group.lead(n1);
  for (const std::int64_t value : {1, 2, 3}) group.add(n1, value);
  CHECK(group.in_flight().size() == 4);  // two slots, two acceptors
  group.accept(n1, n2);
  CHECK(group.last().message<Accept>().proposal.slot == Slot{3});
  group.settle();
  CHECK(group.sum() == 6);
}

// --- "Paxos Made Simple", 3 ----------------------------------------------------------------------

TEST_CASE(
    "paxos, 3: a new leader executes phase 1 for infinitely many instances, with one message to "
    "each of the others") {
  MultiPaxosGroup group(Bug::none);
  group.fire(n1, Timer::election);
  CHECK(group.in_flight().size() == 2);
  group.settle();
  for (const std::int64_t value : {1, 2, 3}) {
    group.add(n1, value);
    CHECK(group.last().messages<multi_paxos::Prepare>() == 0);
    group.settle();
  }
  CHECK(group.executed(n1) == Slot{3});
}

TEST_CASE("paxos, 3: a new leader fills the gaps that it finds with no-ops") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.lead(n1);
        group.add(n1, 5);
        group.add(n1, 6);
        group.drop<Accept>(n1, n2);
        group.deliver<Accept>(n1, n2);  // that of slot 2
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3});
        group.settle();
        return group.executed(n2) == Slot{2} && group.broken().empty();
      },
      {Bug::gaps_left});
}

TEST_CASE(
    "paxos, 3: who executes instance i + alpha is specified by the state after execution of "
    "command "
    "i") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = three_of_five(bug);
        group.add(n1, 5);
        group.deliver<Accept>(n1, n4);
        group.deliver<Accept>(n1, n5);
        group.deliver<multi_paxos::Accepted>(n4, n1);
        group.deliver<multi_paxos::Accepted>(n5, n1);
        return group.executed(n1) == Slot{0};  // with n1 three of five, and one of three
      },
      {Bug::everybody_counts});
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = three_of_five(bug);
        group.set_voters(n1, 0b11100);  // in slot 1: n3, n4 and n5 have a say from slot 4 on
        group.accept(n1, n2);
        const auto* said = [&]() -> const VotersChanged* {
          for (const Fact& fact : group.last().facts) {
            if (const auto* found = std::get_if<VotersChanged>(&fact)) return found;
          }
          return nullptr;
        }();
        return said != nullptr && said->from == Slot{4};
      },
      {Bug::change_at_once});
}

TEST_CASE(
    "paxos, 3: a leader executes phase 1 with majorities of the servers of each instance that it "
    "asks for") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = three_of_five(bug);
        group.set_voters(n1, 0b11100);
        group.accept(n1, n2);
        group.settle({n1, n2});  // of those who have a say from slot 4 on, nobody
        return !group.leads(n1);
      },
      {Bug::prepared_once});
}

TEST_CASE("paxos, 3: the state that specifies the servers is that of a checkpoint, too") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group = three_of_five(bug, 1);
        group.set_voters(n1, 0b11100);
        group.settle();
        for (const NodeId node : {n1, n2}) group.crash(node);
        for (const NodeId node : {n3, n4, n5}) group.crash_and_restart(node);
        group.lead(n4);
        return group.leads(n4);
      },
      {Bug::configurations_not_in_checkpoint});
}

// --- "Paxos Made Live", 5.3 ----------------------------------------------------------------------

TEST_CASE("pml 5.3: a leader answers reads by itself only as long as it holds the lease") {
  check_rule(
      [](Bug bug) {
        MultiPaxosGroup group(bug);
        group.lead(n1);
        group.isolate(n1);
        group.lead(n2);
        group.add(n2, 5);
        group.settle();
        group.ask(n1, {{NodeId{7}, 1, 1}, {Operation::read, 7, 0, 0, 0}});
        group.settle();
        return group.answers().size() == 1;  // that of the request
      },
      {Bug::read_without_lease});
}
