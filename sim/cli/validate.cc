#include "sim/base/assert.h"
#include "sim/cli/load.h"
#include "sim/scenario/demand.h"
#include "sim/scenario/run.h"

namespace ballast {
namespace {

// A missing file is the worse mistake: it cannot even be judged.
ExitCode both(ExitCode a, ExitCode b) { return std::max(a, b); }

}  // namespace

ExitCode execute(const ValidateCommand& command, const std::string&) {
  ExitCode code = ExitCode::held;
  for (const std::string& file : command.files) {
    const Loaded loaded = load({file, {}, std::nullopt});
    if (!loaded.scenario) {
      complain(loaded.errors);
    } else {
      const std::string demand = demand_beyond_capacity(*loaded.scenario);
      if (!print(file + ": ok" + (demand.empty() ? "" : ", but " + demand) + "\n")) {
        return ExitCode::io_error;
      }
    }
    code = both(code, loaded.code);
  }
  return code;
}

// One line for each scenario, whatever its verdict: who compares fingerprints wants nothing else.
ExitCode execute(const FingerprintsCommand& command, const std::string&) {
  ExitCode code = ExitCode::held;
  for (const std::string& file : command.files) {
    const Loaded loaded = load({file, {}, std::nullopt});
    code = both(code, loaded.code);
    if (!loaded.scenario) {
      complain(loaded.errors);
      continue;
    }
    const std::string again = "ballast run " + shell_quoted(file);
    set_replay_command(again.c_str());
    const RunOutcome outcome = run(*loaded.scenario);
    set_replay_command(nullptr);
    if (!print(to_hex(outcome.fingerprint) + " " + file + "\n")) return ExitCode::io_error;
  }
  return code;
}

}  // namespace ballast
