// How often something happens: a count per span of time, exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>

#include "sim/base/describe.h"
#include "sim/base/time.h"
#include "sim/base/wide.h"

namespace ballast {

// `count` times in each `per`, which is positive. People write it as "50/s", "3/ms" or "1/250ms".
struct Rate {
  std::uint64_t count = 0;
  Duration per = {1'000'000'000};

  constexpr bool is_zero() const { return count == 0; }
  // In lowest terms.
  constexpr Rate reduced() const {
    if (count == 0) return {};
    const std::uint64_t g = std::gcd(count, static_cast<std::uint64_t>(per.ns));
    return {count / g, {per.ns / static_cast<std::int64_t>(g)}};
  }
  // The mean time between two occurrences, rounded down. REQUIRES !is_zero().
  constexpr Duration mean_gap() const {
    return {static_cast<std::int64_t>(static_cast<std::uint64_t>(per.ns) / count)};
  }
  // How long so many occurrences take on average, to the nearest nanosecond; never none.
  // REQUIRES !is_zero().
  constexpr Duration time_of(std::uint64_t occurrences) const {
    const Wide ns = static_cast<Wide>(static_cast<std::uint64_t>(per.ns)) * occurrences;
    const Wide rounded = (ns + count / 2) / count;
    const auto longest = static_cast<Wide>(Duration::max().ns);
    return {static_cast<std::int64_t>(std::clamp<Wide>(rounded, 1, longest))};
  }
  friend constexpr bool operator==(const Rate& a, const Rate& b) {
    return static_cast<Wide>(a.count) * static_cast<std::uint64_t>(b.per.ns) ==
           static_cast<Wide>(b.count) * static_cast<std::uint64_t>(a.per.ns);
  }
};

// The exact form that is read back: "50/s" if a whole number fits one of the units, else "1/1.5ms".
std::string to_text(const Rate& rate);

constexpr void fold(Fingerprint& f, const Rate& rate) {
  const Rate exact = rate.reduced();
  f.fold(exact.count);
  fold(f, exact.per);
}
inline void write_json(JsonWriter& w, const Rate& rate) { w.value(to_text(rate)); }

}  // namespace ballast
