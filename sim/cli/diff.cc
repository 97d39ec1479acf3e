#include "sim/cli/options.h"
namespace ballast {
ExitCode execute(const DiffCommand&, const std::string&) { return ExitCode::internal_error; }
}
