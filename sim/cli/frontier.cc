#include "sim/cli/options.h"
namespace ballast {
ExitCode execute(const FrontierCommand&, const std::string&) { return ExitCode::internal_error; }
}
