#include "tests/oracles/oracle.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/base/fingerprint.h"
#include "sim/scenario/json.h"
#include "tests/support/effort.h"
#include "tests/support/print.h"

namespace ballast::oracle {
namespace {

bool full_tier() {
  const char* tier = std::getenv("BALLAST_ORACLES");
  return tier != nullptr && std::string(tier) == "full";
}

// Each row has a seed of its own: had all the same arrivals, they would err together.
std::uint64_t seed_of(const Claim& claim) {
  Fingerprint name;
  for (const char c : claim.what) name.fold(static_cast<unsigned char>(c));
  return name.value();
}

// The rows go to a file of their own as they come.
void add_row(const Claim& claim, double measured, double half, double sigma,
             std::uint64_t requests) {
  static std::FILE* const table = [] {
    const char* name = std::getenv("BALLAST_ORACLE_TABLE");
    std::FILE* file = name == nullptr ? nullptr : std::fopen(name, "w");
    if (file != nullptr) {
      std::fputs(
          "| Scenario | Theory | Exact | Measured | 95 % interval | Sigmas away | Requests |\n"
          "|---|---|---:|---:|---:|---:|---:|\n",
          file);
    }
    return file;
  }();
  if (table == nullptr) return;
  std::fprintf(table, "| %s | %s | %.5f | %.5f | +- %.5f | %+.2f | %llu |\n", claim.what.c_str(),
               claim.source.c_str(), claim.exact, measured, half, sigma,
               static_cast<unsigned long long>(requests));
  std::fflush(table);
}

}  // namespace

std::string scenario_json(const Queue& q, const std::string& statistics) {
  const std::string endpoint = R"("endpoint": { "count": )" + std::to_string(q.endpoints) +
                               R"(, "algorithm": "endpoint", "config": { "service": )" + q.service +
                               R"(, "concurrency": )" + std::to_string(q.concurrency) +
                               R"(, "queue_limit": )" + std::to_string(q.queue_limit) + q.endpoint +
                               " } }";
  // Nothing but the queue: no probes, and nobody gives up.
  const std::string policy = q.policy.starts_with('{') ? q.policy : '"' + q.policy + '"';
  const std::string balancer =
      R"("balancer": { "algorithm": "balancer", "members": ["endpoint"], "config": { "policy": )" +
      policy + R"(, "timeout": "100000s", "probe_interval": "100000s")" + q.config + " } }, ";
  return R"({ "name": "oracle", "duration": "1000000s", "nodes": { )" +
         (q.policy.empty() ? "" : balancer) + endpoint + R"( }, "network": { "latency": )" +
         q.latency + R"( }, "workload": { "arrivals": )" + q.arrivals +
         R"(, "timeout": "100000s", "operations": { "work": 1 })" + q.workload +
         R"( }, "statistics": )" + statistics + R"(, "budget": { "events": 1000000000000 } })";
}

Scenario scenario_of(const Queue& queue, const std::string& statistics) {
  Problems problems;
  const std::optional<Value> value =
      parse_json(scenario_json(queue, statistics), "oracle", problems);
  REQUIRE(value);
  const std::optional<Scenario> scenario = read_scenario(*value, problems);
  INFO(problems.to_text());
  REQUIRE(scenario);
  return *scenario;
}

void check(const Claim& claim) {
  const std::string metric(name_of(claim.metric));
  // Under the sanitizers it is the code on the way that is looked at.
  const std::uint64_t few = sanitized ? claim.queue.requests / 4 : claim.queue.requests;
  const std::uint64_t most = full_tier() ? 400'000'000 : few;
  std::string statistics = R"({ "control_variates": true, "max_requests": )" + std::to_string(most);
  if (full_tier()) statistics += R"(, "precision": "0.1%", "metric": ")" + metric + "\"";
  Scenario scenario = scenario_of(claim.queue, statistics + " }");
  scenario.seed = seed_of(claim);
  const RunOutcome outcome = run(scenario);
  INFO(claim.what);
  CHECK(outcome.violations.empty());
  REQUIRE(outcome.statistics);
  const std::optional<Estimate>& e = outcome.statistics->of(claim.metric);
  REQUIRE(e);
  constexpr double fine_per_ms = 1024e6;
  const double measured = static_cast<double>(e->mean) / fine_per_ms;
  const double error = static_cast<double>(e->standard_error) / fine_per_ms;
  const double half = static_cast<double>(e->half_width) / fine_per_ms;
  const double sigma = error > 0 ? (measured - claim.exact) / error : 0;
  INFO("measured ", measured, " +- ", half, ", exact ", claim.exact, ", ", sigma, " sigma");
  // Of few requests the error itself is known badly.
  const double most_off = (sanitized ? 5 : 3.3) * error;
  CHECK(std::abs(measured - claim.exact) <= std::max(most_off, claim.slack * claim.exact));
  // An interval that is wide enough covers anything.
  CHECK((half < 0.2 * claim.exact || sanitized));
  add_row(claim, measured, half, sigma, outcome.statistics->measured);
}

}  // namespace ballast::oracle
