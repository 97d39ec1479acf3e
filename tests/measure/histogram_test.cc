// Histograms: exact counts, quantiles within one part in 128.
#include "sim/measure/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/base/random.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr std::array<Ratio, 9> shares{
    {{0, 1}, {1, 1000}, {1, 4}, {1, 2}, {9, 10}, {99, 100}, {999, 1000}, {1, 1}, {1, 3}}};

// The smallest value that at least this share of all does not exceed, by its definition.
Duration exact(std::vector<std::int64_t> values, Ratio share) {
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if ((i + 1) * share.denominator >= values.size() * share.numerator) return {values[i]};
  }
  return {values.back()};
}

}  // namespace

TEST_CASE("an empty histogram says nothing") {
  const Histogram empty;
  CHECK(empty.count() == 0);
  CHECK(empty.min() == Duration{});
  CHECK(empty.max() == Duration{});
  CHECK(empty.mean() == Duration{});
  CHECK(empty.quantile({1, 2}) == Duration{});
}

TEST_CASE("small values are exact") {
  Histogram h;
  for (std::int64_t ns = 0; ns < 256; ++ns) h.record({ns});
  CHECK(h.quantile({1, 256}) == 0_ns);
  CHECK(h.quantile({1, 2}) == 127_ns);
  CHECK(h.quantile({101, 256}) == 100_ns);
  CHECK(h.quantile({1, 1}) == 255_ns);
}

TEST_CASE("a quantile is at most one part in 128 above the true one, and never below") {
  for (const int bits : {3, 9, 10, 20, 34, 62}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Stream words(seed, Purpose::delay, static_cast<std::uint64_t>(bits));
      std::vector<std::int64_t> values;
      Histogram h;
      const std::uint64_t count = 1 + words.below(200);
      for (std::uint64_t i = 0; i < count; ++i) {
        // Spread over all magnitudes up to this one.
        const std::uint64_t magnitude = words.below(static_cast<std::uint64_t>(bits)) + 1;
        const auto value = static_cast<std::int64_t>(words.next() >> (64 - magnitude));
        values.push_back(value);
        h.record({value});
      }
      CHECK(h.count() == count);
      CHECK(h.min() == Duration{*std::min_element(values.begin(), values.end())});
      CHECK(h.max() == Duration{*std::max_element(values.begin(), values.end())});
      for (const Ratio& share : shares) {
        const Duration truth = exact(values, share);
        CHECK(h.quantile(share) >= truth);
        CHECK(h.quantile(share) - truth <= truth / 128);
      }
    }
  }
}

TEST_CASE("the bounds of buckets lie where powers of two do") {
  for (int bit = 7; bit < 63; ++bit) {
    for (const std::int64_t off : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << bit) + off;
      Histogram h;
      h.record({value});
      h.record(Duration::max());
      CHECK(h.quantile({1, 2}) >= Duration{value});
      CHECK(h.quantile({1, 2}).ns - value <= value / 128);
    }
  }
}

TEST_CASE("one value is its own quantile, even the longest") {
  for (const Duration value : {Duration{}, 1_ns, 257_ns, 1_s, Duration::max()}) {
    Histogram h;
    h.record(value);
    for (const Ratio& share : shares) CHECK(h.quantile(share) == value);
    CHECK(h.mean() == value);
  }
}

TEST_CASE("the mean is exact, rounded down, however long the values are") {
  Histogram h;
  h.record(1_ns);
  h.record(2_ns);
  CHECK(h.mean() == 1_ns);
  Histogram longest;
  for (int i = 0; i < 5; ++i) longest.record(Duration::max());
  CHECK(longest.mean() == Duration::max());
}

TEST_CASE("a cleared histogram is an empty one") {
  Histogram h;
  h.record(5_ms);
  h.clear();
  CHECK(h.count() == 0);
  CHECK(h.quantile({1, 2}) == Duration{});
  CHECK(h.max() == Duration{});
  h.record(3_ns);
  CHECK(h.quantile({1, 2}) == 3_ns);
  CHECK(h.min() == 3_ns);
}

TEST_CASE("histograms that were written down and joined are the histogram of all values") {
  Histogram all;
  Histogram joined;
  for (std::int64_t part = 0; part < 3; ++part) {
    Histogram one;
    for (std::int64_t i = 0; i < 1'000; ++i) {
      const Duration value{i * i * i * (part + 1) + part};
      all.record(value);
      one.record(value);
    }
    const std::optional<Histogram> back = Histogram::from(one.state());
    REQUIRE(back);
    joined.add(*back);
  }
  CHECK(joined.state() == all.state());
  CHECK(joined.count() == 3'000);
  CHECK(joined.mean() == all.mean());
  CHECK(joined.quantile({99, 100}) == all.quantile({99, 100}));
  joined.add(Histogram{});
  CHECK(joined.state() == all.state());
}

TEST_CASE("what is no histogram is not read") {
  for (const std::vector<std::uint64_t>& state : {std::vector<std::uint64_t>{},
                                                  {0, 0, 1},
                                                  {0, 0, 1, 1, 5},
                                                  {0, 0, 1, 9, 5, 1, 5, 1},
                                                  {0, 0, 1, 9, 5, 1, 4, 1},
                                                  {0, 0, 1, 9, 1'000'000, 1},
                                                  {0, 0, 9, 1, 5, 1}}) {
    CHECK_FALSE(Histogram::from(state).has_value());
  }
}
