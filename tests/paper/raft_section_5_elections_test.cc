// Raft, sections 5.1 and 5.2 of Ongaro and Ousterhout 2014 (extended version): terms and elections,
// sentence by sentence, as stories of a group. What Figure 2 says too is in raft_figure_2_test.cc.
#include <doctest/doctest.h>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;
using namespace ballast::literals;

// --- 5.1: Raft basics ----------------------------------------------------------------------------

TEST_CASE(
    "raft 5.1: in normal operation there is exactly one leader and all others are followers") {
  RaftGroup group(5);
  group.lead(n3);
  for (const NodeId node : group.nodes()) {
    CHECK(group.state(node).role == (node == n3 ? Role::leader : Role::follower));
  }
}

TEST_CASE("raft 5.1: terms are numbered with consecutive integers, and begin with an election") {
  RaftGroup group(3);
  for (std::uint64_t term = 1; term <= 3; ++term) {
    group.stand(n1, {});
    CHECK(group.state(n1).term == Term{term});
  }
}

TEST_CASE("raft 5.1: in some situations an election results in a split vote, and in no leader") {
  RaftGroup group(4);
  group.stand(n1, {n3});
  group.stand(n2, {n4});
  group.settle();
  CHECK(group.state(n1).role == Role::candidate);
  CHECK(group.state(n2).role == Role::candidate);
}

TEST_CASE("raft 5.1: there is at most one leader in a given term") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(4, bug);
        group.stand(n1, {n2});
        group.stand(n3, {n4});
        return group.broken().empty();
      },
      {Bug::elected_by_half});
}

TEST_CASE("raft 5.1: each server stores a current term, which increases monotonically over time") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n2});
        group.deliver<AppendEntries>(n1, n3);  // it has not been asked for its vote
        group.crash_and_restart(n3);
        return group.state(n3).term == Term{1};
      },
      {Bug::term_not_persisted});
}

TEST_CASE(
    "raft 5.1: if one server's current term is smaller than the other's, it updates it to the "
    "larger value, whenever they communicate") {
  RaftGroup group(3);
  group.stand_in(4, n1, {});
  group.stand(n2, {});
  group.hear(n2, n1, RequestVote{Term{4}, {}, {}});
  CHECK(group.state(n2).term == Term{4});
  group.hear(n3, n2, VoteReply{Term{5}, Vote::stale_term});
  CHECK(group.state(n3).term == Term{5});
}

TEST_CASE(
    "raft 5.1: if a candidate or leader discovers that its term is out of date, it immediately "
    "reverts to follower state") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.isolate(n1);
        group.lead(n2);
        group.heal();
        group.fire(n1, Timer::heartbeat);
        group.replicate(n1, n3);
        return group.state(n1).role == Role::follower && group.state(n1).term == Term{2};
      },
      {Bug::higher_term_in_replies_ignored});
}

TEST_CASE("raft 5.1: if a server receives a request with a stale term, it rejects the request") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.isolate(n1);
        group.ask_to_write(n1, 10);
        group.fire(n2, Timer::election);
        group.settle();
        const auto before = group.log(n3);
        group.heal();
        group.fire(n1, Timer::heartbeat);
        group.deliver<AppendEntries>(n1, n3);
        return group.log(n3) == before &&
               group.last().message<AppendReply>().result == AppendResult::stale_term;
      },
      {Bug::stale_leader_obeyed});
}

// --- 5.2: leader election ------------------------------------------------------------------------

TEST_CASE("raft 5.2: when servers start up, they begin as followers") {
  RaftGroup group(3);
  for (const NodeId node : group.nodes()) CHECK(group.state(node).role == Role::follower);
  group.lead(n1);
  group.crash_and_restart(n1);
  CHECK(group.state(n1).role == Role::follower);
}

TEST_CASE("raft 5.2: a server remains in follower state as long as it receives valid RPCs") {
  RaftGroup group(3);
  group.lead(n1);
  for (int i = 0; i < 10; ++i) {
    group.fire(n1, Timer::heartbeat);
    group.deliver<AppendEntries>(n1, n2);
    CHECK(group.last().timer_set(Timer::election));
    group.settle();
  }
  CHECK(group.state(n2).role == Role::follower);
}

TEST_CASE(
    "raft 5.2: a candidate wins an election if it receives votes from a majority of the servers in "
    "the full cluster") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(4, bug);
        group.stand(n1, {n2});
        return !group.leads(n1);
      },
      {Bug::elected_by_half});
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, bug);
        group.fire(n1, Timer::election);
        group.deliver<RequestVote>(n1, n2);
        group.deliver_twice<VoteReply>(n2, n1);
        group.deliver<VoteReply>(n2, n1);
        return !group.leads(n1);
      },
      {Bug::votes_counted_twice});
}

