// manifest.json: everything about a result that differs between two runs of the same command. No
// other file of a result may.
#pragma once

#include <cstdint>
#include <string>

namespace ballast {

// `milliseconds` is what the command took by the clock on the wall.
std::string manifest_json(const std::string& command_line, std::uint64_t milliseconds);

// The clock on the wall, for durations.
std::uint64_t wall_milliseconds();

// A digest of this program's file: two builds of one version may differ.
std::string build_digest();

// What tells this process apart from others that write at the same time, here or on other hosts.
std::string process_name();

}  // namespace ballast
