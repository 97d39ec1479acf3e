// Student's t against the tables of Abramowitz and Stegun (26.10), and means with their intervals.
#include "sim/measure/student.h"

#include <doctest/doctest.h>

#include <vector>

#include "sim/measure/estimate.h"
#include "sim/measure/paired.h"

using namespace ballast;

namespace {

// In millionths.
std::int64_t t(Ratio confidence, std::uint64_t degrees) {
  return static_cast<std::int64_t>(student_quantile(confidence, degrees) * 1'000'000 >>
                                   standard_error_bits);
}

}  // namespace

TEST_CASE("Student's quantiles are those of the tables") {
  CHECK(t({95, 100}, 1) == doctest::Approx(12'706'205).epsilon(1e-6));
  CHECK(t({95, 100}, 2) == doctest::Approx(4'302'653).epsilon(1e-6));
  CHECK(t({95, 100}, 3) == doctest::Approx(3'182'446).epsilon(1e-6));
  CHECK(t({95, 100}, 10) == doctest::Approx(2'228'139).epsilon(1e-6));
  CHECK(t({95, 100}, 19) == doctest::Approx(2'093'024).epsilon(1e-6));
  CHECK(t({95, 100}, 30) == doctest::Approx(2'042'272).epsilon(1e-6));
  CHECK(t({99, 100}, 5) == doctest::Approx(4'032'143).epsilon(1e-6));
  CHECK(t({99, 100}, 120) == doctest::Approx(2'617'421).epsilon(1e-6));
  CHECK(t({1, 2}, 4) == doctest::Approx(740'697).epsilon(1e-6));
  CHECK(t({95, 100}, 1'000) == doctest::Approx(1'962'339).epsilon(1e-6));
  CHECK(t({95, 100}, 1'000'000) == t({95, 100}, 1'000));
}

TEST_CASE("Student's quantiles fall as degrees of freedom grow, odd or even") {
  StandardErrors last = student_quantile({95, 100}, 1);
  for (std::uint64_t degrees = 2; degrees <= 1'000; ++degrees) {
    CAPTURE(degrees);
    const StandardErrors now = student_quantile({95, 100}, degrees);
    CHECK(now <= last + 1);
    last = now;
  }
}

TEST_CASE("a mean has the interval that Student's law gives it") {
  // Mean 5, variance 5/3 * 4 ... of 2, 4, 6, 8: standard deviation 2.582, error 1.291.
  const std::vector<std::int64_t> values{2'000'000, 4'000'000, 6'000'000, 8'000'000};
  const Estimate e = estimate(values, {95, 100});
  CHECK(e.mean == 5'000'000);
  CHECK(e.standard_error == doctest::Approx(1'290'994).epsilon(1e-5));
  CHECK(e.half_width == doctest::Approx(1'290'994 * 3.182446).epsilon(1e-5));
  CHECK(e.excludes_zero());
  CHECK(e.within({83, 100}));
  CHECK_FALSE(e.within({81, 100}));
}

TEST_CASE("one value has no interval, and equal values have one without width") {
  CHECK(estimate(std::vector<std::int64_t>{7}, {95, 100}).half_width > 1'000'000'000'000);
  CHECK_FALSE(estimate(std::vector<std::int64_t>{7}, {95, 100}).excludes_zero());
  CHECK(estimate(std::vector<std::int64_t>{7, 7, 7}, {95, 100}).half_width == 0);
}

TEST_CASE("values of any size have an interval") {
  const std::int64_t huge = std::int64_t{1} << 61;
  const Estimate e = estimate(std::vector<std::int64_t>{huge, -huge, huge, -huge}, {95, 100});
  CHECK(e.mean == 0);
  CHECK(static_cast<double>(e.standard_error) ==
        doctest::Approx(static_cast<double>(huge) / 1.7320508).epsilon(1e-6));
}

TEST_CASE("the lag-1 correlation tells a trend from an alternation") {
  std::vector<std::int64_t> rising;
  std::vector<std::int64_t> alternating;
  for (int i = 0; i < 100; ++i) {
    rising.push_back(i * 1000);
    alternating.push_back(i % 2 == 0 ? 1000 : 3000);
  }
  CHECK(lag_1_milli(rising) > 950);
  CHECK(lag_1_milli(alternating) == -990);
  CHECK(lag_1_milli(std::vector<std::int64_t>(50, 3)) == 0);
}

TEST_CASE("MSER leaves out what a run begins with, and nothing of one that is level") {
  std::vector<std::int64_t> values;
  for (int i = 0; i < 200; ++i) values.push_back(i < 30 ? i * 100 : 3000 + (i * 7919 % 13) * 10);
  CHECK(mser(values) == 30);
  CHECK(mser(std::vector<std::int64_t>(200, 5)) == 0);
  std::vector<std::int64_t> rising;
  for (int i = 0; i < 200; ++i) rising.push_back(i);
  CHECK(mser(rising) == 100);  // as much as may be left out
}

TEST_CASE("intervals that must hold together are wider") {
  CHECK(for_all({95, 100}, 1) == Ratio{95, 100});
  CHECK(for_all({95, 100}, 5) == Ratio{99, 100});
}

TEST_CASE("paired differences know what unpaired ones do not") {
  // The luck of a seed is a hundred times what the ways differ in.
  std::vector<std::vector<std::int64_t>> values(2);
  for (std::int64_t seed = 0; seed < 20; ++seed) {
    const std::int64_t luck = seed * seed * 7919 % 20'011 * 1000;
    values[0].push_back(100'000'000 + luck + seed % 3 * 1000);
    values[1].push_back(100'100'000 + luck);
  }
  const std::vector<Difference> pairs = differences(values, {95, 100});
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].estimate.mean == doctest::Approx(-99'050).epsilon(1e-3));
  CHECK(pairs[0].is_real());
  CHECK(pairs[0].gain_milli > 1'000'000);
  values[1] = values[0];
  values[1][3] += 10;
  CHECK_FALSE(differences(values, {95, 100})[0].is_real());
}

TEST_CASE("of many ways each is compared with the first") {
  const std::vector<std::vector<std::int64_t>> few(4, {1, 2, 3});
  const std::vector<std::vector<std::int64_t>> many(9, {1, 2, 3});
  CHECK(differences(few, {95, 100}).size() == 6);
  CHECK(differences(many, {95, 100}).size() == 8);
}
