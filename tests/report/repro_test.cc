// A failure is a file: what it holds makes the same run again, also where the scenario left open
// whom a fault would hit and when.
#include "sim/report/repro.h"

#include "sim/report/summary.h"
#include "tests/report/helpers.h"

using namespace ballast;

namespace {

constexpr std::string_view start = R"({
  "name": "again", "duration": "3s",
  "nodes": { "server": { "count": 5, "algorithm": "raft" } },
  "network": { "latency": { "uniform": ["1ms", "9ms"] } },
  "disk": { "flush": { "uniform": ["0ms", "3ms"] } },
  "workload": { "clients": 2, "arrivals": { "poisson": "30/s" } } })";

// Faults that wait for a leader, choose at random, overlap, or come back.
const std::vector<std::string> schedules = {
    R"(faults=[{"at":"0s","crash":"leader","for":"300ms"}])",
    R"(faults=[{"at":"0s","crash":"leader"},{"at":"0s","pause":"follower","for":"100ms"},)"
    R"({"at":"0s","isolate":"leader","for":"500ms"}])",
    R"(faults=[{"at":"1s","partition":["leader","all"],"for":"400ms"},)"
    R"({"at":"1s","clock_jump":{"nodes":"any","by":"1s"}}])",
    R"(faults=[{"at":"100ms","flap":{"between":["leader","follower"],"down":"30ms","up":"20ms"},)"
    R"("for":"1s"},{"at":"200ms","slow_disk":{"nodes":"leader","flush":"20ms"},"for":"1s"}])",
    R"(faults=[{"at":"500ms","crash":"all","for":"50ms"},{"at":"500ms","bridge":"leader"},)"
    R"({"at":"510ms","crash":"leader","for":"10ms"}])"};

Scenario reread(const Scenario& scenario) {
  const std::string text = resolved_json(scenario);
  return scenario_of(text);
}

}  // namespace

TEST_CASE("the resolved scenario is the same run") {
  for (const std::string& faults : schedules) {
    const Scenario scenario = scenario_of(start, {faults});
    CHECK(run(reread(scenario)).fingerprint == run(scenario).fingerprint);
  }
}

TEST_CASE("faults written back as they fired make the same run") {
  int waited = 0;
  for (const std::string& faults : schedules) {
    for (int seed = 1; seed <= 20; ++seed) {
      CAPTURE(faults);
      CAPTURE(seed);
      const Scenario scenario = scenario_of(start, {faults, "seed=" + std::to_string(seed)});
      const RunOutcome first = run(scenario);
      const Scenario happened = reread(as_it_happened(scenario, first));
      CHECK(run(happened).fingerprint == first.fingerprint);
      // Without the number of the event before it, a fault that waited strikes too early.
      Scenario early = happened;
      for (Fault& fault : early.faults) fault.after_event.reset();
      waited += run(early).fingerprint != first.fingerprint;
    }
  }
  CHECK(waited > 20);
}

TEST_CASE("a fault that waited in vain waits in vain again") {
  const Scenario scenario = scenario_of(
      start,
      {R"(faults=[{"at":"0s","crash":[1,2,3]},{"at":"100ms","crash":"leader"}])", "duration=8s"});
  const RunOutcome first = run(scenario);
  REQUIRE(first.faults.size() == 2);
  CHECK_FALSE(first.faults.back().fired);
  const RunOutcome again = run(reread(as_it_happened(scenario, first)));
  CHECK(again.fingerprint == first.fingerprint);
  CHECK(again.reasons == first.reasons);
}

TEST_CASE("a repro reads back to the run that it was made from") {
  const Scenario scenario = shipped("bugs/raft_vote_not_persisted.json");
  const RunOutcome first = run(scenario);
  REQUIRE(first.verdict == Verdict::violated);
  Problems problems;
  const auto repro = read_repro({"repro.json", repro_json(scenario, first)}, problems);
  REQUIRE_MESSAGE(repro.has_value(), problems.to_text());
  CHECK(repro->property == "vote_once_per_term");
  const RunOutcome again = run(repro->scenario);
  const Comparison same = compare(*repro, again);
  CHECK(same.same_fingerprint);
  CHECK(same.same_violation);
  CHECK(again.violations.front().event == first.violations.front().event);
}

TEST_CASE("a run that comes out differently is told apart, with the place where it parts") {
  const Scenario scenario = scenario_of(start, {"duration=20s"});
  const RunOutcome first = run(scenario);
  Problems problems;
  const auto expected = read_result({"scenario.resolved.json", resolved_json(scenario)},
                                    {"summary.json", summary_json(scenario, first)}, problems);
  REQUIRE_MESSAGE(expected.has_value(), problems.to_text());
  CHECK(compare(*expected, first).same_fingerprint);

  Scenario other = scenario;
  Fault crash;
  crash.at = Time{10'000'000'000};
  crash.action = Crash{Selector::of({NodeId{1}})};
  other.faults.push_back(crash);
  const RunOutcome changed = run(other);
  const Comparison compared = compare(*expected, changed);
  CHECK_FALSE(compared.same_fingerprint);
  CHECK(compared.parted_after > 1'000);
  CHECK(compared.parted_before > compared.parted_after);
  CHECK(compared.parted_before < changed.counters.events);
}

TEST_CASE("what is no result is refused with a reason") {
  for (const std::string_view text :
       {"", "{}", "[1]", R"({"format": 2})", R"({"format": 1, "tool": "x", "verdict": "held"})",
        R"({"format": 1, "tool": "x", "verdict": "held", "fingerprint": "12"})"}) {
    Problems problems;
    CHECK_FALSE(read_repro({"repro.json", std::string(text)}, problems).has_value());
    CHECK_FALSE(problems.empty());
  }
}

TEST_CASE("prefix hashes are thinned without losing their meaning") {
  PrefixHashes hashes{1024, {}};
  for (std::uint64_t i = 1; i <= 300; ++i) hashes.hashes.push_back(i);
  std::string text;
  JsonWriter w(text);
  write_prefixes(w, hashes, 64);
  const Value tree = tree_of(text);
  const auto read = read_prefixes(&tree);
  REQUIRE(read.has_value());
  CHECK(read->interval == 8192);
  REQUIRE(read->hashes.size() == 37);
  CHECK(read->hashes.front() == 8);  // taken after 8 * 1024 events
  CHECK(read->hashes.back() == 296);
}
