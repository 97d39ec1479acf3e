// Raft on the bench, sections 5.3 and 5.4: replication and commitment.
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

// --- The follower's side -----------------------------------------------------------------------

TEST_CASE("raft 5.3: a follower appends new entries and acknowledges them once they are written") {
  RaftBench node;
  const auto step = node.receive(n2, append_entries(1, 0, 0, {noop(1), entry(1, 10)}));
  REQUIRE(step.records<Append>() == 2);
  CHECK(step.record<Append>(0) == Append{LogIndex{1}, noop(1)});
  CHECK(step.record<Append>(1) == Append{LogIndex{2}, entry(1, 10)});
  CHECK(step.fact<Appended>(1).index == LogIndex{2});
  CHECK(step.fact<Appended>(1).term == Term{1});
  CHECK(step.fact<Appended>(1).value == value_of(entry(1, 10)));
  CHECK(step.message_to<AppendReply>(n2) != nullptr);
  CHECK(step.message<AppendReply>() == matched(1, 0, 2));
}

TEST_CASE("raft 5.3: a follower that does not find the previous entry refuses the new ones") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), noop(2), entry(2, 20), entry(2, 30)});
  SUBCASE("its log is too short: it names the end of its log") {
    const auto step = node.receive(n3, append_entries(3, 7, 2, {noop(3)}));
    CHECK(step.message<AppendReply>() == conflict(3, 7, 0, 6));
    CHECK(step.records<Append>() == 0);
  }
  SUBCASE("the entry has another term: it names that term and its first index") {
    const auto step = node.receive(n3, append_entries(3, 5, 1, {noop(3)}));
    CHECK(step.message<AppendReply>() == conflict(3, 5, 2, 3));
    CHECK(step.records<Append>() == 0);
    // What it refuses to follow it does not delete either.
    CHECK(step.records<Truncate>() == 0);
    CHECK(node.state().last_index == LogIndex{5});
  }
  SUBCASE("the refusal still counts as word from the leader") {
    CHECK(node.receive(n3, append_entries(3, 7, 2, {})).timer_set(Timer::election));
  }
}

TEST_CASE(
    "raft 5.3: if an existing entry conflicts with a new one, it and all that follow it are "
    "deleted") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20), entry(1, 30)});
  const auto step = node.receive(n3, append_entries(2, 2, 1, {noop(2)}));
  CHECK(step.record<Truncate>() == Truncate{LogIndex{2}});
  CHECK(step.fact<Truncated>().last_kept == LogIndex{2});
  CHECK(step.record<Append>() == Append{LogIndex{3}, noop(2)});
  CHECK(node.state().last_index == LogIndex{3});
  CHECK(node.state().last_term == Term{2});
  // In this order: first the removal, then what takes its place.
  CHECK(std::holds_alternative<Truncate>(step.persist[step.persist.size() - 2]));
}

TEST_CASE(
    "raft 5.3: entries that the log already holds are not written again, and what follows "
    "them stays") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)});
  SUBCASE("a delayed request with the first entries only") {
    const auto step = node.receive(n2, append_entries(1, 0, 0, {noop(1), entry(1, 10)}));
    CHECK(step.persist.empty());
    CHECK(node.state().last_index == LogIndex{3});
    // The acknowledgement ends with the entries of this request, not with the log.
    CHECK(step.message<AppendReply>() == matched(1, 0, 2));
  }
  SUBCASE("a heartbeat acknowledges the previous entry") {
    const auto step = node.receive(n2, append_entries(1, 1, 1, {}));
    CHECK(step.persist.empty());
    CHECK(step.message<AppendReply>() == matched(1, 1, 1));
  }
  SUBCASE("an overlap appends the new part only") {
    const auto step = node.receive(n2, append_entries(1, 2, 1, {entry(1, 20), entry(1, 30)}));
    REQUIRE(step.persist.size() == 1);
    CHECK(step.record<Append>() == Append{LogIndex{4}, entry(1, 30)});
  }
}

