// What plots are drawn from: tables of histograms, and how requests were spread over endpoints.
#include "sim/report/series.h"

#include "sim/report/recording.h"
#include "tests/report/helpers.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr std::string_view spread_scenario = R"({
  "name": "spread", "duration": "2s",
  "nodes": {
    "balancer": { "algorithm": "balancer", "members": ["endpoint"],
                  "config": { "policy": "round_robin" } },
    "endpoint": { "count": 3, "algorithm": "endpoint", "config": { "service": "4ms" } } },
  "network": { "latency": "1ms" },
  "workload": { "arrivals": { "periodic": "10/s" } } })";

// A statement of node 1, the balancer.
void state(Spread& spread, const Fact& fact, Duration at) {
  Occurrence seen;
  seen.what = Sight::stated;
  seen.fact = &fact;
  seen.node = {1};
  seen.at = Time{} + at;
  spread.see(seen);
}

}  // namespace

TEST_CASE("a histogram becomes rows that add up to it") {
  Histogram h;
  for (int i = 0; i < 3; ++i) h.record(100_ns);
  h.record(5_ms);
  h.record(7_s);
  CHECK(histogram_rows(h) ==
        "100,3\n" + std::to_string(h.quantile({4, 5}).ns) + ",1\n7000000000,1\n");
  CHECK(histogram_rows(h, "2,").substr(0, 8) == "2,100,3\n");
  CHECK(histogram_rows(Histogram()).empty());
}

TEST_CASE("requests under way are counted for as long as they are") {
  Spread spread;
  spread.begin(scenario_of(spread_scenario));
  CHECK(!spread.heard_any());
  state(spread, Routed{{1}, {}, {2}}, 1_s);
  state(spread, Routed{{2}, {}, {2}}, 2_s);
  state(spread, Ended{{1}, {}, Ending::completed}, 4_s);
  state(spread, Routed{{2}, {}, {3}}, 5_s);              // a retry, elsewhere
  state(spread, Ended{{9}, {}, Ending::rejected}, 5_s);  // was never routed
  CHECK(spread.heard_any());
  // Endpoints 2, 3 and 4 for 10 s: none under way for 1 + 5 (2), 5 (3) and 10 s (4).
  CHECK(spread.queue_csv(Time{} + 10_s) ==
        "under_way,time_ns\n0,21000000000\n1,7000000000\n2,2000000000\n");
  CHECK(spread.endpoints_csv(Time{} + 10_s) ==
        "node,routed,mean_under_way_milli,most_under_way\nn2,2,600,2\nn3,1,500,1\nn4,0,0,0\n");
  const Spread::Interval interval = spread.take_interval();
  CHECK(interval.routed == 3);
  CHECK(interval.most == 2);
  CHECK(spread.take_interval().routed == 0);
}

TEST_CASE("a request that goes elsewhere than the last about its key has moved") {
  std::string text(spread_scenario);
  text.replace(text.find("\"arrivals\""), 0, "\"keys\": 9, ");
  Spread spread;
  spread.begin(scenario_of(text));
  const auto ask = [&](std::uint64_t request, std::uint64_t key, std::uint32_t endpoint) {
    const RequestId id{{5}, 0, request};
    state(spread, Invoked{id, Operation::work, key, 0, 0}, 1_s);
    state(spread, Routed{{request}, id, {endpoint}}, 1_s);
    return id;
  };
  ask(1, 7, 2);
  ask(2, 8, 3);
  CHECK(spread.take_interval().moved == 0);
  ask(3, 7, 2);
  const RequestId last = ask(4, 8, 4);
  CHECK(spread.take_interval().moved == 1);
  state(spread, Routed{{4}, last, {3}}, 2_s);  // a retry
  // The second of several requests that one asks for together.
  state(spread, Routed{{5}, {{5}, 0, 5}, {3}}, 2_s);
  state(spread, Routed{{6}, {{6}, 0, 4}, {2}}, 2_s);  // of a client that asked nothing
  CHECK(spread.take_interval().moved == 1);
  // Where there is one key, requests for it go anywhere.
  Spread one;
  one.begin(scenario_of(spread_scenario));
  state(one, Routed{{1}, {{5}, 0, 1}, {2}}, 1_s);
  state(one, Routed{{2}, {{5}, 0, 2}, {3}}, 1_s);
  CHECK(one.take_interval().moved == 0);
}

TEST_CASE("what a balancer had under way is gone when it crashes") {
  Spread spread;
  spread.begin(scenario_of(spread_scenario));
  state(spread, Routed{{1}, {}, {2}}, 1_s);
  Occurrence crash;
  crash.what = Sight::crashed;
  crash.node = {1};
  crash.at = Time{} + 3_s;
  spread.see(crash);
  state(spread, Ended{{1}, {}, Ending::completed}, 4_s);
  CHECK(spread.queue_csv(Time{} + 4_s) == "under_way,time_ns\n0,10000000000\n1,2000000000\n");
}

TEST_CASE("a run is recorded with the spread of its requests, and is the same run") {
  const Scenario scenario = scenario_of(spread_scenario);
  Recording recording({TraceLevel::none, 0});
  const RunOutcome outcome = run(scenario, {&recording, true, nullptr, {}});
  CHECK(outcome.fingerprint == run(scenario).fingerprint);
  // 10/s for 2 s, each endpoint in its turn; each request is under way for 6 ms.
  CHECK(outcome.routed == 19);
  const std::string queue = recording.spread().queue_csv(outcome.ended);
  CHECK(queue.find("\n1,114000000\n") != std::string::npos);
  CHECK(recording.spread().endpoints_csv(outcome.ended).find("n2,7,") != std::string::npos);
  CHECK(recording.metrics_csv().find("nodes_up,routed,most_routed,moved\n") != std::string::npos);
}

TEST_CASE("how long leaders were waited for is known") {
  Scenario scenario = scenario_of(R"({
    "name": "elections", "duration": "4s", "seed": 3,
    "nodes": { "server": { "count": 3, "algorithm": "raft",
               "config": { "election_timeout": ["100ms", "200ms"], "heartbeat": "20ms" } } },
    "network": { "latency": "1ms" },
    "faults": [ { "at": "2s", "crash": "leader" } ] })");
  const RunOutcome outcome = run(scenario);
  REQUIRE(outcome.elections == 2);
  REQUIRE(outcome.leaderless.count() == 2);
  // From the start and from the crash: a timeout and a round trip. Followers have heard of the
  // leader a heartbeat ago at most.
  CHECK(outcome.leaderless.min() > 80_ms);
  CHECK(outcome.leaderless.max() < 210_ms);
}
