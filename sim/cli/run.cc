#include "sim/base/assert.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/load.h"
#include "sim/cli/manifest.h"
#include "sim/cli/present.h"
#include "sim/report/results.h"
#include "sim/scenario/misfortune.h"

namespace ballast {
namespace {

ExitCode verdict_code(const RunCommand& command, const Scenario& scenario,
                      const RecordedRun& recorded) {
  if (recorded.diverged) return ExitCode::diverged;
  const Verdict verdict = recorded.outcome.verdict;
  if (command.expect_violation) {
    if (verdict == Verdict::violated) return ExitCode::held;
    if (verdict == Verdict::held) return ExitCode::violated;
  } else if (verdict == Verdict::held && !recorded.outcome.as_expected &&
             scenario.expect->verdict == Verdict::violated) {
    return ExitCode::inconclusive;  // it did not show what it is there to show
  }
  return exit_code(verdict);
}

}  // namespace

ExitCode execute(const RunCommand& command, const std::string& command_line) {
  const std::uint64_t begun = wall_milliseconds();
  Loaded loaded = load(command.scenario);
  if (!loaded.scenario) {
    complain(loaded.errors);
    return loaded.code;
  }
  Scenario& scenario = *loaded.scenario;
  if (command.seed) scenario.seed = *command.seed;

  const std::string& misfortune = command.scenario.profile;
  if (!misfortune.empty() && misfortune != "none") {
    const LoadedProfile chosen = load_profile(misfortune);
    if (!chosen.profile) {
      complain(chosen.errors);
      return chosen.code;
    }
    scenario = with_misfortune(scenario, *chosen.profile, scenario.seed);
    loaded.changed += (loaded.changed.empty() ? "" : "-") + chosen.profile->title;
  }

  const std::string stem = stem_of(command.scenario.file);
  std::string name = "seed-" + std::to_string(scenario.seed);
  if (!loaded.changed.empty()) name += "-" + loaded.changed;
  const bool own_place = command.out.empty();
  ResultDirectory directory(own_place ? "results/" + stem + "/" + name : command.out,
                            process_name());

  const std::string again = "ballast run " + shell_quoted(command.scenario.file) + " --seed " +
                            std::to_string(scenario.seed) + scenario_arguments(command.scenario);
  set_replay_command(again.c_str());
  catch_interrupts();
  const RecordedRun recorded = record_run(
      scenario, {{command.trace, command.trace_cap}, command.check, interrupted()}, directory);
  set_replay_command(nullptr);
  directory.write("manifest.json", manifest_json(command_line, wall_milliseconds() - begun));
  directory.commit();
  if (own_place) point_at("results/latest", stem + "/" + name, process_name());

  const std::string text =
      command.format == Format::json
          ? recorded.summary
          : present(scenario, recorded.outcome, recorded.story ? &*recorded.story : nullptr,
                    {command.scenario.file, directory.path(),
                     "ballast replay " + shell_quoted(directory.path()), command.quiet},
                    Painter(command.color));
  if (!print(text)) return ExitCode::io_error;
  if (recorded.diverged) {
    complain("ballast: the same run came out differently the second time: not deterministic\n");
  }
  if (*interrupted() != 0) return ExitCode::interrupted;
  return verdict_code(command, scenario, recorded);
}

}  // namespace ballast
