// Closed forms of what surrounds a policy: disciplines, hedging, fan-out, retries, closed loops.
// Times are in ms, the mean service.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "tests/oracles/oracle.h"

using namespace ballast;
using ballast::oracle::check;
using ballast::oracle::Queue;
using ballast::oracle::scenario_of;

namespace {

constexpr const char* sharing = R"(, "discipline": "processor_sharing")";

Queue endpoint_of(std::string service, int per_second, std::string endpoint = {}) {
  Queue q;
  q.service = std::move(service);
  q.arrivals = R"({"poisson": ")" + std::to_string(per_second) + "/s\"}";
  q.endpoint = std::move(endpoint);
  return q;
}

// So many servers that nobody waits.
Queue without_queueing() {
  Queue q;
  q.policy = "round_robin";
  q.endpoints = 20;
  q.concurrency = 1'000'000;
  q.arrivals = R"({"poisson": "2000/s"})";
  return q;
}

// Mean value analysis of n sessions that think for z and ask one exponential server: R(n).
double closed_loop(unsigned n, double z) {
  double queue = 0;
  double sojourn = 0;
  for (unsigned i = 1; i <= n; ++i) {
    sojourn = 1 + queue;
    queue = i * sojourn / (sojourn + z);
  }
  return sojourn;
}

}  // namespace

TEST_CASE("processor sharing: 1 / (1 - rho) whatever the law of service") {
  for (const auto& [name, law] :
       {std::pair{"D", R"("1ms")"}, std::pair{"M", R"({"exponential": "1ms"})"},
        std::pair{"H2", R"({"hyperexponential": {"mean": "1ms", "scv": 4}})"}}) {
    Queue q = endpoint_of(law, 500, sharing);
    q.requests = 200'000;
    check({std::string("M/") + name + "/1 processor sharing, rho .5", "insensitivity", q,
           Metric::mean, 2.0});
  }
}

TEST_CASE("M/H2/1: variance makes queues, and only under FIFO") {
  Queue q = endpoint_of(R"({"hyperexponential": {"mean": "1ms", "scv": 4}})", 500);
  q.requests = 200'000;
  check({"M/H2/1, c^2 = 4, rho .5", "Pollaczek-Khinchine", q, Metric::mean, 3.5});
}

TEST_CASE("hedging without queueing: the lesser of two, the second of which starts later") {
  Queue q = without_queueing();
  q.config = R"(, "hedge": {"delay": "1ms"}, "independent_attempts": true)";
  // P(T > t) is exp(-t) up to the delay of 1, exp(-(2 t - 1)) after.
  check({"hedged after 1 ms, no queueing, mean", "1 - 1 / (2 e)", q, Metric::mean,
         1 - 0.5 * std::exp(-1)});
  check({"hedged after 1 ms, no queueing, p99", "(1 + ln 100) / 2", q, Metric::p99,
         (1 + std::log(100.0)) / 2});
}

TEST_CASE("fan-out: the greatest of ten exponential times has the mean H(10)") {
  Queue q = without_queueing();
  q.arrivals = R"({"poisson": "200/s"})";
  q.workload = R"(, "fan_out": 10)";
  double harmonic = 0;
  for (int i = 1; i <= 10; ++i) harmonic += 1.0 / i;
  check({"fan-out of 10, no queueing", "H(10)", q, Metric::mean, harmonic});
}

// With p = (requests - k accepts) / requests rejected, what passes is k times what is accepted.
TEST_CASE("adaptive throttling: endpoints see k times what they can do, however much is asked") {
  struct Row {
    const char* k;
    double times;
  };
  for (const Row& row : {Row{"1.5", 1.5}, Row{"2", 2}, Row{"3", 3}}) {
    Queue q;
    q.policy = "random";
    q.arrivals = R"({"poisson": "4000/s"})";
    q.service = R"("1ms")";
    q.queue_limit = 20;
    q.config = R"(, "throttle": {"k": ")" + std::string(row.k) + R"("})";
    const RunOutcome outcome = run(scenario_of(q, R"({ "max_requests": 800000 })"));
    CHECK(outcome.violations.empty());
    const auto accepted = static_cast<double>(outcome.ok);
    CHECK(accepted > 0.99 * static_cast<double>(outcome.ok + outcome.fail) / 4);
    // Four standard deviations, and what passes before there is a past.
    const double slack = 4 * std::sqrt(row.times * accepted) + 200;
    CHECK(std::abs(static_cast<double>(outcome.routed) - row.times * accepted) < slack);
  }
}

TEST_CASE("a closed loop: mean value analysis") {
  for (const unsigned sessions : {5u, 20u}) {
    Queue q;
    q.arrivals = R"({"closed": {"sessions": )" + std::to_string(sessions) +
                 R"(, "think": {"exponential": "10ms"}}})";
    q.requests = 200'000;
    check({"closed loop, " + std::to_string(sessions) + " sessions that think for 10",
           "mean value analysis", q, Metric::mean, closed_loop(sessions, 10)});
  }
}

TEST_CASE("retries of independent failures: success 1 - p^(N+1), load its 1 / (1 - p) fold") {
  Queue q = without_queueing();
  q.endpoint = R"(, "illnesses": [{"kind": "black_hole", "share": "20%"}])";
  q.config = R"(, "retries": 3, "independent_attempts": true)";
  const RunOutcome outcome = run(scenario_of(q, R"({ "max_requests": 60000 })"));
  CHECK(outcome.violations.empty());
  const auto ended = static_cast<double>(outcome.ok + outcome.fail);
  const double p = 0.2;
  const double success = 1 - std::pow(p, 4);
  // Four standard deviations of 60,000 draws.
  CHECK(std::abs(static_cast<double>(outcome.ok) / ended - success) < 4 * 0.0400 / 245);
  CHECK(std::abs(static_cast<double>(outcome.routed) / ended - success / (1 - p)) < 0.01);
}
