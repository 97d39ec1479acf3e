// What clients saw is judged in every run, unless a scenario names the checks that it wants.
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

TEST_CASE("a stale read is found by what clients saw alone") {
  const Scenario scenario = shipped("bugs/raft_read_without_quorum.json", {R"(check=[])"});
  const RunOutcome outcome = run(scenario);
  REQUIRE(outcome.verdict == Verdict::violated);
  CHECK(outcome.violations.front().property == Linearizable::name);
}
