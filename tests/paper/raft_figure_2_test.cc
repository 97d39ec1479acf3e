// Raft on one page: Figure 2 of Ongaro and Ousterhout 2014 (extended version), one test for each of
// its numbered or bulleted rules, in its order. What the sections add stands in
// tests/algorithms/raft_*_test.cc.
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

RequestVote asks(std::uint64_t term, std::uint64_t last_index, std::uint64_t last_term) {
  return {Term{term}, LogIndex{last_index}, Term{last_term}};
}

// Leads three nodes in term 1 with its no-op committed.
RaftBench leader_at_rest() {
  RaftBench node;
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.receive(n3, matched(1, 0, 1));
  return node;
}

}  // namespace

// --- State -------------------------------------------------------------------------------------

TEST_CASE("figure 2, persistent state: currentTerm, votedFor and log[] outlive a crash") {
  RaftBench node;
  node.hold({noop(3), entry(3, 10)});
  node.receive(n3, asks(4, 9, 3));
  node.crash_and_recover();
  CHECK(node.state().term == Term{4});
  CHECK(node.state().voted_for == n3);
  CHECK(node.state().last_index == LogIndex{2});
  CHECK(node.state().last_term == Term{3});
}

TEST_CASE("figure 2, persistent state: a fresh server is in term 0, has voted for nobody, no log") {
  RaftBench node;
  CHECK(node.state().term == Term{0});
  CHECK(node.state().voted_for == NodeId{});
  CHECK(node.state().last_index == LogIndex{0});
}

TEST_CASE("figure 2, volatile state: commitIndex and lastApplied start at 0, after a crash too") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)}, 2);
  REQUIRE(node.state().applied_index == LogIndex{2});
  node.crash_and_recover();
  CHECK(node.state().commit_index == LogIndex{0});
  CHECK(node.state().applied_index == LogIndex{0});
}

TEST_CASE("figure 2, volatile state on leaders: nextIndex starts behind the log, matchIndex at 0") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.hold({noop(1), entry(1, 10)});
  const auto won = node.be_elected();
  CHECK(won.message_to<AppendEntries>(n4)->previous_index == LogIndex{2});
  // Were it not 0, the answers of one follower would make a majority of five.
  CHECK(node.receive(n4, matched(2, 2, 3)).stated<Committed>() == 0);
  CHECK(node.receive(n5, matched(2, 2, 3)).stated<Committed>() == 1);
}

// --- AppendEntries RPC, receiver implementation --------------------------------------------------

TEST_CASE("figure 2, AppendEntries 1: false if term < currentTerm") {
  RaftBench node;
  node.hold({noop(3)});
  const auto step = node.receive(n3, append_entries(2, 1, 3, {entry(2, 10)}));
  CHECK(step.message<AppendReply>().result == AppendResult::stale_term);
  CHECK(step.message<AppendReply>().term == Term{3});
  CHECK(step.persist.empty());
  CHECK(step.timers.empty());
}

TEST_CASE("figure 2, AppendEntries 2: false if no entry at prevLogIndex has prevLogTerm") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  for (const auto& request :
       {append_entries(2, 3, 1, {entry(2, 20)}), append_entries(2, 2, 2, {entry(2, 20)})}) {
    const auto step = node.receive(n3, request);
    CHECK(step.message<AppendReply>().result == AppendResult::conflict);
    CHECK(step.records<Append>() == 0);
  }
}

TEST_CASE("figure 2, AppendEntries 3: a conflicting entry goes, and all that follow it") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20), entry(1, 30)});
  const auto step = node.receive(n3, append_entries(2, 1, 1, {entry(2, 40)}));
  CHECK(step.record<Truncate>() == Truncate{LogIndex{1}});
  CHECK(node.state().last_index == LogIndex{2});
}

TEST_CASE("figure 2, AppendEntries 4: entries are appended that are not in the log already") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  const auto step = node.receive(n2, append_entries(1, 1, 1, {entry(1, 10), entry(1, 20)}));
  REQUIRE(step.records<Append>() == 1);
  CHECK(step.record<Append>() == Append{LogIndex{3}, entry(1, 20)});
  CHECK(step.records<Truncate>() == 0);
}

