// Raft on the bench, section 7: log compaction.
#include <doctest/doctest.h>

#include "sim/base/pack.h"
#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

Config every(std::uint64_t entries, Bug bug = Bug::none) {
  Config config;
  config.snapshot_after = entries;
  config.snapshot_chunk = 4;
  config.bug = bug;
  return config;
}

// The words of a state machine that has executed these writes.
Words image(std::initializer_list<std::int64_t> values) {
  Machine machine;
  for (const std::int64_t value : values) {
    machine.apply(write(static_cast<std::uint64_t>(value), value));
  }
  Packer packer;
  packer.add(Configuration{});
  packer.add(machine);
  return packer.take();
}

InstallSnapshot chunk(std::uint64_t term, std::uint64_t last_index, std::uint64_t last_term,
                      const Words& words, std::uint64_t offset, std::uint64_t count) {
  const std::uint64_t end = std::min<std::uint64_t>(words.size(), offset + count);
  return {Term{term},
          LogIndex{last_index},
          Term{last_term},
          offset,
          {words.begin() + static_cast<std::ptrdiff_t>(offset),
           words.begin() + static_cast<std::ptrdiff_t>(end)},
          end == words.size()};
}
InstallReply has(std::uint64_t term, std::uint64_t last_index, std::uint64_t offset,
                 bool installed = false) {
  return {Term{term}, LogIndex{last_index}, offset, installed};
}

}  // namespace

TEST_CASE("raft 7: the state as words, and back") {
  Machine machine;
  machine.apply(write(1, 5));
  machine.apply(cas(2, 5, 6));
  const Words words = pack(machine);
  Machine copy;
  CHECK(unpack(words, copy));
  CHECK(copy.look(7) == 6);
  CHECK(copy.session({client, 1, 2})->sequence == 2);
  CHECK(pack(copy) == words);
  // Neither more nor fewer words will do.
  CHECK_FALSE(unpack(std::span(words).first(words.size() - 1), copy));
  Words longer = words;
  longer.push_back(0);
  CHECK_FALSE(unpack(longer, copy));
}

TEST_CASE(
    "raft 7: once a snapshot is written, the log entries up to the last included one are gone, "
    "and the journal before it") {
  RaftBench node({n1, n2, n3}, every(2));
  const auto step = node.receive(
      n2, append_entries(1, 0, 0, {noop(1), entry(1, 10), entry(1, 11), entry(1, 12)}, 3));
  CHECK(step.fact<SnapshotTaken>().index == LogIndex{3});
  CHECK(step.fact<SnapshotTaken>().term == Term{1});
  const Snapshot& written = step.record<Snapshot>();
  CHECK(written.last_index == LogIndex{3});
  CHECK(written.last_term == Term{1});
  CHECK(written.term == Term{1});
  CHECK(written.image == image({10, 11}));
  // What is not committed yet is part of the record: a crash leaves all of it or nothing.
  CHECK(written.rest == std::vector<Entry>{entry(1, 12)});
  CHECK(node.state().last_index == LogIndex{4});
  CHECK(node.state().last_term == Term{1});
}

TEST_CASE("raft 7: a node restarts from its snapshot, whatever of the journal before it is left") {
  RaftBench node({n1, n2, n3}, every(2));
  node.receive(n3, RequestVote{Term{1}, {}, {}});
  node.receive(n3, append_entries(1, 0, 0, {noop(1), entry(1, 10), entry(1, 11), entry(1, 12)}, 3));
  const State before = node.state();
  node.receive(n3, append_entries(1, 4, 1, {entry(1, 13)}, 3));
  SUBCASE("a crash before it was durable") {
    node.crash_and_recover(node.journal().size() - 2);
    CHECK(node.state().last_index == LogIndex{4});
    CHECK(node.state().commit_index == LogIndex{});
  }
  SUBCASE("a crash between it and the next record") {
    node.crash_and_recover(node.journal().size() - 1);
    CHECK(node.state() == before);
  }
  SUBCASE("later") {
    node.crash_and_recover();
    CHECK(node.state().last_index == LogIndex{5});
    CHECK(node.state().commit_index == LogIndex{3});
    CHECK(node.state().applied_index == LogIndex{3});
  }
  CHECK(node.state().voted_for == n3);
  CHECK(node.state().term == Term{1});
}

