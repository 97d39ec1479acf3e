// The mean of a law.
#include "sim/base/mean.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"
#include "tests/support/read_text.h"

using namespace ballast;

namespace {

bool has_mean(const std::string& law, std::int64_t wanted_ns) {
  const auto reading = read_text<Distribution>(law);
  REQUIRE(reading.problems == "");
  const std::int64_t got = mean_of(reading.value).ns;
  INFO(law, ": ", got);
  const bool near = got >= wanted_ns - wanted_ns / 500 && got <= wanted_ns + wanted_ns / 500;
  CHECK(near);
  return near;
}

}  // namespace

TEST_CASE("the mean of a law is known to a part in five hundred, also if its tail is heavy") {
  CHECK(mean_of(Distribution::constant({1'000'000})) == Duration{1'000'000});
  CHECK(mean_of(Distribution::constant({})) == Duration{});
  CHECK(has_mean(R"({"uniform": ["0ms", "20ms"]})", 10'000'000));
  CHECK(has_mean(R"({"exponential": "10ms"})", 10'000'000));
  CHECK(has_mean(R"({"hyperexponential": {"mean": "10ms", "scv": 50}})", 10'000'000));
  CHECK(has_mean(R"({"bimodal": {"fast": "10ms", "slow": "1s", "slow_share": "1%"}})", 19'900'000));
  // exp(sigma^2 / 2) times the median.
  CHECK(has_mean(R"({"lognormal": {"median": "10ms", "sigma": 1}})", 16'487'213));
  // min a / (a - 1) (1 - r^(a - 1)) / (1 - r^a), where r is min / max.
  CHECK(has_mean(R"({"pareto": {"min": "1ms", "max": "1000s", "alpha": 1.1}})", 8'237'000));
}
