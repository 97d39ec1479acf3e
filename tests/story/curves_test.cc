// What scenarios/curves/README.md claims, effect by effect: each test fails if the effect is gone.
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "sim/report/recording.h"
#include "tests/story/shipped.h"

using namespace ballast;

namespace {

const std::string curves = "scenarios/curves/";
using Settings = std::vector<std::string>;

RunOutcome run_with(const std::string& file, Settings settings) {
  return run(load_file(file, settings));
}
Duration p99(const std::string& file, const Settings& settings) {
  const RunOutcome outcome = run_with(file, settings);
  CHECK(outcome.violations.empty());
  REQUIRE(outcome.latencies.count() > 0);
  return outcome.latencies.quantile({99, 100});
}
// Of all that were begun, in thousandths.
std::uint64_t answered_milli(const RunOutcome& outcome) {
  return outcome.ok * 1'000 / outcome.invoked;
}

// How often each node was chosen, and how many requests went elsewhere than the last about the same
// key.
struct Routing {
  std::map<std::string, std::uint64_t> by_node;
  std::uint64_t moved = 0;
  std::uint64_t all() const {
    std::uint64_t sum = 0;
    for (const auto& [node, count] : by_node) sum += count;
    return sum;
  }
  // The busiest one's, in percent of the mean.
  std::uint64_t peak_percent() const {
    std::uint64_t most = 0;
    for (const auto& [node, count] : by_node) most = std::max(most, count);
    return most * 100 * by_node.size() / all();
  }
};
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all(1);
  for (const char c : line) {
    if (c == ',') {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}
Routing routing(const std::string& file, const Settings& settings) {
  Recording recording({TraceLevel::none, 0});
  const RunOutcome outcome = run(load_file(file, settings), {&recording, true, nullptr, {}});
  CHECK(outcome.violations.empty());
  Routing routing;
  const auto each_row = [](const std::string& csv, auto&& visit) {
    std::size_t begin = csv.find('\n') + 1;  // after the header
    for (std::size_t end; (end = csv.find('\n', begin)) != std::string::npos; begin = end + 1) {
      visit(cells(csv.substr(begin, end - begin)));
    }
  };
  each_row(recording.spread().endpoints_csv(outcome.ended),
           [&](const auto& row) { routing.by_node[row[0]] = std::stoull(row[1]); });
  each_row(recording.metrics_csv(),
           [&](const auto& row) { routing.moved += std::stoull(row.back()); });
  return routing;
}

}  // namespace

TEST_CASE("two choices: most of the gain, and the least harm when load information is old") {
  const auto at = [](const std::string& interval, int choices, const char* load = "reported") {
    const std::string policy = "nodes.balancer.config.policy.power_of_d_choices.";
    return p99(curves + "stale_choices.json",
               {policy + "choices=" + std::to_string(choices), policy + "load=" + load,
                "nodes.endpoint.config.reports.interval=" + interval});
  };
  const Duration chance = at("1s", 1);
  // What a balancer knows of its own requests: two choices gain most of what all ten would.
  const Duration two = at("1s", 2, "own");
  const Duration all = at("1s", 10, "own");
  CHECK(all < two);
  CHECK((chance - two).ns * 10 > (chance - all).ns * 8);
  // Reports that are up to ten jobs old make the herd worse than chance, but not two choices.
  CHECK(at("1ms", 10) < at("1ms", 2));
  CHECK(at("100ms", 2) < at("100ms", 10));
  CHECK(at("100ms", 2) < chance);
  CHECK(chance * 2 < at("100ms", 10));
  // In the end old news is worse than none.
  CHECK(chance < at("1s", 2));
  CHECK(at("1s", 2) * 5 < at("1s", 10));
}

TEST_CASE("balancers that do not see each other know less the more of them there are") {
  const auto with = [](const char* load, int balancers) {
    const std::string policy = "nodes.balancer.config.policy.power_of_d_choices.";
    return p99(curves + "stale_choices.json",
               {policy + "choices=10", policy + "load=" + load, "workload.clients=16",
                "nodes.endpoint.config.reports.interval=5ms",
                "nodes.balancer.count=" + std::to_string(balancers)});
  };
  CHECK(with("own", 1) < with("own", 4));
  CHECK(with("own", 4) * 5 < with("own", 16) * 4);
  // What endpoints tell is of all balancers, and does as well for sixteen as for one.
  const Duration one = with("reported", 1);
  const Duration sixteen = with("reported", 16);
  CHECK(sixteen * 10 < one * 11);
  CHECK(one * 10 < sixteen * 11);
  CHECK(sixteen < with("own", 16));
}

TEST_CASE("round robin suffers from variance more than the least loaded does, and from none not") {
  const auto at = [](const char* policy, const std::string& service) {
    return p99(curves + "round_robin_variance.json",
               {std::string("nodes.balancer.config.policy=") + policy,
                "nodes.endpoint.config.service=" + service});
  };
  const std::string exponential = R"({"exponential": "10ms"})";
  const std::string variable = R"({"hyperexponential": {"mean": "10ms", "scv": 10}})";
  // Constant jobs: it is a central queue, and nobody can do better.
  CHECK(at("round_robin", "10ms") <= at("least_loaded", "10ms"));
  CHECK(at("least_loaded", exponential) * 3 < at("round_robin", exponential) * 2);
  CHECK(at("least_loaded", variable) * 3 < at("round_robin", variable));
  CHECK(at("round_robin", exponential) * 5 < at("round_robin", variable));
}

TEST_CASE("bursts have another tail than the same mean load without them") {
  const Duration calm = p99(curves + "bursts.json", {R"(workload.arrivals={"poisson": "600/s"})"});
  CHECK(p99(curves + "bursts.json", {}) > calm * 2);
}

TEST_CASE("a hundred servers make 1 % slow answers 63 %, and hedging makes them 1 % again") {
  const auto slow_percent = [](const RunOutcome& outcome) {
    // The quantiles tell: how many percent took more than 100 ms.
    std::uint64_t fast = 0;
    for (std::uint64_t percent = 1; percent <= 100; ++percent) {
      if (outcome.latencies.quantile({percent, 100}) < Duration{100'000'000}) fast = percent;
    }
    return 100 - fast;
  };
  const RunOutcome plain = run_with(curves + "tail_at_scale.json", {});
  const RunOutcome hedged = run_with(curves + "tail_hedged.json", {});
  const std::uint64_t slow = slow_percent(plain);
  CHECK((59 <= slow && slow <= 68));
  CHECK(slow_percent(hedged) <= 2);
  // For one percent more requests.
  CHECK(hedged.routed > hedged.invoked * 100);
  CHECK(hedged.routed < hedged.invoked * 100 * 102 / 100);
  const std::uint64_t one =
      slow_percent(run_with(curves + "tail_at_scale.json", {"workload.fan_out=1"}));
  CHECK(one <= 2);
}

TEST_CASE("hot keys: hashing alone drowns their owners, bounded loads do not") {
  const std::string file = "scenarios/balancing/hot_key.json";
  const std::string policy = "nodes.balancer.config.policy=";
  CHECK(answered_milli(run_with(file, {policy + "ring_hash"})) < 500);
  CHECK(answered_milli(run_with(file, {policy + "maglev"})) < 500);
  CHECK(answered_milli(run_with(file, {})) > 980);
  CHECK(routing(file, {policy + "ring_hash"}).peak_percent() > 190);
  CHECK(routing(file, {}).peak_percent() < 175);
}

TEST_CASE(
    "an endpoint is removed: a ring moves its keys only, Maglev some more, modulo nearly all") {
  const auto with = [](const std::string& policy) {
    return routing(curves + "removal.json", {"nodes.balancer.config.policy=" + policy});
  };
  const Routing maglev = routing(curves + "removal.json", {});
  const Routing ring = with("ring_hash");
  const Routing rendezvous = with("rendezvous");
  // Of 2,000 keys on 50 endpoints, 40 have to move. Those on the way when it crashes are retried,
  // and move once more on their way back if they must.
  CHECK(ring.moved < 60);
  CHECK(rendezvous.moved < 60);
  CHECK(maglev.moved > 60);
  CHECK(maglev.moved < 120);
  CHECK(with("map_hash").moved > 1'900);
  // The price of the ring: with twenty points for each, one endpoint has twice its share.
  CHECK(ring.peak_percent() > 180);
  CHECK(maglev.peak_percent() < 150);
}

TEST_CASE("servers that slow down: Prequal notices at once, weights from reports later or never") {
  const auto with = [](const std::string& policy) {
    return p99(curves + "uneven_servers.json", {"nodes.balancer.config.policy=" + policy});
  };
  const Duration prequal = p99(curves + "uneven_servers.json", {});
  const Duration weighted =
      with(R"({"client_weighted_round_robin": {"blackout": "0s", "update": "100ms"}})");
  const Duration turns = with("round_robin");
  CHECK(prequal * 3 < weighted);
  CHECK(weighted * 2 < turns);
}

TEST_CASE("slow start: a cold server is spared what would drown it") {
  const RunOutcome spared = run_with(curves + "slow_start.json", {});
  const RunOutcome drowned =
      run_with(curves + "slow_start.json", {"nodes.balancer.config.slow_start=null"});
  CHECK(spared.fail < 40);  // what was there when it crashed
  CHECK(drowned.fail > 20 * spared.fail);
}

TEST_CASE("a black hole attracts the least loaded, and is ejected as an outlier") {
  const std::string file = curves + "black_hole.json";
  const RunOutcome attracted = run_with(file, {});
  const RunOutcome even = run_with(file, {"nodes.balancer.config.policy=round_robin"});
  const RunOutcome ejected = run_with(file, {"nodes.balancer.config.outlier={}"});
  CHECK(attracted.fail * 5 > attracted.invoked);  // more than a fifth
  CHECK(even.fail * 9 < even.invoked);            // a tenth
  CHECK(even.fail * 11 > even.invoked);
  CHECK(ejected.fail < 10);
  CHECK(run_with("scenarios/balancing/black_hole.json", {}).fail == 5);
}

TEST_CASE("a retry storm stays down; a budget, a breaker, or a single attempt ends it") {
  const auto answered = [](const std::string& file, const Settings& settings = {}) {
    return answered_milli(run_with(curves + file, settings));
  };
  CHECK(answered("retry_storm.json") < 200);
  CHECK(answered("retry_budget.json") > 850);
  CHECK(answered("retry_breaker.json") > 850);
  CHECK(answered("retry_storm.json", {"workload.attempts=1", "expect={\"verdict\": \"held\"}"}) >
        850);
  // Without its trigger there is no storm: the server is vulnerable, and well.
  CHECK(answered("retry_storm.json", {"faults=[]"}) > 990);
}

TEST_CASE("the map of the retry storm: stable below the threshold, above it down after a trigger") {
  // With three attempts the threshold is 1,000 / 3 jobs a second.
  const auto recovers = [](const std::string& rate, const std::string& pause) {
    return run_with(curves + "retry_storm.json",
                    {"workload.arrivals.poisson=" + rate, "faults.0.for=" + pause, "duration=70s",
                     "check.0.progress.within=60s"})
        .violations.empty();
  };
  CHECK(recovers("300/s", "2s"));
  CHECK(recovers("500/s", "100ms"));
  CHECK_FALSE(recovers("400/s", "2s"));
  CHECK_FALSE(recovers("700/s", "1s"));
  CHECK_FALSE(recovers("1100/s", "100ms"));
}

TEST_CASE(
    "a change of leaders is a spike, a storm if clients ask without end, and none by budget") {
  const RunOutcome spike = run_with(curves + "store_behind_relays.json", {});
  CHECK(spike.verdict == Verdict::held);
  CHECK(spike.latencies.max() > spike.latencies.quantile({1, 2}) * 20);
  const std::string storm = curves + "leader_change_storm.json";
  for (const char* seed : {"seed=1", "seed=2", "seed=3"}) {
    CAPTURE(seed);
    const RunOutcome down = run_with(storm, {seed});
    REQUIRE(down.violations.size() == 1);
    CHECK(down.violations.front().property == "availability");
    const RunOutcome cured = run_with(curves + "leader_change_budget.json", {seed});
    CHECK(cured.verdict == Verdict::held);
    CHECK(answered_milli(cured) > 970);
  }
  // The crash is the trigger and not the cause: without it, or without impatience, all is well.
  CHECK(answered_milli(run_with(
            storm,
            {R"(faults=[{"at": "0s", "slow_node": {"nodes": "store", "service": "500us"}}])"})) >
        990);
  CHECK(answered_milli(run_with(storm, {"workload.retry_after=200ms"})) > 990);
}
