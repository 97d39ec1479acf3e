#include <doctest/doctest.h>

#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/base/type_info.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;

TEST_CASE("each law is read in the forms of the scenario format") {
  const auto law = [](std::string_view text) {
    const auto reading = read_text<Distribution>(text, {}, Distribution::constant(99_s));
    CAPTURE(text);
    CHECK(reading.problems.empty());
    return reading.value;
  };
  CHECK(law(R"("5ms")") == Distribution::constant(5_ms));
  CHECK(law(R"({"constant": "5ms"})") == Distribution::constant(5_ms));
  CHECK(law(R"({"uniform": ["1ms", "20ms"]})") == Distribution::uniform(1_ms, 20_ms));
  CHECK(law(R"({"exponential": "10ms"})") == Distribution::exponential(10_ms));
  CHECK(law(R"({"exponential": {"mean": "10ms", "min": "1ms", "max": "1s"}})") ==
        Distribution::exponential(10_ms, 1_ms, 1_s));
  CHECK(law(R"({"normal": {"mean": "10ms", "deviation": "2ms", "min": "1ms", "max": "1s"}})") ==
        Distribution::normal(10_ms, 2_ms, 1_ms, 1_s));
  CHECK(law(R"({"lognormal": {"median": "5ms", "sigma": "1/2"}})") ==
        Distribution::lognormal(5_ms, {1, 2}));
  CHECK(law(R"({"lognormal": {"median": "5ms", "sigma": 1.5}})") ==
        Distribution::lognormal(5_ms, {3, 2}));
  CHECK(law(R"({"pareto": {"min": "1ms", "max": "1s", "alpha": "1.1"}})") ==
        Distribution::pareto(1_ms, 1_s, {11, 10}));
  CHECK(law(R"({"bimodal": {"fast": "1ms", "slow": "1s", "slow_share": "1%"}})") ==
        Distribution::bimodal(1_ms, 1_s, {1, 100}));
  CHECK(law(R"({"empirical": [["50%", "1ms"], ["99%", "9ms"], ["100%", "20ms"]]})") ==
        Distribution::empirical({{{1, 2}, 1_ms}, {{99, 100}, 9_ms}, {{1, 1}, 20_ms}}));
}

TEST_CASE("a law that is misspelt, incomplete or impossible is reported at its place") {
  const auto problems = [](std::string_view text) { return problem_of<Distribution>(text); };
  CHECK(problems("5") ==
        "value is 5; expected a duration such as \"250ms\" or a law such as "
        "{\"uniform\": [\"1ms\", \"20ms\"]}");
  CHECK(problems("\"5\"") == "value is \"5\"; expected a duration such as \"250ms\"");
  CHECK(problems(R"({"uniforn": ["1ms", "2ms"]})") ==
        "value is \"uniforn\"; expected one of \"constant\", \"uniform\", \"exponential\", "
        "\"normal\", \"lognormal\", \"pareto\", \"bimodal\", \"empirical\", "
        "\"hyperexponential\" or \"recorded\" [uniform]");
  CHECK(problems(R"({"uniform": ["2ms", "1ms"]})") ==
        "uniform.range starts at 2ms and ends at 1ms; expected the smaller bound first");
  CHECK(problems(R"({"normal": "1ms"})") == "missing key \"deviation\" in normal");
  CHECK(problems(R"({"lognormal": {"median": "5ms", "sigma": 9}})") ==
        "lognormal.sigma is 9; expected a ratio from 0 to 8, such as \"3/2\" or 1.5");
  CHECK(problems(R"({"bimodal": {"fast": "1ms", "slow": "2ms", "slow_share": 2}})") ==
        "bimodal.slow_share is 2; expected a probability from 0 to 1, such as \"2%\" or \"1/50\"");
  CHECK(read_text<Distribution>(R"({"empirical": [["50%", 1], ["x", "9ms"], "2ms", ["1%"]]})")
            .problems ==
        "1:24 empirical.points[0][1] is 1; expected a duration such as \"250ms\"\n"
        "1:29 empirical.points[1][0] is \"x\"; expected a probability from 0 to 1, such as "
        "\"2%\" or \"1/50\"\n"
        "1:42 empirical.points[2] is \"2ms\"; expected a quantile and its value, such as "
        "[\"50%\", \"1ms\"]\n"
        "1:49 empirical.points[3] is a list; expected a quantile and its value, such as "
        "[\"50%\", \"1ms\"]\n");
}

