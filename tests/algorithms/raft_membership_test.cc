// Raft on the bench: cluster membership changes (dissertation 4).
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

const std::vector<NodeId> five{n1, n2, n3, n4, n5};

Config voting(std::uint32_t voters, Bug bug = Bug::none) {
  Config config;
  config.voters = voters;
  config.bug = bug;
  return config;
}
Request change(std::uint64_t sequence, Administration what, std::int64_t value) {
  Request request{{client, 2, sequence}, {}};
  request.command.operation = Operation::administer;
  request.command.key = static_cast<std::uint64_t>(what);
  request.command.value = value;
  return request;
}
Entry configures(std::uint64_t term, std::uint64_t sequence, Configuration c) {
  return {Term{term}, to_request({client, 2, sequence}, c)};
}

// n1 leads term 1 and has committed its no-op.
RaftBench leader_of_five(const Config& config) {
  RaftBench node(five, config);
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.receive(n3, matched(1, 0, 1));
  REQUIRE(node.state().commit_index == LogIndex{1});
  return node;
}

}  // namespace

TEST_CASE("raft 4: only those who have a say are asked for votes, and only theirs count") {
  RaftBench node(five, voting(3));
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 2);
  node.receive(n4, granted(1));
  node.receive(n5, granted(1));
  CHECK(node.state().role == Role::candidate);
  node.receive(n3, granted(1));
  CHECK(node.state().role == Role::leader);
  CHECK(node.fire(Timer::heartbeat).messages<AppendEntries>() == 2);
}

TEST_CASE("raft 4: who has no say does not stand for election, and votes for who asks") {
  Bench<Raft> node(n5, five, voting(3));
  CHECK(node.start().fact<Reconfigured>().voters == 7);
  CHECK(node.fire(Timer::election).timer_set(Timer::election));
  CHECK(node.state().role == Role::follower);
  // "Servers process incoming RPC requests without consulting their current configurations" (4.1).
  CHECK(node.receive(n1, RequestVote{Term{1}, {}, {}}).message<VoteReply>() == granted(1));
}

TEST_CASE("raft 4.1: the new configuration takes effect as soon as it is added to the log") {
  RaftBench node = leader_of_five(voting(3));
  const auto learner = node.ask(change(1, Administration::add_learner, 4));
  CHECK(learner.record<Append>().entry == configures(1, 1, {7, 0, 8}));
  CHECK(learner.fact<Reconfigured>().learners == 8);
  CHECK(learner.message_to<AppendEntries>(n4) != nullptr);
  CHECK(learner.message_to<AppendEntries>(n5) == nullptr);
  const auto committed = node.receive(n2, matched(1, 1, 2));
  CHECK(committed.replies[0].response.outcome == Outcome::ok);

  // 4.2.1: it is not counted, nor given a say before it has caught up.
  node.ask(write(1, 5));
  node.receive(n4, matched(1, 0, 3));
  CHECK(node.state().commit_index == LogIndex{2});
  node.receive(n2, matched(1, 2, 3));
  const auto voter = node.ask(change(2, Administration::add_voter, 4));
  CHECK(voter.record<Append>().entry == configures(1, 2, {15, 0, 0}));
  // Now three of four are needed.
  node.receive(n2, matched(1, 3, 4));
  CHECK(node.state().commit_index == LogIndex{3});
  node.receive(n4, matched(1, 3, 4));
  CHECK(node.state().commit_index == LogIndex{4});
}

TEST_CASE("raft 4.2.1: a server that is far behind gets no say") {
  Config config = voting(3);
  config.max_entries_per_message = 1;
  RaftBench node = leader_of_five(config);
  node.ask(write(1, 5));
  CHECK(node.ask(change(1, Administration::add_voter, 4)).replies[0].response.outcome ==
        Outcome::failed);
}

TEST_CASE("raft 4.1: a change may not begin until the one before has been committed") {
  for (const Bug bug : {Bug::none, Bug::overlapping_changes}) {
    CAPTURE(bug);
    RaftBench node = leader_of_five(voting(3, bug));
    node.ask(change(1, Administration::add_learner, 4));
    const auto second = node.ask(change(2, Administration::remove, 3));
    CHECK(second.records<Append>() == (bug == Bug::none ? 0 : 1));
    if (bug == Bug::none) CHECK(second.replies[0].response.outcome == Outcome::failed);
  }
}

TEST_CASE("raft-dev 2015: no change until an entry of the current term is committed") {
  for (const Bug bug : {Bug::none, Bug::change_before_own_commit}) {
    CAPTURE(bug);
    RaftBench node(five, voting(0, bug));
    node.be_elected();
    CHECK(node.ask(change(1, Administration::remove, 5)).records<Append>() ==
          (bug == Bug::none ? 0 : 1));
  }
}

