#include "sim/cli/manifest.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>

#include "sim/base/json_writer.h"
#include "sim/report/version.h"

namespace ballast {

std::string manifest_json(const std::string& command_line, std::uint64_t milliseconds) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  std::array<char, 32> time{};
  if (gmtime_r(&now, &utc) != nullptr) {
    std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  }
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object();
  w.member("tool", tool_version()).member("compiler", compiler());
  w.member("command", std::string_view(command_line));
  w.member("time", std::string_view(time.data())).member("milliseconds", milliseconds);
  w.member("host", std::string_view(host.data()));
  w.end_object();
  return text + "\n";
}

std::uint64_t wall_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::string process_name() { return std::to_string(getpid()); }

}  // namespace ballast
