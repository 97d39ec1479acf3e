#include "sim/base/distribution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/fingerprint.h"
#include "sim/base/random.h"

using namespace ballast;

namespace {

// A share of all words and what is left of it, each exact where it is small.
struct Share {
  double below = 0;
  double above = 0;
};

Share share_of(std::uint64_t word) {
  return {std::ldexp(static_cast<double>(word) + 0.5, -64),
          std::ldexp(static_cast<double>(~word) + 0.5, -64)};
}

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0)); }
double upper_tail(double z) { return std::erfc(z / std::sqrt(2.0)) / 2; }

// By bisection, in the tail in which the share is exact.
double normal_quantile(Share s) {
  if (s.below < s.above) return -normal_quantile({s.above, s.below});
  double low = 0;
  double high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (upper_tail(middle) > s.above ? low : high) = middle;
  }
  return low;
}

// A law with its exact mean, variance and quantile function, and by how much a quantile may be off
// besides half a nanosecond.
struct Exact {
  std::string name;
  Distribution distribution;
  double mean = 0;
  double variance = 0;
  std::function<double(Share)> quantile;
  std::function<double(double)> tolerance;  // of the exact value
};

Exact uniform(std::int64_t min, std::int64_t max) {
  const double count = static_cast<double>(max - min) + 1;
  return {"uniform",
          Distribution::uniform({min}, {max}),
          static_cast<double>(min) + (count - 1) / 2,
          (count * count - 1) / 12,
          [=](Share s) { return static_cast<double>(min) - 0.5 + s.below * count; },
          [](double) { return 0.0; }};
}

Exact exponential(std::int64_t mean_ns) {
  const auto mean = static_cast<double>(mean_ns);
  return {"exponential",
          Distribution::exponential({mean_ns}),
          mean,
          mean * mean,
          [=](Share s) {
            return s.below < 0.5 ? -mean * std::log1p(-s.below) : -mean * std::log(s.above);
          },
          [=](double) { return 2e-7 * mean; }};
}

Exact normal(std::int64_t mean_ns, std::int64_t deviation_ns, std::int64_t min, std::int64_t max) {
  const auto mean = static_cast<double>(mean_ns);
  const auto deviation = static_cast<double>(deviation_ns);
  const double a = (static_cast<double>(min) - 0.5 - mean) / deviation;
  const double b = (static_cast<double>(max) + 0.5 - mean) / deviation;
  const double mass = upper_tail(a) - upper_tail(b);
  const double shift = (density(a) - density(b)) / mass;
  const double spread = (a * density(a) - b * density(b)) / mass;
  return {"normal",
          Distribution::normal({mean_ns}, {deviation_ns}, {min}, Duration{max}),
          mean + deviation * shift,
          deviation * deviation * (1 + spread - shift * shift),
          [=](Share s) {
            const double above = upper_tail(b) + s.above * mass;
            return mean + deviation * normal_quantile({1 - above, above});
          },
          [=](double) { return 4e-6 * deviation; }};
}

Exact lognormal(std::int64_t median_ns, Ratio sigma_ratio) {
  const auto median = static_cast<double>(median_ns);
  const double sigma =
      static_cast<double>(sigma_ratio.numerator) / static_cast<double>(sigma_ratio.denominator);
  const double square = sigma * sigma;
  return {"lognormal",
          Distribution::lognormal({median_ns}, sigma_ratio),
          median * std::exp(square / 2),
          median * median * std::exp(square) * std::expm1(square),
          [=](Share s) { return median * std::exp(sigma * normal_quantile(s)); },
          [=](double value) { return value * (4e-6 * sigma + 1e-7); }};
}

Exact pareto(std::int64_t min_ns, std::int64_t max_ns, Ratio alpha_ratio) {
  const auto min = static_cast<double>(min_ns);
  const auto max = static_cast<double>(max_ns);
  const double alpha =
      static_cast<double>(alpha_ratio.numerator) / static_cast<double>(alpha_ratio.denominator);
  const double rest = -std::expm1(alpha * std::log(min / max));
  const auto moment = [=](double k) {
    return std::pow(min, k) * alpha / (alpha - k) * -std::expm1((alpha - k) * std::log(min / max)) /
           rest;
  };
  return {"pareto",
          Distribution::pareto({min_ns}, {max_ns}, alpha_ratio),
          moment(1),
          moment(2) - moment(1) * moment(1),
          [=](Share s) {
            const double v = std::pow(min / max, alpha) + s.above * rest;
            return min * std::exp(-std::log(v) / alpha);
          },
          [=](double value) { return value * (2e-7 / alpha + 1e-7); }};
}

