// Viewstamped Replication on the bench: recovery, state transfer and checkpoints.
#include <doctest/doctest.h>

#include "tests/algorithms/viewstamped_bench.h"

using namespace ballast;
using namespace ballast::viewstamped_bench;

namespace {

// What a replica that n1 leads in this view, or one that follows n1, answers.
RecoveryResponse response(std::uint64_t in_view, std::uint64_t nonce,
                          std::optional<Transfer> state = std::nullopt) {
  return {view(in_view), nonce, std::move(state), {1, 1, nonce}};
}

}  // namespace

TEST_CASE(
    "viewstamped replication, 4.3: after a crash a replica asks all others, with a new nonce") {
  ViewstampedBench node(n3);
  node.log(2);
  const auto first = node.crash_and_recover();
  CHECK(first.messages<Recovery>() == 2);
  CHECK(first.message<Recovery>().nonce == 2);
  CHECK(node.state() == State{Status::recovering, {}, {}, {}, {}, {}, 2});
  CHECK(node.crash_and_recover().message<Recovery>().nonce == 3);
  CHECK(node.fire(Timer::resend).message<Recovery>().nonce == 3);
}

TEST_CASE(
    "viewstamped replication, 4.3: while its status is recovering a replica takes part in neither "
    "request processing nor view changes") {
  ViewstampedBench node(n3);
  node.crash_and_recover();
  CHECK(node.receive(n1, prepare(1, 1, 1)).silent());
  CHECK(node.receive(n2, StartViewChange{view(2)}).silent());
  CHECK(node.receive(n2, change(3, 1, logs(0))).silent());
  CHECK(node.receive(n2, StartView{view(2), logs(1)}).silent());
  CHECK(node.receive(n2, Recovery{2}).silent());
}

TEST_CASE(
    "viewstamped replication, 4.3: replicas answer with their view, and the primary with its log") {
  ViewstampedBench primary(n1);
  primary.ask(add(1));
  const auto full = primary.receive(n3, Recovery{2}).message<RecoveryResponse>();
  CHECK(full.view == view(1));
  CHECK(full.nonce == 2);
  CHECK(full.state->log.entries == std::vector{add(1)});
  CHECK(full.lives == Lives{1, 0, 2});
  ViewstampedBench backup(n2);
  CHECK_FALSE(backup.receive(n3, Recovery{2}).message<RecoveryResponse>().state);
  CHECK(backup.receive(n3, Recovery{1}).silent());  // late
}

TEST_CASE(
    "viewstamped replication, 4.3: it waits for f + 1 responses with its nonce, one of them from "
    "the primary of the latest view it learns of") {
  ViewstampedBench node(n3);
  node.crash_and_recover();
  SUBCASE("two of two others") {
    node.receive(n1, response(1, 2, logs(3, 2)));
    CHECK(node.state().status == Status::recovering);
    const auto step = node.receive(n2, response(1, 2));
    CHECK(node.state() == State{Status::backup, view(1), view(1), op(3), op(2), {}, 2});
    CHECK(step.stated<Executed>() == 2);
    CHECK(*step.message_to<PrepareOk>(n1) == PrepareOk{view(1), op(3)});
  }
  SUBCASE("not those to an earlier question") {
    node.receive(n1, response(1, 1, logs(3, 2)));
    node.receive(n2, response(1, 1));
    CHECK(node.state().status == Status::recovering);
  }
  SUBCASE("not a primary that the other one has left behind") {
    node.receive(n1, response(1, 2, logs(3, 2)));
    node.receive(n2, response(4, 2));
    CHECK(node.state().status == Status::recovering);
    node.receive(n1, response(4, 2, logs(1, 1)));
    CHECK(node.state().view == view(4));
    CHECK(node.state().op == op(1));
  }
}

TEST_CASE("viewstamped replication, 5.2: within its view a replica is given what it lacks") {
  ViewstampedBench behind(n3);
  behind.log(1);
  const auto asked = behind.receive(n1, prepare(1, 4, 4));
  CHECK(*asked.message_to<GetState>(n1) == GetState{view(1), op(1)});
  CHECK(behind.receive(n1, prepare(1, 4, 4)).messages<GetState>() == 0);  // it has asked
  ViewstampedBench other(n2);
  other.log(3, 2);
  const auto given = other.receive(n3, GetState{view(1), op(1)}).message<NewState>();
  CHECK(given.state.log.base == op(1));
  CHECK(given.state.log.entries.size() == 2);
  const auto step = behind.receive(n2, given);
  CHECK(behind.state().op == op(3));
  CHECK(behind.state().commit == op(2));
  CHECK(*step.message_to<PrepareOk>(n1) == PrepareOk{view(1), op(3)});
  CHECK(behind.receive(n2, given).silent());  // it comes again
}

