// Load balancing through the ordinary JSON scenario, with full histogram, fingerprint and every
// check: requests per second, what a request costs among how many endpoints, two jobs beside one,
// and the memory of a long run. In the same run a plain event loop over std::priority_queue and,
// where it is installed, SimPy do the same. Numbers, no verdict; the tables are Markdown.
//
//   bench_balancing [rates|growth|jobs|memory] [REPEATS]      all of them, best of 3
//   bench_balancing memory REQUESTS                           of one run so long
//   bench_balancing run ENDPOINTS LATENCY REQUESTS            one run, to look at with a profiler
#include <deque>
#include <queue>
#include <string_view>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/base/text.h"
#include "tests/bench/measure.h"

using namespace ballast;

namespace {

Scenario scenario(const std::string& policy, unsigned endpoints, const std::string& latency,
                  std::uint64_t requests) {
  return bench::load(R"({ "name": "bench", "duration": "1000000s", "nodes": {
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
                     std::to_string(requests) + R"( }, "budget": { "events": 1000000000000 } })");
}

double rate(const bench::Timed& run) {
  return static_cast<double>(run.outcome.ok) / run.seconds / 1e6;
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
  const double begun = bench::seconds();
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
  const double taken = bench::seconds() - begun;
  if (sum == 0) std::puts("");  // keeps the sum
  return static_cast<double>(done) / taken / 1e6;
}

double best_plain_loop(int repeats, unsigned endpoints, std::uint64_t requests) {
  double best = 0;
  for (int i = 0; i < repeats; ++i) best = std::max(best, plain_loop(endpoints, requests));
  return best;
}

// One process for each request, as people write it; 0 if SimPy is not installed.
double simpy_rate() {
  const char* command =
      "for python in python3 /usr/bin/python3; do\n"
      "  $python -c 'import simpy' 2>/dev/null && break\n"
      "done\n"
      "$python - 2>/dev/null <<'END'\n"
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
      "begun = time.process_time()\n"
      "env.run()\n"
      "print(total / (time.process_time() - begun))\n"
      "END\n";
  std::FILE* python = popen(command, "r");
  double found = 0;
  if (python == nullptr || std::fscanf(python, "%lf", &found) != 1) found = 0;
  if (python != nullptr) pclose(python);
  return found / 1e6;
}

void rates(int repeats) {
  constexpr std::uint64_t requests = 500'000;
  std::puts("| policy | network | M requests/s | unchecked | ns an event |");
  std::puts("|---|---|---|---|---|");
  double two_choices = 0;
  for (const char* policy : {"power_of_d_choices", "random", "round_robin", "least_loaded"}) {
    for (const char* latency : {"0s", "100us", "exponential"}) {
      const bool drawn = std::string_view(latency) == "exponential";
      Scenario world = scenario(policy, 100, drawn ? "100us" : latency, requests);
      if (drawn) world.network.latency = Distribution::exponential({100'000});
      const bench::Timed checked = bench::best_of(repeats, world, true);
      const bench::Timed unchecked = bench::best_of(repeats, world, false);
      if (two_choices == 0) two_choices = rate(checked);
      std::printf("| `%s` | %s | %.2f | %.2f | %.0f |\n", policy,
                  drawn ? "exponential, 100us" : latency, rate(checked), rate(unchecked),
                  checked.seconds * 1e9 / static_cast<double>(checked.outcome.counters.events));
    }
  }
  const double plain = best_plain_loop(repeats, 100, 4 * requests);
  std::printf(
      "\nA plain loop over `std::priority_queue`, two choices: %.2f M, %.1f times Ballast.\n",
      plain, plain / two_choices);
  if (const double simpy = simpy_rate(); simpy > 0) {
    std::printf("SimPy, two choices: %.3f M; Ballast is %.0f times as fast.\n", simpy,
                two_choices / simpy);
  } else {
    std::puts("SimPy is not installed (Debian's python3-simpy3): no comparison with it.");
  }
}

// What a request costs once the run is under way: what so many more take, over how many they are.
double cost(const std::string& policy, unsigned endpoints, std::uint64_t requests, int repeats) {
  const Scenario once = scenario(policy, endpoints, "0s", requests);
  const Scenario twice = scenario(policy, endpoints, "0s", 2 * requests);
  const bench::Timed first = bench::best_of(repeats, once, true);
  const bench::Timed both = bench::best_of(repeats, twice, true);
  return (both.seconds - first.seconds) * 1e9 /
         static_cast<double>(both.outcome.ok - first.outcome.ok);
}

void growth(int repeats) {
  std::puts("| endpoints | two choices | full scan | plain loop, two choices |");
  std::puts("|---|---|---|---|");
  for (const unsigned endpoints : {10u, 100u, 1'000u, 10'000u, 100'000u}) {
    const std::uint64_t requests = std::max<std::uint64_t>(500'000, 5 * endpoints);
    const double two = cost("power_of_d_choices", endpoints, requests, repeats);
    // Some must have been answered before the shorter run ends; where a request takes a tenth of a
    // millisecond, that is quarters of an hour.
    std::string scan = "not measured";
    if (endpoints <= 10'000) {
      const std::uint64_t scans =
          std::max<std::uint64_t>(2 * endpoints, std::min(200'000'000 / endpoints, 500'000u));
      const double ns = cost("least_loaded", endpoints, scans, 1);
      scan = with_commas(static_cast<std::uint64_t>(ns)) + " ns";
    }
    std::printf("| %s | %s ns | %s | %.0f ns |\n", with_commas(endpoints).c_str(),
                with_commas(static_cast<std::uint64_t>(two)).c_str(), scan.c_str(),
                1e3 / best_plain_loop(repeats, endpoints, 2 * requests));
    std::fflush(stdout);
  }
}

void jobs(int repeats) {
  const Scenario world = scenario("power_of_d_choices", 100, "0s", 200'000);
  const bench::Jobs taken = bench::jobs(repeats, world, 8);
  std::printf("Two jobs make the same runs %.2f times as fast as one.\n", taken.one / taken.two);
}

void memory(const std::vector<std::uint64_t>& lengths) {
  std::puts("| requests | most resident memory | seconds |");
  std::puts("|---|---|---|");
  for (const std::uint64_t requests : lengths) {
    const bench::Footprint run =
        bench::footprint(scenario("power_of_d_choices", 100, "0s", requests), true);
    std::printf("| %s | %.1f MB | %.1f |\n", with_commas(run.done).c_str(), run.megabytes,
                run.seconds);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view part = argc > 1 ? argv[1] : "";
  if (part == "run" && argc == 5) {
    const auto endpoints = static_cast<unsigned>(std::atoi(argv[2]));
    const std::uint64_t requests = std::strtoull(argv[4], nullptr, 10);
    const bench::Timed one =
        bench::timed(scenario("power_of_d_choices", endpoints, argv[3], requests), true);
    std::printf("%llu events, %llu requests\n",
                static_cast<unsigned long long>(one.outcome.counters.events),
                static_cast<unsigned long long>(one.outcome.ok));
    return 0;
  }
  if (part == "memory" && argc == 3) {
    memory({std::strtoull(argv[2], nullptr, 10)});
    return 0;
  }
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 3;
  if (part.empty() || part == "rates") rates(repeats);
  if (part.empty() || part == "growth") growth(repeats);
  if (part.empty() || part == "jobs") jobs(repeats);
  if (part.empty() || part == "memory") memory({1'000'000, 10'000'000});
  return 0;
}
