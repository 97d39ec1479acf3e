// Paxos as L. Lamport's "Paxos Made Simple" (ACM SIGACT News 32(4), 2001) derives it, requirement
// by requirement, as stories of three nodes that are proposers, acceptors and learners.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

#include "algorithms/consensus/paxos.h"
#include "tests/paper/rule.h"
#include "tests/support/cluster.h"

using namespace ballast;
using namespace ballast::paxos;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3};

class PaxosGroup : public Cluster<Paxos> {
 public:
  explicit PaxosGroup(Bug bug = Bug::none) : Cluster<Paxos>(3, with(bug)) {}

  void propose(NodeId node, std::int64_t value) {
    ask(node, {{NodeId{9}, node.value, 1}, {Operation::propose, 0, value, 0, 0}});
  }
  // The oldest prepare request on its way, or accept request, and the answer to it.
  void prepare(NodeId from, NodeId acceptor) {
    deliver<paxos::Prepare>(from, acceptor);
    deliver<Promise>(acceptor, from);
  }
  void prepare(NodeId from, std::initializer_list<NodeId> acceptors) {
    for (const NodeId acceptor : acceptors) prepare(from, acceptor);
  }
  void accept(NodeId from, NodeId acceptor) { deliver<Accept>(from, acceptor); }

  std::optional<Vote> vote(NodeId node) const { return state(node).acceptor.vote; }
  std::optional<std::int64_t> decided(NodeId node) const { return state(node).learner.decided; }
  // What this proposer asks acceptors to accept now; nothing if it does not.
  std::optional<std::int64_t> asks_for(NodeId node) const {
    const State now = state(node);
    const auto* asking = std::get_if<Asking>(&now.proposer.phase);
    return asking == nullptr ? std::nullopt : std::optional(asking->value);
  }

 private:
  static Config with(Bug bug) {
    Config config;
    config.bug = bug;
    return config;
  }
};

// 10 is chosen, by n1 and n2 in the ballot of n1, and nobody has learnt it.
PaxosGroup chosen_by_two(Bug bug) {
  PaxosGroup group(bug);
  group.propose(n1, 10);
  if (bug != Bug::no_ballots) group.prepare(n1, {n1, n2});
  group.accept(n1, n1);
  group.accept(n1, n2);
  group.drop_all();
  return group;
}

}  // namespace

TEST_CASE("paxos, 2.1: only a value that has been proposed may be chosen, and only a single one") {
  PaxosGroup group;
  for (const NodeId node : group.nodes()) group.propose(node, 10 * node.value);
  for (int i = 0; i < 100 && !group.decided(n1); ++i) {
    group.settle();
    for (const NodeId node : group.nodes()) {
      if (group.armed(node, Timer::back_off)) group.fire(node, Timer::back_off);
      group.settle();
    }
  }
  REQUIRE(group.decided(n1));
  CHECK(group.decided(n2) == group.decided(n1));
  CHECK(group.decided(n3) == group.decided(n1));
  CHECK(group.broken() == "");
}

TEST_CASE(
    "paxos, 2.1: a process never learns that a value has been chosen unless it actually has") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.prepare(n1, {n1, n2});
        group.accept(n1, n2);
        group.deliver_twice<paxos::Accepted>(n2, n3);
        group.deliver<paxos::Accepted>(n2, n3);
        return !group.decided(n3);  // one acceptor has accepted it
      },
      {Bug::votes_counted_twice});
}

TEST_CASE("paxos, P1: an acceptor must accept the first proposal that it receives") {
  PaxosGroup group;
  group.propose(n1, 10);
  group.prepare(n1, {n1, n2});
  group.accept(n1, n3);  // it has not even been asked for a promise
  CHECK(group.vote(n3)->value == 10);
}

