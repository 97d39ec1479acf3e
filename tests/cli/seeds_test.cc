#include "sim/cli/seeds.h"

#include <doctest/doctest.h>

using namespace ballast;

TEST_CASE("a seed is a number of 64 bits in decimal or hexadecimal, and nothing else") {
  CHECK(parse_seed("0") == 0);
  CHECK(parse_seed("7") == 7);
  CHECK(parse_seed("0x1F") == 31);
  CHECK(parse_seed("18446744073709551615") == ~std::uint64_t{0});
  for (const char* wrong : {"", "-1", "+1", "010", "18446744073709551616", "1e3", "0x", "0xg", " 1",
                            "1 ", "seven", "1.0", "00"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_seed(wrong).has_value());
  }
}

TEST_CASE("seeds are listed in the order in which they were named") {
  SeedList seeds;
  CHECK(seeds.parse("5..8,1,0x10") == "");
  REQUIRE(seeds.size() == 6);
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < seeds.size(); ++i) all.push_back(seeds[i]);
  CHECK(all == std::vector<std::uint64_t>{5, 6, 7, 8, 1, 16});
  CHECK(seeds.parse("18446744073709551615") == "");
  CHECK(seeds[0] == ~std::uint64_t{0});
}

TEST_CASE("what is no list of seeds is refused") {
  for (const char* wrong : {"", "1,", ",1", "5..1", "1..5,3", "1..", "..5", "1...5", "a..b",
                            "0..18446744073709551615", "1..2000000000", "-1..4"}) {
    CAPTURE(wrong);
    SeedList seeds;
    CHECK(seeds.parse(wrong) != "");
  }
}