TEST_CASE(
    "viewstamped replication, 5.2: only a replica in that view, and in no view change, answers") {
  ViewstampedBench node(n2);
  node.log(2);
  CHECK(node.receive(n3, GetState{view(2), op(0)}).silent());
  CHECK(node.receive(n3, GetState{view(1), op(3)}).silent());  // it knows no more itself
}

TEST_CASE(
    "viewstamped replication, 5.2 as corrected: who hears of a later view keeps its log until it "
    "has the new one") {
  ViewstampedBench node(n3);
  node.log(3, 1);
  const auto step = node.receive(n2, viewstamped_replication::Commit{view(2), op(1), {}});
  CHECK(*step.message_to<GetState>(n2) == GetState{view(2), op(1)});
  SUBCASE("a view change comes first, and hears of all that was acknowledged") {
    const auto changed = node.receive(n1, StartViewChange{view(4)});
    CHECK(*changed.message_to<DoViewChange>(n1) ==
          DoViewChange{view(4), view(1), logs(3, 1), {0, 0, 1}});
  }
  SUBCASE("then the log after its commit-number is replaced") {
    Transfer state{{op(1), {add(50), add(51)}}, std::nullopt, op(2)};
    node.receive(n2, NewState{view(2), state});
    CHECK(node.state() == State{Status::backup, view(2), view(2), op(3), op(2), {}, 1});
  }
  SUBCASE("what does not come is asked for again, of anybody") {
    CHECK(node.fire(Timer::resend).messages<GetState>() == 1);
  }
}

TEST_CASE("viewstamped replication, 5.1: a checkpoint stands for the requests before it") {
  Config config = with_bug(Bug::none);
  config.checkpoint_every = 2;
  ViewstampedBench node(n2, config);
  const auto kept = node.receive(n1, prepare(1, 1, 5, 5));
  CHECK(kept.stated<Checkpointed>() == 2);
  CHECK(node.state().checkpoint == op(4));
  const auto given = node.receive(n3, GetState{view(1), op(1)}).message<NewState>();
  CHECK(given.state.log.base == op(4));
  REQUIRE(given.state.checkpoint);

  ViewstampedBench behind(n3, config);
  behind.log(1);
  const auto step = behind.receive(n2, given);
  CHECK(behind.state() == State{Status::backup, view(1), view(1), op(5), op(5), op(4), 1});
  CHECK(step.fact<Checkpointed>().taken_over);
  CHECK(step.fact<LogCut>().taken_over);
  CHECK(step.fact<Executed>().slot == op(5));
  // The client table came with it.
  ViewstampedBench primary(n1, config);
  primary.change_view(4);
  primary.receive(n2, change(4, 1, given.state));
  CHECK(primary.ask(requests(1)[0]).replies.size() == 1);
}

// Mistakes that take more luck to see than a short ordeal has: what they do is shown here, and what
// comes of it in the scenarios of bugs.json and of scenarios/bugs.
TEST_CASE("viewstamped replication: planted mistakes of recovery do what they say") {
  for (const Bug bug : {Bug::none, Bug::nonce_ignored}) {
    ViewstampedBench node(n3, with_bug(bug));
    node.crash_and_recover();
    node.receive(n1, response(1, 1, logs(3)));
    node.receive(n2, response(1, 1));
    CHECK((node.state().status == Status::backup) == (bug == Bug::nonce_ignored));
  }
  for (const Bug bug : {Bug::none, Bug::recovery_from_one}) {
    ViewstampedBench node(n3, with_bug(bug));
    node.crash_and_recover();
    node.receive(n1, response(1, 2, logs(3)));
    CHECK((node.state().status == Status::backup) == (bug == Bug::recovery_from_one));
  }
}

TEST_CASE("viewstamped replication: planted mistakes of counting do what they say") {
  for (const Bug bug : {Bug::none, Bug::earlier_lives_count}) {
    ViewstampedBench node(n2, with_bug(bug));
    node.receive(n3, Recovery{2});
    node.receive(n3, change(2, 1, logs(0), {1, 1, 1}));
    CHECK((node.state().status == Status::primary) == (bug == Bug::earlier_lives_count));
  }
  for (const Bug bug : {Bug::none, Bug::longest_log_wins}) {
    ViewstampedBench node(n2, with_bug(bug));
    node.log(3);
    node.receive(n3, change(5, 4, logs(1)));
    CHECK((node.state().op == op(3)) == (bug == Bug::longest_log_wins));
  }
  for (const Bug bug : {Bug::none, Bug::prepare_ok_of_earlier_view}) {
    ViewstampedBench node(n1, with_bug(bug));
    node.ask(add(1));
    node.receive(n3, change(4, 1, logs(0)));
    node.receive(n3, PrepareOk{view(1), op(1)});
    CHECK((node.state().commit == op(1)) == (bug == Bug::prepare_ok_of_earlier_view));
  }
}
