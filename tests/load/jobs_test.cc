// Jobs: retried with and without a budget, split into parts, replayed.
#include <doctest/doctest.h>

#include "sim/base/distribution.h"
#include "tests/load/desk.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

Workload jobs(Arrivals arrivals) {
  Workload w;
  w.arrivals = std::move(arrivals);
  w.operations = {0, 0, 0, 0, 1};
  w.timeout = 1_s;
  w.retry_after = 250_ms;
  return w;
}

}  // namespace

TEST_CASE("a job is asked for once unless more attempts are allowed") {
  Desk desk(jobs(Periodic{{1, 1_s}}));
  desk.run_until(1900_ms);
  CHECK(desk.asked().size() == 1);
}

TEST_CASE("a job is asked for again, elsewhere, as often as is allowed and no more") {
  Workload w = jobs(Periodic{{1, 10_s}});
  w.attempts = 3;
  w.timeout = 5_s;
  Desk desk(w);
  desk.run_until(14900_ms);
  const auto asked = desk.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].of == NodeId{1});
  CHECK(asked[1].of == NodeId{2});
  CHECK(asked[2].of == NodeId{3});
  for (const Asked& each : asked) CHECK(each.request == asked[0].request);
  // An answer to any attempt is one.
  desk.ok(asked[0].request.id);
  CHECK(desk.returned().size() == 1);
  CHECK(desk.invoked().size() == 1);
}

TEST_CASE("an answered job is not asked for again") {
  Workload w = jobs(Periodic{{1, 10_s}});
  w.attempts = 3;
  Desk desk(w);
  desk.run_until(10100_ms);
  desk.ok(desk.asked().at(0).request.id);
  desk.run_until(19_s);
  CHECK(desk.asked().empty());
}

TEST_CASE("a budget bounds how many jobs are asked for again") {
  Workload w = jobs(Periodic{{100, 1_s}});
  w.attempts = 4;
  w.retry_budget = Ratio{1, 10};
  Desk desk(w);
  desk.run_until(20_s);
  const auto asked = static_cast<double>(desk.asked().size());
  const auto begun = static_cast<double>(desk.invoked().size());
  CHECK(begun >= 1990);
  CHECK(asked <= 1.1 * begun + 10);
  CHECK(asked >= 1.08 * begun);
  // Without the budget every job, none of which is answered, is asked for four times.
  w.retry_budget.reset();
  Desk free(w);
  free.run_until(20_s);
  CHECK(static_cast<double>(free.asked().size()) > 3.8 * begun);
}

TEST_CASE("a budget bounds other operations as well") {
  Workload w = jobs(Periodic{{100, 1_s}});
  w.operations = {1, 0, 0, 0, 0};  // reads, which are otherwise asked for until the timeout
  w.retry_budget = Ratio{1, 10};
  Desk desk(w);
  desk.run_until(20_s);
  const auto begun = static_cast<double>(desk.invoked().size());
  const auto asked = static_cast<double>(desk.asked().size());
  CHECK(asked <= 1.1 * begun + 10);
  CHECK(asked >= 1.08 * begun);
}

TEST_CASE("a job of several parts is done when the last of them is") {
  Workload w = jobs(Periodic{{1, 1_s}});
  w.fan_out = 3;
  w.timeout = 5_s;
  Desk desk(w);
  desk.run_until(1_s);
  const auto asked = desk.asked();
  REQUIRE(asked.size() == 3);
  CHECK(desk.invoked().size() == 1);
  CHECK(asked[0].request.id == RequestId{NodeId{9}, 0, 1});
  CHECK(asked[2].request.id == RequestId{NodeId{9}, 0, 3});
  CHECK(asked[0].request.command.work != asked[1].request.command.work);
  desk.ok(asked[1].request.id);
  desk.ok(asked[1].request.id);  // a copy
  desk.ok(asked[2].request.id);
  CHECK(desk.returned().empty());
  desk.ok(asked[0].request.id);
  const auto returned = desk.returned();
  REQUIRE(returned.size() == 1);
  CHECK(returned[0].request == asked[0].request.id);
  // The next job of the session has ids of its own.
  desk.run_until(2_s);
  CHECK(desk.asked().at(0).request.id == RequestId{NodeId{9}, 0, 4});
}

