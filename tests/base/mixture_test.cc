// The hyperexponential law against its exact quantiles, and the law of recorded values.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/random.h"

using namespace ballast;

namespace {

// Balanced means, see quantile.cc.
struct Mixture {
  double fast_share = 0;
  double fast = 0;
  double slow = 0;

  Mixture(double mean, double scv)
      : fast_share((1 + std::sqrt((scv - 1) / (scv + 1))) / 2),
        fast(mean / (2 * fast_share)),
        slow(mean / (2 * (1 - fast_share))) {}

  double above(double x) const {
    return fast_share * std::exp(-x / fast) + (1 - fast_share) * std::exp(-x / slow);
  }
  double quantile(double share_above) const {
    double low = 0;
    double high = 60 * slow;
    for (int i = 0; i < 200; ++i) {
      const double middle = (low + high) / 2;
      (above(middle) > share_above ? low : high) = middle;
    }
    return low;
  }
};

}  // namespace

TEST_CASE("hyperexponential quantiles are as near the exact ones as promised") {
  constexpr double mean = 1e9;
  for (const std::uint64_t scv : {1u, 2u, 4u, 25u, 1000u}) {
    const Distribution law = Distribution::hyperexponential({1'000'000'000}, {scv, 1});
    const Mixture exact(mean, static_cast<double>(scv));
    double worst = 0;
    Stream words(7, Purpose::work, scv);
    for (int i = 0; i < 4000; ++i) {
      // Half of the words are far in the tail.
      const std::uint64_t word = words.next();
      const std::uint64_t tried = i % 2 == 0 ? word : ~(word >> (i / 2 % 50));
      const double above = std::ldexp(static_cast<double>(~tried) + 0.5, -64);
      const auto value = static_cast<double>(law.at(tried).ns);
      worst = std::max(worst, std::abs(value - exact.quantile(above)));
    }
    CAPTURE(scv);
    CHECK(worst < 5e-6 * mean * static_cast<double>((scv + 1) * (scv + 1)));
  }
}

TEST_CASE("a hyperexponential law has its mean and its variability") {
  const Distribution law = Distribution::hyperexponential({10'000'000}, {4, 1});
  constexpr int slices = 1 << 20;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < slices; ++i) {
    const auto value =
        static_cast<double>(law.at((std::uint64_t{2} * static_cast<unsigned>(i) + 1) << 43).ns);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / slices;
  CHECK(mean == doctest::Approx(1e7).epsilon(1e-4));
  CHECK(squares / slices / (mean * mean) - 1 == doctest::Approx(4).epsilon(2e-3));
}

TEST_CASE("hyperexponential values rise with the word, and short means stay exact") {
  for (const Distribution& law : {Distribution::hyperexponential({1'000}, {9, 2}),
                                  Distribution::hyperexponential({1'000'000}, {100'000, 1})}) {
    Duration last;
    for (int i = 0; i < 5000; ++i) {
      const auto word = static_cast<std::uint64_t>(i) * (~std::uint64_t{0} / 4999);
      CHECK(law.at(word) >= last);
      last = law.at(word);
    }
    CHECK(law.max() >= last);
  }
}

TEST_CASE("a hyperexponential sample passes the test of Kolmogorov and Smirnov") {
  const Distribution law = Distribution::hyperexponential({5'000'000}, {4, 1});
  const Mixture exact(5e6, 4);
  constexpr int size = 20'000;
  std::vector<double> sample;
  Stream words(11, Purpose::work, 0);
  for (int i = 0; i < size; ++i) sample.push_back(static_cast<double>(law.at(words.next()).ns));
  std::sort(sample.begin(), sample.end());
  double distance = 0;
  for (int i = 0; i < size; ++i) {
    const double below = 1 - exact.above(sample[static_cast<std::size_t>(i)]);
    distance = std::max({distance, below - i / double{size}, (i + 1) / double{size} - below});
  }
  CHECK(distance * std::sqrt(double{size}) < 1.63);  // 1 % of fair samples are further off
}

TEST_CASE("each recorded value is equally likely, in the order of its size") {
  const Distribution law = Distribution::recorded({{30}, {10}, {20}, {20}});
  CHECK(law.min() == Duration{10});
  CHECK(law.max() == Duration{30});
  CHECK(law.at((std::uint64_t{1} << 62) - 1) == Duration{10});
  CHECK(law.at(std::uint64_t{1} << 62) == Duration{20});
  CHECK(law.at((std::uint64_t{3} << 62) - 1) == Duration{20});
  CHECK(law.at(std::uint64_t{3} << 62) == Duration{30});
}

TEST_CASE("impossible parameters of both laws are named") {
  CHECK(Distribution::problem(law::Hyperexponential{{5}, {1, 2}}) ==
        "scv is 1/2; it is 1 or more, for the exponential law has 1");
  CHECK(Distribution::problem(law::Hyperexponential{{-5}, {2, 1}}) == "mean is negative: -5ns");
  CHECK(Distribution::problem(law::Recorded{}) == "there are no values");
  CHECK(Distribution::problem(law::Recorded{{{1}, {-1}}}) == "value 2 is negative: -1ns");
}
