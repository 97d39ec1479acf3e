// The mean over runs, from sums that can be added up.
#include "sim/measure/over_runs.h"

#include <doctest/doctest.h>

#include <vector>

#include "sim/base/random.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

OverRuns over(const std::vector<std::uint64_t>& values) {
  OverRuns all;
  for (const std::uint64_t value : values) all.add(value);
  return all;
}
// What the estimate from the values themselves says.
Estimate directly(const std::vector<std::uint64_t>& values) {
  std::vector<std::int64_t> fine;
  for (const std::uint64_t value : values) {
    fine.push_back(static_cast<std::int64_t>(value << fine_bits));
  }
  return estimate(fine, {95, 100});
}
bool close(std::uint64_t a, std::uint64_t b, std::uint64_t by) {
  return a <= b + by && b <= a + by;
}

}  // namespace

TEST_CASE("sums give the interval that the values give") {
  Stream dice(1, Purpose::choice, 1);
  for (const std::uint64_t scale : {std::uint64_t{10}, std::uint64_t{1} << 30}) {
    for (const int runs : {2, 5, 40, 300}) {
      std::vector<std::uint64_t> values;
      for (int i = 0; i < runs; ++i) values.push_back(7 * scale + dice.below(scale));
      CAPTURE(scale);
      CAPTURE(runs);
      const Estimate sums = over(values).estimate({95, 100});
      const Estimate wanted = directly(values);
      CHECK(sums.values == wanted.values);
      CHECK(
          close(static_cast<std::uint64_t>(sums.mean), static_cast<std::uint64_t>(wanted.mean), 1));
      CHECK(close(sums.half_width, wanted.half_width, 2 + wanted.half_width / 1'000));
    }
  }
}

TEST_CASE("parts add up to the whole, and values that are all the same have no width") {
  OverRuns whole = over({5, 9, 1'000'000'000'000, 4});
  OverRuns part = over({5, 9});
  part.add(over({1'000'000'000'000, 4}));
  CHECK(part.estimate({95, 100}).mean == whole.estimate({95, 100}).mean);
  CHECK(part.estimate({95, 100}).half_width == whole.estimate({95, 100}).half_width);
  const Estimate same = over({77, 77, 77}).estimate({95, 100});
  CHECK(same.mean == 77 << fine_bits);
  CHECK(same.half_width == 0);
}

TEST_CASE("the greatest values do not overflow, and one run has no interval") {
  OverRuns most;
  for (int i = 0; i < 1'000; ++i) most.add(i % 2 == 0 ? ~std::uint64_t{0} : 0);
  const Estimate e = most.estimate({95, 100});
  CHECK(e.mean == static_cast<std::int64_t>(OverRuns::most / 2) << fine_bits);
  // Half of the greatest value, over the root of 1,000, times 1.96.
  const std::uint64_t wanted = (OverRuns::most / 2 << fine_bits) / 31'623 * 1'963;
  CHECK(close(e.half_width, wanted, wanted / 100));
  CHECK_FALSE(over({3}).estimate({95, 100}).excludes_zero());
  CHECK(over({}).estimate({95, 100}).values == 0);
}
