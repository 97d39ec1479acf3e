#include "sim/base/json_writer.h"
#include "sim/cli/options.h"
#include "sim/report/version.h"

namespace ballast {

// Help that was asked for is a result; what is wrong with a command line is not.
ExitCode execute(const ShowCommand& command, const std::string&) {
  if (command.code != ExitCode::held) {
    complain(command.text);
    return command.code;
  }
  return print(command.text) ? ExitCode::held : ExitCode::io_error;
}

ExitCode execute(const VersionCommand& command, const std::string&) {
  std::string text(tool_version());
  if (command.json) {
    text.clear();
    JsonWriter w(text, JsonWriter::Style::indented);
    w.begin_object().member("tool", tool_version()).member("compiler", compiler());
    w.member("fingerprint_schema", Fingerprint::schema).end_object();
  } else {
    text += " (" + std::string(compiler()) + ")";
  }
  return print(text + "\n") ? ExitCode::held : ExitCode::io_error;
}

}  // namespace ballast
