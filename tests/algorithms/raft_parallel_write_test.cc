// Raft on the bench: a leader's disk write in parallel with replication (dissertation 10.2.1).
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

Config parallel(Bug bug = Bug::none) {
  Config config;
  config.parallel_writes = true;
  config.bug = bug;
  return config;
}

}  // namespace

TEST_CASE("raft 10.2.1: entries leave before the leader's disk has them, all else after it") {
  RaftBench node({n1, n2, n3}, parallel());
  node.be_elected();
  const auto asked = node.ask(write(1, 1));
  CHECK(asked.sent_ahead == 0);  // both followers have not answered the no-op yet
  const auto sent = node.receive(n2, matched(1, 0, 1));
  CHECK(sent.sent_ahead == 1);
  CHECK(*sent.message_to<AppendEntries>(n2) == append_entries(1, 1, 1, {entry(1, 1)}, 0));
  CHECK(*asked.message_to<Written>(n1) == Written{Term{1}, LogIndex{2}});
}

TEST_CASE("raft 10.2.1: the leader counts itself when its disk has the entries") {
  for (const Bug bug : {Bug::none, Bug::leader_counts_unwritten}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, parallel(bug));
    node.be_elected();
    node.receive(n2, matched(1, 0, 1));
    CHECK(node.state().commit_index == LogIndex{bug == Bug::none ? 0u : 1u});
    if (bug != Bug::none) continue;
    node.receive(n1, Written{Term{1}, LogIndex{1}});
    CHECK(node.state().commit_index == LogIndex{1});
  }
}

TEST_CASE("raft 10.2.1: a majority of followers commits without the leader's disk") {
  RaftBench node({n1, n2, n3}, parallel());
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.receive(n3, matched(1, 0, 1));
  CHECK(node.state().commit_index == LogIndex{1});
}

TEST_CASE(
    "raft 10.2.1: what a majority of followers commits is answered without the leader's disk") {
  for (const bool in_parallel : {false, true}) {
    CAPTURE(in_parallel);
    Config config;
    config.parallel_writes = in_parallel;
    RaftBench node({n1, n2, n3}, config);
    node.be_elected();
    node.receive(n2, matched(1, 0, 1));
    node.receive(n3, matched(1, 0, 1));
    node.ask(write(1, 1));
    auto committed = node.receive(n2, matched(1, 1, 2));
    if (in_parallel) committed = node.receive(n3, matched(1, 1, 2));
    REQUIRE(committed.replies.size() == 1);
    CHECK(committed.replied_ahead == (in_parallel ? 1 : 0));
  }
}

TEST_CASE("raft 10.2.1: nobody else can say what a leader's disk has") {
  RaftBench node({n1, n2, n3}, parallel());
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  CHECK(node.receive(n3, Written{Term{1}, LogIndex{1}}).silent());
}
