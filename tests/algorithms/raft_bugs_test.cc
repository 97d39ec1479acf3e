// The planted mistakes of Raft on the bench: each does what it says, where the correct node does
// not.
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

TEST_CASE("raft bug vote_not_persisted: after a crash a node votes again in the same term") {
  for (const Bug bug : {Bug::none, Bug::vote_not_persisted}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with_bug(bug));
    node.receive(n2, RequestVote{Term{1}, {}, {}});
    node.crash_and_recover();
    // The term is remembered in any case: it is the vote that is lost.
    CHECK(node.state().term == Term{1});
    const auto step = node.receive(n3, RequestVote{Term{1}, {}, {}});
    const bool again = step.message<VoteReply>().vote == Vote::granted;
    CHECK(again == (bug == Bug::vote_not_persisted));
    // Without a crash nothing is wrong with it.
    CHECK(node.receive(n2, RequestVote{Term{1}, {}, {}}).message<VoteReply>().vote ==
          (again ? Vote::already_voted : Vote::granted));
  }
}

TEST_CASE("raft bug vote_not_persisted: after a crash a candidate votes for another") {
  for (const Bug bug : {Bug::none, Bug::vote_not_persisted}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with_bug(bug));
    node.fire(Timer::election);
    node.crash_and_recover();
    const auto step = node.receive(n3, RequestVote{Term{1}, {}, {}});
    CHECK((step.message<VoteReply>().vote == Vote::granted) == (bug == Bug::vote_not_persisted));
  }
}

TEST_CASE(
    "raft bug no_up_to_date_check: a candidate with an empty log gets the vote of a node that "
    "holds committed entries") {
  for (const Bug bug : {Bug::none, Bug::no_up_to_date_check}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with_bug(bug));
    node.hold({noop(1), entry(1, 10)}, 2);
    const auto step = node.receive(n3, RequestVote{Term{2}, {}, {}});
    CHECK(step.message<VoteReply>().vote == (bug == Bug::none ? Vote::stale_log : Vote::granted));
  }
}

TEST_CASE("raft bug append_without_previous_check: entries are taken behind a log that differs") {
  for (const Bug bug : {Bug::none, Bug::append_without_previous_check}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with_bug(bug));
    node.hold({noop(1), entry(1, 10)});
    SUBCASE("in an earlier entry") {
      const auto step = node.receive(n3, append_entries(3, 2, 2, {noop(3)}));
      CHECK(step.records<Append>() == (bug == Bug::none ? 0 : 1));
      CHECK(step.message<AppendReply>().result ==
            (bug == Bug::none ? AppendResult::conflict : AppendResult::matched));
      CHECK(node.state().last_index == LogIndex{bug == Bug::none ? 2u : 3u});
    }
    SUBCASE("in length: they land where the log ends") {
      const auto step = node.receive(n3, append_entries(3, 7, 2, {noop(3)}, 8));
      CHECK(step.records<Append>() == (bug == Bug::none ? 0 : 1));
      CHECK(node.state().last_index == LogIndex{bug == Bug::none ? 2u : 3u});
    }
  }
}

TEST_CASE(
    "raft bug commit_prior_term: Figure 8, an entry of term 2 on a majority is committed in "
    "term 4") {
  for (const Bug bug : {Bug::none, Bug::commit_prior_term}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3, n4, n5}, with_bug(bug));
    node.hold({noop(1), entry(2, 20)});
    node.receive(n5, RequestVote{Term{3}, {}, {}});
    node.be_elected();
    REQUIRE(node.state().term == Term{4});
    // Figure 8 (c): S1 is leader again and continues replication of the entry of term 2. Its own
    // entry of term 4 is on no other server yet.
    node.receive(n2, matched(4, 1, 2));
    const auto step = node.receive(n3, matched(4, 1, 2));
    CHECK(step.stated<Committed>() == (bug == Bug::none ? 0 : 1));
    CHECK(node.state().commit_index == LogIndex{bug == Bug::none ? 0u : 2u});
  }
}

TEST_CASE(
    "raft bug truncate_on_commit: a follower acknowledges an entry and removes it in the same "
    "step") {
  for (const Bug bug : {Bug::none, Bug::truncate_on_commit}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with_bug(bug));
    const auto step =
        node.receive(n2, append_entries(1, 0, 0, {noop(1), entry(1, 10), entry(1, 20)}, 1));
    CHECK(step.message<AppendReply>() == matched(1, 0, 3));
    CHECK(step.records<Truncate>() == (bug == Bug::none ? 0 : 1));
    CHECK(node.state().last_index == LogIndex{bug == Bug::none ? 3u : 1u});
    // Without news about the commit index nothing is removed.
    RaftBench other({n1, n2, n3}, with_bug(bug));
    other.hold({noop(1), entry(1, 10)});
    CHECK(other.state().last_index == LogIndex{2});
  }
}
