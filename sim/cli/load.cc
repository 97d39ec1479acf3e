#include "sim/cli/load.h"

#include <algorithm>
#include <filesystem>

#include "sim/base/read.h"
#include "sim/scenario/embed.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"

namespace ballast {

std::optional<Scenario> load_text(const ScenarioOptions& options, const std::string& text,
                                  Problems& problems) {
  const std::size_t before = problems.count();
  std::optional<Value> value = parse_json(text, options.file, problems);
  if (!value) return std::nullopt;
  for (const std::string& assignment : options.set) set_value(*value, assignment, problems);
  for (const std::string& assignment : options.varied) {
    set_value(*value, assignment, problems, options.varied_by);
  }
  embed_recordings(*value, options.file, problems);
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

LoadedProfile load_profile(const std::string& word) {
  LoadedProfile loaded;
  loaded.profile = find_profile(word);
  if (loaded.profile) return loaded;
  const FileText file = read_file(word);
  if (file.status != FileStatus::complete) {
    std::vector<std::string_view> names;
    const std::vector<NamedProfile> known = built_in_profiles();
    for (const NamedProfile& each : known) names.push_back(each.name);
    const std::string_view meant = closest(word, names);
    loaded.errors = "ballast: --profile is \"" + word + "\"; expected " + one_of(names) +
                    ", \"none\", or a file" +
                    (meant.empty() ? "" : "; did you mean " + std::string(meant) + "?") + "\n";
    loaded.code = ExitCode::usage;
    return loaded;
  }
  Problems problems;
  const std::optional<Value> value = parse_json(file.text, word, problems);
  if (value) loaded.profile = read_profile(*value, problems);
  if (loaded.profile && problems.empty()) return loaded;
  loaded.profile.reset();
  loaded.errors = problems.to_text();
  loaded.code = ExitCode::invalid_scenario;
  return loaded;
}

std::string scenario_arguments(const ScenarioOptions& options) {
  std::string text;
  for (const std::string& assignment : options.set) text += " --set " + shell_quoted(assignment);
  for (const std::string& assignment : options.varied) {
    text += " --set " + shell_quoted(assignment);
  }
  if (options.until) text += " --until " + to_text(*options.until);
  if (!options.profile.empty()) text += " --profile " + shell_quoted(options.profile);
  return text;
}

}  // namespace ballast