TEST_CASE("only the parts that are not answered are asked for again, and one failure fails all") {
  Workload w = jobs(Periodic{{1, 10_s}});
  w.fan_out = 3;
  w.attempts = 2;
  w.timeout = 5_s;
  Desk desk(w);
  desk.run_until(10_s);
  const auto first = desk.asked();
  desk.ok(first.at(1).request.id);
  desk.run_until(10300_ms);
  const auto again = desk.asked();
  REQUIRE(again.size() == 2);
  CHECK(again[0].request == first[0].request);
  CHECK(again[1].request == first[2].request);
  desk.answer(first[0].request.id, {Outcome::failed, 0, {}});
  const auto returned = desk.returned();
  REQUIRE(returned.size() == 1);
  CHECK(returned[0].outcome == Returning::fail);
  desk.ok(first[2].request.id);
  CHECK(desk.returned().empty());
}

TEST_CASE("recorded requests come when they came, dealt out to clients in turn") {
  const Replay replay{{{10_ms, 3_ms, 7}, {10_ms, 1_ms, {}}, {20_ms, 2_ms, 5}, {30_ms, 9_ms, {}}}};
  Workload w = jobs(replay);
  w.clients = 2;
  w.keys = 8;
  w.start = 1_s;
  Desk even(w, {NodeId{1}}, 1, 0);
  Desk odd(w, {NodeId{1}}, 1, 1);
  even.run_until(1010_ms - 1_ns);
  CHECK(even.asked().empty());
  even.run_until(1010_ms);
  odd.run_until(1010_ms);
  const auto first = even.asked();
  REQUIRE(first.size() == 1);
  CHECK(first[0].request.command.key == 7);
  CHECK(odd.asked().size() == 1);
  even.run_until(5_s);
  odd.run_until(5_s);
  CHECK(even.asked().at(0).request.command.key == 5);
  CHECK(odd.asked().size() == 1);
}

TEST_CASE("an endpoint with the same recording takes as long as was recorded") {
  const std::vector<Duration> times{3_ms, 1_ms, 2_ms, 9_ms, 2_ms, 9_ms};
  Replay replay;
  for (std::size_t i = 0; i < times.size(); ++i) {
    replay.requests.push_back({static_cast<std::int64_t>(i) * 1_ms, times[i], {}});
  }
  Desk desk(jobs(replay));
  desk.run_until(1_s);
  const Distribution service = Distribution::recorded(times);
  const auto asked = desk.asked();
  REQUIRE(asked.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    CHECK(service.at(asked[i].request.command.work) == times[i]);
  }
}

TEST_CASE("a restarted client replays what is still to come") {
  Replay replay;
  for (std::int64_t i = 1; i <= 10; ++i) replay.requests.push_back({i * 100_ms, {}, {}});
  Desk desk(jobs(replay));
  desk.run_until(450_ms);
  CHECK(desk.asked().size() == 4);
  desk.crash();
  desk.start();
  desk.run_until(10_s);
  CHECK(desk.asked().size() == 6);
}

TEST_CASE("arrivals that follow a curve stop with it, and start with the workload") {
  Workload w = jobs(RateCurve{{{0_s, {1000, 1_s}}, {1_s, {1000, 1_s}}, {1_s, {0, 1_s}}}, false});
  w.start = 2_s;
  Desk desk(w);
  desk.run_until(2_s);
  CHECK(desk.asked().empty());
  desk.run_until(3_s);
  const std::size_t count = desk.asked().size();
  CHECK(count > 840);
  CHECK(count < 1160);
  desk.run_until(100_s);
  CHECK(desk.asked().empty());
}