TEST_CASE(
    "paxos, P1a: an acceptor can accept a proposal numbered n iff it has not responded to a "
    "prepare "
    "request having a number greater than n") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.prepare(n1, {n1, n2});
        group.propose(n3, 30);
        group.prepare(n3, {n2, n3});  // with a greater number
        group.accept(n1, n2);
        return !group.vote(n2) && group.last().messages<Refused>() == 1;
      },
      {Bug::accept_below_promise, Bug::accept_above_accepted});
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.propose(n3, 30);
        group.prepare(n3, {n2, n3});
        group.deliver<paxos::Prepare>(n1, n1);
        group.deliver<Promise>(n1, n1);
        group.deliver<paxos::Prepare>(n1, n2);  // late
        return group.state(n2).acceptor.promised == Ballot{1, n3};
      },
      {Bug::promise_overwritten});
}

TEST_CASE(
    "paxos, P2: if a proposal with value v is chosen, then every higher-numbered proposal that is "
    "chosen has value v; P2a: that is accepted; P2b: that is issued") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group = chosen_by_two(bug);
        group.propose(n3, 30);
        if (bug != Bug::no_ballots) group.prepare(n3, {n2, n3});
        if (group.asks_for(n3) != 10) return false;
        group.settle();
        return group.decided(n1) == 10 && group.broken().empty();
      },
      {Bug::own_value_kept, Bug::no_ballots});
}

TEST_CASE(
    "paxos, P2c: the value is that of the highest-numbered proposal among those accepted by a "
    "majority") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 30);
        group.prepare(n1, {n1, n2});
        group.accept(n1, n1);  // n1 accepts 30 in ballot 1.n1
        group.drop_all();
        group.propose(n3, 10);
        group.prepare(n3, {n3, n2});
        group.accept(n3, n2);
        group.accept(n3, n3);  // n2 and n3 choose 10 in ballot 1.n3
        group.drop_all();
        group.crash_and_restart(n1);
        group.propose(n1, 20);
        group.prepare(n1, {n1, n2});
        return group.asks_for(n1) == 10 && group.broken().empty();
      },
      {Bug::largest_value, Bug::first_heard_value, Bug::own_value_kept});
}

TEST_CASE("paxos, P2c: or any value, if no acceptor among them has accepted anything") {
  PaxosGroup group;
  group.propose(n1, 10);
  group.prepare(n1, {n1, n2});
  CHECK(group.asks_for(n1) == 10);
}

TEST_CASE(
    "paxos, 2.2, phase 1b: an acceptor responds with a promise, and with the highest-numbered "
    "proposal that it has accepted") {
  PaxosGroup group = chosen_by_two(Bug::none);
  group.propose(n3, 30);
  group.deliver<paxos::Prepare>(n3, n2);
  CHECK(group.last().message<Promise>() == Promise{{1, n3}, Vote{{1, n1}, 10}});
}

TEST_CASE("paxos, 2.2, phase 2a: a proposer needs responses from a majority of acceptors") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.deliver<paxos::Prepare>(n1, n2);
        group.deliver_twice<Promise>(n2, n1);
        group.deliver<Promise>(n2, n1);
        return !group.asks_for(n1);
      },
      {Bug::promise_counted_twice});
}

TEST_CASE(
    "paxos, 2.2: an acceptor that ignores a request because of a higher number informs the "
    "proposer, who then abandons its proposal") {
  PaxosGroup group;
  group.propose(n1, 10);
  group.prepare(n1, {n1, n2});
  group.propose(n3, 30);
  group.prepare(n3, {n2, n3});
  group.accept(n1, n2);
  group.deliver<Refused>(n2, n1);
  CHECK_FALSE(group.asks_for(n1));
}

TEST_CASE("paxos, 2.2: it is safe to forget a proposal that was abandoned at any time") {
  PaxosGroup group;
  group.propose(n1, 10);
  group.prepare(n1, {n1, n2});
  group.crash_and_restart(n1);  // it remembers that it has used a number, and no more
  group.settle();
  group.propose(n1, 20);
  group.settle();
  CHECK(group.decided(n1).has_value());
  CHECK(group.broken() == "");
}