TEST_CASE(
    "raft figure 2: a follower sets its commit index to min(leaderCommit, index of last new "
    "entry)") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20)});
  SUBCASE("up to what the leader has committed") {
    const auto step = node.receive(n2, append_entries(1, 3, 1, {}, 2));
    CHECK(node.state().commit_index == LogIndex{2});
    CHECK(step.fact<Committed>().index == LogIndex{2});
    REQUIRE(step.stated<Decided>() == 2);
    CHECK(step.fact<Decided>(0).slot == Slot{1});
    CHECK(step.fact<Decided>(1).slot == Slot{2});
    CHECK(step.fact<Decided>(1).value == value_of(entry(1, 10)));
    CHECK(step.replies.empty());
  }
  SUBCASE("not beyond what this request proves to match, though the log is longer") {
    node.receive(n3, append_entries(2, 1, 1, {}, 3));
    CHECK(node.state().commit_index == LogIndex{1});
  }
  SUBCASE("it never falls") {
    node.receive(n2, append_entries(1, 3, 1, {}, 3));
    const auto step = node.receive(n2, append_entries(1, 3, 1, {}, 1));
    CHECK(node.state().commit_index == LogIndex{3});
    CHECK(step.stated<Committed>() == 0);
  }
}

TEST_CASE(
    "raft 5.4: asked about entries before its commit index, a follower answers that it "
    "matches up to there and changes nothing") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), entry(1, 20), entry(1, 30)}, 3);
  const auto step = node.receive(n2, append_entries(1, 1, 1, {entry(1, 10)}, 2));
  CHECK(step.message<AppendReply>() == matched(1, 1, 3));
  CHECK(step.persist.empty());
  CHECK(step.facts.empty());
}

// --- The leader's side -------------------------------------------------------------------------

TEST_CASE(
    "raft 5.3: a new leader starts from the end of its own log, and opens its term with a "
    "no-op (8)") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10)});
  const auto step = node.be_elected();
  CHECK(step.record<Append>() == Append{LogIndex{3}, noop(2)});
  CHECK(step.fact<Proposed>().value == value_of(noop(2)));
  CHECK(step.fact<Appended>().index == LogIndex{3});
  CHECK(step.messages<AppendEntries>() == 2);
  CHECK(*step.message_to<AppendEntries>(n2) == append_entries(2, 2, 1, {noop(2)}));
  CHECK(*step.message_to<AppendEntries>(n3) == append_entries(2, 2, 1, {noop(2)}));
}

TEST_CASE("raft 5.3: the leader appends a command and sends it to each of the other servers") {
  RaftBench node;
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.receive(n3, matched(1, 0, 1));
  const auto step = node.ask(write(1, 10));
  CHECK(step.record<Append>() == Append{LogIndex{2}, Entry{Term{1}, write(1, 10)}});
  CHECK(step.fact<Proposed>().value == value_of(Entry{Term{1}, write(1, 10)}));
  CHECK(step.messages<AppendEntries>() == 2);
  CHECK(*step.message_to<AppendEntries>(n2) ==
        append_entries(1, 1, 1, {Entry{Term{1}, write(1, 10)}}, 1));
  CHECK(step.replies.empty());
}

TEST_CASE(
    "raft 5.3: one AppendEntries with entries is under way to a follower; what comes "
    "meanwhile goes along with the next") {
  RaftBench node;
  node.be_elected();  // the no-op is under way
  CHECK(node.ask(write(1, 10)).send.empty());
  CHECK(node.ask(write(2, 20)).send.empty());
  const auto step = node.receive(n2, matched(1, 0, 1));
  REQUIRE(step.messages<AppendEntries>() == 1);
  CHECK(step.message_to<AppendEntries>(n2)->entries.size() == 2);
  // A repeated answer does not send them a second time.
  CHECK(node.receive(n2, matched(1, 0, 1)).silent());
}