Exact bimodal(std::int64_t fast, std::int64_t slow, Ratio slow_share) {
  const auto low = static_cast<double>(fast);
  const auto high = static_cast<double>(slow);
  const double share =
      static_cast<double>(slow_share.numerator) / static_cast<double>(slow_share.denominator);
  return {"bimodal",
          Distribution::bimodal({fast}, {slow}, slow_share),
          low + share * (high - low),
          share * (1 - share) * (high - low) * (high - low),
          [=](Share s) { return s.above < share ? high : low; },
          [](double) { return 0.0; }};
}

Exact empirical() {
  // A jump at the start, a line, a gap, a flat piece and a steep end.
  const std::vector<law::Point> points = {{{1, 10}, {1'000'000}},    {{2, 5}, {5'000'000}},
                                          {{2, 5}, {20'000'000}},    {{9, 10}, {20'000'000}},
                                          {{99, 100}, {90'000'000}}, {{1, 1}, {800'000'000}}};
  double mean = 0;
  double square = 0;
  double from = 0;
  double low = 1e6;
  for (const law::Point& p : points) {
    const double to =
        static_cast<double>(p.quantile.numerator) / static_cast<double>(p.quantile.denominator);
    const auto high = static_cast<double>(p.value.ns);
    mean += (to - from) * (low + high) / 2;
    square += (to - from) * (low * low + low * high + high * high) / 3;
    from = to;
    low = high;
  }
  return {"empirical",
          Distribution::empirical(points),
          mean,
          square - mean * mean,
          [](Share s) {
            const double u = s.below;
            if (u < 0.1) return 1e6;
            if (u < 0.4) return 1e6 + (u - 0.1) / 0.3 * 4e6;
            if (u < 0.9) return 2e7;
            if (u < 0.99) return 2e7 + (u - 0.9) / 0.09 * 7e7;
            return 9e7 + (0.01 - s.above) / 0.01 * 7.1e8;
          },
          [](double) { return 1e-3; }};
}

