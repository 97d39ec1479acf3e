// Scenarios from text, and traces as trees, for the tests of reports.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "sim/report/recording.h"
#include "sim/scenario/json.h"
#include "sim/scenario/run.h"

namespace ballast {

inline Scenario scenario_of(std::string_view text, const std::vector<std::string>& settings = {}) {
  Problems problems;
  std::optional<Value> value = parse_json(text, "test.json", problems);
  REQUIRE_MESSAGE(value.has_value(), problems.to_text());
  for (const std::string& setting : settings) set_value(*value, setting, problems);
  std::optional<Scenario> scenario = read_scenario(*value, problems);
  REQUIRE_MESSAGE(problems.empty(), problems.to_text());
  return *scenario;
}

inline Scenario shipped(const std::string& file, const std::vector<std::string>& settings = {}) {
  const FileText content = read_file("scenarios/" + file);
  REQUIRE_MESSAGE(content.status == FileStatus::complete, content.why);
  return scenario_of(content.text, settings);
}

inline Value tree_of(std::string_view json) {
  Problems problems;
  const std::optional<Value> value = parse_json(json, "line", problems);
  REQUIRE_MESSAGE(value.has_value(), problems.to_text());
  return *value;
}

inline std::vector<Value> lines_of(const std::string& text) {
  std::vector<Value> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(tree_of(line));
  return lines;
}

inline std::string text_at(const Value& object, std::string_view key) {
  const Value* found = object.find(key);
  return found == nullptr ? std::string() : found->text;
}
inline std::uint64_t number_at(const Value& object, std::string_view key) {
  const std::string text = text_at(object, key);
  return text.empty() ? 0 : std::stoull(text);
}

// A run with everything that was written down of it.
struct Written {
  RunOutcome outcome;
  std::string text;          // of the trace, its first line included
  std::vector<Value> trace;  // without the line about the trace itself
  Value about;
  std::vector<Value> history;
  std::string metrics;
};

inline Written write_down(const Scenario& scenario, const RecordingOptions& options) {
  Written written;
  std::ostringstream history;
  std::ostringstream trace;
  Recording recording(options, &history);
  written.outcome = run(scenario, {&recording, true, nullptr});
  recording.finish();
  if (recording.trace().left_out() > 0) {
    record_end(scenario, options, true, recording.trace()).recording.trace().write(trace);
  } else {
    recording.trace().write(trace);
  }
  written.text = trace.str();
  written.trace = lines_of(written.text);
  written.about = written.trace.front();
  written.trace.erase(written.trace.begin());
  written.history = lines_of(history.str());
  written.metrics = recording.metrics_csv();
  return written;
}

// Three Raft nodes that are asked things and lose their leader.
constexpr std::string_view small_raft = R"({
  "name": "small", "seed": 3, "duration": "2s",
  "nodes": { "server": { "count": 3, "algorithm": "raft" } },
  "network": { "latency": { "uniform": ["1ms", "5ms"] }, "loss": "1%", "duplicate": "1%" },
  "disk": { "flush": "1ms" },
  "workload": { "clients": 2, "arrivals": { "poisson": "50/s" } },
  "faults": [ { "at": "1s", "crash": "leader", "for": "200ms" } ] })";

}  // namespace ballast
