// Raft on the bench: PreVote (dissertation 9.6) and CheckQuorum (6.2, 4.2.3).
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::literals;
using namespace ballast::raft;

namespace {

Config with(bool pre_vote, bool check_quorum, Bug bug = Bug::none) {
  Config config;
  config.pre_vote = pre_vote;
  config.check_quorum = check_quorum;
  config.bug = bug;
  return config;
}
const Config pre_vote = with(true, false);
const Config check_quorum = with(false, true);

PreVoteReply would(std::uint64_t term) { return {Term{term}, PreVoteResult::granted}; }

}  // namespace

TEST_CASE(
    "raft 9.6: a candidate only increments its term if it first learns from a majority that they "
    "would be willing to grant it their votes") {
  RaftBench node({n1, n2, n3}, pre_vote);
  node.hold({noop(1), entry(1, 10)});
  const auto step = node.fire(Timer::election);
  CHECK(node.state().role == Role::pre_candidate);
  CHECK(node.state().term == Term{1});
  CHECK(step.persist.empty());
  CHECK(step.facts.empty());
  CHECK(step.timer_set(Timer::election));
  CHECK(*step.message_to<PreVote>(n2) == PreVote{Term{2}, LogIndex{2}, Term{1}});
  CHECK(step.messages<PreVote>() == 2);

  const auto stands = node.receive(n3, would(2));
  CHECK(node.state().role == Role::candidate);
  CHECK(stands.record<TermAndVote>() == TermAndVote{Term{2}, n1});
  CHECK(stands.message<RequestVote>().term == Term{2});
}

TEST_CASE("raft 9.6: a pre-vote that finds no majority is asked again, in the same term") {
  RaftBench node({n1, n2, n3, n4, n5}, pre_vote);
  node.fire(Timer::election);
  node.receive(n2, would(1));
  node.receive(n2, would(1));  // once more: it is one voter
  CHECK(node.state().role == Role::pre_candidate);
  node.fire(Timer::election);
  // What was granted for the last time does not count.
  node.receive(n3, would(1));
  CHECK(node.state().role == Role::pre_candidate);
  CHECK(node.state().term == Term{});
  node.receive(n4, would(1));
  CHECK(node.state().role == Role::candidate);
}

TEST_CASE("raft 9.6: whoever hears a leader would not vote, and asking it changes nothing") {
  RaftBench node({n1, n2, n3}, pre_vote);
  node.hold({noop(1)});
  const auto early = node.receive(n3, PreVote{Term{2}, LogIndex{1}, Term{1}});
  CHECK(early.message<PreVoteReply>() == PreVoteReply{Term{1}, PreVoteResult::leader_alive});
  CHECK(early.timers.empty());
  CHECK(early.persist.empty());
  // "... for at least a baseline election timeout": the shortest one.
  node.set_clock(at(149));
  CHECK(node.receive(n3, PreVote{Term{2}, LogIndex{1}, Term{1}}).message<PreVoteReply>().result ==
        PreVoteResult::leader_alive);
  node.set_clock(at(150));
  const auto late = node.receive(n3, PreVote{Term{2}, LogIndex{1}, Term{1}});
  CHECK(late.message<PreVoteReply>() == would(2));
  CHECK(late.timers.empty());
  CHECK(late.persist.empty());
  CHECK(node.state().term == Term{1});
  // It has promised nothing: another one hears the same.
  CHECK(node.receive(n2, PreVote{Term{2}, LogIndex{1}, Term{1}}).message<PreVoteReply>() ==
        would(2));
}

TEST_CASE("raft 9.6: a pre-vote is refused for a stale log, and for a term that is no news") {
  RaftBench node({n1, n2, n3}, pre_vote);
  node.hold({noop(3), entry(3, 10)});
  node.set_clock(at(1000));
  CHECK(node.receive(n3, PreVote{Term{4}, LogIndex{1}, Term{3}}).message<PreVoteReply>() ==
        PreVoteReply{Term{3}, PreVoteResult::stale_log});
  // The refusal carries the term, or one that has fallen behind would ask in vain for ever.
  CHECK(node.receive(n3, PreVote{Term{3}, LogIndex{9}, Term{3}}).message<PreVoteReply>() ==
        PreVoteReply{Term{3}, PreVoteResult::stale_term});
}

