// Faults of nodes, disks, clocks and clients in whole runs: an intensity of zero is none, correct
// algorithms survive what their model allows, and what it does not allow breaks them.
#include <doctest/doctest.h>

#include <set>

#include "tests/report/helpers.h"

using namespace ballast;

namespace {

// A group of `algorithm` with these faults.
Scenario cluster(const std::string& algorithm, const std::string& faults,
                 const std::string& duration = "3s", const std::string& more = "") {
  const bool paxos = algorithm == "paxos";
  return scenario_of(R"({ "name": "cluster", "duration": ")" + duration +
                     R"(", "nodes": { "server": { "count": )" + (paxos ? "3" : "5") +
                     R"(, "algorithm": ")" + algorithm + "\"" + more + R"( } },
    "network": { "latency": { "uniform": ["1ms", "12ms"] } },
    "disk": { "flush": { "uniform": ["0ms", "4ms"] } },
    "workload": { "clients": 3, "arrivals": { "poisson": "60/s" } },
    "faults": [)" + faults +
                     "] }");
}

RunOutcome run_seed(Scenario scenario, std::uint64_t seed) {
  scenario.seed = seed;
  return run(scenario);
}

// A "{crash}" in it is replaced.
std::string with_body(std::string text, const std::string& body) {
  for (std::size_t at; (at = text.find("$")) != std::string::npos;) text.replace(at, 1, body);
  return text;
}

std::string nodes_named(const FiredFault& fired) {
  std::string text;
  FaultAction action = fired.fault.action;
  for_each_selector(action, [&](const Selector& selector) {
    for (const Selector::Part& part : selector.parts) text += std::to_string(part.node.value) + " ";
  });
  return text;
}

}  // namespace

TEST_CASE("an intensity of zero is no fault, to the last bit") {
  const std::string none = R"({ "at": "1500ms", "crash": 1, "for": "100ms" })";
  for (const std::string algorithm : {"raft", "paxos"}) {
    const std::uint64_t without = run(cluster(algorithm, none)).fingerprint;
    for (const std::string fault :
         {R"("slow_node": { "nodes": "all", "service": "0s" }, "for": "1s")",
          R"("late_timers": { "nodes": "all", "late": "0s" }, "for": "1s")",
          R"("slow_disk": { "nodes": "all", "flush": { "uniform": ["0ms", "4ms"] } }, "for": "1s")",
          R"("clock_jump": { "nodes": "all", "by": "0s" })",
          R"("clock_drift": { "nodes": "all", "ppm": 0 }, "for": "1s")",
          R"("clock_strobe": { "nodes": "all", "by": "0s", "period": "10ms" }, "for": "1s")",
          R"("rate": 1, "for": "1s")", R"("double_submit": 0, "for": "1s")"}) {
      CAPTURE(fault);
      CHECK(run(cluster(algorithm, R"({ "at": "500ms", )" + fault + " }," + none)).fingerprint ==
            without);
    }
  }
}

TEST_CASE("correct algorithms are safe under whatever their model allows") {
  const std::string faults = R"(
    { "at": "200ms", "crash_at_write": { "nodes": "any", "nth": 3, "keep": 1, "down": "40ms" } },
    { "at": "250ms", "slow_node": { "nodes": "any", "service": { "exponential": "4ms" } },
      "for": "700ms" },
    { "at": "300ms", "disk_stall": "any", "for": "300ms" },
    { "at": "400ms", "crash": { "nodes": ["any", "any"], "unflushed": "subset",
      "torn": "detected", "stagger": "80ms" }, "for": "250ms" },
    { "at": "500ms", "late_timers": { "nodes": "all" }, "for": "500ms" },
    { "at": "600ms", "clock_strobe": { "nodes": "any", "by": "-3s", "period": "20ms" },
      "for": "400ms" },
    { "at": "700ms", "crash_loop": { "nodes": "any", "times": 4 } },
    { "at": "800ms", "clock_freeze": { "nodes": "any", "catch_up": false }, "for": "200ms" },
    { "at": "900ms", "write_error": { "nodes": "any", "nth": 2, "down": "30ms" } },
    { "at": "950ms", "disturb": "all" },
    { "at": "1s", "double_submit": "1/2", "for": "1s" },
    { "at": "1050ms", "rate": 5, "for": "500ms" },
    { "at": "1100ms", "disk_full": "any", "for": "200ms" },
    { "at": "1200ms", "pause": { "nodes": "any", "clock_jump": false }, "for": "200ms" },
    { "at": "1300ms", "crash": { "nodes": "all", "unflushed": "prefix" }, "for": "50ms" },
    { "at": "1500ms", "bit_rot": "any" },
    { "at": "1600ms", "misdirected_write": "any" },
    { "at": "1700ms", "crash": "all", "for": "20ms" })";
  NodeMisfortunes sum;
  for (const std::string algorithm : {"raft", "paxos"}) {
    Scenario scenario = cluster(algorithm, faults, "2500ms");
    if (algorithm == "paxos") {  // all is decided soon
      for (Fault& fault : scenario.faults) fault.at.ns /= 10;
    }
    std::uint64_t ok = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const RunOutcome outcome = run_seed(scenario, seed);
      CAPTURE(seed);
      CHECK(outcome.violations.empty());
      for (const FiredFault& fired : outcome.faults) CHECK(!fired.outside_model);
      ok += outcome.ok;
      for_each_field(sum, [&](const auto& field, auto& total) {
        total += outcome.counters.misfortunes.*(field.member);
      });
    }
    CHECK(ok > 1000);
  }
  // Each of them acted.
  for_each_field(sum, [&](const auto& field, const auto& total) {
    const std::set<std::string_view> others{"records_mutated", "records_rolled_back",
                                            "records_betrayed", "flushes_lied", "flushes_slowed"};
    CAPTURE(field.name);
    if (!others.contains(field.name)) CHECK(total > 0);
  });
}