TEST_CASE("raft 5.3: the leader retries AppendEntries indefinitely, with each heartbeat (5.2)") {
  RaftBench node;
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  for (int i = 0; i < 3; ++i) {
    const auto step = node.fire(Timer::heartbeat);
    CHECK(step.timer_set(Timer::heartbeat));
    CHECK(*step.message_to<AppendEntries>(n2) == append_entries(1, 1, 1, {}, 1));
    // n3 has not answered: the no-op goes along again, and with it what it may commit.
    CHECK(*step.message_to<AppendEntries>(n3) == append_entries(1, 0, 0, {noop(1)}, 1));
  }
}

TEST_CASE(
    "raft 5.3: a message carries at most max_entries_per_message entries, and never a commit "
    "index beyond them") {
  Config config;
  config.max_entries_per_message = 2;
  RaftBench node({n1, n2, n3}, config);
  node.be_elected();
  for (std::uint64_t i = 1; i <= 4; ++i) node.ask(write(i, 10));
  node.receive(n2, matched(1, 0, 1));
  node.receive(n2, matched(1, 1, 3));
  node.receive(n2, matched(1, 3, 5));
  REQUIRE(node.state().commit_index == LogIndex{5});
  const auto step = node.fire(Timer::heartbeat);
  const AppendEntries& behind = *step.message_to<AppendEntries>(n3);
  CHECK(behind.previous_index == LogIndex{0});
  CHECK(behind.entries.size() == 2);
  CHECK(behind.commit_index == LogIndex{2});
}

TEST_CASE(
    "raft, dissertation 10.2.2: with a window, entries follow before those before them are "
    "acknowledged") {
  Config config;
  config.max_in_flight = 2;
  RaftBench node({n1, n2, n3}, config);
  node.be_elected();
  // Whether the logs agree is not known yet: one at a time.
  CHECK(node.ask(write(1, 10)).send.empty());
  const auto first = node.receive(n2, matched(1, 0, 1));
  REQUIRE(first.messages<AppendEntries>() == 1);
  CHECK(first.message_to<AppendEntries>(n2)->previous_index == LogIndex{1});
  const auto second = node.ask(write(2, 20));
  REQUIRE(second.messages<AppendEntries>() == 1);
  CHECK(second.message_to<AppendEntries>(n2)->previous_index == LogIndex{2});
  CHECK(second.message_to<AppendEntries>(n2)->entries.size() == 1);
  // The window is full; what comes now goes along with what is next to leave.
  CHECK(node.ask(write(3, 30)).send.empty());
  CHECK(node.ask(write(4, 40)).send.empty());
  SUBCASE("an answer makes room") {
    const auto next = node.receive(n2, matched(1, 1, 2));
    REQUIRE(next.messages<AppendEntries>() == 1);
    CHECK(next.message_to<AppendEntries>(n2)->previous_index == LogIndex{3});
    CHECK(next.message_to<AppendEntries>(n2)->entries.size() == 2);
  }
  SUBCASE("an answer to the later one stands for both") {
    CHECK(node.receive(n2, matched(1, 2, 3)).messages<AppendEntries>() == 1);
    CHECK(node.receive(n2, matched(1, 1, 2)).silent());
    CHECK(node.ask(write(5, 50)).messages<AppendEntries>() == 1);
  }
  SUBCASE("the first was lost: from there on, one at a time until it has arrived") {
    const auto again = node.receive(n2, conflict(1, 2, 0, 2));
    REQUIRE(again.messages<AppendEntries>() == 1);
    CHECK(again.message_to<AppendEntries>(n2)->previous_index == LogIndex{1});
    CHECK(again.message_to<AppendEntries>(n2)->entries.size() == 4);
    CHECK(node.ask(write(5, 50)).send.empty());
    CHECK(node.receive(n2, conflict(1, 2, 0, 2)).silent());
    CHECK(node.receive(n2, matched(1, 1, 5)).messages<AppendEntries>() == 1);
    CHECK(node.ask(write(6, 60)).messages<AppendEntries>() == 1);
  }
  SUBCASE("both were lost: the next heartbeat finds out, and carries nothing itself") {
    const auto beat = node.fire(Timer::heartbeat);
    CHECK(beat.message_to<AppendEntries>(n2)->previous_index == LogIndex{3});
    CHECK(beat.message_to<AppendEntries>(n2)->entries.empty());
    const auto again = node.receive(n2, conflict(1, 3, 0, 2));
    REQUIRE(again.messages<AppendEntries>() == 1);
    CHECK(again.message_to<AppendEntries>(n2)->previous_index == LogIndex{1});
  }
  SUBCASE("only the answers were lost: the heartbeat is acknowledged, and makes room") {
    node.fire(Timer::heartbeat);
    const auto next = node.receive(n2, matched(1, 3, 3));
    REQUIRE(next.messages<AppendEntries>() == 1);
    CHECK(next.message_to<AppendEntries>(n2)->previous_index == LogIndex{3});
  }
}