TEST_CASE("figure 2, AppendEntries 5: commitIndex = min(leaderCommit, index of last new entry)") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)});
  node.receive(n2, append_entries(1, 0, 0, {noop(1), entry(1, 10)}, 3));
  CHECK(node.state().commit_index == LogIndex{2});
  node.receive(n2, append_entries(1, 3, 1, {}, 1));
  CHECK(node.state().commit_index == LogIndex{2});
}

// --- RequestVote RPC, receiver implementation ----------------------------------------------------

TEST_CASE("figure 2, RequestVote 1: false if term < currentTerm") {
  RaftBench node;
  node.hold({noop(3)});
  const auto step = node.receive(n3, asks(2, 9, 9));
  CHECK(step.message<VoteReply>() == VoteReply{Term{3}, Vote::stale_term});
  CHECK(step.persist.empty());
}

TEST_CASE("figure 2, RequestVote 2: granted to one candidate, if its log is up to date") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  SUBCASE("votedFor is null") {
    CHECK(node.receive(n3, asks(2, 2, 1)).message<VoteReply>().vote == Vote::granted);
  }
  SUBCASE("votedFor is candidateId") {
    node.receive(n3, asks(2, 2, 1));
    CHECK(node.receive(n3, asks(2, 2, 1)).message<VoteReply>().vote == Vote::granted);
  }
  SUBCASE("votedFor is somebody else") {
    node.receive(n3, asks(2, 2, 1));
    CHECK(node.receive(n2, asks(2, 2, 1)).message<VoteReply>().vote == Vote::already_voted);
  }
  SUBCASE("its log is behind") {
    CHECK(node.receive(n3, asks(2, 1, 1)).message<VoteReply>().vote == Vote::stale_log);
  }
}

// --- Rules for servers: all ----------------------------------------------------------------------

TEST_CASE("figure 2, all servers 1: up to commitIndex entries are applied, each once, in order") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)}, 1);
  const auto step = node.receive(n2, append_entries(1, 3, 1, {}, 3));
  REQUIRE(step.stated<Decided>() == 2);
  CHECK(step.fact<Decided>(0).slot == Slot{2});
  CHECK(step.fact<Decided>(1).slot == Slot{3});
  CHECK(node.state().applied_index == LogIndex{3});
}

TEST_CASE("figure 2, all servers 2: a term T > currentTerm, in a request or response, is taken") {
  for (const Raft::Message& message :
       {Raft::Message{asks(7, 0, 0)}, Raft::Message{append_entries(7, 0, 0, {})},
        Raft::Message{VoteReply{Term{7}, Vote::stale_term}}, Raft::Message{matched(7, 0, 0)}}) {
    RaftBench node = leader_at_rest();
    const auto step = node.receive(n2, message);
    CHECK(step.record<TermAndVote>().term == Term{7});
    CHECK(node.state().role == Role::follower);
  }
}

// --- Rules for servers: followers ----------------------------------------------------------------

TEST_CASE("figure 2, followers 1: they respond to candidates and leaders") {
  RaftBench node;
  CHECK(node.receive(n2, append_entries(1, 0, 0, {})).messages<AppendReply>() == 1);
  CHECK(node.receive(n3, asks(2, 0, 0)).messages<VoteReply>() == 1);
}

TEST_CASE("figure 2, followers 2: no leader and no vote within the election timeout: candidate") {
  RaftBench node;
  CHECK(node.receive(n2, append_entries(1, 0, 0, {})).timer_set(Timer::election));
  CHECK(node.receive(n3, asks(2, 0, 0)).timer_set(Timer::election));
  // Not for the leader of another term, nor for a candidate who gets no vote.
  CHECK(node.receive(n2, append_entries(1, 0, 0, {})).timer(Timer::election) == nullptr);
  CHECK(node.receive(n2, asks(2, 0, 0)).timer(Timer::election) == nullptr);
  node.fire(Timer::election);
  CHECK(node.state().role == Role::candidate);
}

