// Shrinking: less, the same violation, and why nothing more goes.
#include "sim/scenario/shrink.h"

#include <filesystem>

#include "sim/report/repro.h"
#include "sim/scenario/minimal.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/subset.h"
#include "sim/scenario/trials.h"
#include "tests/report/helpers.h"
#include "tests/scenario/read.h"
#include "tests/support/effort.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr ShrinkOptions no_bound{0, 0, nullptr, true};

Shrunk shrink_all(const Scenario& scenario, const ShrinkOptions& options = no_bound) {
  const RunOutcome outcome = run(scenario);
  REQUIRE(outcome.verdict == Verdict::violated);
  return shrink(scenario, outcome, options);
}

// A lost vote among much that has nothing to do with it.
Scenario noisy_vote() {
  return shipped("bugs/raft_vote_not_persisted.json",
                 {R"(faults=[{"at": "0s", "partition": [[1], [2]], "for": "1s"},
                             {"at": "20ms", "slow_disk": 1, "for": "10ms"},
                             {"at": "30ms", "pause": "c1", "for": "10ms"},
                             {"at": "40ms", "cut": {"from": 1, "to": "c2"}, "for": "10ms"},
                             {"at": "187ms", "crash": 3, "for": "4ms"},
                             {"at": "2s", "crash": 1, "for": "4ms"}])"});
}

