// Histograms: exact counts, quantiles within one part in 128.
#include "sim/measure/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "sim/base/distribution.h"
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

TEST_CASE("between the ends of a bucket quantiles are interpolated") {
  Histogram h;
  for (std::int64_t i = 1; i <= 1'000'000; ++i) h.record(Duration{1'000'000 + i});
  // A bucket here is 8,192 wide; the law is uniform, so that interpolation is exact but for
  // rounding.
  for (const Ratio share : {Ratio{1, 10}, Ratio{1, 2}, Ratio{9, 10}, Ratio{99, 100}}) {
    const auto exact = static_cast<std::int64_t>(1'000'000 + share.of(1'000'000)) * 1024;
    CHECK(std::abs(h.interpolated(share) - exact) <= 2 * 1024);
    const auto in_q40 = static_cast<std::int64_t>(share.of(std::uint64_t{1} << 40));
    const auto found = static_cast<std::int64_t>(h.share_up_to(exact));
    CHECK(std::abs(found - in_q40) <= (std::int64_t{1} << 40) / 100'000);
  }
  CHECK(h.interpolated({1, 1}) == h.max().ns * 1024);
  CHECK(h.share_up_to(h.max().ns * 1024) == std::uint64_t{1} << 40);
  CHECK(h.share_up_to(0) == 0);
}

TEST_CASE("Hill's index is the exponent of a Pareto tail") {
  Histogram h;
  Stream words(7, Purpose::work, 0);
  const Distribution pareto =
      Distribution::pareto(Duration{1'000'000}, Duration{1'000'000'000'000'000}, {3, 2});
  for (int i = 0; i < 200'000; ++i) h.record(pareto.at(words.next()));
  const std::uint64_t index = h.hill_index_milli({99, 100});
  CHECK(index > 1'400);
  CHECK(index < 1'600);
  CHECK(Histogram{}.hill_index_milli({99, 100}) == 0);
}
