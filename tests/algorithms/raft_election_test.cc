// Raft on the bench, sections 5.1, 5.2 and 5.4.1: terms, roles and votes.
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::literals;
using namespace ballast::raft;

namespace {

RequestVote request_vote(std::uint64_t term, std::uint64_t last_index = 0,
                         std::uint64_t last_term = 0) {
  return {Term{term}, LogIndex{last_index}, Term{last_term}};
}

}  // namespace

TEST_CASE("raft 5.2: when servers start up, they begin as followers") {
  Bench<Raft> node{n1, {n1, n2, n3}};
  const auto step = node.start();
  CHECK(node.state().role == Role::follower);
  CHECK(step.timers.size() == 1);
  CHECK(step.timer_set(Timer::election));
  CHECK(step.timer(Timer::election)->min == 150_ms);
  CHECK(step.timer(Timer::election)->max == 300_ms);
  CHECK(step.send.empty());
  CHECK(step.persist.empty());
}

TEST_CASE(
    "raft 5.2: to begin an election, a follower increments its term, votes for itself and "
    "issues RequestVote to each of the other servers") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  const auto step = node.fire(Timer::election);
  CHECK(node.state().role == Role::candidate);
  CHECK(step.record<TermAndVote>() == TermAndVote{Term{2}, n1});
  CHECK(step.messages<RequestVote>() == 2);
  CHECK(*step.message_to<RequestVote>(n2) == request_vote(2, 2, 1));
  CHECK(*step.message_to<RequestVote>(n3) == request_vote(2, 2, 1));
  CHECK(step.fact<TermStarted>().term == Term{2});
  CHECK(step.fact<Campaigned>().term == Term{2});
  CHECK(step.fact<VoteGranted>().candidate == n1);
  CHECK(step.timer_set(Timer::election));
}

TEST_CASE("raft 5.2: a candidate whose vote was split starts a new election in a new term") {
  RaftBench node;
  node.fire(Timer::election);
  const auto step = node.fire(Timer::election);
  CHECK(node.state().role == Role::candidate);
  CHECK(step.record<TermAndVote>() == TermAndVote{Term{2}, n1});
  CHECK(step.message<RequestVote>().term == Term{2});
  // Votes of the first election do not count for the second.
  node.receive(n2, granted(1));
  CHECK(node.state().role == Role::candidate);
}

TEST_CASE("raft 5.2: a candidate wins with the votes of a majority of the full cluster") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.fire(Timer::election);
  CHECK(node.receive(n2, granted(1)).silent());
  CHECK(node.state().role == Role::candidate);
  SUBCASE("three of five elect") {
    const auto step = node.receive(n3, granted(1));
    CHECK(node.state().role == Role::leader);
    CHECK(step.fact<Elected>().term == Term{1});
    CHECK(step.timer_cancelled(Timer::election));
    CHECK(step.timer_set(Timer::heartbeat));
    CHECK(step.timer(Timer::heartbeat)->min == 50_ms);
  }
  SUBCASE("the same vote twice is one vote") {
    node.receive(n2, granted(1));
    CHECK(node.state().role == Role::candidate);
  }
  SUBCASE("a refusal is none") {
    node.receive(n3, VoteReply{Term{1}, Vote::stale_log});
    node.receive(n4, VoteReply{Term{1}, Vote::already_voted});
    CHECK(node.state().role == Role::candidate);
  }
  SUBCASE("votes beyond the majority change nothing") {
    node.receive(n3, granted(1));
    CHECK(node.receive(n4, granted(1)).silent());
    CHECK(node.state().role == Role::leader);
  }
}

TEST_CASE("raft 5.2: a group of one elects itself") {
  RaftBench node({n1});
  const auto step = node.fire(Timer::election);
  CHECK(node.state().role == Role::leader);
  CHECK(step.send.empty());
  CHECK(step.timer_cancelled(Timer::election));
}

