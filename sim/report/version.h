// What this program calls itself in everything that it writes.
#pragma once

#include <string_view>

namespace ballast {

std::string_view tool_version();  // "ballast 0.1.0"
std::string_view compiler();      // "g++ 12.2.0"

}  // namespace ballast
