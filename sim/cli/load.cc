#include "sim/cli/load.h"

#include <algorithm>
#include <filesystem>

#include "sim/scenario/json.h"

namespace ballast {
namespace {

std::optional<Scenario> read(const ScenarioOptions& options, const std::string& text,
                             Problems& problems) {
  std::optional<Value> value = parse_json(text, options.file, problems);
  if (!value) return std::nullopt;
  bool good = problems.empty();
  for (const std::string& assignment : options.set) {
    good = set_value(*value, assignment, problems) && good;
  }
  std::optional<Scenario> scenario = read_scenario(*value, problems);
  if (!good || !problems.empty()) return std::nullopt;
  if (scenario && options.until) scenario->end_at(*options.until);
  return scenario;
}

}  // namespace

Loaded load(const ScenarioOptions& options) {
  Loaded loaded;
  const FileText file = read_file(options.file);
  if (file.status != FileStatus::complete) {
    loaded.code =
        file.status == FileStatus::too_large ? ExitCode::invalid_scenario : ExitCode::no_input;
    loaded.errors = "ballast: " + file.why + "\n";
    return loaded;
  }
  Problems problems;
  loaded.scenario = read(options, file.text, problems);
  if (!loaded.scenario) {
    loaded.code = ExitCode::invalid_scenario;
    loaded.errors = problems.to_text();
    return loaded;
  }
  if (options.set.empty() && !options.until) return loaded;
  Problems ignored;
  const std::optional<Scenario> original =
      read({options.file, {}, std::nullopt}, file.text, ignored);
  const std::string now = resolved_json(*loaded.scenario);
  if (original && resolved_json(*original) == now) return loaded;
  loaded.changed = to_hex(digest(now)).substr(0, 8);
  return loaded;
}

std::string stem_of(const std::string& file) {
  const std::string stem = std::filesystem::path(file).stem().string();
  return stem.empty() ? "scenario" : stem;
}

std::string scenario_arguments(const ScenarioOptions& options) {
  std::string text;
  for (const std::string& assignment : options.set) text += " --set " + shell_quoted(assignment);
  if (options.until) text += " --until " + to_text(*options.until);
  return text;
}

}  // namespace ballast
