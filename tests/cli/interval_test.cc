#include "sim/cli/interval.h"

#include <doctest/doctest.h>

using namespace ballast;

TEST_CASE("without failures the bound is the rule of three") {
  CHECK(failure_probability(0, 1000).high == doctest::Approx(0.00299125).epsilon(1e-5));
  CHECK(failure_probability(0, 1000).low == 0);
  CHECK(percent(failure_probability(0, 1000).high, Bound::upper) == "0.3 %");
  CHECK(percent(failure_probability(0, 1).high, Bound::upper) == "95 %");
}

TEST_CASE("with failures the interval is that of Clopper and Pearson") {
  // Values of scipy.stats.beta.ppf.
  const Interval twelve = failure_probability(12, 10'000);
  CHECK(twelve.low == doctest::Approx(0.0006202063772964037).epsilon(1e-9));
  CHECK(twelve.high == doctest::Approx(0.0020952192793709757).epsilon(1e-9));
  const Interval half = failure_probability(5, 10);
  CHECK(half.low == doctest::Approx(0.18708602844739855).epsilon(1e-9));
  CHECK(half.high == doctest::Approx(0.8129139715526015).epsilon(1e-9));
  CHECK(failure_probability(10, 10).high == 1);
  CHECK(failure_probability(500'000, 1'000'000).low == doctest::Approx(0.49901951919531184));
}

TEST_CASE("bounds are rounded outwards to two digits") {
  CHECK(percent(0.0020952, Bound::upper) == "0.21 %");
  CHECK(percent(0.0006202, Bound::lower) == "0.062 %");
  CHECK(percent(0.5, Bound::lower) == "50 %");
  CHECK(percent(0.501, Bound::upper) == "51 %");
  CHECK(percent(1, Bound::upper) == "100 %");
  CHECK(percent(0, Bound::lower) == "0 %");
}
