// Whole runs, through JSON as users run them: events and requests per second, how much faster than
// real time, and what the checks cost. Prints the best of several repeats; numbers, no verdict.
//
//   bench_runs [REPEATS]
#include "sim/base/text.h"
#include "tests/bench/measure.h"

using namespace ballast;

namespace {

constexpr const char* raft = R"({
  "name": "five nodes, 100 commands a second", "duration": "600s",
  "nodes": { "server": { "count": 5, "algorithm": "raft" } },
  "network": { "latency": { "uniform": ["1ms", "5ms"] } },
  "disk": { "flush": "1ms" },
  "workload": { "clients": 3, "arrivals": { "poisson": "100/s" }, "keys": 10,
                "operations": { "read": 1, "write": 1 } }
})";

constexpr const char* balancing = R"({
  "name": "a hundred endpoints at 90 %", "duration": "60s",
  "nodes": {
    "balancer": { "algorithm": "balancer", "members": ["endpoint"],
                  "config": { "policy": "random" } },
    "endpoint": { "count": 100, "algorithm": "endpoint",
                  "config": { "service": { "exponential": "10ms" } } }
  },
  "network": { "latency": "100us" },
  "workload": { "clients": 10, "arrivals": { "poisson": "9000/s" }, "timeout": "60s" }
})";

constexpr const char* small = R"({
  "name": "a sweep's run", "duration": "2s",
  "nodes": { "server": { "count": 5, "algorithm": "raft" } },
  "network": { "latency": { "uniform": ["1ms", "20ms"] }, "loss": "2%" },
  "disk": { "flush": "1ms" },
  "workload": { "clients": 3, "arrivals": { "poisson": "50/s" } },
  "faults": [ { "at": "1s", "crash": "leader", "for": "300ms" } ]
})";

// Checked and unchecked runs alternate, so that both see the same machine.
void measure(const char* name, const char* text, int repeats) {
  const Scenario scenario = bench::load(text);
  double best[2] = {1e9, 1e9};
  RunOutcome outcome;
  for (int i = 0; i < repeats; ++i) {
    for (const int check : {0, 1}) {
      bench::Timed run = bench::timed(scenario, check == 1);
      best[check] = std::min(best[check], run.seconds);
      outcome = std::move(run.outcome);
    }
  }
  const auto events = static_cast<double>(outcome.counters.events);
  const auto requests = static_cast<double>(outcome.ok);
  const double simulated = static_cast<double>(outcome.ended.ns) / 1e9;
  std::printf("%-10s %s  %.1f M events, %.0f requests\n", name,
              std::string(name_of(outcome.verdict)).c_str(), events / 1e6, requests);
  for (const int check : {1, 0}) {
    std::printf(
        "  checks %-4s %6.2f M events/s  %5.0f ns/event  %7.0f x real time  %8.0f requests/s\n",
        check == 1 ? "on" : "off", events / best[check] / 1e6, best[check] / events * 1e9,
        simulated / best[check], requests / best[check]);
  }
  std::printf("  the checks cost %.0f %%\n", 100.0 * (best[1] / best[0] - 1));
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  measure("raft", raft, repeats);
  measure("balancing", balancing, repeats);
  constexpr std::uint64_t seeds = 2000;
  const bench::Jobs sweep = bench::jobs(repeats, bench::load(small), seeds);
  std::printf("sweep      %.0f runs/s with one job, %.0f with two: %.2f x\n",
              static_cast<double>(seeds) / sweep.one, static_cast<double>(seeds) / sweep.two,
              sweep.one / sweep.two);
}
