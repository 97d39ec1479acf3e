// Simulated time: 64-bit integer nanoseconds. No floating point and no clock of the host anywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace ballast {

// A span of simulated time in nanoseconds; may be negative. The range is about 292 years.
struct Duration {
  std::int64_t ns = 0;

  static constexpr Duration max() { return {std::numeric_limits<std::int64_t>::max()}; }
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator-(Duration a) { return {-a.ns}; }
  friend constexpr Duration operator*(Duration a, std::int64_t k) { return {a.ns * k}; }
  friend constexpr Duration operator*(std::int64_t k, Duration a) { return {a.ns * k}; }
  friend constexpr Duration operator/(Duration a, std::int64_t k) { return {a.ns / k}; }
  friend constexpr std::int64_t operator/(Duration a, Duration b) { return a.ns / b.ns; }
  constexpr Duration& operator+=(Duration d) {
    ns += d.ns;
    return *this;
  }
  constexpr Duration& operator-=(Duration d) {
    ns -= d.ns;
    return *this;
  }
};

// An instant, counted from the start of the run (true time) or from the origin of a node's own
// clock (local time). Which of the two is said where it matters.
struct Time {
  std::int64_t ns = 0;

  static constexpr Time max() { return {std::numeric_limits<std::int64_t>::max()}; }
  friend constexpr auto operator<=>(const Time&, const Time&) = default;
  friend constexpr Time operator+(Time t, Duration d) { return {t.ns + d.ns}; }
  friend constexpr Time operator-(Time t, Duration d) { return {t.ns - d.ns}; }
  friend constexpr Duration operator-(Time a, Time b) { return {a.ns - b.ns}; }
  constexpr Time& operator+=(Duration d) {
    ns += d.ns;
    return *this;
  }
};

// As t + d, but an overflow stops at the end of time instead of wrapping round. d must not be
// negative.
constexpr Time saturating_add(Time t, Duration d) {
  return t.ns > Time::max().ns - d.ns ? Time::max() : t + d;
}

// What lies between two bounds, both included: a timeout that a host draws, or a limit.
struct DurationRange {
  Duration min;
  Duration max;
  friend constexpr auto operator<=>(const DurationRange&, const DurationRange&) = default;
};

namespace literals {
constexpr Duration operator""_ns(unsigned long long n) { return {static_cast<std::int64_t>(n)}; }
constexpr Duration operator""_us(unsigned long long n) {
  return {static_cast<std::int64_t>(n) * 1'000};
}
constexpr Duration operator""_ms(unsigned long long n) {
  return {static_cast<std::int64_t>(n) * 1'000'000};
}
constexpr Duration operator""_s(unsigned long long n) {
  return {static_cast<std::int64_t>(n) * 1'000'000'000};
}
}  // namespace literals

}  // namespace ballast
