// Raft on the bench: reads that bypass the log (dissertation 6.4) and leadership transfer (3.10).
#include <doctest/doctest.h>

#include "tests/algorithms/raft_bench.h"

using namespace ballast;
using namespace ballast::literals;
using namespace ballast::raft;

namespace {

Config with(Reads reads, Bug bug = Bug::none) {
  Config config;
  config.reads = reads;
  config.check_quorum = reads == Reads::lease;
  config.bug = bug;
  return config;
}
// n1 leads term 1 of three and has committed a write of 5: its no-op is entry 1, the write entry 2.
RaftBench leader(const Config& config) {
  RaftBench node({n1, n2, n3}, config);
  node.set_clock(at(1000));  // a restarted node waits before it stands
  node.be_elected();
  node.receive(n2, matched(1, 0, 1));
  node.ask(write(1, 5));
  node.receive(n2, matched(1, 1, 2));
  REQUIRE(node.state().applied_index == LogIndex{2});
  return node;
}
Request transfer(std::int64_t to) {
  Request request{{client, 2, 1}, {}};
  request.command.operation = Operation::administer;
  request.command.key = static_cast<std::uint64_t>(Administration::transfer_leadership);
  request.command.value = to;
  return request;
}

}  // namespace

TEST_CASE(
    "raft 6.4: the leader issues a new round of heartbeats, waits for acknowledgments from a "
    "majority, and then answers from its state machine") {
  RaftBench node = leader(with(Reads::read_index));
  const auto asked = node.ask(read(2));
  CHECK(asked.persist.empty());
  CHECK(asked.replies.empty());
  CHECK(asked.messages<Heartbeat>() == 2);
  CHECK(asked.message<Heartbeat>() == Heartbeat{Term{1}, 1});
  const auto answered = node.receive(n3, HeartbeatReply{Term{1}, 1});
  REQUIRE(answered.replies.size() == 1);
  CHECK(answered.replies[0].response == Response{Outcome::ok, 5, {}});
  // Later answers to the round bring nothing new.
  CHECK(node.receive(n2, HeartbeatReply{Term{1}, 1}).silent());
}

TEST_CASE("raft 6.4: one round serves all reads that came before it; later ones need a new one") {
  for (const Bug bug : {Bug::none, Bug::read_round_reused}) {
    CAPTURE(bug);
    RaftBench node = leader(with(Reads::read_index, bug));
    node.ask(read(2));
    // The answer to round 1 may have been sent before this read came.
    CHECK(node.ask({{client, 7, 1}, {Operation::read, 7, 0, 0, 0}}).silent());
    const auto first = node.receive(n2, HeartbeatReply{Term{1}, 1});
    if (bug == Bug::read_round_reused) {
      CHECK(first.replies.size() == 2);
      continue;
    }
    CHECK(first.replies.size() == 1);
    CHECK(first.message<Heartbeat>() == Heartbeat{Term{1}, 2});
    CHECK(node.receive(n2, HeartbeatReply{Term{1}, 2}).replies.size() == 1);
  }
}

TEST_CASE("raft 6.4: a round whose answers are lost is repeated with the heartbeats") {
  RaftBench node = leader(with(Reads::read_index));
  node.ask(read(2));
  CHECK(node.fire(Timer::heartbeat).message<Heartbeat>() == Heartbeat{Term{1}, 1});
  node.receive(n2, HeartbeatReply{Term{1}, 1});
  CHECK(node.fire(Timer::heartbeat).messages<Heartbeat>() == 0);
}

TEST_CASE(
    "raft 6.4: a leader that has not committed an entry of its term waits until it has done so") {
  for (const Bug bug : {Bug::none, Bug::read_before_own_commit}) {
    CAPTURE(bug);
    RaftBench node({n1, n2, n3}, with(Reads::read_index, bug));
    // It holds an entry that is committed, and does not know it.
    node.hold({noop(1), entry(1, 5)}, 0);
    node.be_elected();
    node.ask(read(6));
    const auto round = node.receive(n3, HeartbeatReply{Term{2}, 1});
    CHECK(round.replies.size() == (bug == Bug::none ? 0 : 1));
    if (bug == Bug::none) {
      const auto committed = node.receive(n3, matched(2, 2, 3));
      REQUIRE(committed.replies.size() == 1);
      CHECK(committed.replies[0].response.value == 5);
    } else {
      CHECK(round.replies[0].response.value == 0);
    }
  }
}