// What a majority has lost, or has wrongly, no algorithm of this kind survives. Each is held
// against the same run with a plain crash in its place.
TEST_CASE("what is outside the model breaks correct algorithms") {
  const std::string frame = R"(
    { "at": "800ms", $, "for": "20ms" }, { "at": "1200ms", $, "for": "20ms" },
    { "at": "1600ms", $, "for": "20ms" })";
  const std::string crash = R"("crash": ["any", "any", "any"])";
  const std::string lie =
      R"({ "at": "300ms", "lying_disk": { "nodes": "all", "bounded": false } },)";
  const std::string rot = R"(
    { "at": "750ms", "bit_rot": { "nodes": "all", "finding": "@" } },
    { "at": "1150ms", "bit_rot": { "nodes": "all", "finding": "@", "bounded": false } },)";
  const auto count = [](const Scenario& scenario) {
    int violated = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const RunOutcome outcome = run_seed(scenario, seed);
      if (outcome.violations.empty()) continue;
      ++violated;
      bool outside = false;
      for (const FiredFault& fired : outcome.faults) outside |= fired.outside_model;
      CHECK(outside);
    }
    return violated;
  };
  CHECK(count(cluster("raft", with_body(frame, crash))) == 0);
  for (const std::string body :
       {R"("wipe": { "nodes": ["any", "any", "any"], "bounded": false })",
        R"("rollback": { "nodes": ["any", "any", "any"], "bounded": false })"}) {
    CAPTURE(body);
    CHECK(count(cluster("raft", with_body(frame, body))) > 0);
  }
  CHECK(count(cluster("raft", lie + with_body(frame, crash))) > 0);
  for (const std::string finding : {"truncate", "undetected"}) {
    CAPTURE(finding);
    std::string faults = rot;
    for (std::size_t at; (at = faults.find("@")) != std::string::npos;)
      faults.replace(at, 1, finding);
    CHECK(count(cluster("raft", faults + with_body(frame, R"("crash": "all")"))) > 0);
  }
}

// The planted mistake is that a vote is granted without being written down: nothing happens unless
// a voter dies between its vote and the next one of the same term.
TEST_CASE("a restart storm finds a vote that was not persisted, and a quiet run does not") {
  const std::string bug =
      R"(, "config": { "election_timeout": ["40ms", "60ms"], "heartbeat": "20ms",
        "bug": "vote_not_persisted" })";
  const auto caught = [&](const std::string& faults) {
    int violated = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      violated += !run_seed(cluster("raft", faults, "2s", bug), seed).violations.empty();
    }
    return violated;
  };
  CHECK(caught("") == 0);
  CHECK(caught(
            R"({ "at": "0s", "for": "1500ms", "crash_loop":
               { "nodes": [1, 2, 3], "times": 200, "down": "2ms", "up": "30ms" } })") > 0);
}

TEST_CASE("nodes of one group may differ in their configuration") {
  const std::string eager =
      R"(, "variants": [ { "nodes": 4, "config": { "election_timeout": ["60ms", "70ms"] } } ])";
  std::set<std::string> with;
  std::set<std::string> without;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const std::string fault = R"({ "at": "0s", "pause": "leader", "for": "1ms" })";
    with.insert(nodes_named(run_seed(cluster("raft", fault, "1s", eager), seed).faults.at(0)));
    without.insert(nodes_named(run_seed(cluster("raft", fault, "1s"), seed).faults.at(0)));
  }
  CHECK(with == std::set<std::string>{"4 "});
  CHECK(without.size() > 2);
  // Written out whole, it is the same run.
  const Scenario scenario = cluster("raft", "", "1s", eager);
  CHECK(run(scenario_of(resolved_json(scenario))).fingerprint == run(scenario).fingerprint);
  Problems problems;
  const auto wrong = parse_json(R"({ "name": "x", "nodes": { "a": { "algorithm": "raft" },
    "b": { "algorithm": "raft", "variants": [ { "nodes": [1, "leader"], "config": {} } ] } } })",
                                "test.json", problems);
  CHECK(!read_scenario(*wrong, problems));
  CHECK(problems.sorted().size() == 2);
}

