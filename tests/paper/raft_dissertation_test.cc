// Raft: what D. Ongaro's dissertation ("Consensus: Bridging Theory and Practice", Stanford 2014)
// adds to the paper in its chapters 3, 4 and 6, sentence by sentence, as stories of a group.
// Section 4.3 is that of joint consensus: raft_section_6_test.cc.
#include <doctest/doctest.h>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;
using namespace ballast::literals;

namespace {

Config voting(std::uint32_t voters, Bug bug = Bug::none) {
  Config config = with_bug(bug);
  config.voters = voters;
  return config;
}
Config checking_quorum(Bug bug = Bug::none) {
  Config config = with_bug(bug);
  config.check_quorum = true;
  return config;
}
Config leasing(Bug bug) {
  Config config = checking_quorum(bug);
  config.reads = Reads::lease;
  return config;
}
Config read_by_followers(Bug bug) {
  Config config = with_bug(bug);
  config.reads = Reads::read_index;
  config.follower_reads = true;
  return config;
}

// n1 leads under a lease, and has written 10.
RaftGroup leased(Bug bug) {
  RaftGroup group(3, leasing(bug));
  group.wait(1_s);
  group.lead(n1);
  group.ask_to_write(n1, 10);
  group.settle();
  group.beat(n1);
  return group;
}

}  // namespace

// --- 3.8: persisted state and server restarts ----------------------------------------------------

TEST_CASE(
    "dissertation 3.8: each server persists new log entries before they are counted towards the "
    "entries' commitment") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.stall(n2);
        group.ask_to_write(n1, 10);
        group.drop<AppendEntries>(n1, n3);
        group.settle();
        const bool waited = group.answers().empty();
        group.flush(n2);
        group.settle();
        return waited && group.answers().size() == 1;
      },
      {Bug::acknowledged_before_written});
  // A leader's own entries too, where it sends them before they are written (10.2.1).
  check_rule(
      [](Bug bug) {
        Config config = with_bug(bug);
        config.parallel_writes = true;
        RaftGroup group(3, config);
        group.lead(n1);
        group.stall(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n2);
        const bool waited = group.state(n1).commit_index == LogIndex{1};
        group.flush(n1);
        group.settle();
        return waited && group.state(n1).commit_index == LogIndex{2};
      },
      {Bug::leader_counts_unwritten});
}

TEST_CASE(
    "dissertation 3.8: other state variables are safe to lose on a restart, as they can all be "
    "recreated") {
  RaftGroup group(3);
  group.lead(n1);
  group.ask_to_write(n1, 10);
  group.settle();
  for (const NodeId node : group.nodes()) group.crash(node);
  for (const NodeId node : group.nodes()) {
    group.restart(node);
    CHECK(group.state(node).commit_index == LogIndex{0});
  }
  group.lead(n2);
  group.ask_to_read(n2);
  group.settle();
  CHECK(group.answer().value == 10);
  CHECK(group.broken() == "");
}

// --- 3.9: timing and availability ----------------------------------------------------------------

TEST_CASE("dissertation 3.9: the broadcast time must be less than the election timeout") {
  Config config;
  CHECK(config.problem().empty());
  config.heartbeat = config.election_timeout.min;
  CHECK_FALSE(config.problem().empty());
}

// --- 3.10: leadership transfer extension ---------------------------------------------------------

TEST_CASE("dissertation 3.10, 1: the prior leader stops accepting new client requests") {
  RaftGroup group(3);
  group.lead(n1);
  group.administer(n1, Administration::transfer_leadership, 2);
  group.ask_to_write(n1, 10);
  CHECK(group.answer() == Response{Outcome::redirect, 0, n2});
  CHECK(group.log(n1).size() == 1);
}

TEST_CASE(
    "dissertation 3.10, 2: the prior leader fully updates the target's log to match its own, using "
    "the normal replication mechanism") {
  RaftGroup group(3);
  group.lead(n1);
  group.ask_to_write(n1, 10);
  group.replicate(n1, n3);
  group.administer(n1, Administration::transfer_leadership, 2);
  CHECK(group.last().messages<TimeoutNow>() == 0);
  group.replicate(n1, n2);
  CHECK(group.last().message_to<TimeoutNow>(n2) != nullptr);
  CHECK(group.log(n2) == group.log(n1));
}