TEST_CASE(
    "raft 5.2: a node grants at most one vote per term, and says so only once it is written "
    "down") {
  RaftBench node;
  const auto first = node.receive(n2, request_vote(1));
  CHECK(first.message<VoteReply>() == VoteReply{Term{1}, Vote::granted});
  CHECK(first.record<TermAndVote>(first.records<TermAndVote>() - 1) == TermAndVote{Term{1}, n2});
  CHECK(first.fact<VoteGranted>().candidate == n2);
  CHECK(first.timer_set(Timer::election));
  SUBCASE("another candidate is refused") {
    const auto second = node.receive(n3, request_vote(1));
    CHECK(second.message<VoteReply>() == VoteReply{Term{1}, Vote::already_voted});
    CHECK(second.stated<VoteGranted>() == 0);
    CHECK(second.timers.empty());
  }
  SUBCASE("even across a crash") {
    node.crash_and_recover();
    const auto second = node.receive(n3, request_vote(1));
    CHECK(second.message<VoteReply>() == VoteReply{Term{1}, Vote::already_voted});
  }
  SUBCASE("even for a candidate with a longer log") {
    const auto second = node.receive(n3, request_vote(1, 9, 1));
    CHECK(second.message<VoteReply>().vote == Vote::already_voted);
  }
  SUBCASE("the same candidate gets the same answer, and nothing is written twice") {
    const auto again = node.receive(n2, request_vote(1));
    CHECK(again.message<VoteReply>() == VoteReply{Term{1}, Vote::granted});
    CHECK(again.persist.empty());
    CHECK(again.facts.empty());
  }
  SUBCASE("a new term brings a new vote") {
    const auto later = node.receive(n3, request_vote(2));
    CHECK(later.message<VoteReply>() == VoteReply{Term{2}, Vote::granted});
    CHECK(later.record<TermAndVote>(1) == TermAndVote{Term{2}, n3});
  }
}

TEST_CASE("raft 5.2: a candidate has voted for itself") {
  RaftBench node;
  node.fire(Timer::election);
  CHECK(node.receive(n2, request_vote(1)).message<VoteReply>().vote == Vote::already_voted);
  // And remembers it: after a crash in the same term it still votes for nobody else.
  node.crash_and_recover();
  CHECK(node.receive(n2, request_vote(1)).message<VoteReply>().vote == Vote::already_voted);
}

TEST_CASE("raft 5.4.1: a voter denies its vote if its own log is more up-to-date") {
  RaftBench node;
  node.hold({noop(1), noop(3), entry(3, 1)});  // ends with entry 3 of term 3
  struct Case {
    std::uint64_t last_index;
    std::uint64_t last_term;
    Vote vote;
  };
  // "If the logs have last entries with different terms, then the log with the later term is more
  // up-to-date. If the logs end with the same term, then whichever log is longer is more
  // up-to-date."
  const Case cases[] = {
      {9, 2, Vote::stale_log}, {3, 2, Vote::stale_log}, {0, 0, Vote::stale_log},
      {2, 3, Vote::stale_log}, {3, 3, Vote::granted},   {4, 3, Vote::granted},
      {1, 4, Vote::granted},
  };
  for (const Case& c : cases) {
    CAPTURE(c.last_index);
    CAPTURE(c.last_term);
    RaftBench voter = node;
    const auto step = voter.receive(n3, request_vote(5, c.last_index, c.last_term));
    CHECK(step.message<VoteReply>() == VoteReply{Term{5}, c.vote});
    // A refused candidate does not keep the voter from standing itself.
    CHECK(step.timer_set(Timer::election) == (c.vote == Vote::granted));
  }
}

TEST_CASE("raft 5.1: a server that sees a larger term updates its own and becomes a follower") {
  RaftBench node;
  node.be_elected();
  REQUIRE(node.state().role == Role::leader);
  const std::vector<Raft::Message> messages = {
      request_vote(4), VoteReply{Term{4}, Vote::stale_term}, append_entries(4, 0, 0, {}),
      AppendReply{Term{4}, AppendResult::stale_term, {}, {}, {}, {}}};
  for (const Raft::Message& message : messages) {
    CAPTURE(name_of(message));
    RaftBench leader = node;
    const auto step = leader.receive(n2, message);
    CHECK(leader.state().role == Role::follower);
    CHECK(leader.state().term == Term{4});
    CHECK(step.record<TermAndVote>() == TermAndVote{Term{4}, NodeId{}});
    CHECK(step.fact<SteppedDown>().term == Term{1});
    CHECK(step.fact<TermStarted>().term == Term{4});
    CHECK(step.timer_cancelled(Timer::heartbeat));
    CHECK(step.timer_set(Timer::election));
  }
}

