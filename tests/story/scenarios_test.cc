// Every shipped scenario is run, meets its own expectation, and is the same run whenever and
// however it is repeated.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/story/shipped.h"
#include "tests/support/effort.h"

using namespace ballast;

namespace {

std::vector<std::string> shipped(const std::string& folder = "") {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(root / "scenarios" / folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || name.ends_with("schema.json")) continue;
    files.push_back(std::filesystem::relative(entry.path(), root).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string tell(const RunOutcome& outcome) {
  std::string text(name_of(outcome.verdict));
  for (const Violation& v : outcome.violations) text += "\n  " + v.property + ": " + v.sentence;
  for (const std::string& reason : outcome.reasons) text += "\n  " + reason;
  return text;
}

// file -> fingerprint, as `ballast fingerprints` prints them.
std::map<std::string, std::string> golden() {
  std::map<std::string, std::string> all;
  std::ifstream in(root / "tests/golden/fingerprints.txt");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string hex;
    std::string file;
    if (words >> hex >> file && hex.front() != '#') all[file] = hex;
  }
  return all;
}

// The settings that take a planted mistake out again.
std::vector<std::string> without_bug(const Scenario& scenario) {
  std::vector<std::string> settings;
  const std::string resolved = resolved_json(scenario);
  const bool apart = resolved.find("\"unsafe_quorums\": true") != std::string::npos;
  for (const NodeGroup& group : scenario.groups) {
    const std::string config = "nodes." + group.name + ".config.";
    for (const FieldInfo& option : group.algorithm->config.info.fields) {
      if (option.name == "bug") settings.push_back(config + "bug=none");
      if (option.name == "quorums" && apart) settings.push_back(config + "quorums=majority");
      if (option.name == "fast_quorum" && apart) settings.push_back(config + "fast_quorum=0");
      if (option.name == "unsafe_quorums" && apart) {
        settings.push_back(config + "unsafe_quorums=false");
      }
    }
  }
  return settings;
}

}  // namespace

TEST_CASE("at least twenty scenarios are shipped besides those of planted mistakes") {
  CHECK(shipped().size() - shipped("bugs").size() >= 20);
}

TEST_CASE("every shipped scenario says what it shows, expects a verdict, and gets it") {
  for (const std::string& file : shipped()) {
    CAPTURE(file);
    const Scenario scenario = load_file(file);
    CHECK(scenario.description.size() > 40);
    CHECK(scenario.expect.has_value());
    const RunOutcome outcome = run(scenario);
    INFO(tell(outcome));
    CHECK(outcome.as_expected);
  }
}

TEST_CASE("fingerprints are those that are written down") {
  const std::map<std::string, std::string> expected = golden();
  for (const std::string& file : shipped()) {
    CAPTURE(file);
    const auto line = expected.find(file);
    REQUIRE_MESSAGE(line != expected.end(),
                    "no golden fingerprint: scripts/fingerprints --update writes them");
    CHECK(to_hex(run(load_file(file)).fingerprint) == line->second);
  }
}

TEST_CASE("a scenario run again in one process, in another order, is the same run") {
  std::vector<std::string> files = shipped("quick");
  std::map<std::string, std::uint64_t> first;
  for (const std::string& file : files) first[file] = run(load_file(file)).fingerprint;
  std::reverse(files.begin(), files.end());
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK(run(load_file(file)).fingerprint == first[file]);
  }
}

TEST_CASE("a scenario written out with all defaults is the same run") {
  for (const std::string& file : shipped()) {
    CAPTURE(file);
    const Scenario scenario = load_file(file);
    const std::string resolved = resolved_json(scenario);
    const Scenario again = load(resolved, file + " (resolved)");
    CHECK(resolved_json(again) == resolved);
    CHECK(run(again).fingerprint == run(scenario).fingerprint);
  }
}

TEST_CASE("what is not checked runs the same way") {
  for (const std::string& file : shipped("quick")) {
    CAPTURE(file);
    const Scenario scenario = load_file(file);
    RunOptions unchecked;
    unchecked.check = false;
    CHECK(run(scenario, unchecked).fingerprint == run(scenario).fingerprint);
  }
}

TEST_CASE("another seed is another run") {
  for (const std::string& file : shipped("quick")) {
    CAPTURE(file);
    CHECK(run(load_file(file, {"seed=99991"})).fingerprint != run(load_file(file)).fingerprint);
  }
}

TEST_CASE("a planted mistake is found, and the same scenario without it holds") {
  for (const std::string& file : shipped("bugs")) {
    CAPTURE(file);
    const Scenario scenario = load_file(file);
    const RunOutcome wrong = run(scenario);
    INFO(tell(wrong));
    REQUIRE(wrong.verdict == Verdict::violated);
    // The scenario names the property that a reader is told about.
    REQUIRE(scenario.expect->property.has_value());
    CHECK(wrong.violations.front().property == *scenario.expect->property);

    std::vector<std::string> settings = without_bug(scenario);
    REQUIRE_FALSE(settings.empty());
    settings.push_back("expect={\"verdict\": \"held\"}");
    const RunOutcome right = run(load_file(file, settings));
    INFO("without the mistake: " << tell(right));
    CHECK(right.verdict == Verdict::held);
    // A planted mistake that changes nothing is code that never ran.
    CHECK(right.fingerprint != wrong.fingerprint);
  }
}

TEST_CASE("correct algorithms are never accused, whatever the seed") {
  for (const std::string& file : shipped()) {
    if (file.starts_with("scenarios/balancing/")) continue;  // long runs; seeds change little there
    CAPTURE(file);
    Scenario scenario = load_file(file, without_bug(load_file(file)));
    // Some show what becomes of an algorithm whose assumptions do not hold.
    const bool to_fail = scenario.expect && scenario.expect->verdict == Verdict::violated;
    if (to_fail && !file.starts_with("scenarios/bugs/")) continue;
    for (std::uint64_t seed = 1000; seed < 1000 + tries(20); ++seed) {
      CAPTURE(seed);
      scenario.seed = seed;
      const RunOutcome outcome = run(scenario);
      INFO(tell(outcome));
      // Progress depends on luck within its time limit; safety does not.
      const std::string property =
          outcome.violations.empty() ? "" : outcome.violations.front().property;
      const bool only_late = property == Progress::name || property == Liveness::name ||
                             property == Availability::name || property == StableLeader::name;
      const bool outside_model =
          std::any_of(outcome.faults.begin(), outcome.faults.end(),
                      [](const FiredFault& fault) { return fault.outside_model; });
      CHECK((outcome.verdict != Verdict::violated || only_late || outside_model));
    }
  }
}