TEST_CASE(
    "dissertation 3.10, 3: TimeoutNow has the same effect as the target's election timer firing: "
    "it "
    "starts a new election") {
  RaftGroup group(3);
  group.lead(n1);
  group.administer(n1, Administration::transfer_leadership, 2);
  group.deliver<TimeoutNow>(n1, n2);
  CHECK(group.state(n2).role == Role::candidate);
  CHECK(group.state(n2).term == Term{2});
  group.settle();
  CHECK(group.leads(n2));
  CHECK(group.state(n1).role == Role::follower);
  CHECK(group.broken() == "");
}

TEST_CASE(
    "dissertation 3.10: if the transfer does not complete after about an election timeout, the "
    "prior leader aborts it and resumes accepting client requests") {
  RaftGroup group(3);
  group.lead(n1);
  group.crash(n2);
  group.ask_to_write(n1, 10);
  group.settle();
  group.administer(n1, Administration::transfer_leadership, 2);
  CHECK(group.last().timer(Timer::election)->max == Config{}.election_timeout.min);
  group.fire(n1, Timer::election);
  group.ask_to_write(n1, 20);
  group.settle();
  CHECK(group.answer().outcome == Outcome::ok);
  CHECK(group.leads(n1));
}

// --- 4.1: safety of single-server changes --------------------------------------------------------

TEST_CASE(
    "dissertation 4.1: a leader may not begin a new change until the previous one has been "
    "committed, lest two disjoint majorities decide") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, voting(3, bug));
        group.lead(n1);
        group.administer(n1, Administration::add_voter, 4);
        group.administer(n1, Administration::add_voter, 5);
        group.settle({n1, n4, n5});
        group.drop_all();
        group.crash_and_restart(n1);
        group.stand_in(2, n2, {n3});  // of three
        group.fire(n5, Timer::election);
        group.settle({n1, n4, n5});  // of five
        return group.broken().empty();
      },
      {Bug::overlapping_changes});
}

TEST_CASE(
    "dissertation 4.1: the new configuration takes effect on each server as soon as it is added to "
    "its log: the C_new entry is replicated to the C_new servers, and committed by their "
    "majority") {
  RaftGroup group(4, voting(3));
  group.lead(n1);
  group.administer(n1, Administration::add_voter, 4);
  CHECK(group.last().message_to<AppendEntries>(n4) != nullptr);
  group.replicate(n1, n2);
  CHECK(group.state(n1).commit_index == LogIndex{1});  // two of four
  group.replicate(n1, n4);
  CHECK(group.state(n1).commit_index == LogIndex{2});
}

TEST_CASE(
    "dissertation 4.1: a server must be prepared to fall back to the previous configuration in its "
    "log, when an entry is removed") {
  RaftGroup group(4, voting(3));
  group.lead(n1);
  group.isolate(n1);
  group.administer(n1, Administration::add_voter, 4);
  group.lead(n2);
  group.heal();
  group.beat(n2);
  REQUIRE(group.equal_logs() == false);  // n4 is no member
  CHECK(group.log(n1) == group.log(n2));
  group.crash(n2);
  group.stand(n1, {n3});  // of three, two are enough again
  CHECK(group.leads(n1));
}

TEST_CASE(
    "dissertation 4.1: servers process incoming RPC requests without consulting their current "
    "configurations") {
  RaftGroup group(4, voting(3));
  group.stand(n1, {});
  group.hear(n4, n1, RequestVote{Term{1}, {}, {}});
  CHECK(group.last().message<VoteReply>().vote == Vote::granted);
  group.hear(n4, n1, append_entries(1, 0, 0, {noop(1)}));
  CHECK(group.last().message<AppendReply>().result == AppendResult::matched);
}

