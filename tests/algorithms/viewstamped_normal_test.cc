// Viewstamped Replication on the bench: normal operation, batches and leases.
#include <doctest/doctest.h>

#include "tests/algorithms/viewstamped_bench.h"

using namespace ballast;
using namespace ballast::viewstamped_bench;
using namespace ballast::literals;

TEST_CASE("viewstamped replication, 4: the primary is chosen round-robin, starting with n1") {
  CHECK(ViewstampedBench(n1).state().status == Status::primary);
  CHECK(ViewstampedBench(n2).state().status == Status::backup);
  ViewstampedBench node(n2);
  node.change_view(2);
  CHECK(node.receive(n3, change(2, 1, logs(0))).fact<Elected>().term == view(2));
}

TEST_CASE(
    "viewstamped replication, 4.1: the primary advances op-number, adds the request to the end of "
    "the log, and sends PREPARE to the other replicas") {
  ViewstampedBench node(n1);
  const auto step = node.ask(add(1));
  CHECK(node.state().op == op(1));
  CHECK(step.messages<viewstamped_replication::Prepare>() == 2);
  const auto sent = step.message<viewstamped_replication::Prepare>();
  CHECK(sent.view == view(1));
  CHECK(sent.op == op(1));
  CHECK(sent.requests == std::vector{add(1)});
  CHECK(sent.commit == op(0));
  CHECK(step.replies.empty());
}

TEST_CASE(
    "viewstamped replication, 4.1: a backup won't accept a prepare with op-number n until it has "
    "entries for all earlier requests in its log") {
  ViewstampedBench node(n2);
  const auto early = node.receive(n1, prepare(1, 2, 2));
  CHECK(early.messages<PrepareOk>() == 0);
  CHECK(early.message_to<GetState>(n1)->op == op(0));
  CHECK(node.receive(n1, prepare(1, 1, 1)).message_to<PrepareOk>(n1)->op == op(1));
  CHECK(node.receive(n1, prepare(1, 2, 2)).message_to<PrepareOk>(n1)->op == op(2));
  // What comes again is acknowledged again, and logged once.
  const auto again = node.receive(n1, prepare(1, 1, 2));
  CHECK(again.message_to<PrepareOk>(n1)->op == op(2));
  CHECK(again.stated<Logged>() == 0);
}

TEST_CASE(
    "viewstamped replication, 4.1: with f PREPAREOK messages from different backups the primary "
    "considers the operation, and all earlier ones, to be committed, executes and replies") {
  Bench<ViewstampedReplication> node(n1, {n1, n2, n3, {4}, {5}}, with_bug(Bug::none));
  node.start();
  node.ask(add(1, 5));
  node.ask({{client, 2, 1}, {Operation::add, 7, 6, 0, 0}});
  CHECK(node.receive(n2, PrepareOk{view(1), op(2)}).replies.empty());
  CHECK(node.receive(n2, PrepareOk{view(1), op(2)}).replies.empty());  // the same backup
  const auto step = node.receive(n3, PrepareOk{view(1), op(2)});
  REQUIRE(step.replies.size() == 2);
  CHECK(step.replies[0].response.value == 5);
  CHECK(step.replies[1].response.value == 11);
  CHECK(step.fact<CommitAdvanced>().slot == op(2));
  CHECK(node.receive({4}, PrepareOk{view(1), op(2)}).replies.empty());
}

TEST_CASE("viewstamped replication, 4.1: backups learn from the next PREPARE, or from COMMIT") {
  ViewstampedBench node(n2);
  node.log(2);
  CHECK(node.receive(n1, prepare(1, 3, 3, 1)).fact<Executed>().slot == op(1));
  const auto step = node.receive(n1, viewstamped_replication::Commit{view(1), op(3), {}});
  CHECK(step.stated<Executed>() == 2);
  CHECK(step.replies.empty());  // the primary replies
  ViewstampedBench primary(n1);
  primary.ask(add(1));
  CHECK(primary.fire(Timer::commit).messages<viewstamped_replication::Commit>() == 2);
}

TEST_CASE("viewstamped replication, 4.1: the primary re-sends what is not acknowledged yet") {
  ViewstampedBench node(n1);
  node.ask(add(1));
  node.receive(n2, PrepareOk{view(1), op(1)});
  node.ask(add(2));
  const auto step = node.fire(Timer::commit);
  CHECK(step.message_to<viewstamped_replication::Prepare>(n2)->op == op(2));
  CHECK(step.message_to<viewstamped_replication::Prepare>(n3)->requests.size() == 2);
  CHECK(step.timer_set(Timer::commit));
}

