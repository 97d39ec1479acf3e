// Raft, sections 5.3 to 5.5 of Ongaro and Ousterhout 2014 (extended version): replication and
// safety, sentence by sentence, as stories of a group. What Figure 2 says too is in
// raft_figure_2_test.cc.
#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "tests/paper/raft_group.h"

using namespace ballast;
using namespace ballast::raft;

namespace {

// A log of one entry for each of these terms.
std::vector<Entry> log_of(const std::vector<std::uint64_t>& terms) {
  std::vector<Entry> entries;
  for (const std::uint64_t term : terms) entries.push_back(noop(term));
  return entries;
}

// n1 leads term 1 and loses touch with three entries that nobody else has. n2 and n3 commit others
// in term 2, and n3 leads term 3.
RaftGroup parted(Bug bug) {
  RaftGroup group(3, bug);
  group.lead(n1);
  group.isolate(n1);
  for (const std::int64_t value : {10, 20, 30}) group.ask_to_write(n1, value);
  group.lead(n2);
  group.ask_to_write(n2, 40);
  group.settle();
  group.lead(n3);
  group.heal();
  return group;
}

// Figure 7: the leader of term 8, and a follower with this log. How often it refuses entries until
// the logs are equal; 100 if they never are.
int refusals(const std::vector<std::uint64_t>& follower, Bug bug) {
  const auto log = log_of({1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
  RaftGroup group(3, bug);
  group.hear(n1, n3, append_entries(6, 0, 0, log));
  group.hear(n2, n3, append_entries(follower.back(), 0, 0, log_of(follower)));
  group.drop_all();
  group.stand_in(8, n1, {n2, n3});
  REQUIRE(group.leads(n1));
  int refused = 0;
  for (int i = 0; i < 100 && group.log(n2) != group.log(n1); ++i) {
    if (i > 0) group.fire(n1, Timer::heartbeat);
    while (group.deliver_if([](const auto& letter) { return letter.to == n2; })) {
      const auto& answer = group.last();
      if (answer.messages<AppendReply>() == 0) continue;
      refused += answer.message<AppendReply>().result == AppendResult::conflict ? 1 : 0;
      group.deliver<AppendReply>(n2, n1);
    }
  }
  return group.log(n2) == group.log(n1) ? refused : 100;
}

// Figure 8 up to (c), by entries 1 instead of 2: an entry of term 1 is on three of five.
RaftGroup figure_8(Bug bug) {
  Config config = with_bug(bug);
  config.max_entries_per_message = 1;
  RaftGroup group(5, config);
  group.stand(n1, {n2, n3});
  group.deliver<AppendEntries>(n1, n2);
  group.drop_all();
  group.crash(n1);
  group.stand_in(2, n5, {n3, n4});
  group.drop_all();
  group.crash(n5);
  group.restart(n1);
  group.stand_in(3, n1, {n2, n3, n4});
  for (const NodeId follower : {n3, n4}) {
    group.replicate(n1, follower);  // it lacks the entry before
    group.replicate(n1, follower);
  }
  return group;
}

}  // namespace

// --- 5.3: log replication ------------------------------------------------------------------------

TEST_CASE("raft 5.3: the leader appends, then issues AppendEntries in parallel to all others") {
  RaftGroup group(5);
  group.lead(n1);
  group.ask_to_write(n1, 10);
  CHECK(group.log(n1).size() == 2);
  CHECK(group.in_flight().size() == 4);
}

TEST_CASE(
    "raft 5.3: when the entry has been safely replicated, the leader applies it and returns the "
    "result to the client") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.ask_to_write(n1, 10);
        if (!group.answers().empty()) return false;
        group.replicate(n1, n2);
        return group.answers().size() == 1 && group.answer().outcome == Outcome::ok;
      },
      {Bug::committed_when_sent});
}

TEST_CASE(
    "raft 5.3: the leader retries AppendEntries indefinitely, even after it has responded to the "
    "client, until all followers eventually store all log entries") {
  RaftGroup group(3);
  group.lead(n1);
  group.ask_to_write(n1, 10);
  group.replicate(n1, n2);
  REQUIRE(group.answers().size() == 1);
  for (int i = 0; i < 50; ++i) {
    group.drop<AppendEntries>(n1, n3);
    group.fire(n1, Timer::heartbeat);
  }
  group.replicate(n1, n3);
  CHECK(group.equal_logs());
}

TEST_CASE("raft 5.3: a log entry is committed once its leader has replicated it on a majority") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(4, bug);
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n2);
        const bool by_two = group.state(n1).commit_index == LogIndex{2};
        group.replicate(n1, n3);
        return !by_two && group.state(n1).commit_index == LogIndex{2};
      },
      {Bug::commit_by_half});
}