TEST_CASE(
    "dissertation 4.1, as amended (raft-dev, 2015): a leader may not begin a change until it has "
    "committed an entry of its term") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, voting(4, bug));
        group.lead(n1);
        group.administer(n1, Administration::add_voter, 5);
        group.deliver<AppendEntries>(n1, n5);
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3, n4});
        group.settle({n2, n3});  // two of four have its no-op
        group.administer(n2, Administration::remove, 1);
        group.settle({n2, n3});  // of three, two would be enough
        group.drop_all();
        group.crash(n2);
        group.restart(n1);
        group.stand_in(3, n1, {n4, n5});  // with itself three of five
        group.settle();
        return group.broken().empty();
      },
      {Bug::change_before_own_commit});
}

// --- 4.2: availability ---------------------------------------------------------------------------

TEST_CASE(
    "dissertation 4.2.1: a server that is added far behind could leave the group unable to commit: "
    "it first catches up, without a vote") {
  Config config = voting(3);
  config.max_entries_per_message = 2;
  RaftGroup group(4, config);
  group.lead(n1);
  for (const std::int64_t value : {10, 20, 30}) group.ask_to_write(n1, value);
  group.settle();
  group.administer(n1, Administration::add_voter, 4);
  CHECK(group.answer().outcome == Outcome::failed);
  group.administer(n1, Administration::add_learner, 4);
  group.settle();
  group.administer(n1, Administration::add_voter, 4);
  group.settle();
  CHECK(group.answer().outcome == Outcome::ok);
  CHECK(group.equal_logs());
}

TEST_CASE(
    "dissertation 4.2.2: a server that is not part of its own latest configuration should still "
    "start new elections: Figure 4.7") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(2, bug);
        group.lead(n1);
        group.administer(n1, Administration::remove, 1);
        group.drop_all();
        group.crash_and_restart(n1);
        group.stand(n2, {n1});  // in vain: the log of n1 is longer
        group.fire(n1, Timer::election);
        group.settle();
        return group.state(n2).last_index == LogIndex{3} && !group.leads(n1);
      },
      {Bug::removed_never_stand});
}

TEST_CASE(
    "dissertation 4.2.3: PreVote alone does not keep a removed server from disrupting the cluster "
    "before its log is outdated; to ignore candidates while a leader is heard does") {
  for (const bool ignores : {true, false}) {
    Config config = voting(3);
    config.check_quorum = ignores;
    RaftGroup group(3, config);
    group.lead(n1);
    group.administer(n1, Administration::remove, 3);  // in the log of n1 only
    group.drop_all();
    group.wait(100_ms);
    group.fire(n3, Timer::election);
    group.settle({n2, n3});
    CHECK(group.leads(n3) != ignores);
  }
}

TEST_CASE(
    "dissertation 4.2.3: leadership transfer needs elections without waiting for a timeout; such "
    "requests carry a special flag that gets them past servers that hear their leader") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, checking_quorum(bug));
        group.lead(n1);
        group.administer(n1, Administration::transfer_leadership, 2);
        group.deliver<TimeoutNow>(n1, n2);
        group.settle();
        return group.leads(n2);
      },
      {Bug::transfer_vote_refused});
}

// --- 6.2: routing requests to the leader ---------------------------------------------------------

TEST_CASE(
    "dissertation 6.2: a leader steps down if an election timeout elapses without a successful "
    "round of heartbeats to a majority of its cluster") {
  RaftGroup group(3, checking_quorum());
  group.lead(n1);
  group.fire(n1, Timer::election);  // others have answered since it was elected
  CHECK(group.leads(n1));
  group.isolate(n1);
  group.beat(n1);
  group.fire(n1, Timer::election);
  CHECK_FALSE(group.leads(n1));
  group.ask_to_write(n1, 10);
  CHECK(group.answer().outcome == Outcome::redirect);
}

// --- 6.4: processing read-only queries more efficiently ------------------------------------------

TEST_CASE(
    "dissertation 6.4, 3: the leader issues a new round of heartbeats after the request came: "
    "acknowledgements of an earlier one do not count") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, read_by_followers(bug));
        group.lead(n1);
        group.ask_to_read(n1);
        group.deliver<Heartbeat>(n1, n2);
        group.isolate(n1);  // n2 has acknowledged, and follows another leader now
        group.lead(n2);
        group.ask(n2, {{client, 3, 1}, {Operation::write, 7, 20, 0, 0}});
        group.settle();
        group.ask(n1, {{client, 4, 1}, {Operation::read, 7, 0, 0, 0}});
        group.heal();
        group.hear(n1, n2, HeartbeatReply{Term{1}, 1});
        // The first read began before the write, and may miss it. The second may not.
        for (const Answer& answer : group.answers()) {
          if (answer.request.session == 4 && answer.response.value != 20) return false;
        }
        return true;
      },
      {Bug::read_round_reused});
}

