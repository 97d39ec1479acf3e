// Viewstamped Replication on the bench: view changes.
#include <doctest/doctest.h>

#include "tests/algorithms/viewstamped_bench.h"

using namespace ballast;
using namespace ballast::viewstamped_bench;

TEST_CASE(
    "viewstamped replication, 4.2: who notices the need for a view change advances its view-number "
    "and tells all others") {
  ViewstampedBench node(n3);
  const auto step = node.fire(Timer::view_change);
  CHECK(node.state().status == Status::view_change);
  CHECK(node.state().view == view(2));
  CHECK(node.state().last_normal == view(1));
  CHECK(step.messages<StartViewChange>() == 2);
  CHECK(step.message<StartViewChange>().view == view(2));
  CHECK(step.timer_set(Timer::view_change));
}

TEST_CASE(
    "viewstamped replication, 4.2: a STARTVIEWCHANGE or DOVIEWCHANGE of a larger view begins a "
    "view "
    "change, too") {
  ViewstampedBench node(n3);
  CHECK(node.receive(n2, StartViewChange{view(2)}).messages<StartViewChange>() == 2);
  CHECK(node.receive(n2, change(3, 1, logs(0))).messages<StartViewChange>() == 2);
  CHECK(node.receive(n2, StartViewChange{view(2)}).silent());  // left behind
  ViewstampedBench primary(n1);
  CHECK(primary.change_view(2).fact<SteppedDown>().term == view(1));
}

TEST_CASE(
    "viewstamped replication, 4.2: with STARTVIEWCHANGE from f others, a replica sends "
    "DOVIEWCHANGE "
    "to the new primary") {
  Bench<ViewstampedReplication> node(n3, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
  node.start();
  node.receive(n1, prepare(1, 1, 3, 1));
  CHECK(node.receive({4}, StartViewChange{view(2)}).messages<DoViewChange>() == 0);
  CHECK(node.receive({4}, StartViewChange{view(2)}).messages<DoViewChange>() == 0);
  const auto step = node.receive({5}, StartViewChange{view(2)});
  CHECK(*step.message_to<DoViewChange>(n2) ==
        DoViewChange{view(2), view(1), logs(3, 1), {0, 0, 1, 0, 0}});
  CHECK(step.messages<DoViewChange>() == 1);
}

TEST_CASE(
    "viewstamped replication, 4.2: the new primary waits for f + 1 DOVIEWCHANGE messages from "
    "different replicas, including itself") {
  Bench<ViewstampedReplication> node(n2, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
  node.start();
  const Lives lives{1, 1, 1, 1, 1};
  node.receive(n3, change(2, 1, logs(0), lives));
  node.receive(n3, change(2, 1, logs(0), lives));
  CHECK(node.state().status == Status::view_change);
  const auto step = node.receive({4}, change(2, 1, logs(0), lives));
  CHECK(node.state().status == Status::primary);
  CHECK(step.messages<StartView>() == 4);
}

TEST_CASE(
    "viewstamped replication, 4.2: the new log is of the largest v', and of these the longest") {
  Bench<ViewstampedReplication> node(n2, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
  node.start();
  const Lives lives{1, 1, 1, 1, 1};
  SUBCASE("the view goes first") {
    node.receive(n1, prepare(1, 1, 5));
    node.receive(n3, change(7, 1, logs(3), lives));
    const auto step = node.receive({4}, change(7, 4, logs(2, 0, 40), lives));
    CHECK(step.message<StartView>().state.log.entries == requests(2, 40));
    CHECK(step.fact<LogCut>().last_kept == op(0));
  }
  SUBCASE("then the op-number") {
    node.receive(n3, change(7, 4, logs(3, 1, 40), lives));
    const auto step = node.receive({4}, change(7, 4, logs(2, 2, 40), lives));
    CHECK(step.message<StartView>().state.log.entries == requests(3, 40));
    // "sets its commit-number to the largest such number it received"
    CHECK(step.message<StartView>().state.commit == op(2));
    CHECK(step.stated<Executed>() == 2);
    CHECK(step.replies.size() == 2);
  }
}

TEST_CASE(
    "viewstamped replication, 4.2: on STARTVIEW replicas replace their log, execute what is known "
    "to be committed, and acknowledge the rest") {
  ViewstampedBench node(n3);
  node.log(3, 1);
  Transfer state = logs(2, 2);
  state.log.entries.push_back(add(99));
  const auto step = node.receive(n2, StartView{view(2), state});
  CHECK(node.state() == State{Status::backup, view(2), view(2), op(3), op(2), {}, 1});
  CHECK(step.fact<LogCut>().last_kept == op(2));
  CHECK(step.fact<Logged>().slot == op(3));
  CHECK(*step.message_to<PrepareOk>(n2) == PrepareOk{view(2), op(3)});
  CHECK(step.stated<Executed>() == 1);
  CHECK(step.timer_set(Timer::view_change));
}

TEST_CASE("viewstamped replication: a STARTVIEW that comes again takes nothing back") {
  ViewstampedBench node(n3);
  node.receive(n2, StartView{view(2), logs(1)});
  node.receive(n2, prepare(2, 2, 2));
  CHECK(node.receive(n2, StartView{view(2), logs(1)}).silent());
  CHECK(node.state().op == op(2));
}

TEST_CASE(
    "viewstamped replication, 4.2: a view change that takes too long is given up for the next") {
  ViewstampedBench node(n3);
  node.fire(Timer::view_change);
  CHECK(node.fire(Timer::view_change).message<StartViewChange>().view == view(3));
  CHECK(node.state().last_normal == view(1));
  // What is lost is said again.
  const auto step = node.fire(Timer::resend);
  CHECK(step.message<StartViewChange>().view == view(3));
  CHECK(step.timer_set(Timer::resend));
}

TEST_CASE("viewstamped replication: while it changes views a replica logs and answers nothing") {
  ViewstampedBench node(n3);
  node.change_view(2, n2);
  CHECK(node.receive(n1, prepare(1, 1, 1)).silent());
  CHECK(node.ask(add(1)).replies.at(0).response.outcome == Outcome::redirect);
  CHECK(node.receive(n1, Recovery{2}).silent());
  CHECK(node.receive(n1, GetState{view(1), {}}).silent());
}

TEST_CASE(
    "viewstamped replication, DISC 2017: what a replica said before it crashed does not count") {
  ViewstampedBench node(n2);
  node.receive(n3, Recovery{2});  // n3 is in its second life
  node.change_view(2, n1);
  node.receive(n3, change(2, 1, logs(0), {1, 1, 1}));  // and this is from its first
  CHECK(node.state().status == Status::view_change);
  SUBCASE("but what it says now does") {
    node.receive(n3, change(2, 1, logs(0), {1, 1, 2}));
    CHECK(node.state().status == Status::primary);
  }
  SUBCASE("and others may know of the crash where the new primary does not") {
    Bench<ViewstampedReplication> other(n2, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
    other.start();
    other.receive(n3, change(2, 1, logs(0), {1, 1, 1, 1, 1}));
    other.receive({4}, change(2, 1, logs(0), {1, 1, 2, 1, 1}));
    CHECK(other.state().status == Status::view_change);
    other.receive(n1, change(2, 1, logs(0), {1, 1, 1, 1, 1}));
    CHECK(other.state().status == Status::primary);
  }
}