TEST_CASE(
    "viewstamped replication, 4.1: the client table drops old requests, and answers the latest "
    "again") {
  ViewstampedBench node(n1);
  node.ask(add(1, 5));
  CHECK(node.ask(add(1, 5)).silent());  // it is under way
  node.receive(n2, PrepareOk{view(1), op(1)});
  CHECK(node.ask(add(1, 5)).replies.at(0).response.value == 5);
  node.ask(add(2, 6));
  node.receive(n2, PrepareOk{view(1), op(2)});
  CHECK(node.ask(add(1, 5)).silent());
  CHECK(node.state().op == op(2));
}

TEST_CASE("viewstamped replication, 4.1: a replica that is not the primary says who is") {
  ViewstampedBench node(n3);
  CHECK(node.ask(add(1)).replies.at(0).response == Response{Outcome::redirect, 0, n1});
  node.change_view(2, n2);
  CHECK(node.ask(add(1)).replies.at(0).response == Response{Outcome::redirect, 0, {}});
}

TEST_CASE(
    "viewstamped replication, 4.1: messages of earlier views are dropped, and later ones show that "
    "this replica is behind") {
  ViewstampedBench node(n3);
  node.receive(n2, StartView{view(2), logs(1)});
  CHECK(node.receive(n1, prepare(1, 2, 2)).silent());
  const auto step = node.receive(n1, prepare(4, 3, 3));
  CHECK(*step.message_to<GetState>(n1) == GetState{view(4), op(0)});
  CHECK(node.state().op == op(1));  // what it has acknowledged stays
  CHECK(node.state().view == view(2));
}

TEST_CASE("viewstamped replication, 6.2: a busy primary bundles what comes meanwhile") {
  Config config = with_bug(Bug::none);
  config.batch = 3;
  ViewstampedBench node(n1, config);
  const std::vector<Request> all = requests(5);
  CHECK(node.ask(all[0]).messages<viewstamped_replication::Prepare>() == 2);
  CHECK(node.ask(all[1]).messages<viewstamped_replication::Prepare>() == 0);
  CHECK(node.ask(all[2]).messages<viewstamped_replication::Prepare>() == 0);
  const auto full = node.ask(all[3]);  // the bundle is full
  CHECK(full.message<viewstamped_replication::Prepare>().requests.size() == 3);
  CHECK(node.ask(all[4]).messages<viewstamped_replication::Prepare>() == 0);
  const auto freed = node.receive(n2, PrepareOk{view(1), op(4)});
  CHECK(freed.replies.size() == 4);
  CHECK(freed.message<viewstamped_replication::Prepare>().requests == std::vector{all[4]});
}

TEST_CASE(
    "viewstamped replication, 6.3: the primary answers reads by itself if it holds valid leases "
    "from f other replicas") {
  Config config = with_bug(Bug::none);
  config.lease = 100_ms;
  config.drift_ppm = 100'000;
  ViewstampedBench node(n1, config);
  node.set_clock(Time{1'000'000'000});
  CHECK(node.ask(read(1)).replies.empty());  // through the log
  node.receive(n2, LeaseGranted{view(1), Time{1'000'000'000}});
  node.set_clock(Time{1'089'000'000});  // nine tenths of the lease, if clocks differ by a tenth
  CHECK(node.ask(read(2)).replies.size() == 1);
  node.set_clock(Time{1'091'000'000});
  CHECK(node.ask(read(3)).replies.empty());
}

TEST_CASE("viewstamped replication, 6.3: a new view starts only after leases have expired") {
  Config config = with_bug(Bug::none);
  config.lease = 100_ms;
  ViewstampedBench node(n2, config);
  node.set_clock(Time{1'000'000'000});
  const Time sent{990'000'000};
  const auto granted = node.receive(n1, viewstamped_replication::Commit{view(1), {}, sent});
  CHECK(granted.message_to<LeaseGranted>(n1)->sent == sent);
  node.set_clock(Time{1'099'000'000});
  CHECK(node.receive(n3, StartViewChange{view(2)}).silent());
  node.fire(Timer::view_change);
  CHECK(node.state().status == Status::backup);
  node.set_clock(Time{1'100'000'000});
  node.receive(n3, StartViewChange{view(2)});
  CHECK(node.state().status == Status::view_change);
}

TEST_CASE("viewstamped replication, 6.3: a new primary first commits what it has taken over") {
  Config config = with_bug(Bug::none);
  config.lease = 100_ms;
  ViewstampedBench node(n2, config);
  node.change_view(2);
  node.receive(n3, change(2, 1, logs(1)));
  node.receive(n3, LeaseGranted{view(2), Time{}});
  CHECK(node.ask(read(2)).replies.empty());
  node.receive(n3, PrepareOk{view(2), op(2)});
  CHECK(node.ask(read(3)).replies.size() == 1);
}
