#include "sim/report/version.h"

#ifndef BALLAST_VERSION
#error "the build says which version this is: -DBALLAST_VERSION=\"0.1.0\""
#endif

namespace ballast {

std::string_view tool_version() { return "ballast " BALLAST_VERSION; }

std::string_view compiler() {
#ifdef __clang__
  return "clang++ " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace ballast