// --- Rules for servers: candidates ---------------------------------------------------------------

TEST_CASE("figure 2, candidates 1: a new term, its own vote, a new timer, RequestVote to all") {
  RaftBench node;
  const auto step = node.fire(Timer::election);
  CHECK(step.record<TermAndVote>() == TermAndVote{Term{1}, n1});
  CHECK(step.timer_set(Timer::election));
  CHECK(*step.message_to<RequestVote>(n2) == asks(1, 0, 0));
  CHECK(*step.message_to<RequestVote>(n3) == asks(1, 0, 0));
}

TEST_CASE("figure 2, candidates 2: votes of a majority make a leader") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.fire(Timer::election);
  node.receive(n4, granted(1));
  CHECK(node.state().role == Role::candidate);
  node.receive(n5, granted(1));
  CHECK(node.state().role == Role::leader);
}

TEST_CASE("figure 2, candidates 3: AppendEntries of a new leader makes a follower") {
  RaftBench node;
  node.fire(Timer::election);
  node.receive(n2, append_entries(1, 0, 0, {}));
  CHECK(node.state().role == Role::follower);
  CHECK(node.state().term == Term{1});
}

TEST_CASE("figure 2, candidates 4: if the election timeout elapses, a new election") {
  RaftBench node;
  node.fire(Timer::election);
  const auto step = node.fire(Timer::election);
  CHECK(node.state().role == Role::candidate);
  CHECK(step.message<RequestVote>().term == Term{2});
}

// --- Rules for servers: leaders ------------------------------------------------------------------

TEST_CASE("figure 2, leaders 1: AppendEntries upon election, and again during idle periods") {
  RaftBench node;
  const auto won = node.be_elected();
  CHECK(won.messages<AppendEntries>() == 2);
  CHECK(won.timer_set(Timer::heartbeat));
  RaftBench idle = leader_at_rest();
  const auto step = idle.fire(Timer::heartbeat);
  CHECK(step.messages<AppendEntries>() == 2);
  CHECK(step.message<AppendEntries>().entries.empty());
  CHECK(step.timer_set(Timer::heartbeat));
}

TEST_CASE("figure 2, leaders 2: a command is appended, and answered once it is applied") {
  RaftBench node = leader_at_rest();
  const auto asked = node.ask(write(1, 10));
  CHECK(asked.record<Append>().index == LogIndex{2});
  CHECK(asked.replies.empty());
  const auto applied = node.receive(n2, matched(1, 1, 2));
  CHECK(applied.stated<Decided>() == 1);
  REQUIRE(applied.replies.size() == 1);
  CHECK(applied.replies.front().response.outcome == Outcome::ok);
}

TEST_CASE("figure 2, leaders 3: a follower is sent what it lacks, from nextIndex on") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)});
  node.be_elected();  // in term 2, with the no-op at index 4
  SUBCASE("success: nextIndex and matchIndex are updated") {
    node.receive(n2, matched(2, 3, 4));
    CHECK(node.state().commit_index == LogIndex{4});
    CHECK(node.fire(Timer::heartbeat).message_to<AppendEntries>(n2)->previous_index == LogIndex{4});
  }
  SUBCASE("failure because of inconsistency: nextIndex falls, and it is tried again") {
    const auto again = node.receive(n2, conflict(2, 3, 0, 3));
    CHECK(again.message<AppendEntries>().previous_index == LogIndex{2});
    CHECK(again.message<AppendEntries>().entries.size() == 2);
  }
}

TEST_CASE("figure 2, leaders 4: commitIndex is what a majority has of the current term") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.hold({noop(1), entry(1, 10)});
  node.be_elected();  // in term 2, with the no-op at index 3
  node.receive(n2, matched(2, 1, 2));
  node.receive(n3, matched(2, 1, 2));
  CHECK(node.state().commit_index == LogIndex{0});  // a majority has entry 2, but of term 1
  node.receive(n2, matched(2, 2, 3));
  CHECK(node.state().commit_index == LogIndex{0});
  node.receive(n3, matched(2, 2, 3));
  CHECK(node.state().commit_index == LogIndex{3});
}