TEST_CASE("raft 9.6: a refusal of a later term ends the pre-vote and brings the node up to it") {
  RaftBench node({n1, n2, n3}, pre_vote);
  node.fire(Timer::election);
  const auto step = node.receive(n2, PreVoteReply{Term{7}, PreVoteResult::stale_log});
  CHECK(node.state().role == Role::follower);
  CHECK(node.state().term == Term{7});
  CHECK(step.stated<SteppedDown>() == 0);  // it was no candidate
}

TEST_CASE("raft 9.6: a leader that is heard ends a pre-vote") {
  RaftBench node({n1, n2, n3}, pre_vote);
  node.fire(Timer::election);
  node.receive(n2, append_entries(0, 0, 0, {}));
  CHECK(node.state().role == Role::follower);
}

TEST_CASE("raft 6.2: a leader steps down if it hears from no majority for an election timeout") {
  RaftBench node({n1, n2, n3, n4, n5}, check_quorum);
  const auto won = node.be_elected();
  CHECK(won.timer(Timer::election)->min == 150_ms);
  CHECK(won.timer(Timer::election)->max == 150_ms);
  node.receive(n2, matched(1, 0, 1));
  node.receive(n4, conflict(1, 7, 0, 1));  // any answer shows that it is there
  const auto stays = node.fire(Timer::election);
  CHECK(node.state().role == Role::leader);
  CHECK(stays.timer_set(Timer::election));
  // What was heard before does not count for the next check; twice the same member is one.
  node.receive(n2, matched(1, 0, 1));
  node.receive(n2, matched(1, 0, 1));
  const auto falls = node.fire(Timer::election);
  CHECK(node.state().role == Role::follower);
  CHECK(falls.fact<SteppedDown>().term == Term{1});
  CHECK(falls.timer_cancelled(Timer::heartbeat));
  CHECK(falls.timer_set(Timer::election));
  // Within its term it keeps its vote.
  CHECK(node.state().term == Term{1});
  CHECK(node.state().voted_for == n1);
}

TEST_CASE("raft: without CheckQuorum a leader has no election timer") {
  RaftBench node;
  CHECK(node.be_elected().timer_cancelled(Timer::election));
}

TEST_CASE(
    "raft 4.2.3: within the minimum election timeout of hearing from a current leader a server "
    "does not update its term or grant its vote") {
  for (const bool on : {false, true}) {
    CAPTURE(on);
    RaftBench node({n1, n2, n3}, with(false, on));
    node.hold({noop(1)});
    node.set_clock(at(149));
    const auto step = node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}});
    CHECK(step.silent() == on);
    CHECK(node.state().term == Term{on ? 1u : 5u});
    node.set_clock(at(150));
    const auto later = node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}});
    CHECK(later.message<VoteReply>() == granted(5));
  }
}

TEST_CASE("raft 4.2.3: a leader is not disturbed either; a higher term in a reply deposes it") {
  RaftBench node({n1, n2, n3}, check_quorum);
  node.be_elected();
  CHECK(node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}}).silent());
  CHECK(node.state().role == Role::leader);
  node.receive(n3, AppendReply{Term{5}, AppendResult::stale_term, {}, {}, {}, {}});
  CHECK(node.state().role == Role::follower);
  CHECK(node.state().term == Term{5});
}

TEST_CASE("raft bug own_vote_not_stored: a candidate votes for another one in its own term") {
  for (const Bug bug : {Bug::none, Bug::own_vote_not_stored}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3, n4, n5}, with(true, false, bug));
    node.fire(Timer::election);
    node.receive(n2, would(1));
    node.receive(n3, would(1));
    REQUIRE(node.state().role == Role::candidate);
    const auto step = node.receive(n4, RequestVote{Term{1}, {}, {}});
    CHECK(step.message<VoteReply>().vote ==
          (bug == Bug::none ? Vote::already_voted : Vote::granted));
  }
}