TEST_CASE("parameters that fit no law are reported, each law by its own sentence") {
  for (const std::string_view text :
       {R"({"exponential": {"mean": "1ms", "min": "2s", "max": "1s"}})",
        R"({"normal": {"mean": "1ms", "deviation": "1ms", "min": "2s", "max": "1s"}})",
        R"({"pareto": {"min": "2s", "max": "1s", "alpha": 1.1}})",
        R"({"pareto": {"min": "1s", "max": "2s", "alpha": 0}})",
        R"({"bimodal": {"fast": "2s", "slow": "1s", "slow_share": 0.1}})", R"({"empirical": []})",
        R"({"empirical": [["50%", "1ms"]]})",
        R"({"empirical": [["50%", "1ms"], ["40%", "2ms"], ["100%", "3ms"]]})",
        R"({"empirical": [["50%", "5ms"], ["100%", "3ms"]]})"}) {
    CAPTURE(text);
    const auto reading = read_text<Distribution>(text, {}, Distribution::constant(99_ms));
    CHECK_FALSE(reading.good);
    CHECK_FALSE(reading.problems.empty());
    CHECK(reading.value == Distribution::constant(99_ms));
  }
}

TEST_CASE("a law is written in the form that people write, and read back as the same law") {
  const auto round_trip = [](const Distribution& law) {
    const std::string text = to_json(law);
    CAPTURE(text);
    const auto reading = read_text<Distribution>(text);
    CHECK(reading.problems.empty());
    CHECK(reading.value == law);
    return text;
  };
  CHECK(round_trip(Distribution::constant(5_ms)) == "\"5ms\"");
  CHECK(round_trip(Distribution::uniform(1_ms, 20_ms)) == R"({"uniform":["1ms","20ms"]})");
  CHECK(round_trip(Distribution::empirical({{{1, 2}, 1_ms}, {{1, 1}, 20_ms}})) ==
        R"({"empirical":[["1/2","1ms"],["1","20ms"]]})");
  Stream stream(5, Purpose::choice, 0);
  for (int i = 0; i < 1000; ++i) {
    const auto duration = [&] {
      const std::uint64_t shift = 2 + stream.below(60);
      return Duration{static_cast<std::int64_t>(stream.next() >> shift) + 1};
    };
    const Duration a = duration();
    const Duration b = a + duration();
    const Duration c = b + duration();
    const Ratio share{stream.below(1000), 1000};
    const Ratio factor{100 + stream.below(3900), 1000};
    round_trip(Distribution::constant(a));
    round_trip(Distribution::uniform(a, b));
    round_trip(Distribution::exponential(b));
    round_trip(Distribution::exponential(b, a, c));
    round_trip(Distribution::normal(b, a, b - a, b + a));
    round_trip(Distribution::lognormal(b, factor, a, c));
    round_trip(Distribution::pareto(a, b, factor));
    round_trip(Distribution::bimodal(a, b, share));
    round_trip(Distribution::empirical({{share, a}, {{999, 1000}, b}, {{1, 1}, c}}));
  }
}

TEST_CASE("a distribution is one definition in the schema and one word in a table") {
  const TypeInfo info = type_info<Distribution>();
  CHECK(in_words(info) == "distribution");
  const std::string schema = json_schema(
      TypeInfo::object("x", "",
                       {FieldInfo::optional("a", info, ""), FieldInfo::optional("b", info, "")}),
      "T");
  CHECK(schema.find("\"$ref\": \"#/definitions/distribution\"") != std::string::npos);
  CHECK(schema.find("\"lognormal\"") == schema.rfind("\"lognormal\": {"));
}

}  // namespace
}  // namespace ballast
