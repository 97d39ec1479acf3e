#include "sim/base/parse.h"

#include <doctest/doctest.h>

#include "sim/base/random.h"
#include "sim/base/text.h"

namespace ballast {
namespace {

using namespace literals;

std::int64_t ns(std::string_view text) {
  const Parsed<Duration> parsed = parse_duration(text);
  CAPTURE(text);
  REQUIRE(parsed.value);
  return parsed.value->ns;
}

// The value as a fraction in lowest terms, or what was wrong.
std::string ratio(std::string_view text) {
  const Parsed<Ratio> parsed = parse_ratio(text);
  if (!parsed.value) return parsed.limit.empty() ? "malformed" : "beyond the limit";
  return std::to_string(parsed.value->numerator) + "/" + std::to_string(parsed.value->denominator);
}

std::string rate(std::string_view text) {
  const Parsed<Rate> parsed = parse_rate(text);
  if (!parsed.value) return parsed.limit.empty() ? "malformed" : "beyond the limit";
  return std::to_string(parsed.value->count) + " per " + std::to_string(parsed.value->per.ns);
}

TEST_CASE("a duration is a decimal with a unit, exactly") {
  CHECK(ns("150ms") == 150'000'000);
  CHECK(ns("2s") == 2'000'000'000);
  CHECK(ns("1.5s") == 1'500'000'000);
  CHECK(ns("20us") == 20'000);
  CHECK(ns("3ns") == 3);
  CHECK(ns("2m") == 120'000'000'000);
  CHECK(ns("1h") == 3'600'000'000'000);
  CHECK(ns("0s") == 0);
  CHECK(ns("-5ms") == -5'000'000);
  CHECK(ns("0.000000001s") == 1);
  CHECK(ns("1.0000000000000000000000000000000000000000000000000000ms") == 1'000'000);
  CHECK(ns("000000000000000000000000000000000000000000000000000001ms") == 1'000'000);
  CHECK(ns("0.0000000000025h") == 9);
  // The largest: 2^63 - 1 ns.
  CHECK(ns("9223372036854775807ns") == Duration::max().ns);
  CHECK(ns("9223372036.854775807s") == Duration::max().ns);
}

TEST_CASE("text that is no duration has none") {
  for (const std::string_view text :
       {"",      "150",  "ms",    "1 ms", " 1ms",      "1ms ",      "1.ms", ".5s",
        "1e3ms", "+1ms", "--1ms", "1,5s", "1MS",       "1msec",     "1d",   "0x1s",
        "1m30s", "1s\n", "infs",  "nans", "\xC2\xB5s", "1\xC2\xB5s"}) {
    CAPTURE(text);
    const Parsed<Duration> parsed = parse_duration(text);
    CHECK_FALSE(parsed.value);
    CHECK(parsed.limit.empty());
  }
}

TEST_CASE("a duration that int64 nanoseconds do not hold exactly is refused, not rounded") {
  const std::string nines(4000, '9');
  for (const std::string& text :
       {std::string("0.5ns"), std::string("1.0000000001s"), std::string("9223372036854775808ns"),
        std::string("9223372036.854775808s"), std::string("2562048h"), nines + "h",
        "0." + nines + "s", "1." + nines + "h", std::string("0.0000000000000001h"),
        // 2^128 + 1, which a carelessly kept number of 128 bits would take for 1.
        std::string("340282366920938463463374607431768211457ns"),
        std::string("100000000000000000000000000000000000000000000000ns")}) {
    CAPTURE(text);
    const Parsed<Duration> parsed = parse_duration(text);
    CHECK_FALSE(parsed.value);
    CHECK_FALSE(parsed.limit.empty());
  }
  CHECK(parse_duration("2562047h").value);
}

TEST_CASE("a ratio is a percentage, a fraction or a decimal, exactly") {
  CHECK(ratio("2%") == "1/50");
  CHECK(ratio("0.5%") == "1/200");
  CHECK(ratio("100%") == "1/1");
  CHECK(ratio("1/50") == "1/50");
  CHECK(ratio("2/100") == "1/50");
  CHECK(ratio("0.02") == "1/50");
  CHECK(ratio("2e-2") == "1/50");
  CHECK(ratio("2E+1") == "20/1");
  CHECK(ratio("0") == "0/1");
  CHECK(ratio("0e99999999999999999999") == "0/1");
  CHECK(ratio("0/7") == "0/1");
  CHECK(ratio("1") == "1/1");
  CHECK(ratio("1.1") == "11/10");
  CHECK(ratio("0.1") == "1/10");  // which no double holds
  CHECK(ratio("18446744073709551615/18446744073709551614") ==
        "18446744073709551615/18446744073709551614");
  CHECK(ratio("1e-19") == "1/10000000000000000000");
  CHECK(ratio("1.8446744073709551615e19") == "18446744073709551615/1");
}

TEST_CASE("text that is no ratio has none, and what 64 bits do not hold is refused") {
  for (const std::string_view text :
       {"", "%", "-1", "-0", "1/0", "1/", "/2", "1/2%", "0.5/2", "1 /2", "2 %", "1e", "1e+", ".5",
        "5.", "0x1", "inf", "nan", "1/-2"}) {
    CAPTURE(text);
    CHECK(ratio(text) == "malformed");
  }
  CHECK(ratio("1/18446744073709551616") == "malformed");
  CHECK(ratio("1e400") == "beyond the limit");
  CHECK(ratio("1e-400") == "beyond the limit");
  CHECK(ratio("1e99999999999999999999") == "beyond the limit");
  CHECK(ratio("1e20") == "beyond the limit");
  CHECK(ratio("1e-20") == "beyond the limit");
  CHECK(ratio("0.00000000000000000001%") == "beyond the limit");
  CHECK(ratio("0.33333333333333333333") == "beyond the limit");
}

TEST_CASE("a rate is a count for each unit of time, exactly") {
  CHECK(rate("50/s") == "1 per 20000000");
  CHECK(rate("2000/s") == "1 per 500000");
  CHECK(rate("3/ms") == "3 per 1000000");
  CHECK(rate("10/m") == "1 per 6000000000");
  CHECK(rate("2.5/s") == "1 per 400000000");
  CHECK(rate("0.1/h") == "1 per 36000000000000");
  CHECK(rate("3/250ms") == "3 per 250000000");
  CHECK(rate("0/s") == "0 per 1000000000");
  CHECK(rate("18446744073709551615/ns") == "18446744073709551615 per 1");
  CHECK(rate("18446744073709551616/ns") == "beyond the limit");
  CHECK(rate("0.000000000000000001/h") == "beyond the limit");
  for (const std::string_view text : {"", "50", "/s", "50/", "50 /s", "-1/s", "1/x", "1/0s",
                                      "1/-2s", "1/50", "1e3/s", "50/s/s", "50%/s"}) {
    CAPTURE(text);
    CHECK(rate(text) == "malformed");
  }
}

TEST_CASE("rates are equal when they mean the same, and written in whole units where possible") {
  CHECK(Rate{50, 1_s} == Rate{1, 20_ms});
  CHECK(digest(Rate{50, 1_s}) == digest(Rate{1, 20_ms}));
  CHECK_FALSE(Rate{50, 1_s} == Rate{50, 1_ms});
  CHECK(to_text(Rate{50, 1_s}) == "50/s");
  CHECK(to_text(Rate{1, 20_ms}) == "50/s");
  CHECK(to_text(Rate{5, 2_s}) == "150/m");
  CHECK(to_text(Rate{}) == "0/s");
  CHECK(to_text(Rate{1, 7_s}) == "1/7s");
  CHECK(Rate{50, 1_s}.mean_gap() == 20_ms);
}

TEST_CASE("what to_text writes is read back as the same value") {
  Stream stream(1, Purpose::choice, 1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t shift = stream.below(63);
    const auto some = static_cast<std::int64_t>(stream.next() >> (shift + 1));
    const Duration d{i % 2 == 0 ? some : -some};
    CAPTURE(d.ns);
    REQUIRE(parse_duration(to_text(d)).value == d);

    const std::uint64_t over = stream.next() >> stream.below(64);
    const Ratio r{over, (stream.next() >> stream.below(64)) | 1};
    REQUIRE(parse_ratio(to_text(r)).value == r);

    const Rate f{over, {some | 1}};
    CAPTURE(to_text(f));
    REQUIRE(parse_rate(to_text(f)).value == f);
  }
}

}  // namespace
}  // namespace ballast