TEST_CASE(
    "raft 5.3: this also commits all preceding entries, including those created by previous "
    "leaders") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n2});
        group.deliver<AppendEntries>(n1, n2);  // and nobody knows whether it is committed
        group.crash(n1);
        group.drop_all();
        group.stand(n2, {n3});
        group.settle();
        return group.state(n2).commit_index == LogIndex{2} &&
               group.state(n2).applied_index == LogIndex{2};
      },
      {Bug::commit_loop_breaks});
}

TEST_CASE(
    "raft 5.3: the leader includes the highest index it knows to be committed in heartbeats, so "
    "that the other servers find out and apply, in log order") {
  RaftGroup group(3);
  group.lead(n1);
  for (const std::int64_t value : {10, 20, 30}) group.ask_to_write(n1, value);
  group.settle();
  group.fire(n1, Timer::heartbeat);
  for (const NodeId follower : {n2, n3}) {
    group.deliver<AppendEntries>(n1, follower);
    CHECK(group.state(follower).applied_index == LogIndex{4});
  }
  CHECK(group.broken() == "");
}

TEST_CASE("raft 5.3: what a server knows to be committed stays so under a leader that knows less") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n3);
        group.deliver<AppendEntries>(n1, n2);
        group.fire(n1, Timer::heartbeat);
        group.deliver<AppendEntries>(n1, n3);  // it knows that entry 2 is committed, n2 does not
        group.drop_all();
        group.stand(n2, {n1});
        group.deliver<AppendEntries>(n2, n3);
        return group.broken().empty() && group.state(n3).commit_index == LogIndex{2};
      },
      {Bug::commit_index_falls});
}

TEST_CASE(
    "raft 5.3: if two entries in different logs have the same index and term, they store the same "
    "command, and the logs are identical in all preceding entries") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = parted(bug);
        group.beat(n3);
        group.beat(n3);
        return group.broken().empty() && group.equal_logs();
      },
      {Bug::append_without_previous_check, Bug::previous_term_not_compared,
       Bug::conflicting_entries_kept});
}

TEST_CASE(
    "raft 5.3: inconsistencies are handled by forcing the followers' logs to duplicate the "
    "leader's: Figure 7, (a) to (f)") {
  const std::vector<std::vector<std::uint64_t>> followers = {{1, 1, 1, 4, 4, 5, 5, 6, 6},
                                                             {1, 1, 1, 4},
                                                             {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
                                                             {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
                                                             {1, 1, 1, 4, 4, 4, 4},
                                                             {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}};
  for (const auto& follower : followers) {
    CAPTURE(follower.size());
    CHECK(refusals(follower, Bug::none) < 100);
  }
  // Those that only have too much need not be gone back for.
  for (const std::size_t lacking : {0u, 1u, 4u, 5u}) {
    CHECK(refusals(followers[lacking], Bug::conflict_not_backed_up) == 100);
  }
}

TEST_CASE(
    "raft 5.3: one AppendEntries will be required for each term with conflicting entries, rather "
    "than one per entry") {
  CHECK(refusals({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, Bug::none) == 2);  // terms 3 and 2
}

TEST_CASE("raft 5.3: a leader never overwrites or deletes entries in its own log") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.stand(n1, {n2});
        group.deliver<AppendEntries>(n1, n2);
        group.drop_all();
        group.crash(n1);
        group.stand(n2, {n3});
        return group.broken().empty() && group.log(n2) == std::vector{noop(1), noop(2)};
      },
      {Bug::tail_truncated_on_election});
}

TEST_CASE(
    "raft 5.3: a slow or failed minority of the servers does not slow the others down: an entry is "
    "committed in a single round to a majority") {
  RaftGroup group(5);
  group.lead(n1);
  group.crash(n4);
  group.crash(n5);
  group.ask_to_write(n1, 10);
  group.replicate(n1, n2);
  group.replicate(n1, n3);
  CHECK(group.answer().outcome == Outcome::ok);
}

// --- 5.4: safety ---------------------------------------------------------------------------------

TEST_CASE(
    "raft 5.4.1: the voter denies its vote if its log is more up-to-date than the candidate's") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.isolate(n3);
        group.ask_to_write(n1, 10);
        group.settle();
        group.heal();
        group.crash(n1);
        group.stand_in(2, n3, {n2});
        group.settle();
        return group.broken().empty() && !group.leads(n3);
      },
      {Bug::no_up_to_date_check, Bug::up_to_date_by_term});
}