TEST_CASE(
    "dissertation 6.4, 4: the state machine advances at least as far as the readIndex before the "
    "query is answered; so does that of a follower") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, read_by_followers(bug));
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n3);
        group.ask_to_read(n2);
        group.deliver<ReadIndex>(n2, n1);
        group.deliver<Heartbeat>(n1, n3);
        group.deliver<HeartbeatReply>(n3, n1);
        group.deliver<ReadIndexReply>(n1, n2);
        group.settle();
        group.beat(n1);
        return group.answers().size() == 2 && group.answer().value == 10;
      },
      {Bug::read_before_applied});
}

TEST_CASE("dissertation 6.4: one round of heartbeats serves any number of queries that waited") {
  RaftGroup group(3, read_by_followers(Bug::none));
  group.lead(n1);
  group.ask_to_read(n1);
  for (std::uint32_t session = 10; session < 20; ++session) {
    group.ask(n1, {{client, session, 1}, {Operation::read, 7, 0, 0, 0}});
  }
  group.settle();
  CHECK(group.answers().size() == 11);
  std::uint64_t rounds = 0;
  for (const auto& letter : group.taken()) rounds += letter.result.messages<Heartbeat>() / 2;
  CHECK(rounds == 2);
}

TEST_CASE(
    "dissertation 6.4.1: within the lease the leader serves queries without additional "
    "communication") {
  RaftGroup group = leased(Bug::none);
  group.ask_to_read(n1);
  CHECK(group.answer() == Response{Outcome::ok, 10, {}});
  CHECK(group.in_flight().empty());
}

TEST_CASE(
    "dissertation 6.4.1: the lease lasts for an election timeout, less what clocks may drift, from "
    "the start of the round: no other leader is elected meanwhile") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = leased(bug);
        group.isolate(n1);
        group.wait(150_ms);
        group.lead(n2);
        group.ask_to_write(n2, 20);
        group.settle();
        group.ask_to_read(n1);
        return group.answer().value != 10;
      },
      {Bug::lease_too_long});
  RaftGroup group = leased(Bug::none);
  group.wait(147_ms);  // 150 ms times 99/101
  group.fire(n2, Timer::election);
  CHECK(group.state(n2).role == Role::follower);
  group.ask_to_read(n1);
  CHECK(group.answer().value == 10);
  group.wait(1_ms);
  group.ask_to_read(n1);
  CHECK(group.in_flight().size() == 2);  // a round of heartbeats
}

TEST_CASE(
    "dissertation 6.4.1: followers' leases would keep a transfer from electing anybody; a leader "
    "expires its lease before it transfers leadership") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = leased(bug);
        group.administer(n1, Administration::transfer_leadership, 2);
        group.deliver<TimeoutNow>(n1, n2);
        group.isolate(n1);
        group.settle();
        group.ask_to_write(n2, 20);
        group.settle();
        group.fire(n1, Timer::election);  // it gives the transfer up
        group.ask_to_read(n1);
        return group.leads(n2) && group.answer().value != 10;
      },
      {Bug::lease_kept_in_transfer});
}

// --- 9.6: preventing disruptions when a server rejoins the cluster -------------------------------

TEST_CASE(
    "dissertation 9.6: who learns from a majority that they would be willing to grant their votes "
    "does not have these votes yet") {
  check_rule(
      [](Bug bug) {
        Config config = with_bug(bug);
        config.pre_vote = true;
        RaftGroup group(3, config);
        group.fire(n1, Timer::election);
        group.deliver<PreVote>(n1, n2);
        group.deliver<PreVoteReply>(n2, n1);
        return group.state(n1).role == Role::candidate;
      },
      {Bug::pre_votes_count});
}
