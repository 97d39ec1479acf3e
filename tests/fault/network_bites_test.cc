// Each fault of the network bites: a Raft without the up-to-date check, or another one with a
// planted mistake, survives without the fault and is caught with it; correct algorithms never are.
#include <doctest/doctest.h>

#include <string>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

Scenario scenario_of(const std::string& text) {
  Problems problems;
  const std::optional<Value> value = parse_json(text, "test", problems);
  REQUIRE_MESSAGE(value.has_value(), problems.to_text());
  const std::optional<Scenario> scenario = read_scenario(*value, problems);
  REQUIRE_MESSAGE(scenario.has_value(), problems.to_text());
  return *scenario;
}

// `faults` as in a scenario's list.
std::string play(const std::string& algorithm, const std::string& bug, int nodes,
                 const std::string& duration, const std::string& faults) {
  return R"({"name": "bite", "duration": ")" + duration + R"(", "nodes": {"server": {"count": )" +
         std::to_string(nodes) + R"(, "algorithm": ")" + algorithm + R"(", "config": {"bug": ")" +
         bug + R"("}}}, "network": {"latency": "10ms"}, "disk": {"flush": "1ms"},
         "workload": {"clients": 2, "arrivals": {"poisson": "30/s"}}, "faults": [)" +
         faults + "]}";
}

struct Tally {
  int violated = 0;
  std::uint64_t fired = 0;
  std::array<std::uint64_t, link_condition_kinds> acted{};
  std::uint64_t cut = 0;
};

Tally sweep(const std::string& text, std::uint64_t first, std::uint64_t seeds) {
  Scenario scenario = scenario_of(text);
  Tally tally;
  for (scenario.seed = first; scenario.seed < first + seeds; ++scenario.seed) {
    const RunOutcome outcome = run(scenario);
    tally.violated += outcome.verdict == Verdict::violated;
    for (const FiredFault& fault : outcome.faults) tally.fired += fault.fired;
    for (std::size_t i = 0; i < link_condition_kinds; ++i) {
      tally.acted[i] += outcome.counters.conditions_acted[i];
    }
    tally.cut += outcome.counters.dropped[static_cast<std::size_t>(DropReason::cut)];
  }
  return tally;
}

// What each does in the tests below: `from` is when it begins, `lasting` ends it.
struct Case {
  std::string name;
  std::string fault;        // the body, as a member of an entry
  std::string condition{};  // which must have acted; empty: links must have been cut
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"latency", R"("latency": {"add": {"uniform": ["0s", "400ms"]}})", "latency"},
      {"latency spike", R"("latency": {"factor": 60, "nodes": "follower"})", "latency"},
      {"loss", R"("loss": "40%")", "loss"},
      {"loss in bursts", R"("loss": {"rate": "40%", "correlation": "90%"})", "loss"},
      {"reorder", R"("reorder": {"share": "60%", "window": "600ms"})", "reorder"},
      {"corrupt", R"("corrupt": "40%")", "corrupt"},
      {"clog", R"("clog": "follower")", "clog"},
      {"swizzle", R"("swizzle": {"over": "1500ms", "share": 1})", "clog"},
      {"bandwidth", R"("bandwidth": {"rate": "3000/s", "queue": 20})", "bandwidth"},
      {"random early drops",
       R"("bandwidth": {"rate": "3000/s", "queue": 20, "overflow": "random"})", "bandwidth"},
      {"split", R"("split": {"sizes": "one", "with": "follower"})"},
      {"links_only", R"("links_only": [["follower", "any"]])"},
      {"ring", R"("ring": "all")"},
      {"chain", R"("chain": "all")"},
      {"star", R"("star": {})"},
      {"constrained_election", R"("constrained_election": {})"},
      {"old_leader_bridge", R"("old_leader_bridge": {})"},
      {"two_leaf", R"("two_leaf": {})"},
      {"deaf", R"("deaf": "follower")"},
      {"mute", R"("mute": "leader")"}};
  return all;
}

// Twice, with time in between for logs to grow apart and to be compared.
std::string twice(const std::string& fault) {
  return R"({"at": "1s", )" + fault + R"(, "for": "1500ms"}, {"at": "3s", )" + fault +
         R"(, "for": "1500ms"})";
}

std::uint64_t acted(const Tally& tally, const Case& c) {
  if (c.condition.empty()) return tally.cut;
  for (std::size_t i = 0; i < link_condition_kinds; ++i) {
    if (link_condition_names[i] == c.condition) return tally.acted[i];
  }
  return 0;
}

}  // namespace

TEST_CASE("a Raft that votes for anybody survives a quiet network, and no fault of it") {
  const std::string bug = "no_up_to_date_check";
  for (const int nodes : {3, 5}) {
    CHECK(sweep(play("raft", bug, nodes, "5s", ""), 1, 20).violated == 0);
  }
  for (const Case& c : cases()) {
    if (c.name == "constrained_election" || c.name == "mute") continue;  // see below
    CAPTURE(c.name);
    Tally tally;
    // The first seeds of either size of the group that show it.
    for (std::uint64_t seed = 1; seed <= 60 && tally.violated == 0; seed += 5) {
      tally = sweep(play("raft", bug, seed % 2 == 0 ? 5 : 3, "5s", twice(c.fault)), seed, 5);
    }
    CHECK(tally.violated > 0);
    CHECK(acted(tally, c) > 0);
  }
}

