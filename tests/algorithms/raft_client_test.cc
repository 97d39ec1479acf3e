// Raft on the bench, section 8: what clients are told.
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

// The leader of term 1, whose no-op is committed.
RaftBench leader() {
  RaftBench node;
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  REQUIRE(node.state().commit_index == LogIndex{1});
  return node;
}

// Asks, lets n2 acknowledge, and returns the one answer.
Response answer_to(RaftBench& node, const Request& request) {
  const std::uint64_t last = node.state().last_index.value;
  REQUIRE(node.ask(request).replies.empty());
  const auto step = node.receive(n2, matched(node.state().term.value, last, last + 1));
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].request == request.id);
  return step.replies[0].response;
}

constexpr Response ok(std::int64_t value) { return {Outcome::ok, value, {}}; }

}  // namespace

TEST_CASE(
    "raft 8: a server that is not the leader names the leader it has heard from most "
    "recently") {
  RaftBench node;
  SUBCASE("none yet") {
    const auto step = node.ask(write(1, 10));
    CHECK(step.replies.at(0).response == Response{Outcome::redirect, 0, NodeId{}});
    CHECK(step.persist.empty());
  }
  SUBCASE("a follower") {
    node.receive(n2, append_entries(1, 0, 0, {}));
    const auto step = node.ask(write(1, 10));
    CHECK(step.replies.at(0).request == write(1, 10).id);
    CHECK(step.replies.at(0).response == Response{Outcome::redirect, 0, n2});
  }
  SUBCASE("a candidate knows of none") {
    node.receive(n2, append_entries(1, 0, 0, {}));
    node.fire(Timer::election);
    CHECK(node.ask(write(1, 10)).replies.at(0).response.leader == NodeId{});
  }
  SUBCASE("nor does a follower of a new term") {
    node.receive(n2, append_entries(1, 0, 0, {}));
    node.receive(n3, RequestVote{Term{2}, {}, {}});
    CHECK(node.ask(write(1, 10)).replies.at(0).response.leader == NodeId{});
  }
}

TEST_CASE("raft 5.3: the leader answers when it has applied the entry, with the result") {
  RaftBench node = leader();
  CHECK(answer_to(node, read(1)) == ok(0));
  CHECK(answer_to(node, write(2, 20)) == ok(0));
  CHECK(answer_to(node, read(3)) == ok(20));
  CHECK(answer_to(node, cas(4, 19, 30)) == ok(0));
  CHECK(answer_to(node, cas(5, 20, 30)) == ok(1));
  CHECK(answer_to(node, read(6)) == ok(30));
}

TEST_CASE("raft 8: a command that waits in the log is not appended again when it is repeated") {
  RaftBench node = leader();
  node.ask(write(1, 10));
  CHECK(node.ask(write(1, 10)).silent());
  CHECK(node.state().last_index == LogIndex{2});
  CHECK(node.receive(n2, matched(1, 1, 2)).replies.size() == 1);
}

TEST_CASE(
    "raft 8: a command that has been executed is answered immediately without executing it "
    "again") {
  RaftBench node = leader();
  answer_to(node, write(1, 10));
  CHECK(answer_to(node, cas(2, 10, 20)) == ok(1));
  const auto step = node.ask(cas(2, 10, 20));
  CHECK(step.replies.at(0).response == ok(1));
  CHECK(step.persist.empty());
  // One that its session has left behind is not answered: nobody waits for it.
  CHECK(node.ask(write(1, 10)).silent());
  // Another session of the same client is another matter.
  Request other = read(1);
  other.id.session = 2;
  CHECK(answer_to(node, other) == ok(20));
}

TEST_CASE("raft 8: a command that two leaders took in is executed once") {
  RaftBench node;
  // The entry of term 1 was another leader's; its client asks again.
  const Request increment = cas(1, 0, 1);
  node.hold({noop(1), Entry{Term{1}, increment}});
  node.be_elected();
  node.ask(increment);
  REQUIRE(node.state().last_index == LogIndex{4});
  node.receive(n2, matched(2, 2, 3));
  const auto step = node.receive(n2, matched(2, 3, 4));
  CHECK(step.stated<Decided>() == 1);
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].response == ok(1));  // of the first execution; a second one would give 0
}

TEST_CASE("raft 8: a leader leaves entries of earlier terms unanswered: it did not take them in") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  node.be_elected();
  const auto step = node.receive(n2, matched(2, 2, 3));
  CHECK(step.stated<Decided>() == 3);
  CHECK(step.replies.empty());
}

TEST_CASE("raft 8: a leader that has lost its office answers nothing") {
  RaftBench node = leader();
  node.ask(write(1, 10));
  node.receive(n3, append_entries(2, 2, 1, {noop(2)}));
  const auto step = node.receive(n3, append_entries(2, 3, 2, {}, 3));
  CHECK(step.stated<Decided>() == 2);
  CHECK(step.replies.empty());
}

TEST_CASE("raft: what is no operation on registers fails, and takes no effect") {
  RaftBench node = leader();
  Request request = write(1, 10);
  request.command.operation = Operation::propose;
  CHECK(answer_to(node, request).outcome == Outcome::failed);
  CHECK(answer_to(node, read(2)) == ok(0));
}

TEST_CASE("raft: every node that applies the same log reaches the same registers") {
  Machine a;
  Machine b;
  const Request requests[] = {write(1, 10), cas(2, 10, 20), cas(2, 10, 20), read(3), write(1, 5)};
  for (const Request& request : requests) CHECK(a.apply(request) == b.apply(request));
  CHECK(a.apply(read(4))->value == 20);
  CHECK_FALSE(a.apply(read(3)).has_value());
}
