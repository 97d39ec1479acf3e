// Workloads and networks without chance: what a scenario says, item by item, is what happens.
#include <algorithm>
#include <filesystem>

#include "sim/scenario/minimal.h"
#include "sim/scenario/shrink_search.h"
#include "tests/report/helpers.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr std::string_view scripted = R"({
  "name": "scripted", "seed": 1, "duration": "2s",
  "nodes": { "server": { "count": 3, "algorithm": "raft" } },
  "network": { "latency": "1ms" },
  "workload": { "clients": 2, "script": [
    { "at": "1200ms", "client": 2, "write": { "key": 3, "value": 7 } },
    { "at": "1s", "write": 5 },
    { "at": "1s", "read": 3 },
    { "at": "1.5s", "client": 2, "cas": { "value": 8, "expected": 7, "key": 3 } } ] } })";

class Lines final : public Recorder {
 public:
  SightMask wants() const override { return sight(Sight::dropped) | sight(Sight::received); }
  void see(const Occurrence& seen, const World& world) override {
    const std::string name(world.pools()[seen.payload].message_name(seen.payload.slot));
    all.push_back(std::string(name_of(seen.what)) + " " + name + " " + to_text(seen.node) + " " +
                  to_text(seen.peer) + " " + to_text(seen.at));
  }
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine& line) override {
    if (line.invocation) begun.push_back(*line.operation);
    if (!line.invocation) results.push_back(line.operation->result);
  }
  void sample(const Sample&) override {}
  std::vector<ClientOperation> begun;
  std::vector<std::int64_t> results;
  std::vector<std::string> all;
};

Lines watch(const Scenario& scenario) {
  Lines lines;
  run(scenario, {&lines, true, nullptr, {}});
  return lines;
}

std::string problems_of(std::string_view text, const std::vector<std::string>& settings) {
  Problems problems;
  std::optional<Value> value = parse_json(text, "test.json", problems);
  for (const std::string& setting : settings) set_value(*value, setting, problems);
  read_scenario(*value, problems);
  return problems.to_text();
}

TEST_CASE("clients ask what the script says, when it says so, and nothing else") {
  const std::vector<ClientOperation> begun = watch(scenario_of(scripted)).begun;
  REQUIRE(begun.size() == 4);
  CHECK(begun[0].invoked == Time{} + 1_s);
  CHECK(begun[0].operation == Operation::write);
  CHECK(begun[0].value == 5);
  CHECK(begun[0].key == 0);
  CHECK(begun[1].operation == Operation::read);
  CHECK(begun[1].key == 3);
  CHECK(begun[2].client == NodeId{5});
  CHECK(begun[2].invoked == Time{} + 1200_ms);
  CHECK(begun[3].operation == Operation::cas);
  CHECK(begun[3].expected == 7);
}

TEST_CASE("each machine is asked its operations, and the history judged by its model") {
  const auto story = [](std::string_view machine, std::string_view operations) {
    return scenario_of(scripted, {"nodes.server.config.machine=" + std::string(machine),
                                  "workload.script=" + std::string(operations),
                                  R"(check=[{"linearizable": ")" + std::string(machine) + "\"}]"});
  };
  const auto results = [&](std::string_view machine, std::string_view operations) {
    const Scenario scenario = story(machine, operations);
    Lines lines;
    CHECK(run(scenario, {&lines, true, nullptr, {}}).verdict == Verdict::held);
    return lines.results;
  };
  CHECK(results("counter", R"([{"at": "1s", "add": 5}, {"at": "1.2s", "add": 2},
                               {"at": "1.4s", "read": 0}])") == std::vector<std::int64_t>{5, 7, 7});
  CHECK(results("queue", R"([{"at": "1s", "enqueue": 5}, {"at": "1.2s", "dequeue": 0},
                             {"at": "1.4s", "dequeue": 0}])") ==
        std::vector<std::int64_t>{0, 5, 0});
  CHECK(results("lock", R"([{"at": "1s", "acquire": 3}, {"at": "1.2s", "client": 2, "acquire": 3},
                            {"at": "1.4s", "release": 3},
                            {"at": "1.6s", "client": 2, "acquire": 3}])") ==
        std::vector<std::int64_t>{1, 0, 1, 2});
  CHECK(results("kv", R"([{"at": "1s", "write": 5}, {"at": "1.2s", "delete": 0},
                          {"at": "1.4s", "read": 0}, {"at": "1.6s", "delete": 0}])") ==
        std::vector<std::int64_t>{0, 1, 0, 0});
}

