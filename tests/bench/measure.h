// What the benchmarks of whole runs share: a scenario from its text, the time of a run, the memory
// of one in a process of its own.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"

namespace ballast::bench {

// Of the processor, for this thread: what else the machine does is not in it, though it slows down.
inline double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

inline double seconds_on_the_wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline Scenario load(const std::string& text) {
  Problems problems;
  const std::optional<Value> value = parse_json(text, "bench", problems);
  const std::optional<Scenario> scenario =
      value ? read_scenario(*value, problems) : std::optional<Scenario>{};
  if (!scenario) {
    std::fputs(problems.to_text().c_str(), stderr);
    std::exit(70);
  }
  return *scenario;
}

struct Timed {
  double seconds = 0;
  RunOutcome outcome;
};

inline Timed timed(const Scenario& scenario, bool check) {
  RunOptions options;
  options.check = check;
  const double begun = seconds();
  Timed result{0, run(scenario, options)};
  result.seconds = seconds() - begun;
  return result;
}

// The fastest of several: the one that was disturbed least.
inline Timed best_of(int repeats, const Scenario& scenario, bool check) {
  Timed best = timed(scenario, check);
  for (int i = 1; i < repeats; ++i) {
    Timed next = timed(scenario, check);
    if (next.seconds < best.seconds) best = std::move(next);
  }
  return best;
}

// The seconds that so many runs take in one thread, and in two.
struct Jobs {
  double one = 0;
  double two = 0;
};
inline Jobs jobs(int repeats, const Scenario& scenario, std::uint64_t runs) {
  const auto all = [&](unsigned threads) {
    std::vector<std::thread> workers;
    const double begun = seconds_on_the_wall();
    for (unsigned job = 0; job < threads; ++job) {
      workers.emplace_back([&scenario, job, threads, runs] {
        Scenario own = scenario;
        for (std::uint64_t seed = job; seed < runs; seed += threads) {
          own.seed = seed;
          run(own);
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    return seconds_on_the_wall() - begun;
  };
  Jobs best{all(1), all(2)};
  for (int i = 1; i < repeats; ++i) {
    best.one = std::min(best.one, all(1));
    best.two = std::min(best.two, all(2));
  }
  return best;
}

struct Footprint {
  double seconds = 0;
  double megabytes = 0;  // the most that was resident
  std::uint64_t done = 0;
};

// A run in a process of its own, which is the only way to know what it alone needs.
inline Footprint footprint(const Scenario& scenario, bool check) {
  int result[2];
  if (pipe(result) != 0) std::exit(70);
  const pid_t child = fork();
  if (child == 0) {
    const Timed timed_run = timed(scenario, check);
    Footprint own{timed_run.seconds, 0, timed_run.outcome.ok};
    const bool told = ::write(result[1], &own, sizeof own) == static_cast<ssize_t>(sizeof own);
    _exit(told ? 0 : 70);
  }
  Footprint own;
  const bool heard = ::read(result[0], &own, sizeof own) == static_cast<ssize_t>(sizeof own);
  rusage usage{};
  int status = 0;
  if (wait4(child, &status, 0, &usage) != child || !heard) std::exit(70);
  close(result[0]);
  close(result[1]);
  own.megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return own;
}

}  // namespace ballast::bench
