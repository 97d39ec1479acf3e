// JSON text into a Value tree: the only door through which text from outside comes in. Comments
// (// and /* */) and a byte order mark are accepted; nothing else that RFC 8259 does not allow is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/problems.h"
#include "sim/base/value.h"

namespace ballast {

// What a document may hold. Scenarios stay far below; beyond these limits is a mistake or an
// attack.
constexpr std::size_t json_max_bytes = std::size_t{16} << 20;
constexpr std::size_t json_max_depth = 64;
constexpr std::size_t json_max_values = 1'000'000;

// The tree of a document, whose `name` errors show. Nothing if it is not JSON or exceeds a limit.
// Duplicate keys are reported too, but the tree is returned, with the first of them, so that the
// rest can be judged: whoever parses looks at problems.empty() in the end.
std::optional<Value> parse_json(std::string_view text, std::string_view name, Problems& problems);

// Applies "network.loss=0.1" to a tree: the member at the dotted path gets the value, which is JSON
// or else taken as a string ("network.loss=2%"). Numbers in the path are elements of lists, from 0.
// Objects that are missing on the way are made. Errors, now or when the value is read, name
// "--set network.loss", by the option that it came with. Returns false after reporting a path that
// leads nowhere.
bool set_value(Value& root, std::string_view assignment, Problems& problems,
               std::string_view option = "--set");

enum class FileStatus { complete, missing, unreadable, too_large };

// The content of a file, or why there is none, in a sentence: exit 66 for a missing or unreadable
// file, 65 for one above json_max_bytes, which is not read to its end.
struct FileText {
  FileStatus status = FileStatus::complete;
  std::string text = {};
  std::string why = {};
};
FileText read_file(const std::string& path);

}  // namespace ballast
