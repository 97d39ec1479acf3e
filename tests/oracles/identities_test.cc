// Identities that hold sample path by sample path: not within a tolerance, but to the nanosecond.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario/json.h"
#include "tests/oracles/oracle.h"

using namespace ballast;
using ballast::oracle::Queue;
using ballast::oracle::scenario_of;

namespace {

// How long each operation took, by its number.
class Latencies final : public Recorder {
 public:
  SightMask wants() const override { return 0; }
  bool wants_states() const override { return false; }
  void see(const Occurrence&, const World&) override {}
  void begin(const Scenario&, const World&) override {}
  void sample(const Sample&) override {}
  void line(const HistoryLine& line) override {
    const ClientOperation& op = *line.operation;
    if (line.invocation) {
      all.push_back(-1);
    } else {
      all[op.number] = (op.returned - op.invoked).ns;
    }
  }
  std::vector<std::int64_t> all;
};

std::vector<std::int64_t> latencies(const Queue& queue) {
  Latencies seen;
  const RunOutcome outcome = run(scenario_of(queue, R"({ "max_requests": 20000 })"), {&seen});
  CHECK(outcome.violations.empty());
  seen.all.resize(20'000);
  return seen.all;
}

}  // namespace

TEST_CASE("round robin with constant service is a central queue, to the nanosecond") {
  Queue q;
  q.service = R"("1ms")";
  q.arrivals = R"({"poisson": "9000/s"})";
  q.policy = "round_robin";
  q.endpoints = 10;
  const std::vector<std::int64_t> split = latencies(q);
  q.endpoints = 1;
  q.concurrency = 10;
  const std::vector<std::int64_t> central = latencies(q);
  REQUIRE(split.size() == central.size());
  CHECK(split == central);
  CHECK(*std::max_element(split.begin(), split.end()) > 1'000'000);  // some do wait
}

TEST_CASE("with exponential service it is not") {
  Queue q;
  q.arrivals = R"({"poisson": "9000/s"})";
  q.policy = "round_robin";
  q.endpoints = 10;
  const std::vector<std::int64_t> split = latencies(q);
  q.endpoints = 1;
  q.concurrency = 10;
  CHECK(split != latencies(q));
}

TEST_CASE("one seed has the same jobs under every policy") {
  Queue q;
  q.arrivals = R"({"poisson": "100/s"})";
  q.endpoints = 4;
  // So few that nobody waits: the latency is the service, whoever serves.
  q.service = R"({"uniform": ["1ns", "1000ns"]})";
  q.policy = "random";
  const std::vector<std::int64_t> one = latencies(q);
  q.policy = "least_loaded";
  CHECK(one == latencies(q));
}

TEST_CASE("the least work of all queues is a central queue, to the nanosecond, whatever the law") {
  for (const char* law :
       {R"({"exponential": "1ms"})", R"({"hyperexponential": {"mean": "1ms", "scv": 9}})"}) {
    CAPTURE(law);
    Queue q;
    q.service = law;
    q.arrivals = R"({"poisson": "9000/s"})";
    q.policy = std::string(R"({"least_work": {"choices": 10, "service": )") + law + "}}";
    q.endpoints = 10;
    const std::vector<std::int64_t> split = latencies(q);
    q.policy = "round_robin";
    q.endpoints = 1;
    q.concurrency = 10;
    CHECK(split == latencies(q));
  }
}

namespace {

StatisticsReport statistics_of(const Queue& queue, const std::string& statistics) {
  const RunOutcome outcome = run(scenario_of(queue, statistics));
  CHECK(outcome.violations.empty());
  REQUIRE(outcome.statistics);
  return *outcome.statistics;
}

Queue two_choices() {
  Queue q;
  q.arrivals = R"({"poisson": "35000/s"})";
  q.policy = R"({"power_of_d_choices": {"choices": 2}})";
  q.endpoints = 50;
  return q;
}

const std::string with_controls = R"({ "max_requests": 100000, "control_variates": true })";

std::int64_t half_width(const StatisticsReport& report) {
  return static_cast<std::int64_t>(report.of(Metric::mean)->half_width);
}

}  // namespace

TEST_CASE("control variates narrow the interval of the mean, and change nothing else") {
  const Scenario plain = scenario_of(two_choices(), R"({ "max_requests": 100000 })");
  const Scenario controlled = scenario_of(two_choices(), with_controls);
  const RunOutcome before = run(plain);
  const RunOutcome after = run(controlled);
  CHECK(before.fingerprint == after.fingerprint);
  REQUIRE(before.statistics);
  REQUIRE(after.statistics);
  CHECK_FALSE(before.statistics->corrected);
  REQUIRE(after.statistics->corrected);
  CHECK(after.statistics->corrected->gaps);
  CHECK(after.statistics->corrected->work);
  CHECK(after.statistics->corrected->left_milli < 500);
  CHECK(half_width(*after.statistics) * 4 < half_width(*before.statistics) * 3);
}

TEST_CASE("means are controlled only by what is known of a scenario") {
  const auto corrected = [](const Queue& q) { return statistics_of(q, with_controls).corrected; };
  Queue q = two_choices();
  // Clients of their own, each with words of its own.
  q.workload = R"(, "clients": 5)";
  REQUIRE(corrected(q));
  CHECK(corrected(q)->left_milli < 500);
  // Where gaps are not only chance, there is the work.
  q.workload = R"( }, "faults": [{"at": "1s", "pause": "endpoint", "for": "1ms"}], "clock": {)";
  REQUIRE(corrected(q));
  CHECK_FALSE(corrected(q)->gaps);
  CHECK(corrected(q)->work);
  q.workload = {};
  q.arrivals = R"({"periodic": "35000/s"})";
  REQUIRE(corrected(q));
  CHECK_FALSE(corrected(q)->gaps);
  // The work of one request differs from that of the others even where all come at once.
  CHECK(corrected(q)->work);
}

TEST_CASE("what clients are made to ask at the end of a run is not measured") {
  const auto text = [](const std::string& check) {
    return R"({ "name": "asked", "duration": "20s",
      "nodes": { "server": { "count": 3, "algorithm": "raft" } },
      "workload": { "arrivals": { "poisson": "100/s" } }, "check": [)" +
           check + R"( "election_safety"], "statistics": { "control_variates": true } })";
  };
  const auto report_of = [](const std::string& json) {
    Problems problems;
    const std::optional<Value> value = parse_json(json, "scenario", problems);
    REQUIRE(value);
    const std::optional<Scenario> scenario = read_scenario(*value, problems);
    INFO(problems.to_text());
    REQUIRE(scenario);
    const RunOutcome outcome = run(*scenario);
    CHECK(outcome.verdict == Verdict::held);
    REQUIRE(outcome.statistics);
    return *outcome.statistics;
  };
  const StatisticsReport without = report_of(text(""));
  const StatisticsReport with = report_of(text(R"({ "liveness": { "operations": 300 } },)"));
  CHECK(without.measured > 1'000);
  CHECK(with.began == without.began);
  CHECK(with.measured == without.measured);
  CHECK(with.of(Metric::mean)->mean == without.of(Metric::mean)->mean);
}