TEST_CASE(
    "paxos, 2.3: to learn that a value has been chosen, a learner must find out that a proposal "
    "has "
    "been accepted by a majority: one proposal, not one value") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.hear(n3, n1, paxos::Accepted{{1, n1}, 10});
        group.hear(n3, n2, paxos::Accepted{{2, n2}, 10});
        const bool too_soon = group.decided(n3).has_value();
        group.hear(n3, n3, paxos::Accepted{{2, n2}, 10});
        return !too_soon && group.decided(n3) == 10;
      },
      {Bug::votes_of_all_ballots});
}

TEST_CASE(
    "paxos, 2.3: because of message loss a value could be chosen with no learner ever finding out; "
    "it can find out by asking the acceptors") {
  PaxosGroup group = chosen_by_two(Bug::none);
  for (const NodeId node : group.nodes()) REQUIRE_FALSE(group.decided(node));
  group.fire(n3, Timer::inquire);
  group.settle();
  CHECK(group.decided(n3) == 10);
}

TEST_CASE(
    "paxos, 2.4: two proposers can outbid each other for ever; so each waits for a random while, "
    "longer every time") {
  PaxosGroup group;
  group.propose(n1, 10);
  Duration before;
  for (int i = 0; i < 4; ++i) {
    const Ballot tried = std::get<Preparing>(group.state(n1).proposer.phase).ballot;
    const Ballot higher{tried.round, n3};
    group.hear(n1, n2, Refused{tried, higher});
    const TimerChange* wait = group.last().timer(Timer::back_off);
    REQUIRE(wait != nullptr);
    CHECK(wait->min < wait->max);
    CHECK(wait->min > before);
    before = wait->min;
    group.fire(n1, Timer::back_off);
    CHECK(group.last().message<paxos::Prepare>().ballot > higher);
  }
}

TEST_CASE(
    "paxos, 2.5: an acceptor records its intended response in stable storage before actually "
    "sending the response") {
  PaxosGroup slow;
  slow.stall(n2);
  slow.propose(n1, 10);
  slow.deliver<paxos::Prepare>(n1, n2);
  CHECK_FALSE(slow.drop_if([](const auto& letter) { return letter.from == n2; }));
  slow.flush(n2);
  CHECK(slow.drop_if([](const auto& letter) { return letter.from == n2; }));

  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.prepare(n1, {n1, n2});
        group.propose(n3, 30);
        group.prepare(n3, {n2, n3});
        group.crash_and_restart(n2);
        group.accept(n1, n2);
        return !group.vote(n2);
      },
      {Bug::promise_not_persisted});
  check_rule(
      [](Bug bug) {
        PaxosGroup group = chosen_by_two(bug);
        group.crash_and_restart(n2);
        group.propose(n3, 30);
        group.prepare(n3, {n2, n3});
        return group.asks_for(n3) == 10;
      },
      {Bug::vote_not_persisted});
}

TEST_CASE(
    "paxos, 2.5: no two proposals are ever issued with the same number: different proposers choose "
    "theirs from disjoint sets") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.prepare(n1, {n1, n2});
        group.propose(n3, 30);
        group.prepare(n3, {n2, n3});
        return group.broken().empty();
      },
      {Bug::shared_ballots});
}

TEST_CASE(
    "paxos, 2.5: each proposer remembers, in stable storage, the highest-numbered proposal it has "
    "tried to issue") {
  check_rule(
      [](Bug bug) {
        PaxosGroup group(bug);
        group.propose(n1, 10);
        group.prepare(n1, {n1, n2});
        group.crash_and_restart(n1);
        group.drop_all();
        group.propose(n1, 20);
        return std::get<Preparing>(group.state(n1).proposer.phase).ballot == Ballot{2, n1};
      },
      {Bug::round_not_persisted});
}