TEST_CASE("raft 5.2: ... for the same term") {
  RaftGroup group(3);
  group.fire(n1, Timer::election);
  group.deliver<RequestVote>(n1, n2);
  group.fire(n1, Timer::election);
  group.deliver<VoteReply>(n2, n1);
  CHECK(group.state(n1).role == Role::candidate);
  CHECK(group.state(n1).term == Term{2});
}

TEST_CASE(
    "raft 5.2: each server votes for at most one candidate in a given term: not for a better") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n2});
        group.replicate(n1, n2);
        group.ask_to_write(n1, 10);  // the log of n1 is the longest, and that of n3 empty
        group.drop_all();
        group.crash_and_restart(n1);
        group.stand(n2, {n3});
        group.stand(n1, {n3});
        return group.broken().empty() && group.state(n3).voted_for == n2;
      },
      {Bug::second_vote_if_newer});
}

TEST_CASE("raft 5.2: each server votes for at most one candidate in a given term: not for itself") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, bug);
        group.stand(n2, {n3, n4});
        group.crash_and_restart(n2);
        group.drop_all();
        group.stand(n2, {n3, n4});
        group.stand_in(2, n1, {});
        group.deliver<AppendEntries>(n2, n1);  // it does not fit, and its sender is the leader
        group.stand_in(2, n5, {n1});
        return group.broken().empty() && group.state(n1).voted_for == n1;
      },
      {Bug::vote_cleared_on_step_down});
}

TEST_CASE(
    "raft 5.2: each server votes for at most one candidate in a given term: nor after a crash") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n3});
        group.crash_and_restart(n3);
        group.stand(n2, {n3});
        return group.broken().empty() && !group.leads(n2);
      },
      {Bug::vote_not_persisted});
  check_rule(
      [](Bug bug) {
        Config config = with_bug(bug);
        config.pre_vote = true;
        RaftGroup group(3, config);
        group.fire(n1, Timer::election);
        group.deliver<PreVote>(n1, n2);
        group.deliver<PreVoteReply>(n2, n1);
        group.hear(n1, n3, RequestVote{Term{1}, {}, {}});
        return group.last().message<VoteReply>().vote == Vote::already_voted;
      },
      {Bug::own_vote_not_stored});
}

TEST_CASE("raft 5.2: at most one candidate can win the election for a particular term") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n3});
        group.crash_and_restart(n3);
        group.stand(n2, {n3});
        return group.broken().empty() && group.leads(n1) != group.leads(n2);
      },
      {Bug::vote_not_persisted});
}

TEST_CASE(
    "raft 5.2: once a candidate wins, it sends heartbeats to all of the other servers to establish "
    "its authority and prevent new elections") {
  RaftGroup group(5);
  group.stand(n1, {n2, n3});
  for (const NodeId follower : {n2, n3, n4, n5}) {
    group.deliver<AppendEntries>(n1, follower);
    CHECK(group.last().timer_set(Timer::election));
    CHECK(group.state(follower).term == Term{1});
  }
}

TEST_CASE(
    "raft 5.2: if the leader's term is at least as large as the candidate's, the candidate "
    "recognizes the leader and returns to follower state") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {});
        group.stand(n2, {n3});
        group.deliver<AppendEntries>(n2, n1);
        return group.state(n1).role == Role::follower;
      },
      {Bug::candidate_not_resigned});
}

TEST_CASE(
    "raft 5.2: if the term in the RPC is smaller than the candidate's, it rejects the RPC and "
    "continues in candidate state") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.stand(n3, {});
        group.fire(n1, Timer::heartbeat);
        group.deliver<AppendEntries>(n1, n3);
        return group.state(n3).role == Role::candidate &&
               group.last().message<AppendReply>().result == AppendResult::stale_term;
      },
      {Bug::stale_leader_obeyed});
}

TEST_CASE(
    "raft 5.2: if votes are split, each candidate will time out and start a new election by "
    "incrementing its term and initiating another round of RequestVote RPCs") {
  RaftGroup group(4);
  group.stand(n1, {n3});
  group.stand(n2, {n4});
  group.stand(n2, {n1, n4});
  CHECK(group.leads(n2));
  CHECK(group.state(n2).term == Term{2});
}

TEST_CASE(
    "raft 5.2: election timeouts are chosen randomly from a fixed interval, and each candidate "
    "restarts its own at the start of an election") {
  RaftGroup group(3);
  for (int i = 0; i < 2; ++i) {
    group.fire(n1, Timer::election);
    const TimerChange* timer = group.last().timer(Timer::election);
    REQUIRE(timer != nullptr);
    CHECK(timer->min == 150_ms);
    CHECK(timer->max == 300_ms);
  }
}
