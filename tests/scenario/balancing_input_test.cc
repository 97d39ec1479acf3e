// What people get wrong about balancers: each is a clear error before anything runs, or does what
// the product does that has the option.
#include <doctest/doctest.h>

#include <string>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

struct Balanced {
  std::string balancer = R"("policy": "random")";
  std::string endpoint = {};
  std::string members = R"(["endpoint"])";
  std::string count = "3";
  std::string workload = R"("arrivals": { "poisson": "100/s" })";
};
std::string balanced_json(const Balanced& b) {
  return R"({ "name": "input", "duration": "5s", "nodes": {
    "balancer": { "algorithm": "balancer", "members": )" +
         b.members + R"(, "config": { )" + b.balancer + R"( } },
    "endpoint": { "algorithm": "endpoint", "count": )" +
         b.count + R"(, "config": { )" + b.endpoint + R"( } } },
    "network": { "latency": "100us" }, "workload": { )" +
         b.workload + " } }";
}
std::string balanced_problems(const Balanced& b) {
  Problems problems;
  if (const auto value = parse_json(balanced_json(b), "input.json", problems)) {
    read_scenario(*value, problems);
  }
  return problems.to_text();
}
bool complains(const Balanced& b, const std::string& of) {
  const std::string text = balanced_problems(b);
  INFO(text);
  const bool said = text.find(of) != std::string::npos;
  CHECK(said);
  return said;
}
RunOutcome balanced_run(const Balanced& b) {
  Problems problems;
  const auto value = parse_json(balanced_json(b), "input.json", problems);
  REQUIRE(value);
  const auto scenario = read_scenario(*value, problems);
  REQUIRE_MESSAGE(scenario.has_value(), problems.to_text());
  return run(*scenario);
}

}  // namespace

TEST_CASE("weights that are zero, and weights that are not one for each endpoint, are errors") {
  CHECK(complains({R"("policy": "weighted_random", "weights": [0, 0, 0])"},
                  "weights[2] is 0; expected a whole number from 1 to 1000000"));
  CHECK(complains({R"("policy": "weighted_random", "weights": [1, 1])"},
                  "nodes.balancer.config.weights has 2 weights for 3 endpoints"));
  CHECK(complains({R"("policy": "weighted_random", "weights": [1, 1, 1, 1])"},
                  "weights has 4 weights for 3 endpoints"));
  CHECK(balanced_problems({R"("policy": "weighted_random", "weights": [1, 2, 3])"}) == "");
}

TEST_CASE("a pool without endpoints is an error") {
  CHECK(complains({R"("policy": "random")", "", "[]"},
                  "policy has no endpoint to pick: members names no group but its own"));
  CHECK(complains({R"("policy": "random")", "", R"(["endpoint"])", "0"},
                  "count is 0; expected a whole number from 1"));
}

TEST_CASE("hash tables of size zero, or too small, are errors") {
  CHECK(complains(
      {R"("policy": {"ring_hash": {"dialect": "nginx"}}, "weights": [1000000, 1, 1])"},
      "nodes.balancer.config.policy.ring_hash: nginx lays 160 points for each unit of weight"));
  CHECK(complains({R"("policy": {"ring_hash": {"min_ring_size": 0}})"},
                  "min_ring_size is 0; expected a whole number from 1"));
  CHECK(complains({R"("policy": {"ring_hash": {"max_ring_size": 0}})"},
                  "max_ring_size is 0; expected a whole number from 1"));
  CHECK(complains({R"("policy": {"ring_hash": {"min_ring_size": 9, "max_ring_size": 3}})"},
                  "min_ring_size is larger than max_ring_size"));
  CHECK(complains({R"("policy": {"bounded_load": {"min_ring_size": 0}})"}, "min_ring_size is 0"));
  CHECK(complains({R"("policy": {"maglev": {"table_size": 0}})"}, "table_size is 0"));
  CHECK(complains({R"("policy": {"maglev": {"table_size": 100}})"},
                  "table_size must be a prime number"));
  CHECK(complains({R"("policy": {"maglev": {"table_size": 2}})"},
                  "the table is smaller than the number of endpoints"));
}

TEST_CASE("service times that cannot be are errors, and absurd ones are served for ever") {
  const auto service = [](const std::string& law) {
    return Balanced{R"("policy": "random")", "\"service\": " + law};
  };
  CHECK(complains(service(R"("-5ms")"), "expected a duration, not negative"));
  CHECK(complains(service(R"({"hyperexponential": {"mean": "10ms", "scv": 0.5}})"),
                  "scv is 0.5; expected a ratio from 1"));
  CHECK(complains(service(R"({"pareto": {"min": "10ms", "max": "1ms", "alpha": 2}})"),
                  "min is 10ms, which is more than max, 1ms"));
  CHECK(complains(service(R"({"empirical": []})"), "there are no points"));
  CHECK(complains({R"("policy": "random")", R"("speed": 0)"},
                  "speed must be more than 0, or no request is ever done"));
  const RunOutcome never = balanced_run(service(R"({"exponential": "2562047h"})"));
  CHECK(never.ok == 0);
  CHECK(never.verdict == Verdict::inconclusive);
}

TEST_CASE("a load at or above capacity is allowed, and said") {
  const auto noted = [](const std::string& service, const std::string& workload) {
    const RunOutcome outcome = balanced_run(
        {R"("policy": "random")", "\"service\": " + service, R"(["endpoint"])", "3", workload});
    CHECK(outcome.violations.empty());
    return outcome.notes.empty() ? std::string() : outcome.notes.back();
  };
  const std::string hundred = R"("arrivals": { "poisson": "100/s" })";
  CHECK(noted(R"("100ms")", hundred) ==
        "the load is 3.33: 100.0 jobs a second are asked for and 30.0 can be done, so that queues "
        "grow for as long as clients wait");
  CHECK(noted(R"("30ms")", hundred).starts_with("the load is 1.00: 100.0 jobs"));
  CHECK(noted(R"("29ms")", hundred) == "");
  // Whatever the law and however the rate comes about.
  CHECK(noted(R"({"exponential": "31ms"})", hundred).starts_with("the load is 1.03"));
  CHECK(noted(R"({"hyperexponential": {"mean": "31ms", "scv": 20}})", hundred) != "");
  CHECK(noted(R"("10ms")", R"("fan_out": 3, )" + hundred).starts_with("the load is 1.00"));
  CHECK(noted(R"("100ms")",
              R"("arrivals": { "bursts": { "rate": "400/s", "on": "1s", "off": "9s" } })")
            .starts_with("the load is 1.33: 40.0 jobs"));
  CHECK(noted(R"("100ms")", R"("arrivals": { "closed": { "sessions": 9, "think": "1ms" } })") ==
        "");
}

TEST_CASE("all endpoints ejected: requests are rejected, or in a panic sent to them all the same") {
  const std::string eject = R"("policy": "random", "outlier": {"max_share": 1})";
  const std::string ill = R"("illnesses": [{"kind": "black_hole", "from": "1s"}])";
  const RunOutcome nobody = balanced_run({eject, ill});
  CHECK(nobody.violations.empty());
  // Each of the three is ejected after five failures.
  CHECK(nobody.routed == nobody.ok + 15);
  CHECK(nobody.fail > 300);
  const RunOutcome panic = balanced_run({eject + R"(, "panic_threshold": "50%")", ill});
  CHECK(panic.routed == panic.ok + panic.fail);
  // Envoy's own share never ejects more than the first.
  const RunOutcome usual = balanced_run({R"("policy": "random", "outlier": {})", ill});
  CHECK(usual.routed > usual.ok + 100);
}
