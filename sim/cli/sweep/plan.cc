#include "sim/cli/sweep/plan.h"

#include <filesystem>
#include <map>

#include "sim/cli/load.h"
#include "sim/cli/manifest.h"
#include "sim/report/version.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"

namespace ballast {
namespace {

// The points of a grid, the last axis running fastest.
class Points {
 public:
  explicit Points(const std::vector<GridAxis>& axes) : axes_(axes), at_(axes.size()) {}

  std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < axes_.size(); ++i) all.push_back(axes_[i].values[at_[i]]);
    return all;
  }
  bool next() {
    for (std::size_t i = axes_.size(); i-- > 0;) {
      if (++at_[i] < axes_[i].values.size()) return true;
      at_[i] = 0;
    }
    return false;
  }

 private:
  const std::vector<GridAxis>& axes_;
  std::vector<std::size_t> at_;
};

class Planner {
 public:
  explicit Planner(const SweepCommand& command) : command_(command) {}

  LoadedPlan make() {
    for (const std::string& file : command_.files) add_file(file);
    if (!problems_.empty() || out_.code != ExitCode::held) {
      // A file that is not there weighs more than one that is wrong, as everywhere.
      if (!problems_.empty()) out_.errors += problems_.to_text();
      if (out_.code == ExitCode::held) out_.code = ExitCode::invalid_scenario;
      return std::move(out_);
    }
    SweepPlan& plan = out_.plan;
    plan.tool = tool_version();
    plan.build = build_digest();
    plan.seeds = command_.seeds.text();
    for (const GridAxis& axis : command_.grid) plan.paths.push_back(axis.path);
    plan.corpus = corpus();
    plan.fail_fast = command_.fail_fast;
    plan.until_covered = command_.until_covered;
    plan.expect_violation = command_.expect_violation;
    plan.min_runs = command_.min_runs;
    plan.trace = command_.trace;
    plan.trace_cap = command_.trace_cap;
    plan.place = place();
    out_.seeds = command_.seeds;
    return std::move(out_);
  }

 private:
  void add_file(const std::string& file) {
    const FileText text = read_file(file);
    if (text.status != FileStatus::complete) {
      out_.errors += "ballast: " + text.why + "\n";
      const bool large = text.status == FileStatus::too_large;
      if (out_.code != ExitCode::no_input) {
        out_.code = large ? ExitCode::invalid_scenario : ExitCode::no_input;
      }
      return;
    }
    ScenarioOptions options = command_.scenario;
    options.file = file;
    changed_ = changed_ || changes(options, text.text);
    Points points(command_.grid);
    do {
      const std::vector<std::string> values = points.values();
      options.varied.clear();
      for (std::size_t i = 0; i < values.size(); ++i) {
        options.varied.push_back(command_.grid[i].path + "=" + values[i]);
      }
      std::optional<Scenario> scenario = load_text(options, text.text, problems_);
      if (scenario) add_cell(options, values, std::move(*scenario));
    } while (points.next());
  }

  // Whoever configures no faults gets some all the same.
  std::optional<Profile> misfortune(ScenarioOptions& options, const Scenario& scenario) {
    if (options.profile.empty() && scenario.faults.empty()) options.profile = "default";
    if (options.profile.empty() || options.profile == "none") return std::nullopt;
    LoadedProfile loaded = load_profile(options.profile);
    if (!loaded.profile && out_.errors.find(loaded.errors) == std::string::npos) {
      out_.errors += loaded.errors;
      out_.code = loaded.code;
    }
    return std::move(loaded.profile);
  }

  void add_cell(ScenarioOptions options, const std::vector<std::string>& values,
                Scenario scenario) {
    std::optional<Profile> profile = misfortune(options, scenario);
    const std::string profile_text = profile ? to_json(*profile) : "";
    // The seed is the sweep's; that of the file changes nothing.
    scenario.seed = command_.seeds[0];
    SweepCell cell{options.file,
                   values,
                   scenario.name,
                   scenario_arguments(options),
                   to_hex(digest(resolved_json(scenario) + profile_text)),
                   std::nullopt,
                   profile_text};
    if (scenario.expect) cell.expect = scenario.expect->verdict;
    out_.plan.cells.push_back(std::move(cell));
    out_.scenarios.push_back(std::move(scenario));
    out_.profiles.push_back(std::move(profile));
  }

  // Whether --set and --until make another scenario of the file.
  static bool changes(const ScenarioOptions& options, const std::string& text) {
    if (options.set.empty() && !options.until) return false;
    Problems ignored;
    const auto as_it_stands = load_text({options.file, {}, std::nullopt, {}}, text, ignored);
    const auto changed = load_text(options, text, ignored);
    return !as_it_stands || !changed || resolved_json(*as_it_stands) != resolved_json(*changed);
  }

  std::string corpus() const {
    if (command_.corpus) return *command_.corpus;
    const std::string usual = "tests/corpus";
    std::error_code ignored;
    return std::filesystem::is_directory(usual, ignored) ? usual : "";
  }

  // "partition_minority/sweep-1..200"; what else makes this sweep is told by eight digits.
  std::string place() const {
    constexpr std::size_t longest = 60;
    const SweepPlan& plan = out_.plan;
    const std::string& seeds = plan.seeds;
    std::string name = stem_of(plan.cells.front().file) + "/sweep-" +
                       (seeds.size() <= longest ? seeds : to_hex(ballast::digest(seeds)));
    if (plan.single() && !changed_) return name;
    std::string all;
    for (const SweepCell& cell : plan.cells) all += cell.file + cell.arguments + cell.digest;
    return name + "-" + to_hex(ballast::digest(all)).substr(0, 8);
  }

  const SweepCommand& command_;
  Problems problems_;
  LoadedPlan out_;
  bool changed_ = false;
};

}  // namespace

Scenario LoadedPlan::scenario(std::uint64_t cell, std::uint64_t seed) const {
  const auto place = static_cast<std::size_t>(cell);
  if (profiles[place]) return with_misfortune(scenarios[place], *profiles[place], seed);
  Scenario scenario = scenarios[place];
  scenario.seed = seed;
  return scenario;
}

LoadedPlan load_plan(const SweepCommand& command) { return Planner(command).make(); }

std::string label(const SweepPlan& plan, const SweepCell& cell) {
  bool several = plan.paths.empty();
  for (const SweepCell& each : plan.cells) several = several || each.file != cell.file;
  std::string text = several ? cell.file : "";
  for (std::size_t i = 0; i < plan.paths.size(); ++i) {
    text += (text.empty() ? "" : " ") + plan.paths[i] + "=" + cell.values[i];
  }
  return text;
}

std::string run_command(const SweepCell& cell, std::uint64_t seed) {
  return "ballast run " + shell_quoted(cell.file) + " --seed " + std::to_string(seed) +
         cell.arguments;
}

}  // namespace ballast