std::vector<Exact> laws() {
  return {uniform(1'000'000, 20'000'000),
          exponential(5'000'000'000),
          normal(10'000'000'000, 2'000'000'000, 0, 1'000'000'000'000),
          normal(10'000'000'000, 2'000'000'000, 9'000'000'000, 17'000'000'000),
          normal(10'000'000'000, 2'000'000'000, 14'000'000'000, 15'000'000'000),
          lognormal(5'000'000'000, {1, 2}),
          lognormal(45'000'000'000, {1, 10}),
          pareto(1'000'000'000, 60'000'000'000, {3, 2}),
          pareto(1'000'000'000, 60'000'000'000, {13, 10}),
          pareto(1'000'000'000, 2'000'000'000, {1, 100}),
          pareto(1'000'000'000, 2'000'000'000, {3, 1}),
          pareto(1'000'000'000, 2'000'000'000, {100, 1}),
          bimodal(100'000, 10'000'000, {1, 50}),
          empirical()};
}

// Laws at the limits of what is possible.
std::vector<Distribution> extremes() {
  constexpr Duration huge{std::int64_t{1} << 62};
  constexpr Duration longest = Duration::max();
  return {
      Distribution(),
      Distribution::constant(longest),
      Distribution::uniform({0}, longest),
      Distribution::uniform(longest, longest),
      Distribution::exponential({0}),
      Distribution::exponential({1}),
      Distribution::exponential(huge),
      Distribution::exponential(longest),
      Distribution::exponential(huge, {5}, Duration{7}),
      Distribution::normal(huge, {1}),
      Distribution::normal(huge, huge),
      Distribution::normal(longest, longest),
      Distribution::normal({0}, {1}),
      Distribution::normal({0}, longest, {0}, longest),
      Distribution::normal({1'000}, {1}, {1'006}, Duration{1'007}),
      Distribution::lognormal({0}, {1, 1}),
      Distribution::lognormal({1}, {5, 1}),
      Distribution::lognormal({1}, {8, 1}),
      Distribution::lognormal(huge, {8, 1}),
      Distribution::lognormal(longest, {1, 1'000'000'000'000}),
      Distribution::lognormal(huge, {5, 1}, {1}, Duration{2}),
      Distribution::pareto({1}, longest, {1, 100}),
      Distribution::pareto({1}, longest, {1, 1}),
      Distribution::pareto({1}, longest, {2, 1}),
      Distribution::pareto({1}, longest, {100, 1}),
      Distribution::pareto({1}, {1}, {1, 1}),
      Distribution::pareto(huge, longest, {1, 100}),
      Distribution::pareto(huge, huge + Duration{1}, {1, 100}),
      Distribution::pareto(huge, huge + Duration{1}, {100, 1}),
      Distribution::pareto({1}, {2}, {64, 1}),
      Distribution::bimodal({0}, longest, {0, 1}),
      Distribution::bimodal({0}, longest, {1, 1}),
      Distribution::bimodal({0}, longest, {1, ~std::uint64_t{0}}),
      Distribution::empirical({{{1, 1}, {3}}}),
      Distribution::empirical({{{0, 1}, {0}}, {{1, 1}, longest}}),
      Distribution::empirical({{{0, 1}, {0}}, {{1, ~std::uint64_t{0}}, huge}, {{1, 1}, longest}}),
      Distribution::empirical({{{0, 1}, {0}}, {{0, 1}, {5}}, {{1, 1}, {5}}, {{1, 1}, {9}}})};
}

// Words at which something may go wrong: the ends, and both sides of each power of two and of many
// steps of the tables.
std::vector<std::uint64_t> delicate_words() {
  std::vector<std::uint64_t> words;
  const auto add_around = [&](std::uint64_t word) {
    for (std::uint64_t i = 0; i < 7; ++i) {
      words.push_back(word + i - 3);
      words.push_back(~(word + i - 3));
    }
  };
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (std::uint64_t step = 0; step < 16; ++step) {
      add_around(power + (step << 60 >> (63 - bit)));
    }
  }
  Stream s(7, Purpose::delay, 1);
  for (int i = 0; i < 3'000; ++i) {
    // A table of 128 or 1024 steps to an octave has a seam at each multiple of this.
    const auto zeros = static_cast<unsigned>(s.below(40));
    const std::uint64_t leading = std::uint64_t{1} << 63 | s.next() >> 1;
    add_around(leading >> 53 << 53 >> zeros);
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

TEST_CASE("each law has its exact mean and variance, integrated over all words") {
  constexpr int bits = 20;
  for (const Exact& exact : laws()) {
    CAPTURE(exact.name);
    CAPTURE(exact.mean);
    double sum = 0;
    double squares = 0;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << bits; ++i) {
      const std::uint64_t middle = (2 * i + 1) << (63 - bits);
      const double d = static_cast<double>(exact.distribution.at(middle).ns) - exact.mean;
      sum += d;
      squares += d * d;
    }
    const double deviation = std::sqrt(exact.variance);
    CHECK(std::ldexp(sum, -bits) == doctest::Approx(0).scale(deviation).epsilon(2e-5));
    CHECK(std::ldexp(squares, -bits) == doctest::Approx(exact.variance).epsilon(4e-4));
  }
}

TEST_CASE("each law has its exact quantiles, far into its tails") {
  const std::vector<std::uint64_t> words = delicate_words();
  for (const Exact& exact : laws()) {
    CAPTURE(exact.name);
    CAPTURE(exact.mean);
    double worst = 0;
    std::uint64_t worst_word = 0;
    for (std::size_t i = 0; i < words.size(); i += 3) {
      const double value = exact.quantile(share_of(words[i]));
      const double got = static_cast<double>(exact.distribution.at(words[i]).ns);
      // Half a nanosecond for rounding, and what a double itself may be off.
      const double allowed = exact.tolerance(value) + 0.51 + 1e-12 * std::abs(value);
      const double excess = std::abs(got - value) / allowed;
      if (excess > worst) {
        worst = excess;
        worst_word = words[i];
      }
    }
    CAPTURE(worst_word);
    CAPTURE(exact.distribution.at(worst_word).ns);
    CAPTURE(exact.quantile(share_of(worst_word)));
    CHECK(worst <= 1);
  }
}

TEST_CASE("a million keyed draws of each law agree with it") {
  constexpr int draws = 1'000'000;
  constexpr double n = draws;
  for (const Exact& exact : laws()) {
    CAPTURE(exact.name);
    CAPTURE(exact.mean);
    // The shares of draws below twenty points, each of which is a quantile with nothing around it.
    constexpr int parts = 20;
    std::vector<std::int64_t> edges;
    std::vector<double> expected;
    for (int i = 1; i < parts; ++i) {
      const auto word = static_cast<std::uint64_t>(std::ldexp(i / double{parts}, 64));
      edges.push_back(exact.distribution.at(word).ns);
    }
    Stream s(2024, Purpose::delay, 17);
    double sum = 0;
    std::vector<int> below(edges.size());
    std::vector<int> not_above(edges.size());
    for (int i = 0; i < draws; ++i) {
      const std::int64_t value = exact.distribution.at(s.next()).ns;
      sum += static_cast<double>(value) - exact.mean;
      for (std::size_t e = 0; e < edges.size(); ++e) {
        below[e] += value < edges[e];
        not_above[e] += value <= edges[e];
      }
    }
    CHECK(std::abs(sum / n) < 4.5 * std::sqrt(exact.variance / n));
    for (std::size_t e = 0; e < edges.size(); ++e) {
      const double share = static_cast<double>(e + 1) / parts;
      const double error = 4.5 * std::sqrt(share * (1 - share) / n);
      CAPTURE(share);
      // Where the law has an atom, the share lies between the two counts.
      CHECK(below[e] / n < share + error);
      CHECK(not_above[e] / n > share - error);
    }
  }
}

TEST_CASE("a greater word never gives a smaller value, and all lie between min and max") {
  std::vector<Distribution> all = extremes();
  for (const Exact& exact : laws()) all.push_back(exact.distribution);
  const std::vector<std::uint64_t> words = delicate_words();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    CAPTURE(to_json(all[i].parameters()));
    int falls = 0;
    Duration last = all[i].min();
    CHECK(last >= Duration{0});
    for (const std::uint64_t word : words) {
      const Duration value = all[i].at(word);
      if (value < last) ++falls;
      last = value;
    }
    if (all[i].max() < last) ++falls;
    CHECK(falls == 0);
  }
}

TEST_CASE("no value leaves the bounds that the parameters give") {
  constexpr Duration longest = Duration::max();
  CHECK(Distribution().max() == Duration{0});
  CHECK(Distribution::uniform({3}, {5}).min() == Duration{3});
  CHECK(Distribution::uniform({3}, {5}).max() == Duration{5});
  CHECK(Distribution::uniform({0}, longest).min() == Duration{0});
  CHECK(Distribution::uniform({0}, longest).max() == longest);
  CHECK(Distribution::exponential({1'000}).min() == Duration{0});
  // 65 * ln 2 = 45.054: the word is the finest share there is.
  CHECK(Distribution::exponential({1'000'000}).max().ns ==
        doctest::Approx(45'054'567).epsilon(1e-6));
  CHECK(Distribution::exponential(longest).max() == longest);
  CHECK(Distribution::exponential({1'000}, {10}, Duration{2'000}).min() == Duration{10});
  CHECK(Distribution::exponential({1'000}, {10}, Duration{2'000}).max() == Duration{2'000});
  CHECK(Distribution::normal({100}, {50}, {20}, Duration{130}).min() == Duration{20});
  CHECK(Distribution::normal({100}, {50}, {20}, Duration{130}).max() == Duration{130});
  CHECK(Distribution::normal({100}, {50}).min() == Duration{0});
  CHECK(Distribution::lognormal({1}, {8, 1}).min() == Duration{0});
  CHECK(Distribution::lognormal({1'000'000}, {8, 1}).max() == longest);
  CHECK(Distribution::lognormal({100}, {1, 1}, {70}, Duration{110}).min() == Duration{70});
  CHECK(Distribution::lognormal({100}, {1, 1}, {70}, Duration{110}).max() == Duration{110});
  CHECK(Distribution::pareto({1'000}, {1'000'000}, {1, 1}).min() == Duration{1'000});
  CHECK(Distribution::pareto({1'000}, {1'000'000}, {1, 1}).max() == Duration{1'000'000});
  CHECK(Distribution::bimodal({1}, {2}, {0, 1}).max() == Duration{1});
  CHECK(Distribution::bimodal({1}, {2}, {1, 1}).min() == Duration{2});
  CHECK(Distribution::empirical({{{1, 2}, {7}}, {{1, 1}, {9}}}).min() == Duration{7});
  CHECK(Distribution::empirical({{{1, 2}, {7}}, {{1, 1}, {9}}}).max() == Duration{9});
}

TEST_CASE("a bimodal law gives its slow value with exactly the stated probability") {
  const Distribution d = Distribution::bimodal({1}, {2}, {1, 4});
  const std::uint64_t first_slow = std::uint64_t{3} << 62;
  CHECK(d.at(first_slow - 1) == Duration{1});
  CHECK(d.at(first_slow) == Duration{2});
}

TEST_CASE("a uniform law gives each of few values equally often") {
  const Distribution d = Distribution::uniform({0}, {3});
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(d.at(i << 62).ns == static_cast<std::int64_t>(i));
    CHECK(d.at((i << 62) + (std::uint64_t{1} << 62) - 1).ns == static_cast<std::int64_t>(i));
  }
}

TEST_CASE("impossible parameters are said to be so") {
  const auto problem = [](const Distribution::Parameters& p) { return Distribution::problem(p); };
  CHECK(problem(law::Constant{{-1}}) == "value is negative: -1ns");
  CHECK(problem(law::Uniform{{{5}, {4}}}) ==
        "the lower bound is 5ns, which is more than the upper bound, 4ns");
  CHECK(problem(law::Exponential{{-5}, {}, {}}) == "mean is negative: -5ns");
  CHECK(problem(law::Exponential{{5}, {7}, Duration{6}}) ==
        "min is 7ns, which is more than max, 6ns");
  CHECK(problem(law::Normal{{5}, {0}, {}, {}}) == "deviation is 0s; it must be positive");
  CHECK(problem(law::Normal{{5}, {1}, {15}, {}}) ==
        "min and max leave less than one part in 10^12 of the law");
  CHECK(problem(law::Normal{{50}, {1}, {}, Duration{40}}) ==
        "min and max leave less than one part in 10^12 of the law");
  CHECK(problem(law::Lognormal{{5}, {0, 1}, {}, {}}) == "sigma is 0; it must be positive");
  CHECK(problem(law::Lognormal{{5}, {9, 1}, {}, {}}) == "sigma is 9; it is at most 8");
  CHECK(problem(law::Pareto{{0}, {5}, {1, 1}}) == "min is 0s; it must be positive");
  CHECK(problem(law::Pareto{{6}, {5}, {1, 1}}) == "min is 6ns, which is more than max, 5ns");
  CHECK(problem(law::Pareto{{1}, {5}, {0, 1}}) == "alpha is 0; it must lie between 1/100 and 100");
  CHECK(problem(law::Bimodal{{6}, {5}, {1, 2}}) == "fast is 6ns, which is more than slow, 5ns");
  CHECK(problem(law::Bimodal{{1}, {5}, {3, 2}}) == "slow_share is 3/2, more than 1");
  CHECK(problem(law::Empirical{}) == "there are no points");
  CHECK(problem(law::Empirical{{{{1, 2}, {5}}, {{1, 4}, {6}}, {{1, 1}, {7}}}}) ==
        "the quantile of point 2, 1/4, is less than the one before it, 1/2");
  CHECK(problem(law::Empirical{{{{0, 1}, {5}}, {{1, 1}, {4}}}}) ==
        "the value of point 2, 4ns, is less than the one before it, 5ns");
  CHECK(problem(law::Empirical{{{{0, 1}, {5}}, {{1, 2}, {6}}}}) ==
        "the last quantile is 1/2; it must be 1");
  for (const Distribution& d : extremes()) CHECK(problem(d.parameters()).empty());
}

// Each moves every run that draws from such a law: a change needs a line in the changelog.
TEST_CASE("the draws of each law are the same on every machine and compiler") {
  const auto hash = [](const Distribution& d) {
    Fingerprint f;
    Stream s(1, Purpose::delay, 1);
    for (int i = 0; i < 100'000; ++i) fold(f, d.at(s.next()));
    for (const std::uint64_t word : delicate_words()) fold(f, d.at(word));
    return f.value();
  };
  constexpr Duration ms{1'000'000};
  CHECK(hash(Distribution::constant(5 * ms)) == 0x7E5E3C6A2F926F92);
  CHECK(hash(Distribution::uniform(1 * ms, 20 * ms)) == 0x2ABDDBC486726A40);
  CHECK(hash(Distribution::exponential(5 * ms)) == 0x3145C8EC9489B704);
  CHECK(hash(Distribution::exponential({std::int64_t{1} << 62})) == 0x51815925A5021935);
  CHECK(hash(Distribution::normal(10 * ms, 2 * ms, 7 * ms, 15 * ms)) == 0xCF20B17CB0CA29D0);
  CHECK(hash(Distribution::lognormal(5 * ms, {1, 2})) == 0x60440F040532B874);
  CHECK(hash(Distribution::pareto(1 * ms, 1'000 * ms, {6, 5})) == 0xE45752AA80CD409C);
  CHECK(hash(Distribution::bimodal(1 * ms, 100 * ms, {1, 50})) == 0x7579C8D680FE6CBA);
  CHECK(hash(empirical().distribution) == 0xA5FC8EAC3F3D3BDD);
}
