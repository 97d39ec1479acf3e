// Means by regression on what chance did, against least squares in floating point.
#include "sim/measure/control.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/base/random.h"

using namespace ballast;

namespace {

constexpr Ratio usual{95, 100};

// Roughly normal: the sum of twelve uniform numbers, less its mean.
double normal(Stream& dice) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(dice.next() >> 11) * 0x1p-53;
  return sum;
}

struct Sample {
  std::vector<std::int64_t> values;
  std::vector<Control> controls;
};

// Values around `mean` that two controls explain but for some noise.
Sample sample(std::uint64_t seed, std::size_t count, double mean, double scale, double noise) {
  Stream dice(seed, Purpose::work, 0);
  Sample s;
  s.controls.resize(2);
  for (std::size_t i = 0; i < count; ++i) {
    const double a = normal(dice);
    const double b = 0.5 * a + normal(dice);
    s.controls[0].push_back(std::llround(a * 1e9));
    s.controls[1].push_back(std::llround(b * 1e11));
    s.values.push_back(std::llround(mean + scale * (3 * a - 2 * b + noise * normal(dice))));
  }
  return s;
}

std::size_t count_used(const Controlled& found) {
  return static_cast<std::size_t>(std::count(found.used.begin(), found.used.end(), true));
}

struct Fitted {
  double mean = 0;
  double error = 0;
};

// Least squares by Gauss's elimination: the intercept where the controls are zero, and its error.
Fitted least_squares(const Sample& s) {
  const std::size_t n = s.values.size();
  const std::size_t k = s.controls.size() + 1;
  const auto x = [&](std::size_t i, std::size_t j) {
    constexpr double scales[] = {1, 1e9, 1e11};
    return j == 0 ? 1.0 : static_cast<double>(s.controls[j - 1][i]) / scales[j];
  };
  // The normal equations, with the unit matrix beside them for the inverse.
  std::vector<std::vector<double>> rows(k, std::vector<double>(2 * k + 1));
  for (std::size_t a = 0; a < k; ++a) {
    rows[a][k + a] = 1;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t b = 0; b < k; ++b) rows[a][b] += x(i, a) * x(i, b);
      rows[a][2 * k] += x(i, a) * static_cast<double>(s.values[i]);
    }
  }
  for (std::size_t a = 0; a < k; ++a) {
    const double pivot = rows[a][a];
    for (double& each : rows[a]) each /= pivot;
    for (std::size_t b = 0; b < k; ++b) {
      const double factor = rows[b][a];
      if (b == a) continue;
      for (std::size_t c = 0; c <= 2 * k; ++c) rows[b][c] -= factor * rows[a][c];
    }
  }
  double residual = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double off = static_cast<double>(s.values[i]);
    for (std::size_t a = 0; a < k; ++a) off -= rows[a][2 * k] * x(i, a);
    residual += off * off;
  }
  const double variance = residual / static_cast<double>(n - k) * rows[0][k];
  return {rows[0][2 * k], std::sqrt(variance)};
}

}  // namespace

TEST_CASE("controls give the intercept of least squares, and its error") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::size_t count = 20 + seed % 21;
    // From microseconds to weeks, in 1024ths of a nanosecond.
    const double scale = std::pow(10, 4 + static_cast<double>(seed % 12));
    const Sample s = sample(seed, count, 5 * scale, scale, 0.1 + static_cast<double>(seed % 5));
    const Controlled found = estimate(s.values, s.controls, usual);
    const Fitted exact = least_squares(s);
    CAPTURE(seed);
    CHECK(count_used(found) == 2);
    CHECK(std::abs(static_cast<double>(found.estimate.mean) - exact.mean) < 2 + exact.error * 1e-5);
    CHECK(static_cast<double>(found.estimate.standard_error) ==
          doctest::Approx(exact.error).epsilon(0.02));
    const Estimate plain = estimate(s.values, usual);
    CHECK(found.estimate.mean - plain.mean == found.correction);
    const double ratio = exact.error / static_cast<double>(plain.standard_error);
    CHECK(std::abs(static_cast<double>(found.left_milli) - 1'000 * ratio * ratio) < 3);
  }
}

