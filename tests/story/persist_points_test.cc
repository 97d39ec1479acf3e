// A node may die whenever it has written something, before or after the disk has it. One run of
// each protocol is repeated with a crash of each node right after each of its writes: it recovers,
// the run goes on, and every check holds. Who writes nothing may die whenever it has said
// something.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"

using namespace ballast;

namespace {

// How often each node does something, such as to write.
class Deeds final : public Recorder {
 public:
  explicit Deeds(Sight what) : what_(what) {}
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}
  SightMask wants() const override { return sight(what_); }
  // No fault strikes once the run is healed for the check of liveness.
  void see(const Occurrence& occurrence, const World&) override {
    if (occurrence.at < Time{3'000'000'000}) ++of[occurrence.node];
  }
  std::map<NodeId, std::uint64_t> of;

 private:
  Sight what_;
};

// What differs between the protocols.
struct Case {
  std::string algorithm;
  std::string config;
  std::string workload;
  std::string check;
};

std::string text_of(const Case& c, const std::string& fault) {
  return R"({ "name": "a crash at a write", "duration": "3s",
    "nodes": { "server": { "count": 3, "algorithm": ")" +
         c.algorithm + R"(", "config": {)" + c.config + R"(} } },
    "disk": { "flush": { "uniform": ["1ms", "5ms"] } },
    "workload": {)" +
         c.workload + R"(}, "check": [)" + c.check + R"(], "faults": [)" + fault + "] }";
}

Scenario load(const std::string& text) {
  Problems problems;
  const std::optional<Value> value = parse_json(text, "scenario", problems);
  REQUIRE_MESSAGE(value.has_value(), problems.to_text());
  const std::optional<Scenario> read = read_scenario(*value, problems);
  REQUIRE_MESSAGE(read.has_value(), problems.to_text());
  return *read;
}

std::string tell(const RunOutcome& outcome) {
  std::string text(name_of(outcome.verdict));
  for (const Violation& v : outcome.violations) text += "\n  " + v.property + ": " + v.sentence;
  for (const std::string& reason : outcome.reasons) text += "\n  " + reason;
  return text;
}

// How many crashes there were.
std::uint64_t crash_at_every(const std::string& cue, Sight what, const Case& c) {
  Deeds deeds(what);
  const RunOutcome undisturbed = run(load(text_of(c, "")), {&deeds, true, nullptr, {}});
  REQUIRE_MESSAGE(undisturbed.verdict == Verdict::held, tell(undisturbed));
  std::uint64_t crashes = 0;
  for (const auto& [node, count] : deeds.of) {
    for (std::uint64_t nth = 1; nth <= count; ++nth) {
      const std::string who = std::to_string(node.value);
      const std::string fault = R"({ "when": { "what": ")" + cue + R"(", "node": )" + who +
                                R"(, "nth": )" + std::to_string(nth) + R"( }, "crash": )" + who +
                                R"(, "for": "300ms" })";
      const RunOutcome outcome = run(load(text_of(c, fault)));
      CAPTURE(fault);
      CHECK_MESSAGE(outcome.verdict == Verdict::held, tell(outcome));
      ++crashes;
    }
  }
  return crashes;
}

std::uint64_t crash_at_every_write(const Case& c) {
  return crash_at_every("persisted", Sight::persisted, c);
}

Case of_registers(const std::string& algorithm, const std::string& config) {
  return {algorithm, config,
          R"("clients": 2, "arrivals": { "poisson": "10/s" },
             "operations": { "read": 1, "write": 1 })",
          R"({ "linearizable": "register" }, { "liveness": {} })"};
}

}  // namespace

TEST_CASE("raft survives a crash at every write") {
  CHECK(crash_at_every_write(of_registers("raft", "")) > 50);
}

TEST_CASE("raft with snapshots survives a crash at every write") {
  const std::string config = R"("snapshot_after": 3, "snapshot_chunk": 4)";
  CHECK(crash_at_every_write(of_registers("raft", config)) > 50);
}

TEST_CASE("raft with PreVote, CheckQuorum and parallel writes survives a crash at every write") {
  const std::string config = R"("pre_vote": true, "check_quorum": true, "parallel_writes": true)";
  CHECK(crash_at_every_write(of_registers("raft", config)) > 50);
}

TEST_CASE("multi-paxos survives a crash at every write") {
  CHECK(crash_at_every_write(of_registers("multi_paxos", R"("checkpoint_every": 3)")) > 50);
}

TEST_CASE("paxos survives a crash at every write") {
  const Case once{"paxos", "", R"("clients": 3, "arrivals": { "poisson": "10/s" })", ""};
  CHECK(crash_at_every_write(once) > 5);
}

TEST_CASE("fast paxos survives a crash at every write") {
  for (const std::string recovery : {"coordinated", "uncoordinated", "new_round"}) {
    const Case once{"fast_paxos", R"("recovery": ")" + recovery + R"(", "fast_turns": 10)",
                    R"("clients": 3, "arrivals": { "poisson": "10/s" })", R"({ "liveness": {} })"};
    CHECK(crash_at_every_write(once) > 5);
  }
}

TEST_CASE("epaxos survives a crash at every write") {
  CHECK(crash_at_every_write(of_registers("epaxos", "")) > 50);
}

TEST_CASE("viewstamped replication survives a crash at every message that leaves") {
  const Case c = of_registers("viewstamped_replication", R"("checkpoint_every": 3)");
  CHECK(crash_at_every("sent", Sight::sent, c) > 200);
}

TEST_CASE("viewstamped replication with batches survives a crash at every fact") {
  const Case c = of_registers("viewstamped_replication", R"("checkpoint_every": 3, "batch": 4)");
  CHECK(crash_at_every("stated", Sight::stated, c) > 200);
}
