// Values as people read and write them.
#include "sim/base/text.h"

#include <doctest/doctest.h>

#include <limits>

using namespace ballast;
using namespace ballast::literals;

TEST_CASE("a duration has one unit and at most one decimal") {
  CHECK(to_text(Duration{}) == "0s");
  CHECK(to_text(7_ns) == "7ns");
  CHECK(to_text(20_us) == "20us");
  CHECK(to_text(150_ms) == "150ms");
  CHECK(to_text(1500_ms) == "1.5s");
  CHECK(to_text(1250_ms) == "1250ms");
  CHECK(to_text(1_s) == "1s");
  CHECK(to_text(3600_s) == "3600s");
  CHECK(to_text(1'000'000'007_ns) == "1000000007ns");
  CHECK(to_text(100_us) == "100us");
  CHECK(to_text(999_ns) == "999ns");
  CHECK(to_text(1100_ns) == "1.1us");
  CHECK(to_text(1110_ns) == "1110ns");
}

TEST_CASE("durations may be negative, down to the last") {
  CHECK(to_text(-1500_us) == "-1.5ms");
  CHECK(to_text(Duration{std::numeric_limits<std::int64_t>::min()}) == "-9223372036854775808ns");
  CHECK(to_text(Duration::max()) == "9223372036854775807ns");
}

TEST_CASE("a time has three decimals, more if it takes them") {
  CHECK(to_text(Time{}) == "0.000 s");
  CHECK(to_text(Time{1'204'000'000}) == "1.204 s");
  CHECK(to_text(Time{7}) == "0.000000007 s");
  CHECK(to_text(Time{1'500'100'000}) == "1.5001 s");
  CHECK(to_text(Time{-2'500'000'000}) == "-2.500 s");
}

TEST_CASE("a ratio is a fraction in lowest terms, or a whole number") {
  CHECK(to_text(Ratio{2, 100}) == "1/50");
  CHECK(to_text(Ratio{0, 7}) == "0");
  CHECK(to_text(Ratio{3, 3}) == "1");
  CHECK(to_text(Ratio{6, 3}) == "2");
}

TEST_CASE("nodes, fingerprints and large numbers") {
  CHECK(to_text(NodeId{3}) == "n3");
  CHECK(to_hex(0) == "0000000000000000");
  CHECK(to_hex(0x0123456789abcdefu) == "0123456789abcdef");
  CHECK(to_hex(~std::uint64_t{0}) == "ffffffffffffffff");
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(18'233) == "18,233");
  CHECK(with_commas(123'456'789) == "123,456,789");
}

TEST_CASE("a fixed-point number keeps its decimals") {
  CHECK(fixed_point(12'345, 3) == "12.345");
  CHECK(fixed_point(12'000, 3) == "12.000");
  CHECK(fixed_point(5, 3) == "0.005");
  CHECK(fixed_point(-5, 1) == "-0.5");
  CHECK(fixed_point(42, 0) == "42");
}

TEST_CASE("the distance of two words counts what was mistyped") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "raft") == 4);
  CHECK(edit_distance("raft", "raft") == 0);
  CHECK(edit_distance("raft", "rafft") == 1);  // inserted
  CHECK(edit_distance("raft", "rft") == 1);    // deleted
  CHECK(edit_distance("raft", "ruft") == 1);   // replaced
  CHECK(edit_distance("raft", "rfat") == 1);   // neighbours swapped
  CHECK(edit_distance("paxos", "raft") == 4);
  CHECK(edit_distance("latency", "ltaencyy") == edit_distance("ltaencyy", "latency"));
}