TEST_CASE(
    "raft 5.4.1: if the logs have last entries with different terms, the log with the later term "
    "is more up-to-date") {
  // n1 has three entries of term 1 that nobody else has, the others one of term 2.
  const auto group_of = [](Bug bug) {
    RaftGroup group(3, bug);
    group.stand(n1, {n2});
    group.ask_to_write(n1, 10);
    group.ask_to_write(n1, 20);
    group.drop_all();
    group.crash(n1);
    group.stand_in(2, n3, {n2});
    group.settle();
    group.restart(n1);
    return group;
  };
  check_rule(
      [&](Bug bug) {
        RaftGroup group = group_of(bug);
        group.stand_in(3, n1, {n2});
        group.settle();
        return group.broken().empty() && !group.leads(n1);
      },
      {Bug::up_to_date_by_length});
  check_rule(
      [&](Bug bug) {
        RaftGroup group = group_of(bug);
        group.crash(n3);
        group.stand_in(3, n2, {n1});
        return group.leads(n2);
      },
      {Bug::up_to_date_by_both, Bug::up_to_date_by_length});
}

TEST_CASE(
    "raft 5.4.1: if the logs end with the same term, whichever log is longer is more up-to-date") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(3, bug);
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.replicate(n1, n2);
        group.drop_all();
        group.crash(n1);
        group.stand(n3, {n2});
        const bool longer_wins = !group.leads(n3);
        group.stand_in(3, n2, {n3});
        return longer_wins && group.leads(n2) && group.broken().empty();
      },
      {Bug::up_to_date_by_term});
}

TEST_CASE("raft 5.4.2: Raft never commits log entries from previous terms by counting replicas") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = figure_8(bug);
        return group.broken().empty() && group.state(n1).commit_index == LogIndex{0};
      },
      {Bug::commit_prior_term});
}

TEST_CASE("raft 5.4.2: what is stored on a majority can still be overwritten: Figure 8 (d)") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = figure_8(bug);
        group.drop_all();
        group.crash(n1);
        group.restart(n5);
        group.stand_in(4, n5, {n2, n3, n4});
        group.settle();
        group.restart(n1);
        group.beat(n5);
        group.beat(n5);
        return group.broken().empty() && group.equal_logs() && group.log(n1).front() == noop(2);
      },
      {Bug::commit_prior_term});
}

TEST_CASE(
    "raft 5.4.2: once an entry from the current term has been committed, all prior entries are "
    "committed indirectly: Figure 8 (e)") {
  check_rule(
      [](Bug bug) {
        RaftGroup group = figure_8(bug);
        for (const NodeId follower : {n3, n4}) group.replicate(n1, follower);
        const bool committed = group.state(n1).commit_index == LogIndex{2};
        group.drop_all();
        group.restart(n5);
        group.stand_in(4, n5, {n3, n4});  // n5 cannot win an election any more
        return committed && !group.leads(n5) && group.broken().empty();
      },
      {Bug::commit_loop_breaks});
}

TEST_CASE(
    "raft 5.4.3: if a server has applied an entry at an index, no other server will ever apply a "
    "different one: the voter that Figure 9 looks for refuses") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, bug);
        group.lead(n1);
        group.isolate(n4);
        group.isolate(n5);
        group.ask_to_write(n1, 10);  // n1, n2 and n3 have it, and n1 applies it
        group.settle();
        group.heal();
        group.crash(n1);
        group.stand(n5, {n3, n4});  // n3 accepted the entry, and is asked for its vote
        group.settle();
        return group.broken().empty() && !group.leads(n5);
      },
      {Bug::no_up_to_date_check, Bug::up_to_date_by_term});
}

// --- 5.5: follower and candidate crashes ---------------------------------------------------------

TEST_CASE("raft 5.5: if a follower or candidate crashes, RPCs to it are retried indefinitely") {
  RaftGroup group(3);
  group.lead(n1);
  group.crash(n3);
  group.ask_to_write(n1, 10);
  for (int i = 0; i < 20; ++i) group.beat(n1);
  group.restart(n3);
  group.beat(n1);
  CHECK(group.equal_logs());
}

TEST_CASE(
    "raft 5.5: RPCs are idempotent: a follower that receives entries already present in its log "
    "ignores those entries in the new request") {
  check_rule(
      [](Bug bug) {
        RaftGroup group(5, bug);
        group.lead(n1);
        group.ask_to_write(n1, 10);
        group.deliver_twice<AppendEntries>(n1, n2);
        group.deliver<AppendReply>(n2, n1);
        group.ask_to_write(n1, 20);
        group.fire(n1, Timer::heartbeat);
        group.deliver_if([](const auto& letter) {
          const auto* request = std::get_if<AppendEntries>(&letter.message);
          return letter.to == n2 && request != nullptr && request->previous_index == LogIndex{2};
        });
        if (group.log(n2).size() != 3) return false;
        group.deliver<AppendEntries>(n1, n2);  // the first one, again
        return group.last().persist.empty() && group.log(n2).size() == 3;
      },
      {Bug::truncates_always, Bug::suffix_rewritten});
}
