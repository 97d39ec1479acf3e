// How much a test tries.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ballast {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

// Under the sanitizers everything takes ten times as long, and they look for mistakes of the
// program, not of algorithms: a tenth of the seeds takes them everywhere.
constexpr std::uint64_t tries(std::uint64_t all) {
  return sanitized ? std::max<std::uint64_t>(1, all / 10) : all;
}

}  // namespace ballast
