#include "sim/base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace ballast;

namespace {

constexpr std::uint64_t purposes = 17;

// The word that an entity's stream for one purpose gives at a count, with each of the four chosen
// freely.
struct Where {
  std::uint64_t seed = 1;
  std::uint64_t purpose = 1;
  std::uint64_t entity = 1;
  std::uint64_t count = 0;
};
std::uint64_t word_at(const Where& w) {
  return draw(stream_key(w.seed, static_cast<Purpose>(w.purpose), w.entity), w.count);
}

// Small numbers in all four places, as a simulation has them: seeds, purposes, links, messages.
template <class Visit>
void for_each_place(Visit&& visit) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t purpose = 1; purpose <= purposes; ++purpose) {
      for (std::uint64_t entity = 0; entity < 64; ++entity) {
        for (std::uint64_t count = 0; count < 64; ++count)
          visit(Where{seed, purpose, entity, count});
      }
    }
  }
}

// How far counts in equally likely cells are from each other, in standard deviations of the
// chi-squared statistic; beyond 5 once in some million times by chance.
double unevenness(const std::vector<std::uint32_t>& cells) {
  double total = 0;
  for (const std::uint32_t n : cells) total += n;
  const double expected = total / static_cast<double>(cells.size());
  double chi_squared = 0;
  for (const std::uint32_t n : cells) chi_squared += (n - expected) * (n - expected) / expected;
  const double freedom = static_cast<double>(cells.size()) - 1;
  return (chi_squared - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("the draws of a key are SplitMix64 started there, by the published vectors") {
  // Vigna's splitmix64.c, states 0 and 1234567.
  const std::array<std::uint64_t, 5> from_zero = {0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4,
                                                  0x06C45D188009454F, 0xF88BB8A8724C81EC,
                                                  0x1B39896A51A8749B};
  const std::array<std::uint64_t, 5> from_1234567 = {6457827717110365317u, 3203168211198807973u,
                                                     9817491932198370423u, 4593380528125082431u,
                                                     16408922859458223821u};
  for (std::uint64_t i = 0; i < 5; ++i) {
    CHECK(draw(0, i) == from_zero[i]);
    CHECK(draw(1234567, i) == from_1234567[i]);
  }
}

TEST_CASE("a stream is its key and a count, and a copy repeats the future") {
  Stream stream(7, Purpose::delay, 3);
  const std::uint64_t key = stream_key(7, Purpose::delay, 3);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(stream.next() == draw(key, i));
  CHECK(stream.count() == 100);
  Stream copy = stream;
  CHECK(copy.next() == stream.next());
}

TEST_CASE("mix is a bijection: its inverse gives the word back") {
  // x ^ x >> s is undone by repeating it; an odd factor by its inverse modulo 2^64.
  const auto undo_shift = [](std::uint64_t x, unsigned s) {
    std::uint64_t y = x;
    for (unsigned shifted = s; shifted < 64; shifted += s) y = x ^ y >> s;
    return y;
  };
  const auto inverse = [](std::uint64_t odd) {
    std::uint64_t x = odd;
    for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
    return x;
  };
  const auto unmix = [&](std::uint64_t z) {
    z = undo_shift(z, 31) * inverse(0x94D049BB133111EB);
    z = undo_shift(z, 27) * inverse(0xBF58476D1CE4E5B9);
    return undo_shift(z, 30);
  };
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    CHECK(unmix(mix(i)) == i);
    CHECK(unmix(mix(~i << 40)) == ~i << 40);
  }
}

TEST_CASE("high, middle and low bits are spread evenly over neighbouring keys") {
  std::vector<std::uint32_t> high(4096), middle(4096), low(4096);
  for_each_place([&](const Where& where) {
    const std::uint64_t word = word_at(where);
    ++high[word >> 52];
    ++middle[word >> 26 & 4095];
    ++low[word & 4095];
  });
  CHECK(std::abs(unevenness(high)) < 5);
  CHECK(std::abs(unevenness(middle)) < 5);
  CHECK(std::abs(unevenness(low)) < 5);
}

TEST_CASE("neighbouring seeds, purposes, entities and counts are independent of each other") {
  struct Neighbour {
    const char* name;
    Where step;
  };
  const Neighbour neighbours[] = {{"seed", {1, 0, 0, 0}},
                                  {"purpose", {0, 1, 0, 0}},
                                  {"entity", {0, 0, 1, 0}},
                                  {"count", {0, 0, 0, 1}},
                                  {"entity, 32 away", {0, 0, 32, 0}},
                                  {"seed and count", {1, 0, 0, 1}},
                                  {"entity and count", {0, 0, 1, 1}},
                                  {"purpose and entity", {0, 1, 1, 0}},
                                  {"entity up and count down", {0, 0, 1, ~std::uint64_t{0}}},
                                  {"seed up and entity down", {1, 0, ~std::uint64_t{0}, 0}},
                                  {"purpose up and entity down", {0, 1, ~std::uint64_t{0}, 0}}};
  for (const Neighbour& neighbour : neighbours) {
    CAPTURE(neighbour.name);
    std::vector<std::uint32_t> high(4096), low(4096), difference(4096);
    std::array<std::uint32_t, 64> equal_bits{};
    double pairs = 0;
    for_each_place([&](const Where& w) {
      const Where& s = neighbour.step;
      const std::uint64_t a = word_at(w);
      const std::uint64_t b =
          word_at({w.seed + s.seed, w.purpose + s.purpose, w.entity + s.entity, w.count + s.count});
      ++high[(a >> 58) << 6 | b >> 58];
      ++low[(a & 63) << 6 | (b & 63)];
      ++difference[(b - a) >> 52];
      for (unsigned bit = 0; bit < 64; ++bit) equal_bits[bit] += (~(a ^ b) >> bit) & 1;
      ++pairs;
    });
    CHECK(std::abs(unevenness(high)) < 5);
    CHECK(std::abs(unevenness(low)) < 5);
    CHECK(std::abs(unevenness(difference)) < 5);
    for (const std::uint32_t equal : equal_bits) {
      CHECK(std::abs(equal - pairs / 2) < 5 * std::sqrt(pairs / 4));
    }
  }
}

TEST_CASE(
    "a change of any one bit of seed, entity or count changes each bit with probability 1/2") {
  constexpr int samples = 400;
  constexpr double expected = samples / 2.0;
  const double deviation = std::sqrt(samples / 4.0);
  std::uint64_t number = 0;
  for (int input = 0; input < 3; ++input) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      CAPTURE(input);
      CAPTURE(bit);
      std::array<int, 64> changed{};
      for (int i = 0; i < samples; ++i) {
        Where a{mix(++number), 1 + number % purposes, mix(~number), mix(number << 32)};
        Where b = a;
        (input == 0 ? b.seed : input == 1 ? b.entity : b.count) ^= std::uint64_t{1} << bit;
        const std::uint64_t difference = word_at(a) ^ word_at(b);
        for (unsigned out = 0; out < 64; ++out)
          changed[out] += static_cast<int>(difference >> out & 1);
      }
      double worst = 0;
      for (const int n : changed) worst = std::max(worst, std::abs(n - expected) / deviation);
      CHECK(worst < 6);
    }
  }
}

TEST_CASE("scale gives each of n values the same share of words, and never n") {
  CHECK(scale(0, 6) == 0);
  CHECK(scale(~std::uint64_t{0}, 6) == 5);
  CHECK(scale(~std::uint64_t{0}, 1) == 0);
  for (const std::uint64_t n : {2u, 3u, 6u, 7u, 100u, 255u}) {
    CAPTURE(n);
    std::vector<std::uint32_t> cells(n);
    Stream stream(3, Purpose::choice, n);
    for (int i = 0; i < 200'000; ++i) ++cells[stream.below(n)];
    CHECK(std::abs(unevenness(cells)) < 5);
  }
}
