// Algorithms that keep nothing on disk: who crashes has to be told what it knew, by a majority.
#include <doctest/doctest.h>

#include <string>

#include "sim/fault/fault.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/run.h"
#include "tests/scenario/read.h"

using namespace ballast;
using namespace literals;

namespace {

Scenario crashing(const std::string& faults, const std::string& algorithm) {
  const std::string text = R"({ "name": "memory", "duration": "4s",
    "nodes": { "server": { "count": 5, "algorithm": ")" +
                           algorithm + R"(" } },
    "workload": { "clients": 2, "arrivals": { "poisson": "20/s" } },
    "check": [ "agreement", "liveness" ], "faults": [)" +
                           faults + "]}";
  return scenario_from(text);
}

const std::string without_disk = "viewstamped_replication";

}  // namespace

TEST_CASE("where too many have forgotten what they knew, no progress is asked for, with a reason") {
  const std::string three = R"({ "at": "1s", "crash": [1, 2, 3], "for": "100ms" })";
  const RunOutcome outcome = run(crashing(three, without_disk));
  CHECK(outcome.verdict == Verdict::inconclusive);
  REQUIRE(outcome.reasons.size() == 1);
  CHECK(outcome.reasons[0] ==
        "liveness: only 2 of the 5 nodes of \"server\" know what they knew before they crashed: "
        "too few to tell the others");
  CHECK(run(crashing(three, "raft")).verdict == Verdict::held);
}

TEST_CASE("the core of a group that forgets has a majority that remembers") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Scenario s = crashing(R"({ "at": "3900ms", "crash": "minority" })", without_disk);
    s.seed = seed;
    CAPTURE(seed);
    CHECK(run(s).verdict == Verdict::held);
  }
}

TEST_CASE("a crash that keeps memory spares those without whom it would be lost") {
  const std::string all = R"({ "at": "1s", "crash": { "nodes": "all", "keep_memory": true } })";
  const RunOutcome outcome = run(crashing(all, without_disk));
  CHECK(outcome.counters.crashes == 2);
  CHECK(outcome.verdict == Verdict::held);
  const std::string loop = R"({ "at": "1s", "crash_loop": { "nodes": "all", "times": 2, "down":
    "1s", "up": "1ms", "keep_memory": true } })";
  CHECK(run(crashing(loop, without_disk)).counters.crashes == 4);
  // Who has a disk remembers.
  CHECK(run(crashing(all, "raft")).counters.crashes == 5);
}

TEST_CASE(
    "the misfortune of a sweep keeps the memory of an algorithm that forgets, and of no other") {
  for (const std::string& algorithm : {without_disk, std::string("raft")}) {
    std::size_t crashes = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const Scenario s = with_misfortune(crashing("", algorithm), *find_profile("default"), seed);
      for (const Fault& fault : s.faults) {
        const auto* crash = std::get_if<Crash>(&fault.action);
        if (crash == nullptr) continue;
        ++crashes;
        CHECK(crash->keep_memory == (algorithm == without_disk));
      }
    }
    CHECK(crashes > 30);
  }
}
