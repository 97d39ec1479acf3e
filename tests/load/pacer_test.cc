// Rates that change with time, against the laws that they claim to follow. Seeds are fixed.
#include "sim/load/pacer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr Ratio usual{1, 1};

std::vector<Duration> arrivals(Pacer pacer, Duration end, std::uint64_t seed = 1,
                               std::uint64_t client = 0, Ratio pace = usual) {
  pacer.reseed(seed);
  Stream words(seed, Purpose::arrival, client);
  std::vector<Duration> all;
  Duration now;
  while (true) {
    const auto next = pacer.next(now, words.next(), pace);
    if (!next || *next >= end) return all;
    CHECK(*next > now);
    now = *next;
    all.push_back(now);
  }
}

// The test of Kolmogorov and Smirnov: the distance from an exponential law of mean 1, times the
// square root of the size of the sample. 1 % of fair samples exceed 1.63.
double distance(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const auto size = static_cast<double>(sample.size());
  double worst = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double below = -std::expm1(-sample[i]);
    const auto rank = static_cast<double>(i);
    worst = std::max({worst, below - rank / size, (rank + 1) / size - below});
  }
  return worst * std::sqrt(size);
}

// If `integral` is that of the rate, the gaps between arrivals in it are exponential with mean 1.
double distance(const std::vector<Duration>& times, const std::function<double(double)>& integral) {
  std::vector<double> gaps;
  double last = 0;
  for (const Duration time : times) {
    const double at = integral(static_cast<double>(time.ns) / 1e9);
    gaps.push_back(at - last);
    last = at;
  }
  return distance(gaps);
}

RateCurve curve(std::vector<RatePoint> points, bool repeat = false) { return {points, repeat}; }

std::size_t within(const std::vector<Duration>& times, Duration from, Duration to) {
  return static_cast<std::size_t>(
      std::count_if(times.begin(), times.end(), [&](Duration t) { return from <= t && t < to; }));
}

}  // namespace