TEST_CASE("a leader that is not heard any more, or reaches nobody, is replaced") {
  const auto elections = [](const std::string& faults) {
    return run(scenario_of(play("raft", "none", 5, "4s", faults))).elections;
  };
  CHECK(elections("") == 1);
  CHECK(elections(R"({"at": "2s", "mute": "leader", "for": "1s"})") == 2);
  CHECK(elections(R"({"at": "2s", "constrained_election": {}, "for": "1s"})") >= 2);
}

TEST_CASE("correct Raft and Paxos keep every promise of safety under each of them") {
  std::vector<Case> all = cases();
  all.push_back({"duplicate", R"("duplicate": "60%")", "duplicate"});
  all.push_back(
      {"replay", R"("replay": {"rate": "40%", "hold": {"uniform": ["0s", "1s"]}})", "replay"});
  all.push_back({"client_only", R"("client_only": "all")"});
  for (const Case& c : all) {
    CAPTURE(c.name);
    const std::string during = R"({"at": "500ms", )" + c.fault + R"(, "for": "1s"})";
    const Tally raft = sweep(play("raft", "none", 5, "2s", during), 1, 25);
    CHECK(raft.violated == 0);
    CHECK(raft.fired > 0);
    CHECK(acted(raft, c) > 0);
    // Paxos has no leader, and is done soon.
    if (c.fault.find("leader") != std::string::npos || c.name == "constrained_election" ||
        c.name == "star" || c.name == "two_leaf" || c.name == "links_only") {
      continue;
    }
    const std::string early = R"({"at": "0s", )" + c.fault + R"(, "for": "1s"})";
    CHECK(sweep(play("paxos", "none", 5, "2s", early), 1, 25).violated == 0);
  }
}

TEST_CASE("a promise that does not survive a crash is broken by a message from before the crash") {
  const auto paxos = [](const std::string& bug, const std::string& more) {
    return R"({"name": "late", "duration": "2s", "nodes": {"server": {"count": 3,
        "algorithm": "paxos", "config": {"bug": ")" +
           bug + R"("}}}, "network": {"latency": "10ms"}, "disk": {"flush": "1ms"},
        "workload": {"clients": 3, "arrivals": {"poisson": "100/s"}},
        "faults": [{"at": "100ms", "crash": [1, 2, 3], "for": "1ms"})" +
           more + "]}";
  };
  const std::string replay = R"(, {"at": "0s", "for": "1s",
      "replay": {"rate": 1, "hold": {"uniform": ["20ms", "200ms"]}}})";
  CHECK(sweep(paxos("promise_not_persisted", ""), 1, 40).violated == 0);
  CHECK(sweep(paxos("promise_not_persisted", replay), 1, 40).violated > 0);
  CHECK(sweep(paxos("none", replay), 1, 40).violated == 0);
}

TEST_CASE("damage that no checksum notices breaks a correct Raft, noticed damage never does") {
  const auto corrupt = [](const char* detected) {
    return play("raft", "none", 3, "3s",
                std::string(R"({"at": "500ms", "corrupt": {"rate": "2%", "detected": )") +
                    detected + R"(}, "for": "2s"})");
  };
  CHECK(sweep(corrupt("false"), 1, 20).violated > 0);
  CHECK(sweep(corrupt("true"), 1, 20).violated == 0);
}

TEST_CASE("clients that are cut off are not answered until they reach the servers again") {
  const auto answered = [](const std::string& faults) {
    const RunOutcome outcome = run(scenario_of(play("raft", "none", 3, "4s", faults)));
    return outcome.latencies.max();
  };
  CHECK(answered("") < Duration{500'000'000});
  CHECK(answered(R"({"at": "1s", "client_only": "all", "for": "1500ms"})") > Duration{800'000'000});
}

TEST_CASE("an intensity of nothing leaves the fingerprint of a run as it is") {
  const std::uint64_t quiet = run(scenario_of(play("raft", "none", 3, "3s", ""))).fingerprint;
  for (const std::string fault :
       {R"("latency": "0s")", R"("latency": {"factor": 1})", R"("loss": 0)", R"("duplicate": 0)",
        R"("loss": {"rate": 0, "correlation": "50%"})", R"("replay": 0)", R"("reorder": 0)",
        R"("reorder": {"share": "50%", "window": "0s"})", R"("corrupt": 0)",
        R"("swizzle": {"share": 0})", R"("bandwidth": "0/s")"}) {
    CAPTURE(fault);
    const std::string faults = R"({"at": "1s", )" + fault + R"(, "for": "1s"})";
    CHECK(run(scenario_of(play("raft", "none", 3, "3s", faults))).fingerprint == quiet);
  }
}

TEST_CASE("a schedule that a run wrote back makes the same run, without luck or roles") {
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    Scenario scenario = scenario_of(play("raft", "none", 5, "4s", twice(c.fault)));
    const RunOutcome first = run(scenario);
    scenario.faults.clear();
    for (const FiredFault& fault : first.faults) scenario.faults.push_back(fault.fault);
    const RunOutcome again = run(scenario);
    CHECK(again.fingerprint == first.fingerprint);
    // And it can be read again from its own text.
    for (const FiredFault& fault : first.faults) {
      Problems problems;
      const std::optional<Value> value = parse_json(to_json(fault.fault), "fault", problems);
      REQUIRE(value.has_value());
      Reader reader(problems, "fault");
      Fault read_back;
      CHECK_MESSAGE(read(*value, read_back, reader), problems.to_text());
      CHECK(to_json(read_back) == to_json(fault.fault));
    }
  }
}