TEST_CASE("an interval with controls is Student's, with a degree of freedom less for each") {
  const Sample s = sample(3, 23, 1e9, 1e7, 1);
  const Controlled found = estimate(s.values, s.controls, usual);
  // t(0.975, 20)
  CHECK(
      static_cast<double>(found.estimate.half_width) ==
      doctest::Approx(2.085963 * static_cast<double>(found.estimate.standard_error)).epsilon(1e-4));
}

TEST_CASE("a control that says nothing of its own is not used") {
  Sample s = sample(5, 30, 1e9, 1e7, 1);
  const Controlled both = estimate(s.values, s.controls, usual);
  Sample more = s;
  more.controls.push_back(Control(30, 7));  // does not vary
  Control sum;
  for (std::size_t i = 0; i < 30; ++i) sum.push_back(3 * s.controls[0][i]);
  more.controls.push_back(sum);  // as the first
  const Controlled found = estimate(more.values, more.controls, usual);
  CHECK(count_used(found) == 2);
  CHECK(found.estimate.mean == both.estimate.mean);
  CHECK(found.estimate.half_width == both.estimate.half_width);

  for (Control& control : s.controls) control.assign(30, -4);
  const Controlled none = estimate(s.values, s.controls, usual);
  CHECK(count_used(none) == 0);
  CHECK(none.correction == 0);
  CHECK(none.estimate.half_width == estimate(s.values, usual).half_width);
}

TEST_CASE("with few values nothing is controlled") {
  for (const std::size_t count : {0U, 1U, 2U, 12U}) {
    const Sample s = sample(9, count, 1e9, 1e7, 1);
    const Controlled found = estimate(s.values, s.controls, usual);
    CHECK(count_used(found) == 0);
    CHECK(found.estimate.values == count);
  }
  const Sample enough = sample(9, 13, 1e9, 1e7, 1);
  CHECK(count_used(estimate(enough.values, enough.controls, usual)) == 2);
}

TEST_CASE("values that controls explain wholly, and values that do not vary") {
  const Sample s = sample(11, 25, 1e12, 1e9, 0);
  const Controlled found = estimate(s.values, s.controls, usual);
  CHECK(std::abs(static_cast<double>(found.estimate.mean) - 1e12) < 2'000);
  CHECK(found.estimate.half_width < 2'000);
  CHECK(found.left_milli == 0);
  const std::vector<std::int64_t> same(25, 77);
  const Controlled flat = estimate(same, s.controls, usual);
  CHECK(flat.estimate.mean == 77);
  CHECK(flat.estimate.half_width == 0);
}

TEST_CASE("a mean that cannot be right is not believed, whatever the scale") {
  for (const double deviations : {3.0, 40.0}) {
    Sample s = sample(13, 30, 1e9, 1e7, 1);
    for (std::int64_t& each : s.controls[0]) each += std::llround(deviations * 1e9);
    const Controlled found = estimate(s.values, s.controls, usual);
    CHECK(found.used == std::vector<bool>{false, true});
    CHECK(std::abs(static_cast<double>(found.estimate.mean) - 1e9) < 1e8);
  }
  Sample far = sample(13, 30, 1e9, 1e7, 1);
  for (std::int64_t& each : far.controls[0]) each += std::int64_t{1} << 62;
  CHECK(count_used(estimate(far.values, far.controls, usual)) == 1);
  // Nearly constant, and far off.
  far.controls[0].assign(30, std::int64_t{1} << 32);
  far.controls[0][7] += 3;
  CHECK(count_used(estimate(far.values, far.controls, usual)) == 1);
}

TEST_CASE("the greatest values that there are do no harm") {
  Sample great = sample(13, 30, 0, 1e17, 1);
  for (std::size_t i = 0; i < great.values.size(); ++i) {
    great.values[i] = i % 2 == 0 ? INT64_MAX / 2 : -INT64_MAX / 2;
    great.controls[0][i] = i % 3 == 0 ? INT64_MAX / 2 : -INT64_MAX / 4;
  }
  const Controlled found = estimate(great.values, great.controls, usual);
  const Estimate plain = estimate(great.values, usual);
  CHECK(count_used(found) == 2);
  CHECK(found.estimate.mean == plain.mean + found.correction);
  CHECK(std::abs(static_cast<double>(found.correction)) <
        2 * static_cast<double>(found.estimate.half_width));
  CHECK(static_cast<double>(found.estimate.half_width) < 2 * static_cast<double>(plain.half_width));
}