TEST_CASE("a curve of one point is a Poisson process") {
  const auto times = arrivals(Pacer(curve({{0_s, {1000, 1_s}}}), 1), 20_s);
  CHECK(times.size() > 19'400);
  CHECK(times.size() < 20'600);
  CHECK(distance(times, [](double t) { return 1000 * t; }) < 1.63);
}

TEST_CASE("clients share a rate, and together they are as fast as it says") {
  std::size_t total = 0;
  for (std::uint32_t client = 0; client < 4; ++client) {
    const auto times = arrivals(Pacer(curve({{0_s, {1000, 1_s}}}), 4), 20_s, 1, client);
    CHECK(distance(times, [](double t) { return 250 * t; }) < 1.63);
    total += times.size();
  }
  CHECK(total > 19'400);
  CHECK(total < 20'600);
}

TEST_CASE("a ramp rises in a straight line, and holds at its end") {
  const auto times = arrivals(Pacer(curve({{2_s, {100, 1_s}}, {12_s, {2100, 1_s}}}), 1), 22_s);
  const auto integral = [](double t) {
    if (t < 2) return 100 * t;
    if (t < 12) return 200 + 100 * (t - 2) + 100 * (t - 2) * (t - 2);
    return 200 + 11'000 + 2100 * (t - 12);
  };
  CHECK(distance(times, integral) < 1.63);
}

TEST_CASE("a ramp can fall to nothing, after which nothing comes") {
  const auto times = arrivals(Pacer(curve({{0_s, {2000, 1_s}}, {10_s, {0, 1_s}}}), 1), 1000_s, 3);
  CHECK(distance(times, [](double t) { return 2000 * t - 100 * t * t; }) < 1.63);
  CHECK(times.back() < 10_s);
  CHECK(times.back() > 9_s);
}

TEST_CASE("two points at one time are a step") {
  const auto times =
      arrivals(Pacer(curve({{0_s, {100, 1_s}}, {5_s, {100, 1_s}}, {5_s, {900, 1_s}}}), 1), 10_s);
  CHECK(std::abs(static_cast<int>(within(times, 0_s, 5_s)) - 500) < 5 * 23);
  CHECK(std::abs(static_cast<int>(within(times, 5_s, 10_s)) - 4500) < 5 * 68);
}

TEST_CASE("a curve that repeats begins again") {
  const auto times = arrivals(
      Pacer(curve({{0_s, {0, 1_s}}, {1_s, {0, 1_s}}, {1_s, {500, 1_s}}, {2_s, {500, 1_s}}}, true),
            1),
      20_s);
  for (const Duration time : times) CHECK(time.ns % 2'000'000'000 >= 1'000'000'000);
  CHECK(times.size() > 4600);
  CHECK(times.size() < 5400);
}

TEST_CASE("a day swings round its mean and peaks when it is said to") {
  const Diurnal law{{1000, 1_s}, {1, 2}, 24_s, 18_s};
  const auto times = arrivals(Pacer(law, 1), 48_s);
  const double turn = 2 * std::acos(-1.0) / 24;
  const auto integral = [&](double t) {
    return 1000 * t + 500 / turn * (std::sin(turn * (t - 18)) - std::sin(turn * -18));
  };
  CHECK(distance(times, integral) < 1.63);
  CHECK(within(times, 17_s, 19_s) > within(times, 5_s, 7_s) * 2);
}

TEST_CASE("nothing comes between bursts without rest, and all clients see the same bursts") {
  const Bursts law{{2000, 1_s}, {}, Distribution::constant(100_ms), Distribution::constant(300_ms)};
  for (std::uint32_t client = 0; client < 3; ++client) {
    for (const Duration time : arrivals(Pacer(law, 3), 20_s, 5, client)) {
      CHECK(time.ns % 400'000'000 <= 100'000'000);
    }
  }
  // With random bursts too: what one client is sent lies in the bursts of another.
  const Bursts random{
      {20'000, 1_s}, {}, Distribution::exponential(100_ms), Distribution::exponential(1_s)};
  const auto one = arrivals(Pacer(random, 2), 20_s, 5, 0);
  const auto other = arrivals(Pacer(random, 2), 20_s, 5, 1);
  REQUIRE(one.size() > 1000);
  for (const Duration time : other) {
    const auto after = std::lower_bound(one.begin(), one.end(), time);
    const Duration gap = after == one.end() ? time - one.back() : *after - time;
    const Duration before = after == one.begin() ? gap : time - *(after - 1);
    CHECK(std::min(gap, before) < 5_ms);
  }
}

TEST_CASE("the states of an MMPP have their shares of time, and their rates") {
  // Two states: the share of the first is 1 / (1 + 3) of the time.
  const Mmpp law{{{{4000, 1_s}, 10_ms}, {{0, 1_s}, 30_ms}}};
  const auto times = arrivals(Pacer(law, 1), 400_s);
  const auto mean = static_cast<double>(times.size()) / 400;
  CHECK(mean == doctest::Approx(1000).epsilon(0.03));
  // The variance of counts in windows much longer than a cycle, as a share of the mean:
  // 1 + 2 (r1 - r2)^2 s1 s2 / ((s1 + s2)^2 (r1 s1 + r2 s2)), with rates r of arrival and s of
  // leaving a state (Fischer and Meier-Hellstern 1993); here 1 + 2 * 16e6 * 100 * 33.3 /
  // (133.3^2 * 33.3 * 4000) = 46.
  double squares = 0;
  for (int i = 0; i < 400; ++i) {
    const auto count = static_cast<double>(within(times, i * 1_s, (i + 1) * 1_s));
    squares += (count - mean) * (count - mean);
  }
  CHECK(squares / 400 / mean > 30);
  CHECK(squares / 400 / mean < 62);
}

TEST_CASE("every state of an MMPP is visited, and none twice in a row") {
  const Mmpp law{{{{1000, 1_s}, 20_ms}, {{0, 1_s}, 20_ms}, {{9000, 1_s}, 20_ms}}};
  const auto times = arrivals(Pacer(law, 1), 100_s);
  CHECK(static_cast<double>(times.size()) / 100 == doctest::Approx(10'000.0 / 3).epsilon(0.05));
}

TEST_CASE("twice the pace is twice the arrivals, in the same bursts") {
  const Bursts law{{1000, 1_s}, {}, Distribution::constant(1_s), Distribution::constant(1_s)};
  const auto once = arrivals(Pacer(law, 1), 40_s);
  const auto twice = arrivals(Pacer(law, 1), 40_s, 1, 0, {2, 1});
  CHECK(static_cast<double>(twice.size()) ==
        doctest::Approx(2.0 * static_cast<double>(once.size())).epsilon(0.03));
  for (const Duration time : twice) CHECK(time.ns % 2'000'000'000 <= 1'000'000'000);
}

TEST_CASE("the seed decides, and a later start sees what is left of the curve") {
  const Bursts law{
      {1000, 1_s}, {10, 1_s}, Distribution::exponential(1_s), Distribution::exponential(1_s)};
  CHECK(arrivals(Pacer(law, 1), 10_s, 1) == arrivals(Pacer(law, 1), 10_s, 1));
  CHECK(arrivals(Pacer(law, 1), 10_s, 1) != arrivals(Pacer(law, 1), 10_s, 2));
  Pacer late(curve({{0_s, {1000, 1_s}}, {5_s, {1000, 1_s}}, {5_s, {0, 1_s}}}), 1);
  late.reseed(1);
  const auto first = late.next(4_s, 1, usual);
  REQUIRE(first);
  CHECK(*first >= 4_s);
  CHECK(!late.next(5_s, ~std::uint64_t{0}, usual));
}

TEST_CASE("what makes no sense is named") {
  CHECK(Bursts{{0, 1_s}, {0, 1_s}, {}, {}}.problem() ==
        "rate and rest are both 0: nothing would ever come");
  CHECK(Mmpp{{{{1, 1_s}, 1_s}}}.problem() == "there are fewer than two states; poisson has one");
  CHECK(curve({{2_s, {1, 1_s}}, {1_s, {1, 1_s}}}).problem() ==
        "point 2 is at 1s, before the one before it at 2s");
  CHECK(curve({{0_s, {0, 1_s}}}).problem() ==
        "every point has a rate of 0: nothing would ever come");
  CHECK(Replay{{{2_s, {}, {}}, {1_s, {}, {}}}}.problem() ==
        "request 2 is at 1s, before the one before it at 2s");
  CHECK(Replay{{{1_s, 1_s, {}}, {1_s, {}, {}}}}.problem() ==
        "request 2 has no service time and the first one has one");
}