TEST_CASE("raft bug read_without_quorum: a leader that may have been deposed answers at once") {
  RaftBench node = leader(with(Reads::read_index, Bug::read_without_quorum));
  CHECK(node.ask(read(2)).replies.size() == 1);
}

TEST_CASE(
    "raft 6.4: a node that hears a round follows its leader, and refuses that of an old one") {
  RaftBench node({n1, n2, n3}, with(Reads::read_index));
  const auto step = node.receive(n2, Heartbeat{Term{3}, 4});
  CHECK(step.message<HeartbeatReply>() == HeartbeatReply{Term{3}, 4});
  CHECK(step.timer_set(Timer::election));
  CHECK(node.receive(n3, Heartbeat{Term{2}, 9}).message<HeartbeatReply>() ==
        HeartbeatReply{Term{3}, 0});
}

TEST_CASE(
    "raft 6.4.1: once its heartbeats were acknowledged, the leader answers without them until "
    "start + election timeout / clock drift bound") {
  RaftBench node = leader(with(Reads::lease));
  node.set_clock(at(1100));
  node.fire(Timer::heartbeat);  // begins round 1 at 1,100 ms
  node.set_clock(at(1120));
  CHECK(node.ask(read(2)).replies.empty());
  CHECK(node.receive(n2, HeartbeatReply{Term{1}, 1}).messages<Heartbeat>() == 2);
  // 150 ms * 99/101 from the start of the round.
  node.set_clock(at(1247));
  CHECK(node.ask({{client, 7, 1}, {Operation::read, 7, 0, 0, 0}}).replies.size() == 1);
  node.set_clock(at(1248));
  CHECK(node.ask({{client, 7, 2}, {Operation::read, 7, 0, 0, 0}}).replies.empty());
  // A clock that went back tells nothing.
  node.set_clock(at(1099));
  CHECK(node.ask({{client, 8, 1}, {Operation::read, 7, 0, 0, 0}}).replies.empty());
}

TEST_CASE("raft bug lease_too_long: the lease outlasts the time for which followers wait") {
  CHECK(with(Reads::lease).lease() < 150_ms);
  CHECK(with(Reads::lease, Bug::lease_too_long).lease() > 150_ms);
}

TEST_CASE("raft 6.4.1: what a follower has promised it keeps across terms, restarts and timers") {
  RaftBench node({n1, n2, n3}, with(Reads::lease));
  node.receive(n2, append_entries(1, 0, 0, {noop(1)}));
  node.set_clock(at(100));
  SUBCASE("a later term, heard of in a reply") {
    node.receive(n3, AppendReply{Term{4}, AppendResult::stale_term, {}, {}, {}, {}});
    CHECK(node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}}).silent());
  }
  SUBCASE("a timer that is early") {
    CHECK(node.fire(Timer::election).timer_set(Timer::election));
    CHECK(node.state().term == Term{1});
    CHECK(node.state().role == Role::follower);
  }
  SUBCASE("a restart: it no longer knows whom it has heard, and waits for as long as it could be") {
    node.crash_and_recover();
    node.set_clock(at(249));
    CHECK(node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}}).silent());
    node.set_clock(at(250));
    CHECK(node.receive(n3, RequestVote{Term{5}, LogIndex{9}, Term{4}}).message<VoteReply>() ==
          granted(5));
  }
}

TEST_CASE("raft 6.4: a follower asks for a read index and answers when it has applied so much") {
  Config config = with(Reads::read_index);
  config.follower_reads = true;
  RaftBench node({n1, n2, n3}, config);
  node.hold({noop(1), entry(1, 5)}, 1);
  const auto asked = node.ask(read(6));
  CHECK(asked.replies.empty());
  const RequestId id = read(6).id;
  CHECK(*asked.message_to<ReadIndex>(n2) == ReadIndex{Term{1}, id});
  CHECK(node.receive(n2, ReadIndexReply{Term{1}, id, LogIndex{2}}).replies.empty());
  const auto applied = node.receive(n2, append_entries(1, 2, 1, {}, 2));
  REQUIRE(applied.replies.size() == 1);
  CHECK(applied.replies[0].response.value == 5);
  // Writes go to the leader as ever.
  CHECK(node.ask(write(7, 1)).replies[0].response == Response{Outcome::redirect, 0, n2});
}

TEST_CASE("raft 6.4: a leader gives a follower the read index once it knows that it leads") {
  RaftBench node = leader(with(Reads::read_index));
  const RequestId id = read(8).id;
  const auto asked = node.receive(n3, ReadIndex{Term{1}, id});
  CHECK(asked.messages<ReadIndexReply>() == 0);
  CHECK(asked.message<Heartbeat>().round == 1);
  CHECK(*node.receive(n2, HeartbeatReply{Term{1}, 1}).message_to<ReadIndexReply>(n3) ==
        ReadIndexReply{Term{1}, id, LogIndex{2}});
}

