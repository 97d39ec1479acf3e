// A node's own clock: offset, drift, jumps, and spans in true time.
#include "sim/kernel/clock.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

TEST_CASE("a clock starts at its offset, ahead or behind, and keeps it") {
  const Clock ahead(5_ms, 0);
  CHECK(ahead.local({}) == Time{} + 5_ms);
  CHECK(ahead.local(Time{} + 3_s) == Time{} + 3_s + 5_ms);
  const Clock behind(-5_ms, 0);
  CHECK(behind.local(Time{} + 1_ms) == Time{} - 4_ms);
}

TEST_CASE("a clock gains or loses so many parts per billion") {
  CHECK(Clock({}, 100'000).local(Time{} + 10_s) == Time{} + 10_s + 1_ms);
  CHECK(Clock({}, -100'000).local(Time{} + 10_s) == Time{} + 10_s - 1_ms);
  // Rounded down, whether it is fast or slow.
  CHECK(Clock({}, 1).local(Time{} + 1_s - 1_ns) == Time{} + 1_s - 1_ns);
  CHECK(Clock({}, -1).local(Time{} + 1_ns) == Time{});
}

TEST_CASE("a jump moves the clock and nothing else") {
  Clock clock({}, 1'000'000);  // 1 ms per second
  clock.jump(Time{} + 1_s, -3_s);
  CHECK(clock.local(Time{} + 1_s) == Time{} + 1_ms - 2_s);
  CHECK(clock.local(Time{} + 2_s) == Time{} + 2_ms - 1_s);
  CHECK(clock.true_span(1001_ms) == 1_s);
}

TEST_CASE("a change of drift is no jump") {
  Clock clock({}, 1'000'000);
  clock.set_drift(Time{} + 10_s, -2'000'000);
  CHECK(clock.local(Time{} + 10_s) == Time{} + 10_s + 10_ms);
  CHECK(clock.local(Time{} + 20_s) == Time{} + 20_s - 10_ms);
  CHECK(clock.drift_ppb() == -2'000'000);
}

TEST_CASE("after the true span of a local span the clock shows that it is over, and hardly more") {
  for (const std::int64_t drift : std::initializer_list<std::int64_t>{
           -900'000'000, -1'234'567, -3, -1, 0, 1, 2, 99'999, 10'000'000'000}) {
    for (const std::int64_t start : std::initializer_list<std::int64_t>{0, 1, 7, 999'999'999}) {
      for (const std::int64_t span :
           std::initializer_list<std::int64_t>{0, 1, 2, 3, 10, 249'975'002, 3'000'000'001}) {
        CAPTURE(drift);
        CAPTURE(start);
        CAPTURE(span);
        const Clock clock({}, drift);
        const Duration lasts = clock.true_span({span});
        const auto shown = [&](Duration passed) {
          return clock.local(Time{start} + passed) - clock.local(Time{start});
        };
        CHECK(shown(lasts) >= Duration{span});
        // A tick of the slowest of these clocks takes ten nanoseconds.
        const Duration tick = drift < 0 ? 10_ns : 1_ns;
        if (lasts > 2 * tick) CHECK(shown(lasts - 2 * tick) < Duration{span});
      }
    }
  }
}

TEST_CASE("a span that is too long for a slow clock ends with time") {
  CHECK(Clock({}, -900'000'000).true_span(Duration::max()) == Duration::max());
  CHECK(Clock({}, 1).true_span(Duration::max()) < Duration::max());
}
