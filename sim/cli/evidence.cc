#include "sim/cli/evidence.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>

#include "sim/cli/manifest.h"
#include "sim/cli/seeds.h"
#include "sim/report/results.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> files{"trace.jsonl", "history.jsonl"};

std::optional<Scenario> scenario_of(const std::string& file) {
  const FileText content = read_file(file);
  if (content.status != FileStatus::complete) return std::nullopt;
  Problems problems;
  const std::optional<Value> value = parse_json(content.text, file, problems);
  if (!value || !problems.empty()) return std::nullopt;
  std::optional<Scenario> scenario = read_scenario(*value, problems);
  return problems.empty() ? scenario : std::nullopt;
}

// How the trace was written down, as its first line has it; as by default where that cannot be
// read.
RecordingOptions recording_of(const std::string& trace) {
  RecordingOptions options;
  std::ifstream in(trace, std::ios::binary);
  std::string line;
  std::getline(in, line);
  Problems problems;
  const std::optional<Value> header = parse_json(line, trace, problems);
  if (!header || !header->is(Value::Kind::object)) return options;
  const auto text_of = [&](std::string_view name) {
    const Value* const member = header->find(name);
    return member == nullptr ? std::string() : member->text;
  };
  const auto names = enumerators(TraceLevel{});
  const auto level = std::find(names.begin(), names.end(), text_of("level"));
  if (level != names.end()) options.trace = static_cast<TraceLevel>(level - names.begin());
  const std::optional<std::uint64_t> records = parse_seed(text_of("records"));
  const std::optional<std::uint64_t> left_out = parse_seed(text_of("left_out"));
  if (records && left_out) {
    options.trace_cap = *left_out > 0 ? *records : std::max(*records, options.trace_cap);
  }
  return options;
}

// The first line in which the two differ; 0 if they do not.
std::uint64_t first_difference(const std::string& one, const std::string& other) {
  std::ifstream a(one, std::ios::binary);
  std::ifstream b(other, std::ios::binary);
  std::string line_of_a;
  std::string line_of_b;
  for (std::uint64_t line = 1;; ++line) {
    const bool more = static_cast<bool>(std::getline(a, line_of_a));
    if (more != static_cast<bool>(std::getline(b, line_of_b))) return line;
    if (!more) return 0;
    // The last line of one may lack its end.
    if (line_of_a != line_of_b || a.eof() != b.eof()) return line;
  }
}

}  // namespace

std::vector<Altered> find_altered(const std::string& directory) {
  std::vector<Altered> altered;
  const auto there = [&](std::string_view file) { return (fs::path(directory) / file).string(); };
  std::error_code ignored;
  const bool any = std::any_of(files.begin(), files.end(),
                               [&](auto file) { return fs::exists(there(file), ignored); });
  if (!any) return altered;
  const std::optional<Scenario> scenario = scenario_of(there("scenario.resolved.json"));
  if (!scenario) return altered;
  const fs::path place = fs::temp_directory_path(ignored) / ("ballast-replay-" + process_name());
  const ResultDirectory again(place.string(), "again");  // never committed: it goes away
  record_run(*scenario, {recording_of(there("trace.jsonl")), true, nullptr}, again);
  for (const std::string_view file : files) {
    if (!fs::exists(there(file), ignored)) continue;
    const std::uint64_t line = first_difference(there(file), again.place(file));
    if (line > 0) altered.push_back({std::string(file), line});
  }
  return altered;
}

}  // namespace ballast