TEST_CASE("every planted mistake shrinks to a few lines that read back to the same run") {
  std::uint64_t number = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/bugs")) {
    const std::string file = entry.path().filename().string();
    CAPTURE(file);
    if (sanitized && ++number % 5 != 0) continue;
    const Scenario scenario = shipped("bugs/" + file);
    const Shrunk shrunk = shrink_all(scenario, {0, 4'000, nullptr, true});
    REQUIRE(shrunk.reproduced);
    CHECK(shrunk.outcome.violations.front().property == *scenario.expect->property);
    const Scenario read = scenario_of(minimal_json(shrunk.scenario, remarks(shrunk)));
    CHECK(run(read).fingerprint == shrunk.outcome.fingerprint);
    if (!shrunk.complete) continue;  // a slow build on a busy machine
    // Figure 8 takes three crashes and a log that is long enough to be caught half copied; three
    // recoveries of one instance, many times at which a replica finds it stuck.
    const bool is_figure_8 = file == "raft_commit_prior_term.json";
    const bool is_sutra = file == "epaxos_one_ballot_variable.json";
    CHECK(shrunk.after.items() <= (is_figure_8 ? 12 : is_sutra ? 22 : 10));
    CHECK(shrunk.necessity.size() == shrunk.after.items());
    for (const Necessity& need : shrunk.necessity) {
      CHECK_MESSAGE(need.answer != Necessity::Answer::violated, need.item);
    }
    // The switch that plants the mistake is still what makes the difference.
    const std::string text = minimal_json(read);
    const bool planted = text.find("\"bug\"") != std::string::npos;
    CHECK((planted || text.find("\"unsafe_quorums\"") != std::string::npos));
  }
}

TEST_CASE("what the nemesis drew shrinks to a few lines, if need be under another seed") {
  Scenario calm = shipped("bugs/raft_vote_not_persisted.json");
  calm.faults.clear();
  calm.expect.reset();
  const Profile profile = *find_profile("default");
  Scenario drawn;
  RunOutcome outcome;
  for (std::uint64_t seed = 1; outcome.violations.empty(); ++seed) {
    REQUIRE(seed < 1000);
    drawn = with_misfortune(calm, profile, seed);
    outcome = run(drawn);
  }
  const Shrunk shrunk = shrink(drawn, outcome, {0, 8'000, nullptr, false});
  REQUIRE(shrunk.reproduced);
  CHECK(shrunk.outcome.violations.front().property == outcome.violations.front().property);
  CHECK(run(shrunk.scenario).fingerprint == shrunk.outcome.fingerprint);
  if (shrunk.complete) CHECK(shrunk.after.items() <= 10);
}

TEST_CASE("what has nothing to do with the violation goes") {
  const Shrunk shrunk = shrink_all(noisy_vote());
  CHECK(shrunk.before.faults == 6);
  CHECK(shrunk.after.faults == 2);
  CHECK(shrunk.after.operations == 0);
  CHECK(shrunk.after.clients == 0);
  CHECK(shrunk.after.duration < 300_ms);
  CHECK(shrunk.scenario.seed == 5);
  CHECK(in_words(shrunk.after, shrunk.before).starts_with("2 of 6 faults, 0 of 1 operation"));
}

TEST_CASE("the longest times there are shrink, too") {
  const Scenario silent = scenario_from(R"({ "name": "silent", "duration": "1s",
    "nodes": { "server": { "count": 3, "algorithm": "raft" } },
    "network": { "latency": "9223372036854775807ns" },
    "workload": { "clients": 1, "arrivals": { "poisson": "20/s" } }, "check": ["liveness"] })");
  const Shrunk shrunk = shrink_all(silent);
  CHECK(shrunk.outcome.verdict == Verdict::violated);
  CHECK(shrunk.scenario.network.latency.min() > 1'000'000_s);
}

TEST_CASE("the result does not depend on the number of jobs") {
  const Scenario scenario = shipped("bugs/raft_append_without_previous_check.json");
  const Shrunk one = shrink_all(scenario, {1, 0, nullptr, true});
  const Shrunk three = shrink_all(scenario, {3, 0, nullptr, true});
  CHECK(resolved_json(one.scenario) == resolved_json(three.scenario));
  CHECK(one.runs == three.runs);
  CHECK(one.necessity.size() == three.necessity.size());
}

TEST_CASE("a search that is interrupted says that it is not complete") {
  const volatile int interrupted = 1;
  const Scenario scenario = noisy_vote();
  const RunOutcome outcome = run(scenario);
  const Shrunk shrunk = shrink(scenario, outcome, {1, 0, &interrupted, true});
  CHECK_FALSE(shrunk.complete);
}

TEST_CASE("of two that each would do, each is needed jointly with the other") {
  // One crash of n3 between its two votes suffices; here are two of them.
  Scenario scenario = noisy_vote();
  std::erase_if(scenario.faults, [](const Fault& fault) {
    return !std::holds_alternative<Partition>(fault.action) && fault.at != Time{} + 187_ms;
  });
  scenario.faults.push_back(scenario.faults.back());
  scenario.faults.back().at = Time{} + 192_ms;
  const RunOutcome outcome = run(scenario);
  REQUIRE(outcome.verdict == Verdict::violated);
  const std::vector<Necessity> needs = necessity(scenario, outcome, no_bound);
  REQUIRE(needs.size() == 3);
  CHECK(needs[0].answer == Necessity::Answer::holds);
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    CHECK(needs[i].answer == Necessity::Answer::violated);
    REQUIRE(needs[i].jointly.size() == 1);
    CHECK(needs[i].jointly[0] == needs[3 - i].item);
  }
}

TEST_CASE("failures with one mistake behind them share an id; others do not") {
  const std::string property = "vote_once_per_term";
  Scenario scenario = noisy_vote();
  const std::string id = failure_id(property, scenario);
  CHECK(id.size() == 12);
  Scenario later = scenario;
  for (Fault& fault : later.faults) fault.at += 7_ms;
  later.seed = 99;
  later.faults.push_back(later.faults.back());
  CHECK(failure_id(property, later) == id);
  CHECK(failure_id("log_matching", scenario) != id);
  scenario.faults.pop_back();
  scenario.faults.pop_back();
  CHECK(failure_id(property, scenario) != id);
}

TEST_CASE("with fewer nodes, everything that names one follows") {
  const Scenario scenario = scenario_of(R"({
    "name": "many",
    "nodes": { "a": { "count": 3, "algorithm": "raft" }, "b": { "count": 2, "algorithm": "raft" } },
    "network": { "messages": [ { "from": 5, "to": "c2", "message": "X", "lost": true },
                               { "from": 2, "to": 1, "message": "X", "lost": true } ],
                 "links": [ { "from": [2, 3], "to": "c1" } ] },
    "workload": { "clients": 2, "script": [ { "at": "1s", "client": 2, "read": 0 },
                                            { "at": "1s", "client": 1, "read": 0 } ] },
    "faults": [ { "at": "1s", "partition": [[1, 2], [3], [4]] },
                { "at": "1s", "partition": [[2], [3]] },
                { "at": "1s", "crash": "c2" }, { "at": "1s", "crash": 2 } ] })");
  // Without n2 and c1.
  const auto fewer = with_nodes(scenario, {true, false, true, true, true, false, true});
  REQUIRE(fewer.has_value());
  CHECK(fewer->groups[0].count == 2);
  CHECK(fewer->groups[1].count == 2);
  REQUIRE(fewer->faults.size() == 2);
  CHECK(std::get<Partition>(fewer->faults[0].action).groups ==
        std::vector<Selector>{Selector::of({NodeId{1}}), Selector::of({NodeId{2}}),
                              Selector::of({NodeId{3}})});
  CHECK(std::get<Crash>(fewer->faults[1].action).nodes == Selector::of({NodeId{5}}));
  REQUIRE(fewer->network.messages.size() == 1);
  CHECK(fewer->network.messages[0].from == Selector::of({NodeId{4}}));
  CHECK(fewer->network.messages[0].to == Selector::of({NodeId{5}}));
  CHECK(fewer->network.links.empty());
  REQUIRE(fewer->workload->script->size() == 1);
  CHECK(fewer->workload->script->front().client == 1);
  CHECK_FALSE(with_nodes(scenario, {true, true, true, false, false, true, true}).has_value());
  CHECK_FALSE(with_nodes(scenario, {true, true, true, true, true, false, false}).has_value());
}

TEST_CASE("of several that are right the first is taken, however many are tried at once") {
  for (const std::uint32_t jobs : {1U, 2U, 5U, 16U}) {
    Trials trials(jobs, 0);
    CHECK(trials.first(12, [](std::size_t i) { return i == 7 || i == 9; }) == 7);
    CHECK_FALSE(trials.first(12, [](std::size_t) { return false; }).has_value());
    std::vector<int> done(9, 0);
    CHECK(trials.all(9, [&](std::size_t i) { done[i] = 1; }) == 9);
    CHECK(std::count(done.begin(), done.end(), 1) == 9);
  }
}

}  // namespace
