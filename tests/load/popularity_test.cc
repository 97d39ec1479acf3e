// Which keys are chosen how often, by the test of chi square with fixed seeds.
#include "sim/load/popularity.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/base/random.h"

using namespace ballast;

namespace {

// The sum of (seen - expected)^2 / expected, less what it is on average, in standard deviations.
double excess(const KeyPicker& picker, const std::vector<double>& weights) {
  constexpr int draws = 200'000;
  std::vector<double> seen(weights.size());
  Stream words(3, Purpose::key, 0);
  for (int i = 0; i < draws; ++i) ++seen[picker.pick(words.next())];
  double total = 0;
  for (const double weight : weights) total += weight;
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double expected = draws * weights[i] / total;
    sum += (seen[i] - expected) * (seen[i] - expected) / expected;
  }
  const auto freedom = static_cast<double>(weights.size() - 1);
  return (sum - freedom) / std::sqrt(2 * freedom);
}

std::vector<double> zipf(std::size_t keys, double exponent) {
  std::vector<double> weights;
  for (std::size_t k = 1; k <= keys; ++k) {
    weights.push_back(std::pow(static_cast<double>(k), -exponent));
  }
  return weights;
}

}  // namespace

TEST_CASE("Zipf keys have the shares that Zipf's law says") {
  CHECK(excess(KeyPicker(ZipfKeys{{1, 1}}, 1000), zipf(1000, 1)) < 3);
  CHECK(excess(KeyPicker(ZipfKeys{{11, 10}}, 100), zipf(100, 1.1)) < 3);
  CHECK(excess(KeyPicker(ZipfKeys{{1, 2}}, 1000), zipf(1000, 0.5)) < 3);
  // The test can tell: an exponent that is off by a fiftieth is found out.
  CHECK(excess(KeyPicker(ZipfKeys{{51, 50}}, 1000), zipf(1000, 1)) > 5);
}

TEST_CASE("a hot key has its share, and the others the rest, equally") {
  std::vector<double> weights(101, 0.7 / 100);
  weights[0] = 0.3;
  CHECK(excess(KeyPicker(HotKeys{{3, 10}, 1}, 101), weights) < 3);
  std::vector<double> two(10, 0.1 / 8);
  two[0] = two[1] = 0.45;
  CHECK(excess(KeyPicker(HotKeys{{9, 10}, 2}, 10), two) < 3);
}

TEST_CASE("uniform keys are equally likely") {
  CHECK(excess(KeyPicker(UniformKeys{}, 64), std::vector<double>(64, 1)) < 3);
}

TEST_CASE("every word gives a key that exists, and a greater word no smaller key") {
  for (const KeyPicker& picker :
       {KeyPicker(ZipfKeys{{10, 1}}, 1'000), KeyPicker(ZipfKeys{{0, 1}}, 7),
        KeyPicker(ZipfKeys{{1, 1}}, 1), KeyPicker(HotKeys{{1, 2}, 5}, 3),
        KeyPicker(HotKeys{{0, 1}, 1}, 3), KeyPicker(HotKeys{{1, 1}, 1}, 3),
        KeyPicker(UniformKeys{}, 1)}) {
    CHECK(picker.pick(0) <= picker.pick(~std::uint64_t{0}));
    std::uint64_t last = 0;
    for (unsigned i = 0; i < 64; ++i) {
      const std::uint64_t key = picker.pick((std::uint64_t{1} << i) - 1);
      CHECK(key < 1'000);
      CHECK(key >= last);
      last = key;
    }
  }
  CHECK(KeyPicker(HotKeys{{1, 1}, 1}, 3).pick(~std::uint64_t{0} - 1) == 0);
  CHECK(KeyPicker(HotKeys{{0, 1}, 1}, 3).pick(0) == 1);
}