TEST_CASE(
    "raft 7: a leader sends its snapshot, in chunks, when it has discarded the next entry that a "
    "follower needs") {
  RaftBench node({n1, n2, n3}, every(2));
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.ask(write(10, 10));
  node.receive(n2, matched(1, 1, 2));  // commits entries 1 and 2: a snapshot
  const Words words = image({10});
  REQUIRE(words.size() > 8);
  const auto first = node.fire(Timer::heartbeat);
  CHECK(*first.message_to<InstallSnapshot>(n3) == chunk(1, 2, 1, words, 0, 4));
  const auto second = node.receive(n3, has(1, 2, 4));
  CHECK(second.message<InstallSnapshot>() == chunk(1, 2, 1, words, 4, 4));
  // The same answer again asks for nothing new; the heartbeat repeats what may be lost.
  CHECK(node.receive(n3, has(1, 2, 4)).silent());
  CHECK(*node.fire(Timer::heartbeat).message_to<InstallSnapshot>(n3) ==
        chunk(1, 2, 1, words, 4, 4));
  // It has restarted and lost what it had.
  CHECK(node.receive(n3, has(1, 2, 0)).message<InstallSnapshot>() == chunk(1, 2, 1, words, 0, 4));
  node.ask(write(11, 11));
  const auto done = node.receive(n3, has(1, 2, words.size(), true));
  CHECK(*done.message_to<AppendEntries>(n3) == append_entries(1, 2, 1, {entry(1, 11)}, 2));
}

TEST_CASE(
    "raft 7: a follower without the last included entry discards its entire log and resets its "
    "state machine") {
  RaftBench node({n1, n2, n3}, every(100));
  node.hold({noop(1), entry(1, 99), entry(1, 98)});
  const Words words = image({10, 11});
  const auto first = node.receive(n3, chunk(2, 7, 2, words, 0, 6));
  CHECK(first.message<InstallReply>() == has(2, 7, 6));
  CHECK(first.timer_set(Timer::election));
  CHECK(first.records<Snapshot>() == 0);
  // Again, and one behind a gap: it keeps what it has, and says that something was lost.
  CHECK(node.receive(n3, chunk(2, 7, 2, words, 0, 6)).message<InstallReply>() == has(2, 7, 6));
  CHECK(node.receive(n3, chunk(2, 7, 2, words, 8, 6)).message<InstallReply>() == has(2, 7, 0));
  const auto last = node.receive(n3, chunk(2, 7, 2, words, 6, words.size()));
  CHECK(last.message<InstallReply>() == has(2, 7, words.size(), true));
  CHECK(last.record<Snapshot>().image == words);
  CHECK(last.fact<SnapshotInstalled>().index == LogIndex{7});
  CHECK(last.fact<Committed>().index == LogIndex{7});
  CHECK(node.state().last_index == LogIndex{7});
  CHECK(node.state().last_term == Term{2});
  CHECK(node.state().applied_index == LogIndex{7});
  // The log goes on behind it, and so does a restart.
  CHECK(node.receive(n3, append_entries(2, 7, 2, {entry(2, 12)})).message<AppendReply>() ==
        matched(2, 7, 8));
  node.crash_and_recover();
  CHECK(node.state().last_index == LogIndex{8});
  CHECK(node.state().commit_index == LogIndex{7});
}

TEST_CASE(
    "raft 7: if the log holds the snapshot's last included entry, what follows it is retained") {
  RaftBench node({n1, n2, n3}, every(100));
  node.hold({noop(1), entry(1, 10), entry(1, 11)});
  const Words words = image({10});
  const auto step = node.receive(n2, chunk(1, 2, 1, words, 0, words.size()));
  CHECK(step.message<InstallReply>() == has(1, 2, words.size(), true));
  CHECK(step.records<Snapshot>() == 0);
  CHECK(step.fact<Committed>().index == LogIndex{2});
  CHECK(node.state().last_index == LogIndex{3});
}

