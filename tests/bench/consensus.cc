// What a committed command costs in Raft groups of 3 to 101 nodes, and the memory of a long log
// with and without snapshots. Numbers, no verdict; the tables are Markdown.
//
//   bench_consensus [nodes|log] [REPEATS]      both, best of 3
//   bench_consensus run NODES SECONDS          one run, to look at with a profiler
#include <string_view>

#include "sim/base/text.h"
#include "tests/bench/measure.h"

using namespace ballast;

namespace {

Scenario scenario(unsigned nodes, unsigned seconds, unsigned rate, unsigned snapshot_after) {
  return bench::load(R"({
  "name": "bench", "duration": ")" +
                     std::to_string(seconds) + R"(s",
  "nodes": { "server": { "count": )" +
                     std::to_string(nodes) + R"(, "algorithm": "raft",
    "config": { "snapshot_after": )" +
                     std::to_string(snapshot_after) + R"( } } },
  "network": { "latency": { "uniform": ["1ms", "5ms"] } },
  "disk": { "flush": "1ms" },
  "workload": { "clients": 3, "arrivals": { "poisson": ")" +
                     std::to_string(rate) + R"(/s" }, "keys": 10,
                "operations": { "read": 1, "write": 1 } },
  "budget": { "events": 1000000000000, "megabytes": 100000 } })");
}

// What the time without any command costs is part of it: heartbeats and elections.
void nodes(int repeats) {
  std::puts(
      "| nodes | events a command | us a command | the same over nodes | M events/s "
      "| unchecked | times real time |");
  std::puts("|---|---|---|---|---|---|---|");
  for (const unsigned count : {3u, 5u, 9u, 25u, 51u, 101u}) {
    const unsigned seconds = std::max(20u, 600 / count);
    const Scenario world = scenario(count, seconds, 100, 0);
    const bench::Timed run = bench::best_of(repeats, world, true);
    const bench::Timed unchecked = bench::best_of(repeats, world, false);
    const auto events = static_cast<double>(run.outcome.counters.events);
    const auto commands = static_cast<double>(run.outcome.ok);
    std::printf("| %u | %.1f | %.2f | %.2f | %.2f | %.2f | %.0f |\n", count, events / commands,
                run.seconds * 1e6 / commands, run.seconds * 1e6 / commands / count,
                events / run.seconds / 1e6, events / unchecked.seconds / 1e6,
                static_cast<double>(run.outcome.ended.ns) / 1e9 / run.seconds);
    std::fflush(stdout);
  }
}

void log() {
  std::puts("| commands | a snapshot after | checks | most resident memory | seconds |");
  std::puts("|---|---|---|---|---|");
  struct Line {
    unsigned seconds;
    unsigned snapshot_after;
    bool check;
  };
  for (const Line& line :
       {Line{200, 0, false}, Line{2'000, 0, false}, Line{200, 1'000, false},
        Line{2'000, 1'000, false}, Line{200, 1'000, true}, Line{2'000, 1'000, true}}) {
    const bench::Footprint run =
        bench::footprint(scenario(5, line.seconds, 500, line.snapshot_after), line.check);
    std::printf("| %s | %s | %s | %.0f MB | %.1f |\n", with_commas(run.done).c_str(),
                line.snapshot_after == 0 ? "never" : with_commas(line.snapshot_after).c_str(),
                line.check ? "on" : "off", run.megabytes, run.seconds);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view part = argc > 1 ? argv[1] : "";
  if (part == "run" && argc == 4) {
    const bench::Timed one =
        bench::timed(scenario(static_cast<unsigned>(std::atoi(argv[2])),
                              static_cast<unsigned>(std::atoi(argv[3])), 100, 0),
                     true);
    std::printf("%llu events, %llu commands\n",
                static_cast<unsigned long long>(one.outcome.counters.events),
                static_cast<unsigned long long>(one.outcome.ok));
    return 0;
  }
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 3;
  if (part.empty() || part == "nodes") nodes(repeats);
  if (part.empty() || part == "log") log();
  return 0;
}