TEST_CASE(
    "raft, Figure 2: empty heartbeats, the first upon election; what a follower lacks is sent "
    "again "
    "once it answers one") {
  Config config;
  config.empty_heartbeats = true;
  RaftBench node({n1, n2, n3}, config);
  node.hold({noop(1), entry(1, 10)});
  const auto won = node.be_elected();
  REQUIRE(won.messages<AppendEntries>() == 4);
  CHECK(won.message<AppendEntries>(0).entries.empty());
  CHECK(won.message<AppendEntries>(0).previous_index == LogIndex{2});
  CHECK(won.message<AppendEntries>(2).entries.size() == 1);
  node.receive(n2, matched(2, 2, 3));
  const auto beat = node.fire(Timer::heartbeat);
  CHECK(beat.message_to<AppendEntries>(n2)->previous_index == LogIndex{3});
  CHECK(beat.message_to<AppendEntries>(n3)->previous_index == LogIndex{2});
  CHECK(beat.message_to<AppendEntries>(n3)->entries.empty());
  // n3 has the entries before the no-op, and answers once for all it has heard.
  const auto lacks = node.receive(n3, matched(2, 2, 2));
  REQUIRE(lacks.messages<AppendEntries>() == 1);
  CHECK(lacks.message_to<AppendEntries>(n3)->entries.size() == 1);
  const auto still = node.receive(n3, matched(2, 2, 2));
  REQUIRE(still.messages<AppendEntries>() == 1);
  CHECK(still.message_to<AppendEntries>(n3)->previous_index == LogIndex{2});
  CHECK(node.receive(n3, matched(2, 2, 3)).send.empty());
  CHECK(node.receive(n3, matched(2, 3, 3)).send.empty());
}

TEST_CASE(
    "raft, Figure 2: a follower of which an empty heartbeat tells nothing speaks for its log up to "
    "there, and commits no further") {
  for (const Bug bug : {Bug::none, Bug::acks_own_last_index, Bug::commit_not_clipped}) {
    RaftBench node({n1, n2, n3}, with_bug(bug));
    node.hold({noop(1), entry(1, 10), entry(1, 20)});
    const auto step = node.receive(n3, append_entries(2, 1, 1, {}, 2));
    const bool further = step.message<AppendReply>().match_index > LogIndex{1};
    CHECK(further == (bug == Bug::acks_own_last_index));
    CHECK((node.state().commit_index > LogIndex{1}) == (bug == Bug::commit_not_clipped));
  }
}

