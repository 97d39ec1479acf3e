// Files that a scenario names become part of it, and every bad line of them is named.
#include "sim/scenario/embed.h"

#include <filesystem>
#include <fstream>

#include "sim/scenario/json.h"
#include "tests/report/helpers.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

// A folder with a scenario that names requests.csv, and that file.
class Recorded {
 public:
  explicit Recorded(const std::string& csv)
      : folder_(std::filesystem::temp_directory_path() / "ballast_embed_test") {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "requests.csv") << csv;
  }
  ~Recorded() { std::filesystem::remove_all(folder_); }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  std::string path() const { return (folder_ / "requests.csv").string(); }
  std::optional<Scenario> read(std::string_view file = "requests.csv") {
    const std::string text = R"({ "name": "recorded",
      "nodes": { "endpoint": { "algorithm": "endpoint", "config": {
        "service": { "recorded": ")" +
                             std::string(file) + R"(" } } } },
      "workload": { "clients": 2, "keys": 10, "arrivals": { "replay": ")" +
                             std::string(file) +
                             R"(" } },
      "faults": [ { "at": "1s", "replay": "5%", "for": "1s" } ] })";
    std::optional<Value> value = parse_json(text, "scenario.json", problems);
    REQUIRE(value.has_value());
    embed_recordings(*value, (folder_ / "scenario.json").string(), problems);
    return read_scenario(*value, problems);
  }

  Problems problems;

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("a recorded file becomes part of the scenario, which then runs without it") {
  std::string resolved;
  {
    Recorded recorded(
        "# made by hand\n"
        "at_ns, service, key, note\r\n"
        "1000000, 3ms, 7, first\r\n"
        "\n"
        "2500000, 500us, , second\n");
    const std::optional<Scenario> scenario = recorded.read();
    REQUIRE_MESSAGE(scenario.has_value(), recorded.problems.to_text());
    const auto& replay = std::get<Replay>(scenario->workload->arrivals);
    REQUIRE(replay.requests.size() == 2);
    CHECK(replay.requests[0].at == 1_ms);
    CHECK(replay.requests[0].service == 3_ms);
    CHECK(replay.requests[0].key == 7u);
    CHECK(replay.requests[1].at == 2500_us);
    CHECK(replay.requests[1].service == 500_us);
    CHECK(!replay.requests[1].key);
    resolved = resolved_json(*scenario);
  }
  const Scenario again = scenario_of(resolved);
  CHECK(resolved_json(again) == resolved);
  CHECK(run(again).ok == 2);
}

TEST_CASE("every bad line of a recording is named with its file and line") {
  Recorded recorded(
      "at,service,key\n"
      "1ms,3ms,1\n"
      "soon,3ms,1\n"
      "2ms,3ms\n"
      "3ms,-3ms,1\n"
      "4ms,3ms,one\n");
  CHECK(!recorded.read());
  const std::string text = recorded.problems.to_text();
  CAPTURE(text);
  const auto names = [&](int line, const std::string& what) {
    const std::size_t at = text.find(recorded.path() + ":" + std::to_string(line) + ":");
    return at != std::string::npos && text.find(what, at) != std::string::npos;
  };
  CHECK(names(3, "soon"));
  CHECK(names(4, "the line has 2 fields, the header 3"));
  CHECK(names(5, "-3ms"));
  CHECK(names(6, "one"));
}

TEST_CASE("a recording that is missing, empty or of something else is refused") {
  Recorded missing("at\n");
  CHECK(!missing.read("nowhere.csv"));
  CHECK(missing.problems.to_text().find("scenario.json:3:") != std::string::npos);
  CHECK(missing.problems.to_text().find("cannot read what was recorded") != std::string::npos);

  Recorded empty("\n");
  CHECK(!empty.read());
  CHECK(empty.problems.to_text().find("the file is empty") != std::string::npos);
  CHECK(empty.problems.to_text().find("expected a list") == std::string::npos);

  Recorded other("name,age\nann,7\n");
  CHECK(!other.read());
  CHECK(other.problems.to_text().find("the first line names no known column; expected one of "
                                      "\"at\"") != std::string::npos);

  Recorded without("at\n1ms\n");
  CHECK(!without.read());
  CHECK(without.problems.to_text().find("no column is called \"service\"") != std::string::npos);
}

TEST_CASE("a replayed key that does not exist is refused") {
  Recorded recorded("at,service,key\n1ms,1ms,10\n");
  CHECK(!recorded.read());
  CHECK(recorded.problems.to_text().find("a replayed request is about key 10, but keys is 10") !=
        std::string::npos);
}