TEST_CASE("raft 5.1: a request with a stale term is rejected with the current one") {
  RaftBench node;
  node.receive(n2, append_entries(5, 0, 0, {noop(5)}));
  const auto vote = node.receive(n3, request_vote(4, 9, 4));
  CHECK(vote.message<VoteReply>() == VoteReply{Term{5}, Vote::stale_term});
  CHECK(vote.persist.empty());
  CHECK(vote.timers.empty());
  const auto append = node.receive(n3, append_entries(4, 1, 5, {noop(4)}, 1));
  CHECK(append.message<AppendReply>().result == AppendResult::stale_term);
  CHECK(append.message<AppendReply>().term == Term{5});
  CHECK(append.persist.empty());
  CHECK(append.timers.empty());
  CHECK(node.state().commit_index == LogIndex{0});
}

TEST_CASE("raft 5.1: a reply of an earlier term is not counted") {
  RaftBench node;
  SUBCASE("a vote") {
    node.fire(Timer::election);
    node.fire(Timer::election);
    CHECK(node.receive(n2, granted(1)).silent());
    CHECK(node.state().role == Role::candidate);
  }
  SUBCASE("an acknowledgement") {
    node.be_elected();
    node.receive(n3, append_entries(2, 0, 0, {}));
    node.be_elected();
    REQUIRE(node.state().term == Term{3});
    REQUIRE(node.state().last_index == LogIndex{2});
    CHECK(node.receive(n2, matched(1, 1, 2)).silent());
    CHECK(node.state().commit_index == LogIndex{0});
  }
}

TEST_CASE(
    "raft 5.2: a candidate that hears from the leader of its term returns to follower state, "
    "and keeps its vote") {
  RaftBench node;
  node.fire(Timer::election);
  const auto step = node.receive(n2, append_entries(1, 0, 0, {noop(1)}));
  CHECK(node.state().role == Role::follower);
  CHECK(node.state().voted_for == n1);
  CHECK(step.fact<SteppedDown>().term == Term{1});
  CHECK(step.stated<TermStarted>() == 0);
  CHECK(step.records<TermAndVote>() == 0);
  CHECK(step.timer_set(Timer::election));
  CHECK(step.message<AppendReply>() == matched(1, 0, 1));
  // 5.2: "If the term in the RPC is smaller than the candidate's current term, then the candidate
  // rejects the RPC and continues in candidate state."
  node.fire(Timer::election);
  node.receive(n2, append_entries(1, 1, 1, {}));
  CHECK(node.state().role == Role::candidate);
}

TEST_CASE("raft 5.2: a follower remains one as long as it hears from a leader") {
  RaftBench node;
  for (int i = 0; i < 3; ++i) {
    const auto step = node.receive(n2, append_entries(1, 0, 0, {}));
    CHECK(step.timer_set(Timer::election));
    CHECK(node.state().role == Role::follower);
  }
}

TEST_CASE("raft: two leaders in one term are a broken rule, not a crash of the simulator") {
  RaftBench node;
  node.be_elected();
  const auto step = node.receive(n2, append_entries(1, 0, 0, {}));
  CHECK(step.broken == "raft: at most one leader in a term (5.2)");
}

TEST_CASE("raft: term, vote and log survive a crash; role and commit index do not") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)}, 2);
  node.receive(n3, append_entries(2, 2, 1, {noop(2)}, 2));  // replaces entry 3
  node.fire(Timer::election);
  const State before = node.state();
  CHECK(before.role == Role::candidate);
  const auto step = node.crash_and_recover();
  CHECK(node.state() == State{before.term, before.voted_for, Role::follower, before.last_index,
                              before.last_term, LogIndex{}, LogIndex{}});
  CHECK(step.timer_set(Timer::election));
  CHECK(step.facts.empty());
  // Of a journal cut short in the middle of a step the rest stands.
  REQUIRE(node.journal().size() > 3);
  node.crash_and_recover(3);
  CHECK(node.state().term == Term{1});
  CHECK(node.state().last_index == LogIndex{2});
}

TEST_CASE("raft: the options must fit together") {
  Config config;
  CHECK(config.problem().empty());
  config.heartbeat = config.election_timeout.min;
  CHECK(config.problem().find("heartbeat") != std::string::npos);
}
