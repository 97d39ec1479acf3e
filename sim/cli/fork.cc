#include "sim/cli/options.h"
namespace ballast {
ExitCode execute(const ForkCommand&, const std::string&) { return ExitCode::internal_error; }
}