TEST_CASE("raft 4.1: a change that another leader overwrites is taken back") {
  RaftBench node(five, voting(3));
  node.hold({noop(1), configures(1, 1, {1, 0, 0})});
  const auto step = node.receive(n3, append_entries(2, 1, 1, {noop(2)}));
  CHECK(step.fact<Reconfigured>().voters == 7);
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 2);
}

TEST_CASE("raft 4.1: after a restart the latest configuration in the log counts") {
  RaftBench node(five, voting(3));
  node.hold({noop(1), configures(1, 1, {31, 0, 0})});
  node.crash_and_recover();
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 4);
}

TEST_CASE(
    "raft 4.3: under a joint configuration elections and commitment need majorities of both, and "
    "its leader ends it once it is committed") {
  for (const Bug bug : {Bug::none, Bug::joint_one_majority}) {
    CAPTURE(bug);
    RaftBench node = leader_of_five(voting(3, bug));
    const auto joint = node.ask(change(1, Administration::set_voters, 0b11001));  // n1, n4, n5
    CHECK(joint.record<Append>().entry == configures(1, 1, {0b11001, 7, 0}));
    CHECK(joint.message_to<AppendEntries>(n2) != nullptr);
    CHECK(joint.message_to<AppendEntries>(n5) != nullptr);
    node.receive(n4, matched(1, 0, 2));
    const auto both = node.receive(n5, matched(1, 0, 2));
    CHECK(node.state().commit_index == LogIndex{bug == Bug::none ? 1u : 2u});
    if (bug != Bug::none) continue;
    CHECK(both.replies.empty());
    const auto ended = node.receive(n2, matched(1, 1, 2));
    CHECK(ended.record<Append>().entry == configures(1, 1, {0b11001, 0, 0}));
    CHECK(ended.replies.empty());
    // C_new is committed by its own majority alone, and the client hears of it.
    CHECK(node.receive(n5, matched(1, 2, 3)).replies.size() == 1);
  }
}

TEST_CASE("raft 4.3: votes under a joint configuration") {
  RaftBench node(five, voting(3));
  node.hold({noop(1), configures(1, 1, {0b11001, 7, 0})});
  node.fire(Timer::election);
  node.receive(n4, granted(2));
  node.receive(n5, granted(2));
  CHECK(node.state().role == Role::candidate);
  node.receive(n2, granted(2));
  CHECK(node.state().role == Role::leader);
}

TEST_CASE("raft 4.3: a new leader ends the joint configuration of the one before") {
  RaftBench node(five, voting(3));
  node.hold({noop(1), configures(1, 1, {0b11001, 7, 0})});
  node.fire(Timer::election);
  for (const NodeId voter : {n4, n5, n2}) node.receive(voter, granted(2));
  node.receive(n2, matched(2, 2, 3));
  node.receive(n4, matched(2, 2, 3));
  CHECK(node.state().last_index == LogIndex{4});
}

TEST_CASE("raft bug change_without_joint: the old voters are gone at once") {
  RaftBench node = leader_of_five(voting(3, Bug::change_without_joint));
  CHECK(node.ask(change(1, Administration::set_voters, 0b11001)).record<Append>().entry ==
        configures(1, 1, {0b11001, 0, 0}));
}

TEST_CASE(
    "raft 4.2.2: a leader that is not in the new configuration manages it without counting itself, "
    "and steps down once it is committed") {
  RaftBench node = leader_of_five(voting(3));
  node.ask(change(1, Administration::remove, 1));
  node.receive(n2, matched(1, 1, 2));
  CHECK(node.state().commit_index == LogIndex{1});
  CHECK(node.state().role == Role::leader);
  const auto done = node.receive(n3, matched(1, 1, 2));
  CHECK(node.state().role == Role::follower);
  CHECK(done.fact<SteppedDown>().term == Term{1});
  CHECK(done.replies[0].response.outcome == Outcome::ok);
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 0);
}

TEST_CASE("raft 4: what cannot be is refused, what is so already is confirmed") {
  RaftBench node = leader_of_five(voting(3));
  const auto refused = [&](Administration what, std::int64_t value) {
    static std::uint64_t sequence = 0;
    return node.ask(change(++sequence, what, value)).replies[0].response.outcome == Outcome::failed;
  };
  CHECK(refused(Administration::add_learner, 2));  // a voter
  CHECK(refused(Administration::add_voter, 6));    // no node
  CHECK(refused(Administration::add_voter, 0));
  CHECK(refused(Administration::set_voters, 0));  // nobody
  CHECK(refused(Administration::set_voters, 32));
  CHECK(refused(static_cast<Administration>(77), 1));
  CHECK_FALSE(refused(Administration::add_voter, 2));
  CHECK(node.state().last_index == LogIndex{1});
}