TEST_CASE("raft 5.3: after a rejection the leader decrements nextIndex and retries") {
  RaftBench node;
  node.hold({noop(1), entry(1, 10), noop(3), entry(3, 30), entry(3, 40)});
  node.be_elected();  // term 4, no-op at index 6
  SUBCASE("the follower's log is too short: back to its end") {
    const auto step = node.receive(n3, conflict(4, 5, 0, 3));
    REQUIRE(step.messages<AppendEntries>() == 1);
    CHECK(step.message<AppendEntries>().previous_index == LogIndex{2});
    CHECK(step.message<AppendEntries>().entries.size() == 4);
  }
  SUBCASE("one request for each term with conflicting entries: past those of a term it lacks") {
    const auto step = node.receive(n3, conflict(4, 5, 2, 3));
    CHECK(step.message<AppendEntries>().previous_index == LogIndex{2});
  }
  SUBCASE("of a term that it has, its own last entry may match") {
    const auto step = node.receive(n3, conflict(4, 5, 1, 1));
    CHECK(step.message<AppendEntries>().previous_index == LogIndex{2});
    CHECK(step.message<AppendEntries>().previous_term == Term{1});
  }
  SUBCASE("whatever the follower says, each rejection leads further back") {
    const auto step = node.receive(n3, conflict(4, 5, 0, 9));
    CHECK(step.message<AppendEntries>().previous_index == LogIndex{4});
  }
  SUBCASE("a rejection that was overtaken or repeated is out of date") {
    node.receive(n3, conflict(4, 5, 0, 3));
    CHECK(node.receive(n3, conflict(4, 5, 0, 3)).silent());
    CHECK(node.receive(n3, conflict(4, 4, 0, 1)).silent());
  }
  SUBCASE("it never goes back below what is known to match") {
    node.receive(n3, matched(4, 5, 6));
    CHECK(node.receive(n3, conflict(4, 6, 0, 2)).silent());
    CHECK(node.receive(n3, conflict(4, 5, 0, 2)).silent());
    node.ask(write(1, 50));
    CHECK(node.receive(n3, conflict(4, 6, 0, 2)).silent());
    CHECK(node.fire(Timer::heartbeat).message_to<AppendEntries>(n3)->previous_index == LogIndex{6});
  }
}

TEST_CASE("raft 5.3: matchIndex never falls") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.be_elected();
  node.ask(write(1, 10));
  node.receive(n2, matched(1, 1, 2));
  CHECK(node.receive(n2, matched(1, 0, 1)).silent());
  CHECK(node.state().commit_index == LogIndex{0});
  node.receive(n3, matched(1, 1, 2));
  CHECK(node.state().commit_index == LogIndex{2});
}

// --- Commitment --------------------------------------------------------------------------------

TEST_CASE("raft 5.3: an entry is committed once the leader has replicated it on a majority") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.be_elected();
  node.ask(write(1, 10));
  node.ask(write(2, 20));
  CHECK(node.receive(n2, matched(1, 0, 3)).stated<Committed>() == 0);
  SUBCASE("as far as the majority reaches, at once") {
    const auto step = node.receive(n3, matched(1, 0, 2));
    CHECK(step.fact<Committed>().index == LogIndex{2});
    CHECK(step.fact<Committed>().term == Term{1});
    CHECK(step.stated<Decided>() == 2);
    const auto next = node.receive(n4, matched(1, 0, 3));
    CHECK(next.fact<Committed>().index == LogIndex{3});
  }
  SUBCASE("an acknowledgement counts once") {
    node.receive(n2, matched(1, 0, 3));
    CHECK(node.state().commit_index == LogIndex{0});
  }
}

TEST_CASE("raft 5.4.2: entries of earlier terms are not committed by counting replicas") {
  RaftBench node({n1, n2, n3, n4, n5});
  node.hold({noop(1), entry(2, 20)});
  node.be_elected();  // term 3, no-op at index 3
  REQUIRE(node.state().term == Term{3});
  node.receive(n2, matched(3, 1, 2));
  CHECK(node.receive(n3, matched(3, 1, 2)).stated<Committed>() == 0);
  CHECK(node.state().commit_index == LogIndex{0});
  // "Once an entry from the current term has been committed in this way, then all prior entries are
  // committed indirectly."
  node.receive(n2, matched(3, 2, 3));
  const auto step = node.receive(n3, matched(3, 2, 3));
  CHECK(step.fact<Committed>().index == LogIndex{3});
  CHECK(step.stated<Decided>() == 3);
}

TEST_CASE("raft: a group of one commits what it writes") {
  RaftBench node({n1});
  node.fire(Timer::election);
  const auto step = node.ask(write(1, 10));
  CHECK(step.fact<Committed>().index == LogIndex{2});
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].response.outcome == Outcome::ok);
}
