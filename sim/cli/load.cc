#include "sim/cli/load.h"

#include <algorithm>
#include <filesystem>

#include "sim/scenario/json.h"

namespace ballast {

std::optional<Scenario> load_text(const ScenarioOptions& options, const std::string& text,
                                  Problems& problems) {
  const std::size_t before = problems.count();
  std::optional<Value> value = parse_json(text, options.file, problems);
  if (!value) return std::nullopt;
  for (const std::string& assignment : options.set) set_value(*value, assignment, problems);
  for (const std::string& assignment : options.grid) {
    set_value(*value, assignment, problems, "--grid");
  }
  std::optional<Scenario> scenario = read_scenario(*value, problems);
  if (problems.count() != before) return std::nullopt;
  if (scenario && options.until) scenario->end_at(*options.until);
  return scenario;
}

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
  loaded.scenario = load_text(options, file.text, problems);
  if (!loaded.scenario) {
    loaded.code = ExitCode::invalid_scenario;
    loaded.errors = problems.to_text();
    return loaded;
  }
  if (options.set.empty() && !options.until) return loaded;
  Problems ignored;
  const std::optional<Scenario> original =
      load_text({options.file, {}, std::nullopt, {}}, file.text, ignored);
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
  for (const std::string& assignment : options.grid) text += " --set " + shell_quoted(assignment);
  if (options.until) text += " --until " + to_text(*options.until);
  return text;
}

}  // namespace ballast