TEST_CASE("raft 4 and 7: the configuration is part of a snapshot") {
  Config config = voting(3);
  config.snapshot_after = 2;
  RaftBench node(five, config);
  node.hold({noop(1), configures(1, 1, {31, 0, 0})}, 2);
  REQUIRE(node.journal().size() > 0);
  node.crash_and_recover();
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 4);
}

TEST_CASE(
    "raft 4.2.2: who is not in its latest configuration stands all the same until that is "
    "committed, without a vote of its own") {
  for (const Bug bug : {Bug::none, Bug::removed_never_stand}) {
    CAPTURE(bug);
    // Figure 4.7: of n1 and n2, n1 has begun to remove itself, and n2 has not heard of it. n2 is
    // refused by n1, whose log is longer: only n1 can lead.
    Bench<Raft> node(n1, {n1, n2}, voting(0, bug));
    node.start();
    node.receive(n2, append_entries(1, 0, 0, {noop(1), configures(1, 1, {0b10, 0, 0})}, 1));
    const auto asks = node.fire(Timer::election);
    CHECK(asks.messages<RequestVote>() == (bug == Bug::none ? 1 : 0));
    if (bug != Bug::none) continue;
    CHECK(node.state().role == Role::candidate);
    node.receive(n2, granted(2));
    CHECK(node.state().role == Role::leader);
    // Once the change is committed it has nothing more to say.
    node.receive(n2, matched(2, 2, 3));
    CHECK(node.state().role == Role::follower);
    CHECK(node.fire(Timer::election).messages<RequestVote>() == 0);
  }
}

TEST_CASE("raft 4.2.2: who left in an earlier change, or never had a say, does not stand") {
  Bench<Raft> node(n5, five, voting(3));
  node.start();
  node.receive(n1, append_entries(1, 0, 0, {noop(1), configures(1, 1, {0b11, 0, 0})}, 0));
  CHECK(node.fire(Timer::election).messages<RequestVote>() == 0);
  RaftBench left(five, voting(3));
  left.hold({noop(1), configures(1, 1, {0b110, 0, 0}), configures(1, 2, {0b1110, 0, 0})}, 0);
  // It sends clients to its leader as long as it hears it, and not for ever.
  CHECK(left.ask(write(1, 5)).replies[0].response.leader == n2);
  CHECK(left.fire(Timer::election).messages<RequestVote>() == 0);
  CHECK(left.ask(write(2, 5)).replies[0].response.leader == NodeId{});
}

TEST_CASE("raft: quorums other than majorities elect and commit, and membership stays as it is") {
  Config config;
  config.quorums = quorum::Sizes{4, 2};
  RaftBench node(five, config);
  node.fire(Timer::election);
  node.receive(n2, granted(1));
  node.receive(n3, granted(1));
  CHECK(node.state().role == Role::candidate);
  node.receive(n4, granted(1));
  REQUIRE(node.state().role == Role::leader);
  node.receive(n5, matched(1, 0, 1));
  CHECK(node.state().commit_index == LogIndex{1});
  CHECK(node.ask(change(1, Administration::remove, 5)).replies[0].response.outcome ==
        Outcome::failed);
}

TEST_CASE("raft: quorums must meet, and those that elect each other too, unless it is meant") {
  Config config;
  config.quorums = quorum::Sizes{2, 4};
  CHECK_FALSE(config.misfit(5).empty());
  config.unsafe_quorums = true;
  CHECK(config.misfit(5).empty());
  config.unsafe_quorums = false;
  config.quorums = quorum::Sizes{3, 3};
  CHECK(config.misfit(5).empty());
  config.quorums = quorum::Grid{2};
  CHECK_FALSE(config.misfit(4).empty());
  config.quorums = quorum::Grid{1};
  CHECK(config.misfit(4).empty());
  config.quorums = quorum::Weights{{3, 1, 1, 1}, 4, 3};
  CHECK(config.misfit(4).empty());
  config.quorums = quorum::Weights{{3, 1, 1, 1}, 3, 4};
  CHECK_FALSE(config.misfit(4).empty());
  CHECK(config.problem().empty());
  config.voters = 3;
  CHECK_FALSE(config.problem().empty());
}
