// From the name of a file to a scenario, or to every reason why there is none.
#pragma once

#include <optional>
#include <string>

#include "sim/cli/options.h"
#include "sim/scenario/scenario.h"

namespace ballast {

struct Loaded {
  std::optional<Scenario> scenario;
  // Where there is no scenario: why, as a person reads it, and with which code to exit.
  std::string errors;
  ExitCode code = ExitCode::held;
  // Eight hexadecimal digits that stand for what options changed; empty if they changed nothing.
  std::string changed;
};

// Reads the file, applies --set and --until.
Loaded load(const ScenarioOptions& options);

// The same from the text of the file; nothing, with the reasons among the problems, if it is wrong.
std::optional<Scenario> load_text(const ScenarioOptions& options, const std::string& text,
                                  Problems& problems);

// What the results of a scenario are filed under: the name of its file without folder and ending.
std::string stem_of(const std::string& file);

// The options of --set and --until, to repeat a command with, each after a blank.
std::string scenario_arguments(const ScenarioOptions& options);

}  // namespace ballast
