#include "sim/cli/manifest.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <vector>

#include "sim/base/fingerprint.h"
#include "sim/base/json_writer.h"
#include "sim/base/text.h"
#include "sim/report/version.h"

namespace ballast {

namespace {

std::string host_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return host.data();
}

}  // namespace

std::string manifest_json(const std::string& command_line, std::uint64_t milliseconds) {
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
  w.member("host", std::string_view(host_name()));
  w.end_object();
  return text + "\n";
}

std::uint64_t wall_milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::string process_name() { return host_name() + "-" + std::to_string(getpid()); }

std::string build_digest() {
  std::ifstream program("/proc/self/exe", std::ios::binary);
  std::vector<std::uint64_t> words(std::size_t{1} << 16);
  Fingerprint all;
  while (program) {
    std::fill(words.begin(), words.end(), 0);
    program.read(reinterpret_cast<char*>(words.data()),
                 static_cast<std::streamsize>(words.size() * sizeof(std::uint64_t)));
    for (const std::uint64_t word : words) all.fold(word);
  }
  return to_hex(all.value());
}

}  // namespace ballast
