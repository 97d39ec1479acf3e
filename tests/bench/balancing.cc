// Requests per second of load balancing through the ordinary JSON scenario, with every check, the
// full histogram and the fingerprint; beside it a plain event loop over std::priority_queue and,
// where it is installed, python3-simpy, in the same run. Numbers, no verdict.
//
//   bench_balancing [REPEATS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/base/text.h"
#include "sim/scenario/json.h"
#include "sim/scenario/run.h"

using namespace ballast;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string json(const std::string& policy, unsigned endpoints, const std::string& latency,
                 std::uint64_t requests) {
  return R"({ "name": "bench", "duration": "1000000s", "nodes": {
    "balancer": { "algorithm": "balancer", "members": ["endpoint"],
      "config": { "policy": ")" +
         policy + R"(", "timeout": "60s", "probe_interval": "10s" } },
    "endpoint": { "count": )" +
         std::to_string(endpoints) + R"(, "algorithm": "endpoint",
      "config": { "service": { "exponential": "10ms" } } } },
    "network": { "latency": ")" +
         latency + R"(" },
    "workload": { "arrivals": { "poisson": ")" +
         std::to_string(90 * endpoints) + R"(/s" }, "timeout": "60s" },
    "statistics": { "max_requests": )" +
         std::to_string(requests) + R"( }, "budget": { "events": 1000000000000 } })";
}

// Nothing if there is no such scenario, as for a policy that this build does not have.
std::optional<Scenario> load(const std::string& text) {
  Problems problems;
  const std::optional<Value> value = parse_json(text, "bench", problems);
  return value ? read_scenario(*value, problems) : std::nullopt;
}

double best_rate(const std::string& policy, unsigned endpoints, const std::string& latency,
                 std::uint64_t requests, int repeats, bool check) {
  const std::optional<Scenario> scenario = load(json(policy, endpoints, latency, requests));
  if (!scenario) return 0;
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    const double begun = seconds();
    const RunOutcome outcome = run(*scenario, {nullptr, check});
    best = std::max(best, static_cast<double>(outcome.ok) / (seconds() - begun));
  }
  return best;
}

// Two choices over queues in the plainest way: events in a std::priority_queue, nothing else.
double plain_loop(unsigned endpoints, std::uint64_t requests) {
  struct Event {
    std::int64_t at;
    std::uint64_t number;
    std::int32_t endpoint;  // -1: an arrival
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : number > o.number; }
  };
  Stream words(1, Purpose::arrival, 0);
  const Distribution gap = Distribution::exponential({10'000'000 * 10 / 9 / endpoints});
  const Distribution service = Distribution::exponential({10'000'000});
  std::vector<std::deque<std::int64_t>> queues(endpoints);
  std::priority_queue<Event> events;
  std::uint64_t number = 0;
  std::uint64_t done = 0;
  std::int64_t sum = 0;
  const double begun = seconds();
  events.push({gap.at(words.next()).ns, number++, -1});
  while (done < requests) {
    const Event event = events.top();
    events.pop();
    std::int32_t to = event.endpoint;
    if (to >= 0) {
      auto& queue = queues[static_cast<std::size_t>(to)];
      sum += event.at - queue.front();
      queue.pop_front();
      ++done;
      if (queue.empty()) continue;
    } else {
      events.push({event.at + gap.at(words.next()).ns, number++, -1});
      const auto a = static_cast<std::int32_t>(words.below(endpoints));
      const auto b = static_cast<std::int32_t>(words.below(endpoints));
      const auto size = [&](std::int32_t i) { return queues[static_cast<std::size_t>(i)].size(); };
      to = size(b) < size(a) ? b : a;
      queues[static_cast<std::size_t>(to)].push_back(event.at);
      if (size(to) > 1) continue;
    }
    events.push({event.at + service.at(words.next()).ns, number++, to});
  }
  const double rate = static_cast<double>(done) / (seconds() - begun);
  if (sum == 0) std::puts("");  // keeps the sum
  return rate;
}

// One process for each request, as people write it; 0 if SimPy is not installed.
double simpy_rate() {
  const char* command =
      "python3 - 2>/dev/null <<'END'\n"
      "import random, time, simpy\n"
      "N, total = 100, 100000\n"
      "env = simpy.Environment()\n"
      "servers = [simpy.Resource(env) for _ in range(N)]\n"
      "load = [0] * N\n"
      "def job():\n"
      "    a, b = random.randrange(N), random.randrange(N)\n"
      "    s = b if load[b] < load[a] else a\n"
      "    load[s] += 1\n"
      "    with servers[s].request() as turn:\n"
      "        yield turn\n"
      "        yield env.timeout(random.expovariate(1.0))\n"
      "    load[s] -= 1\n"
      "def source():\n"
      "    for _ in range(total):\n"
      "        yield env.timeout(random.expovariate(0.9 * N))\n"
      "        env.process(job())\n"
      "env.process(source())\n"
      "begun = time.time()\n"
      "env.run()\n"
      "print(total / (time.time() - begun))\n"
      "END\n";
  std::FILE* python = popen(command, "r");
  double rate = 0;
  if (python == nullptr || std::fscanf(python, "%lf", &rate) != 1) rate = 0;
  if (python != nullptr) pclose(python);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  constexpr std::uint64_t requests = 500'000;
  std::printf("load 0.9, requests per second, best of %d\n", repeats);
  double two_choices = 0;
  for (const char* policy : {"power_of_d_choices", "random", "round_robin", "least_loaded"}) {
    for (const char* latency : {"0s", "100us"}) {
      const double rate = best_rate(policy, 100, latency, requests, repeats, true);
      if (rate == 0) continue;
      if (two_choices == 0) two_choices = rate;
      std::printf("  %-20s N=100  network %-6s %10.0f   unchecked %10.0f\n", policy, latency, rate,
                  best_rate(policy, 100, latency, requests, repeats, false));
    }
  }
  for (const char* policy : {"power_of_d_choices", "least_loaded"}) {
    for (const unsigned endpoints : {10u, 100u, 1'000u, 1'900u}) {
      const double rate = best_rate(policy, endpoints, "0s", requests / 2, 1, true);
      if (rate > 0)
        std::printf("  %-20s N=%-5u %8.0f ns a request\n", policy, endpoints, 1e9 / rate);
    }
  }
  double plain = 0;
  for (int i = 0; i < repeats; ++i) plain = std::max(plain, plain_loop(100, 4 * requests));
  std::printf("  plain loop, std::priority_queue, two choices, N=100: %.0f, %.1f times Ballast\n",
              plain, plain / two_choices);
  if (const double simpy = simpy_rate(); simpy > 0) {
    std::printf("  SimPy, two choices, N=100: %.0f; Ballast is %.0f times as fast\n", simpy,
                two_choices / simpy);
  } else {
    std::puts("  SimPy is not installed (python3-simpy)");
  }
  return 0;
}