// Found by a sweep: a follower numbered its questions from 1 in each of its lives, and took a late
// answer to the first question of an earlier one for the answer to the first of this one.
TEST_CASE("raft 6.4: a read index that was asked for another read, in another life, is not taken") {
  Config config = with(Reads::read_index);
  config.follower_reads = true;
  RaftBench node({n1, n2, n3}, config);
  node.hold({noop(1), entry(1, 5)}, 2);
  const auto before = node.ask(read(6));
  REQUIRE(before.message_to<ReadIndex>(n2) != nullptr);
  node.crash_and_recover();
  node.receive(n2, append_entries(1, 2, 1, {}, 2));
  const auto after = node.ask(read(7));
  REQUIRE(after.message_to<ReadIndex>(n2) != nullptr);
  const ReadIndexReply late{Term{1}, read(6).id, LogIndex{2}};
  CHECK(node.receive(n2, late).replies.empty());
  const ReadIndexReply meant{Term{1}, read(7).id, LogIndex{2}};
  CHECK(node.receive(n2, meant).replies.size() == 1);
}

TEST_CASE(
    "raft 3.10: the leader brings the target up to date, tells it to stand, and takes no "
    "requests meanwhile") {
  RaftBench node = leader(with(Reads::log));
  const auto asked = node.ask(transfer(3));
  CHECK(asked.messages<TimeoutNow>() == 0);  // n3 lacks entries
  CHECK(asked.timer_set(Timer::election));
  CHECK(node.ask(write(2, 6)).replies[0].response == Response{Outcome::redirect, 0, n3});
  const auto told = node.receive(n3, matched(1, 0, 2));
  CHECK(*told.message_to<TimeoutNow>(n3) == TimeoutNow{Term{1}});
  CHECK(told.replies[0].response.outcome == Outcome::ok);
}

TEST_CASE("raft 3.10: nobody in particular is whoever is nearest to being up to date") {
  RaftBench node = leader(with(Reads::log));
  CHECK(node.ask(transfer(0)).message_to<TimeoutNow>(n2) != nullptr);
  CHECK(node.ask(transfer(9)).replies[0].response.outcome == Outcome::failed);
}

TEST_CASE(
    "raft 3.10: a transfer that takes an election timeout is aborted, and requests are "
    "accepted again") {
  RaftBench node = leader(with(Reads::log));
  node.ask(transfer(3));
  node.fire(Timer::election);
  CHECK(node.state().role == Role::leader);
  CHECK(node.ask(write(2, 6)).records<Append>() == 1);
}

TEST_CASE(
    "raft 3.10: who is told to stand does so at once, in a way that gets past those who hear "
    "the leader (4.2.3)") {
  Config config;
  config.pre_vote = config.check_quorum = true;
  RaftBench node({n1, n2, n3}, config);
  node.hold({noop(1)});
  const auto step = node.receive(n2, TimeoutNow{Term{1}});
  CHECK(node.state().role == Role::candidate);
  CHECK(step.messages<PreVote>() == 0);
  CHECK(step.message<TransferVote>() == TransferVote{Term{2}, LogIndex{1}, Term{1}});

  for (const Bug bug : {Bug::none, Bug::transfer_vote_refused}) {
    config.bug = bug;
    RaftBench voter({n1, n2, n3}, config);
    voter.hold({noop(1)});
    const auto asked = voter.receive(n3, TransferVote{Term{2}, LogIndex{1}, Term{1}});
    CHECK(asked.silent() == (bug == Bug::transfer_vote_refused));
  }
}

TEST_CASE(
    "raft 3.10 and 6.4.1: a leader that has told another one to stand has no lease any more") {
  for (const Bug bug : {Bug::none, Bug::lease_kept_in_transfer}) {
    CAPTURE(bug);
    RaftBench node = leader(with(Reads::lease, bug));
    node.fire(Timer::heartbeat);
    node.receive(n2, HeartbeatReply{Term{1}, 1});
    node.ask(transfer(2));
    node.receive(n2, HeartbeatReply{Term{1}, 1});
    node.fire(Timer::election);  // it takes too long; the message may still be under way
    node.fire(Timer::heartbeat);
    node.receive(n2, HeartbeatReply{Term{1}, 2});
    CHECK(node.ask(read(2)).replies.empty() == (bug == Bug::none));
  }
}