TEST_CASE("a rate changes for a while, for the clients that are meant") {
  const auto invoked = [](const std::string& fault) {
    Scenario scenario = scenario_of(R"({ "name": "load", "duration": "10s",
      "nodes": { "server": { "count": 3, "algorithm": "raft" } },
      "workload": { "clients": 2, "arrivals": { "periodic": "20/s" } }, "faults": [)" +
                                    fault + "] }");
    return run(scenario).invoked;
  };
  const std::uint64_t plain = invoked("");
  CHECK(plain == 200);
  const std::uint64_t burst = invoked(R"({ "at": "2s", "rate": 10, "for": "1s" })");
  CHECK(burst >= plain + 160);
  CHECK(burst <= plain + 181);
  const std::uint64_t one =
      invoked(R"({ "at": "2s", "rate": { "factor": 10, "clients": "c1" }, "for": "1s" })");
  CHECK(one >= plain + 80);
  CHECK(one <= plain + 91);
  const std::uint64_t lull = invoked(R"({ "at": "2s", "rate": "1/4", "for": "4s" })");
  CHECK(lull >= 135);
  CHECK(lull <= 145);
}

TEST_CASE("requests that are sent twice are executed once") {
  const std::string twice = R"({ "at": "0s", "double_submit": { "share": 1, "to": "@" } })";
  for (const std::string to : {"next", "same"}) {
    std::string fault = twice;
    fault.replace(fault.find("@"), 1, to);
    Scenario scenario = cluster("raft", fault);
    scenario.check.linearizable = Linearizable{};
    const RunOutcome outcome = run(scenario);
    const RunOutcome once = run(cluster("raft", ""));
    CHECK(outcome.verdict == Verdict::held);
    CHECK(outcome.invoked == once.invoked);
    CHECK(outcome.counters.misfortunes.submitted_twice >= outcome.invoked);
    CHECK(outcome.counters.sent > once.counters.sent);
  }
}

TEST_CASE("a client that crashes leaves open what it asked, and asks again when it is back") {
  Scenario scenario = cluster("raft", R"({ "at": "1s", "isolate": "c1", "for": "400ms" },
    { "at": "1300ms", "crash": "c1", "for": "200ms" })");
  const Written written = write_down(scenario, {});
  std::uint64_t open_at_crash = 0;
  std::uint64_t later = 0;
  for (const Value& line : written.history) {
    const std::string type = text_at(line, "type");
    const std::uint64_t at = number_at(line, "time");
    open_at_crash += type == "info" && at == 1'300'000'000;
    later += type == "ok" && at > 1'600'000'000;
  }
  CHECK(written.outcome.verdict == Verdict::held);
  CHECK(open_at_crash > 0);
  CHECK(later > 10);
}

TEST_CASE("a schedule written back with its luck makes the same run") {
  const std::string faults = R"(
    { "at": "300ms", "crash_at_write": { "nodes": "leader", "nth": 2, "keep": 1, "down": "40ms" } },
    { "at": "400ms", "slow_node": { "nodes": "any", "service": { "exponential": "4ms" } },
      "for": "700ms" },
    { "at": "500ms", "crash": { "nodes": ["any", "any"], "unflushed": "prefix",
      "stagger": "80ms" }, "for": "250ms" },
    { "at": "600ms", "late_timers": "any", "for": "500ms" },
    { "at": "900ms", "bit_rot": { "nodes": "follower", "finding": "truncate" } },
    { "at": "950ms", "misdirected_write": "follower" },
    { "at": "980ms", "disturb": "follower" },
    { "at": "1s", "wipe": ["leader", "any", "any"], "for": "100ms" },
    { "at": "1400ms", "crash": "all", "for": "20ms" })";
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Scenario scenario = cluster("raft", faults, "2s");
    scenario.seed = seed;
    const RunOutcome first = run(scenario);
    scenario.faults.clear();
    for (const FiredFault& fired : first.faults) {
      if (fired.fired) scenario.faults.push_back(fired.fault);
    }
    CHECK(run(scenario).fingerprint == first.fingerprint);
  }
}