TEST_CASE(
    "an operation that the machine or the model does not know is an error that says what does") {
  const std::string asked = R"(workload.script=[{"at": "1s", "enqueue": 5}])";
  const std::string served = problems_of(scripted, {asked});
  CHECK(served.find("workload.script asks for \"enqueue\", which raft does not serve; it serves "
                    "one of \"read\", \"write\", \"cas\" or \"administer\"; with \"machine\": "
                    "\"queue\" it would") != std::string::npos);
  const std::string judged = problems_of(scripted, {asked, "nodes.server.config.machine=queue",
                                                    R"(check=[{"linearizable": "register"}])"});
  CHECK(judged.find("linearizable judges by the model \"register\", which does not know "
                    "\"enqueue\" of workload.script; the model \"queue\" does") !=
        std::string::npos);
}

TEST_CASE("what a client was to ask while it was down is not asked") {
  const Scenario scenario =
      scenario_of(scripted, {R"(faults=[{"at": "1.1s", "crash": "c2", "for": "300ms"}])"});
  CHECK(watch(scenario).begun.size() == 3);
}

TEST_CASE("the operations of a random workload, written down, are asked again") {
  const Scenario random = scenario_of(small_raft);
  Scenario same = random;
  same.workload->script = operations_in(random);
  const std::vector<ClientOperation> before = watch(random).begun;
  const std::vector<ClientOperation> after = watch(same).begun;
  REQUIRE(before.size() == after.size());
  REQUIRE(before.size() > 50);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].invoked == after[i].invoked);
    CHECK(before[i].client == after[i].client);
    CHECK(before[i].value == after[i].value);
  }
}

TEST_CASE("the luck of a network, written down message by message, is the same run") {
  const Scenario lucky = scenario_of(small_raft, {"network.loss=10%", "network.duplicate=10%"});
  Scenario pinned = lucky;
  pinned.network.messages = fates_in(lucky, true);
  pinned.network.loss = {};
  pinned.network.duplicate = {};
  pinned.network.latency = Distribution::constant(3_ms);
  CHECK(run(lucky).counters.all_dropped() > 20);
  CHECK(run(pinned).fingerprint == run(lucky).fingerprint);
  pinned.network.messages.pop_back();
  CHECK(run(pinned).fingerprint != run(lucky).fingerprint);
}

TEST_CASE("the third RequestVote is lost, and only that") {
  const Scenario scenario = scenario_of(
      scripted,
      {R"(network.messages=[{"from": "c1", "to": "n1", "message": "Request", "lost": true}])"});
  std::vector<std::string> lost;
  for (const std::string& line : watch(scenario).all) {
    if (line.starts_with("dropped")) lost.push_back(line);
  }
  REQUIRE(lost.size() == 1);
  CHECK(lost[0] == "dropped Request n4 n1 1.000 s");
}

TEST_CASE("mistakes in scripts and messages are reported") {
  CHECK(problems_of(scripted, {"workload.clients=1"}).find("names client 2") != std::string::npos);
  CHECK(problems_of(scripted, {"duration=1100ms"}).find("after the end") != std::string::npos);
  CHECK(problems_of(scripted, {R"(workload.script=[{"at": "1s", "work": 1}])"})
            .find("does not serve") != std::string::npos);
  CHECK(problems_of(scripted, {R"(workload.script=[{"at": "1s", "raed": 1}])"})
            .find("did you mean \"read\"") != std::string::npos);
  CHECK(problems_of(scripted, {R"(workload.script=[{"at": "1s", "read": 1, "write": 1}])"})
            .find("one entry is one operation") != std::string::npos);
  const auto message = [](const std::string& rest) {
    return problems_of(scripted, {R"(network.messages=[{"from": 1, "message": "X")" + rest + "}]"});
  };
  CHECK(message(R"(, "to": 9, "lost": true)").find("no node 9") != std::string::npos);
  CHECK(message(R"(, "to": "server", "lost": true)").find("one node") != std::string::npos);
  CHECK(message(R"(, "to": 2)").find("lost, and delay or copy") != std::string::npos);
  CHECK(message(R"(, "to": 2, "lost": true, "copy": "1ms")").find("lost, and") !=
        std::string::npos);
}

TEST_CASE("a minimal scenario reads back to the same, whatever the scenario") {
  const auto same = [](const Scenario& scenario) {
    const std::string text = minimal_json(scenario, {"A remark.", "Another."});
    CHECK_MESSAGE(resolved_json(scenario_of(text)) == resolved_json(scenario), text);
    return text.size();
  };
  for (const std::string_view folder : {"quick", "raft", "paxos", "balancing", "bugs"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator("scenarios/" + std::string(folder))) {
      CAPTURE(entry.path().string());
      const Scenario scenario =
          shipped(std::string(folder) + "/" + entry.path().filename().string());
      CHECK(same(scenario) < resolved_json(scenario).size());
    }
  }
  same(scenario_of(scripted));
  Scenario pinned = scenario_of(small_raft);
  pinned.network.messages = fates_in(pinned, true);
  pinned.check.progress = Progress{3_s};
  pinned.check.linearizable.emplace();
  same(pinned);
}

}  // namespace
