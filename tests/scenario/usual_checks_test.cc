// What clients saw is judged in every run, unless a scenario names the checks that it wants.
#include <filesystem>

#include "sim/scenario/json.h"
#include "sim/scenario/minimal.h"
#include "tests/report/helpers.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

std::string asking(const std::string& machine, const std::string& operations,
                   const std::string& check) {
  return R"({"name": "usual", "duration": "1s",
    "nodes": {"server": {"count": 3, "algorithm": "raft", "config": {"machine": ")" +
         machine + R"("}}},
    "workload": {"operations": {)" +
         operations + "}}" + check + "}";
}

std::optional<HistoryModel> judged_by(const std::string& text) {
  const Scenario scenario = scenario_of(text);
  if (!scenario.check.linearizable) return std::nullopt;
  return scenario.check.linearizable->model;
}

}  // namespace

TEST_CASE("the operations of a workload say what their history is judged by") {
  CHECK(judged_by(asking("register", R"("read": 1)", "")) == HistoryModel::register_);
  CHECK(judged_by(asking("register", R"("write": 1, "cas": 1)", "")) == HistoryModel::register_);
  CHECK(judged_by(asking("kv", R"("read": 1, "delete": 1)", "")) == HistoryModel::kv);
  CHECK(judged_by(asking("counter", R"("read": 1, "add": 1)", "")) == HistoryModel::counter);
  CHECK(judged_by(asking("queue", R"("dequeue": 1)", "")) == HistoryModel::queue);
  CHECK(judged_by(R"({"name": "usual", "duration": "1s",
    "nodes": {"server": {"count": 3, "algorithm": "paxos"}}, "workload": {}})") ==
        HistoryModel::consensus);
  CHECK(judged_by(asking("lock", R"("acquire": 1, "release": 2)", "")) == HistoryModel::lock);
}

TEST_CASE("who names safety checks has those, and who names others has the usual ones too") {
  const std::string reads = R"("read": 1)";
  CHECK(!judged_by(asking("register", reads, R"(, "check": ["agreement"])")));
  CHECK(judged_by(asking("register", reads, R"(, "check": [{"progress": {}}])")));
}

TEST_CASE("what is written of a scenario reads back to the same checks") {
  for (const char* check : {"", R"(, "check": ["agreement"])", R"(, "check": [{"progress": {}}])",
                            R"(, "check": [{"linearizable": {"budget": 7}}])"}) {
    const Scenario scenario = scenario_of(asking("register", R"("read": 1)", check));
    CAPTURE(check);
    CHECK(resolved_json(scenario_of(minimal_json(scenario, {}))) == resolved_json(scenario));
    CHECK(resolved_json(scenario_of(resolved_json(scenario))) == resolved_json(scenario));
    // And so does one that a shrinker has taken the check away from.
    Scenario bare = scenario;
    bare.check.linearizable.reset();
    CHECK(!scenario_of(minimal_json(bare, {})).check.linearizable);
    CHECK(!scenario_of(resolved_json(bare)).check.linearizable);
  }
}

TEST_CASE("clients of every shipped scenario of consensus and locks are judged by what they saw") {
  namespace fs = std::filesystem;
  std::size_t judged = 0;
  for (const auto& entry : fs::recursive_directory_iterator("scenarios")) {
    const std::string file = fs::relative(entry.path(), "scenarios").string();
    if (entry.path().extension() != ".json" || file == "schema.json") continue;
    const Scenario scenario = shipped(file);
    if (!scenario.workload) continue;
    const auto& operations = scenario.workload->operations;
    if (operations.work > 0 && operations.total() == operations.work) continue;  // balancing
    // A planted mistake may name the one check that it is there for.
    if (file.starts_with("bugs/") && scenario.check.safety) continue;
    CAPTURE(file);
    REQUIRE(scenario.check.linearizable);
    ++judged;
  }
  CHECK(judged > 50);
}

namespace {

// Whoever looks into the nodes is sent away: conservation hears nothing of a replicated log.
constexpr const char* clients_alone = R"(check=["conservation", {"linearizable": "register"}])";

const char* const loses_writes = R"({"name": "a write is lost", "duration": "4s", "seed": 2,
  "nodes": {"server": {"count": 5, "algorithm": "raft", "config": {"bug": "BUG"}}},
  "workload": {"clients": 4, "arrivals": {"poisson": "80/s"},
               "operations": {"read": 1, "write": 1}},
  "faults": [{"at": "2s", "split": {"sizes": "minority", "with": "leader"}},
             {"at": "2100ms", "crash": "leader"}],
  "check": ["conservation", {"linearizable": "register"}]})";

RunOutcome run_with(const std::string& bug) {
  std::string text = loses_writes;
  text.replace(text.find("BUG"), 3, bug);
  return run(scenario_of(text));
}

}  // namespace

TEST_CASE("a lost write is found by what clients saw alone, and nobody is accused without it") {
  for (const char* bug : {"committed_when_sent", "commit_by_half"}) {
    CAPTURE(bug);
    const RunOutcome outcome = run_with(bug);
    REQUIRE(outcome.verdict == Verdict::violated);
    CHECK(outcome.violations.front().property == Linearizable::name);
  }
  CHECK(run_with("none").verdict == Verdict::held);
}

TEST_CASE("a proposal that is told another decision is found by what clients saw alone") {
  // Each group of clients hears of the decision of its side.
  const RunOutcome outcome = run(shipped(
      "bugs/paxos_no_ballots.json", {R"(check=["conservation", {"linearizable": "consensus"}])"}));
  REQUIRE(outcome.verdict == Verdict::violated);
  CHECK(outcome.violations.front().property == Linearizable::name);
}

TEST_CASE("a stale read is found by what clients saw alone") {
  for (const char* checks : {clients_alone, R"(check=[])"}) {
    const Scenario scenario = shipped("bugs/raft_read_without_quorum.json", {checks});
    const RunOutcome outcome = run(scenario);
    REQUIRE(outcome.verdict == Verdict::violated);
    CHECK(outcome.violations.front().property == Linearizable::name);
  }
}
