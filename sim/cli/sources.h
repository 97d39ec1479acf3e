// The runs that people name on the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/cli/exit_code.h"
#include "sim/report/repro.h"

namespace ballast {

// The files of a result that say what to run and what must come of it: repro.json, or
// scenario.resolved.json and summary.json.
struct Sources {
  std::vector<NamedText> texts;
  std::string error;
};
// Of a repro.json, or of the directory of a run.
Sources find_sources(const std::string& path);
// REQUIRES that there was no error.
std::optional<Repro> read_sources(const Sources& sources, Problems& problems);

// A run by any name: the directory of a run, a repro.json, a scenario, or FILE@SEED, the scenario
// with another seed.
struct NamedRun {
  std::optional<Scenario> scenario;
  std::optional<Repro> repro;  // where what must come of it is known
  // Where there is no scenario: why, as a person reads it, and with which code to exit.
  std::string errors;
  ExitCode code = ExitCode::held;
};
NamedRun find_run(const std::string& path);

}  // namespace ballast