TEST_CASE("raft 7: a snapshot of what is committed here already is answered and ignored") {
  RaftBench node({n1, n2, n3}, every(100));
  node.hold({noop(1), entry(1, 10)}, 2);
  const Words words = image({10});
  const auto step = node.receive(n2, chunk(1, 2, 1, words, 0, 1));
  CHECK(step.message<InstallReply>() == has(1, 2, 0, true));
  CHECK(step.persist.empty());
}

TEST_CASE("raft 7: a last chunk without those before it installs nothing") {
  RaftBench node({n1, n2, n3}, every(100));
  const Words words = image({10});
  const auto step = node.receive(n2, chunk(1, 2, 1, words, 4, words.size()));
  CHECK(step.message<InstallReply>() == has(1, 2, 0));
  CHECK(step.persist.size() == 1);  // the term
}

TEST_CASE("raft 7: chunks of two leaders are never mixed, and an old leader's are refused") {
  RaftBench node({n1, n2, n3}, every(100));
  const Words words = image({10});
  node.receive(n2, chunk(1, 5, 1, words, 0, 4));
  CHECK(node.receive(n3, chunk(2, 5, 1, words, 4, 99)).message<InstallReply>() == has(2, 5, 0));
  CHECK(node.receive(n2, chunk(1, 5, 1, words, 4, 99)).message<InstallReply>() == has(2, 5, 0));
  CHECK(node.state().last_index == LogIndex{});
}

TEST_CASE("raft 8 and 7: sessions are part of the snapshot") {
  for (const Bug bug : {Bug::none, Bug::sessions_not_in_snapshot}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, every(2, bug));
    node.hold({noop(1), entry(1, 10)}, 2);
    node.crash_and_recover();
    node.be_elected();
    const auto step = node.ask(write(10, 10));  // executed before
    CHECK(step.replies.size() == (bug == Bug::none ? 1 : 0));
    CHECK(step.records<Append>() == (bug == Bug::none ? 0 : 1));
  }
}

TEST_CASE(
    "raft bug last_term_forgotten: a log that a snapshot has emptied seems to be behind all") {
  for (const Bug bug : {Bug::none, Bug::last_term_forgotten}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, every(2, bug));
    node.hold({noop(3), entry(3, 10)}, 2);
    CHECK(node.receive(n3, RequestVote{Term{4}, LogIndex{2}, Term{2}}).message<VoteReply>().vote ==
          (bug == Bug::none ? Vote::stale_log : Vote::granted));
    CHECK(node.fire(Timer::election).message<RequestVote>().last_term ==
          Term{bug == Bug::none ? 3u : 0u});
  }
}

TEST_CASE("raft bug snapshot_sets_term: the term falls to that of an entry") {
  for (const Bug bug : {Bug::none, Bug::snapshot_sets_term}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, every(100, bug));
    const Words words = image({10});
    node.receive(n2, chunk(7, 5, 3, words, 0, words.size()));
    CHECK(node.state().term == Term{bug == Bug::none ? 7u : 3u});
  }
}

// Found by a sweep of correct code: the first chunk came again late, after one of an older
// snapshot.
TEST_CASE(
    "raft 7: a follower that has lost chunks says so, and late ones of older snapshots do not make "
    "it lose any") {
  const Words older = image({10});
  const Words newer = image({10, 11, 12});
  RaftBench node({n1, n2, n3}, every(100));
  node.receive(n2, chunk(1, 3, 1, newer, 0, 4));
  CHECK(node.receive(n2, chunk(1, 3, 1, newer, 4, 4)).message<InstallReply>() == has(1, 3, 8));
  SUBCASE("one of an older snapshot") {
    CHECK(node.receive(n2, chunk(1, 2, 1, older, 0, 4)).message<InstallReply>() == has(1, 2, 0));
    CHECK(node.receive(n2, chunk(1, 3, 1, newer, 8, 4)).message<InstallReply>() == has(1, 3, 12));
  }
  SUBCASE("the first one again, after a crash") {
    node.crash_and_recover();
    node.receive(n2, chunk(1, 3, 1, newer, 0, 4));
    CHECK(node.receive(n2, chunk(1, 3, 1, newer, 8, 4)).message<InstallReply>() == has(1, 3, 0));
    CHECK(node.receive(n2, chunk(1, 3, 1, newer, 0, 4)).message<InstallReply>() == has(1, 3, 4));
  }
}
