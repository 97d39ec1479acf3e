#include <exception>
#include <new>

#include "sim/cli/options.h"
#include "sim/report/results.h"

namespace ballast {
namespace {

std::string joined(int argc, const char* const* argv) {
  std::string text = "ballast";
  for (int i = 1; i < argc; ++i) text += " " + shell_quoted(argv[i]);
  return text;
}

ExitCode execute_command_line(int argc, const char* const* argv) {
  const AnyCommand command = parse_command_line(argc, argv);
  const std::string text = joined(argc, argv);
  return std::visit([&](const auto& chosen) { return execute(chosen, text); }, command);
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  using ballast::ExitCode;
  ExitCode code = ExitCode::internal_error;
  try {
    code = ballast::execute_command_line(argc, argv);
  } catch (const ballast::OutputError& error) {
    ballast::complain("ballast: " + error.sentence + "\n");
    code = error.cannot_create ? ExitCode::cannot_create : ExitCode::io_error;
  } catch (const std::bad_alloc&) {
    ballast::complain("ballast: out of memory\n");
  } catch (const std::exception& error) {
    ballast::complain(std::string("ballast: internal error: ") + error.what() + "\n");
  }
  return static_cast<int>(code);
}
