#include "sim/cli/options.h"
namespace ballast {
ExitCode execute(const SweepCommand&, const std::string&) { return ExitCode::held; }
}  // namespace ballast
