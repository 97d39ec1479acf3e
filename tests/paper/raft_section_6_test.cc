// Raft, section 6 of Ongaro and Ousterhout 2014 (extended version), which is section 4.3 of
// Ongaro's dissertation: changes of the configuration by joint consensus, sentence by sentence, as
// stories of a group.
#include <doctest/doctest.h>

#include <cstdint>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;
using namespace ballast::literals;

namespace {

constexpr std::int64_t of_1_to_5 = 0b11111, of_3_to_5 = 0b11100;

// Five servers, of which n1, n2 and n3 have a say, and n1 leads.
RaftGroup three_of_five(Bug bug, bool check_quorum = false) {
  Config config = with_bug(bug);
  config.voters = 3;
  config.check_quorum = check_quorum;
  RaftGroup group(5, config);
  group.lead(n1);
  return group;
}
// n1 has begun to change to n3, n4 and n5: C_old,new is in its own log.
RaftGroup changing(Bug bug) {
  RaftGroup group = three_of_five(bug);
  group.administer(n1, Administration::set_voters, of_3_to_5);
  return group;
}
bool holds_change(const RaftGroup& group, NodeId node) {
  for (const Entry& entry : group.log(node)) {
    if (is_configuration(entry)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE(
    "raft 6: there is no point in time at which C_old and C_new can both make decisions "
    "unilaterally: the two majorities of Figure 10") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = three_of_five(bug);
        group.administer(n1, Administration::set_voters, of_1_to_5);
        group.deliver<AppendEntries>(n1, n4);
        group.deliver<AppendEntries>(n1, n5);
        group.drop_all();
        group.crash_and_restart(n1);
        group.stand_in(2, n2, {n3});      // a majority of three
        group.stand_in(2, n5, {n4, n1});  // a majority of five
        return group.broken().empty();
      },
      {Bug::change_without_joint});
}

TEST_CASE("raft 6: log entries are replicated to all servers in both configurations") {
  RaftGroup group = changing(Bug::none);
  for (const NodeId node : {n2, n3, n4, n5}) {
    group.replicate(n1, node);
    CHECK(holds_change(group, node));
  }
}

TEST_CASE("raft 6: any server from either configuration may serve as leader") {
  for (const bool old : {true, false}) {
    RaftGroup group = changing(Bug::none);
    for (const NodeId node : {n2, n3, n4, n5}) group.deliver<AppendEntries>(n1, node);
    group.drop_all();
    group.crash(n1);
    const NodeId either = old ? n2 : n5;
    group.stand(either, {n3, old ? n4 : n2});
    CHECK(group.leads(either));
  }
}

TEST_CASE(
    "raft 6: agreement, for elections and entry commitment, requires separate majorities from both "
    "the old and new configurations") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = changing(bug);
        group.replicate(n1, n4);
        group.replicate(n1, n5);
        return group.state(n1).commit_index == LogIndex{1};  // of the old ones n1 only
      },
      {Bug::joint_one_majority});
  check_rule(
      [](Bug bug) {
        RaftGroup group = changing(bug);
        for (const NodeId node : {n3, n4, n5}) group.deliver<AppendEntries>(n1, node);
        group.drop_all();
        group.crash(n1);
        group.crash(n2);
        group.stand(n5, {n3, n4});  // of the old ones n3 only
        return !group.leads(n5);
      },
      {Bug::joint_one_majority});
  // And the old ones alone are not enough either.
  RaftGroup group = changing(Bug::none);
  group.replicate(n1, n2);
  CHECK(group.state(n1).commit_index == LogIndex{1});
  group.replicate(n1, n4);
  CHECK(group.state(n1).commit_index == LogIndex{1});
  group.replicate(n1, n5);
  CHECK(group.state(n1).commit_index == LogIndex{2});
}

TEST_CASE(
    "raft 6: a server always uses the latest configuration in its log, regardless of whether the "
    "entry is committed") {
  RaftGroup group = changing(Bug::none);
  group.deliver<AppendEntries>(n1, n4);
  CHECK(group.state(n4).commit_index < LogIndex{2});
  group.fire(n4, Timer::election);
  CHECK(group.last().messages<RequestVote>() == 4);
  group.fire(n5, Timer::election);  // it has not heard of any change
  CHECK(group.last().messages<RequestVote>() == 0);
}

TEST_CASE(
    "raft 6: once C_old,new has been committed, only servers with the C_old,new entry can be "
    "elected as leader") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = changing(bug);
        for (const NodeId node : {n3, n4}) group.replicate(n1, node);
        if (group.state(n1).commit_index != LogIndex{2}) return false;
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3});  // it knows of the old configuration only
        return !group.leads(n2) && group.broken().empty();
      },
      {Bug::no_up_to_date_check, Bug::up_to_date_by_term});
}

TEST_CASE(
    "raft 6: it is then safe for the leader to create a log entry describing C_new and replicate "
    "it "
    "to the cluster") {
  RaftGroup group = changing(Bug::none);
  group.replicate(n1, n3);
  CHECK(group.log(n1).size() == 2);
  group.replicate(n1, n4);
  REQUIRE(group.log(n1).size() == 3);
  CHECK(configuration_of(group.log(n1).back()) == Configuration{of_3_to_5, 0, 0});
}

TEST_CASE(
    "raft 6: when C_new has been committed, the old configuration is irrelevant and servers not in "
    "the new configuration can be shut down") {
  RaftGroup group = changing(Bug::none);
  group.settle();
  group.crash(n1);
  group.crash(n2);
  group.lead(n4);
  group.ask_to_write(n4, 10);
  group.settle();
  CHECK(group.answer().outcome == Outcome::ok);
  CHECK(group.broken() == "");
}

TEST_CASE(
    "raft 6: new servers first join as non-voting members: the leader replicates log entries to "
    "them, but they are not considered for majorities") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = three_of_five(bug);
        group.administer(n1, Administration::add_learner, 4);
        group.settle();
        group.ask_to_write(n1, 10);
        group.replicate(n1, n4);
        return group.log(n4).size() == 3 && group.state(n1).commit_index == LogIndex{2};
      },
      {Bug::learners_count});
}

TEST_CASE(
    "raft 6: a leader that is not part of C_new manages a cluster that does not include itself: it "
    "does not count itself in majorities") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = three_of_five(bug);
        group.administer(n1, Administration::remove, 1);
        group.replicate(n1, n2);
        return group.state(n1).commit_index == LogIndex{1};  // one of two
      },
      {Bug::removed_leader_counts});
}

TEST_CASE("raft 6: it steps down once it has committed the C_new log entry") {
  RaftGroup group = three_of_five(Bug::none);
  group.administer(n1, Administration::remove, 1);
  group.replicate(n1, n2);
  CHECK(group.leads(n1));
  group.replicate(n1, n3);
  CHECK(group.state(n1).commit_index == LogIndex{2});
  CHECK(group.state(n1).role == Role::follower);
}

TEST_CASE(
    "raft 6: removed servers can disrupt the cluster; so a server that receives a RequestVote "
    "within the minimum election timeout of hearing from a leader does not update its term or "
    "vote") {
  for (const bool check_quorum : {true, false}) {
    RaftGroup group = three_of_five(Bug::none, check_quorum);
    group.administer(n1, Administration::remove, 3);
    group.settle();
    group.beat(n1);
    group.wait(149_ms);
    group.fire(n3, Timer::election);
    group.settle();
    CHECK(group.state(n2).term == Term{check_quorum ? 1u : 2u});
    CHECK(group.leads(n1) == check_quorum);
  }
}
