// What the event queue orders, and the one comparison that all of it rests on.
#pragma once

#include <cstdint>

#include "sim/base/wide.h"

namespace ballast {

// An entry of the event queue. The payload of the event lives elsewhere, under `slot`.
struct Pending {
  std::uint64_t at = 0;      // nanoseconds
  std::uint64_t order = 0;   // tie key above sequence number: the order at one instant
  std::uint64_t handle = 0;  // slot, and above it the leaf that the tournament gave it

  constexpr std::uint32_t slot() const { return static_cast<std::uint32_t>(handle); }
  constexpr std::uint32_t leaf() const { return static_cast<std::uint32_t>(handle >> 32); }
  constexpr void set_leaf(std::uint32_t leaf) { handle = slot() | std::uint64_t{leaf} << 32; }

  constexpr Wide key() const { return static_cast<Wide>(at) << 64 | order; }
  friend constexpr bool operator<(const Pending& a, const Pending& b) { return a.key() < b.key(); }

  // Later than every event, for times are signed.
  static constexpr Pending never() { return {~std::uint64_t{0}, ~std::uint64_t{0}, 0}; }
};

// The earlier of two entries. Which one it is no processor can predict, so it must be chosen
// without a branch; from plain C++, g++ 12 and clang 14 both make branches of it, and the
// tournament then takes four times as long.
inline Pending earlier(Pending a, const Pending& b) {
#if defined(__x86_64__)
  std::uint64_t high = b.at;
  __asm__(
      "cmp %[a_order], %[b_order]\n\t"
      "sbb %[a_at], %[high]\n\t"
      "cmovb %[b_at], %[a_at]\n\t"
      "cmovb %[b_order], %[a_order]\n\t"
      "cmovb %[b_handle], %[a_handle]"
      : [a_at] "+&r"(a.at), [a_order] "+&r"(a.order), [a_handle] "+&r"(a.handle), [high] "+&r"(high)
      : [b_at] "r"(b.at), [b_order] "r"(b.order), [b_handle] "r"(b.handle)
      : "cc");
  return a;
#else
  return b < a ? b : a;
#endif
}

}  // namespace ballast
