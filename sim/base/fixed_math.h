// Logarithm, power of two and normal quantile in integers: the same bits on every machine, and
// monotone, which the quantile functions of distribution.h rest on. All three are tables, made by
// the compiler, with linear interpolation. "x in Qn" means that the integer stands for x / 2^n.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/base/wide.h"

namespace ballast::fixed {

// The values of a function at 0, 1/1024, ... 1. They do not fall.
inline constexpr unsigned table_bits = 10;
inline constexpr std::size_t table_steps = std::size_t{1} << table_bits;
using Table = std::array<std::uint64_t, table_steps + 1>;

// The value at `position`, which is in Q64.
constexpr std::uint64_t interpolate(const Table& table, std::uint64_t position) {
  const std::size_t i = position >> (64 - table_bits);
  return table[i] + multiply_high(table[i + 1] - table[i], position << table_bits);
}

// The square root, rounded down.
constexpr std::uint64_t square_root(Wide x) {
  if (x == 0) return 0;
  const auto high = static_cast<std::uint64_t>(x >> 64);
  const auto low = static_cast<std::uint64_t>(x);
  const int width = static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
  Wide root = Wide{1} << (width + 1) / 2;
  while (true) {  // Newton's method, from above
    const Wide next = (root + x / root) / 2;
    if (next >= root) return static_cast<std::uint64_t>(root);
    root = next;
  }
}

inline constexpr std::uint64_t ln_2 = 0xB17217F7D1CF79AB;    // Q64
inline constexpr std::uint64_t log2_e = 0x171547652B82FE17;  // Q60

// --- Logarithm -----------------------------------------------------------------------------------

// log2(1 + position) in Q63, bit by bit: each squaring doubles the logarithm.
constexpr Table make_logarithms() {
  Table table{};
  for (std::size_t i = 1; i < table_steps; ++i) {
    std::uint64_t x = (table_steps + i) << (63 - table_bits);  // Q63, in [1, 2)
    for (int bit = 62; bit >= 0; --bit) {
      const Wide square = static_cast<Wide>(x) * x;
      const bool doubled = square >> 127 != 0;
      table[i] |= std::uint64_t{doubled} << bit;
      x = static_cast<std::uint64_t>(square >> (doubled ? 64 : 63));
    }
  }
  table[table_steps] = std::uint64_t{1} << 63;
  return table;
}
inline constexpr Table logarithms = make_logarithms();

// -log2 of the binary fraction that has `zeros` zeros after its point and then the digits of
// `leading`, of which the first is a one. In Q56; too large by at most 2 * 10^-7.
constexpr std::uint64_t minus_log2(unsigned zeros, std::uint64_t leading) {
  return ((std::uint64_t{zeros} + 1) << 56) - (interpolate(logarithms, leading << 1) >> 7);
}

// -log2(x / 2^64) in Q56, for x > 0.
constexpr std::uint64_t minus_log2(std::uint64_t x) {
  const auto zeros = static_cast<unsigned>(std::countl_zero(x));
  return minus_log2(zeros, x << zeros);
}

// -log2((word + 1/2) / 2^64) in Q56.
constexpr std::uint64_t minus_log2_of_uniform(std::uint64_t word) {
  constexpr std::uint64_t one = 1;
  if (word == 0) return minus_log2(64, one << 63);
  const auto zeros = static_cast<unsigned>(std::countl_zero(word));
  return minus_log2(zeros, word << zeros | (one << zeros) >> 1);
}

// --- Power ---------------------------------------------------------------------------------------

// 2^position in Q62: position is a sum of 1/2, 1/4, ..., the power the product of their powers.
constexpr Table make_powers() {
  Table table{};
  for (std::uint64_t& power : table) power = std::uint64_t{1} << 62;
  std::uint64_t root = std::uint64_t{1} << 63;
  for (std::size_t step = table_steps / 2; step > 0; step /= 2) {
    root = square_root(static_cast<Wide>(root) << 62);
    for (std::size_t i = 0; i < table_steps; ++i) {
      if ((i & step) == 0) continue;
      table[i] = static_cast<std::uint64_t>(static_cast<Wide>(table[i]) * root >> 62);
    }
  }
  table[table_steps] = std::uint64_t{1} << 63;
  return table;
}
inline constexpr Table powers = make_powers();

// x * 2^exponent to the nearest integer; what exceeds 2^63 - 1 becomes that. The exponent is in
// Q56, x is not negative, and the relative error is at most 6 * 10^-8.
constexpr std::int64_t times_power_of_two(std::int64_t x, std::int64_t exponent) {
  constexpr auto most = static_cast<std::uint64_t>(INT64_MAX);
  const Wide product = static_cast<Wide>(static_cast<std::uint64_t>(x)) *
                       interpolate(powers, static_cast<std::uint64_t>(exponent) << 8);
  const std::int64_t shift = 62 - (exponent >> 56);
  if (shift > 127 || x == 0) return 0;
  if (shift < 0) return INT64_MAX;
  const Wide rounded = (product + (Wide{1} << shift >> 1)) >> shift;
  return static_cast<std::int64_t>(rounded > most ? most : static_cast<std::uint64_t>(rounded));
}

// --- Normal quantile -----------------------------------------------------------------------------

// The rational functions of Wichura, "Algorithm AS 241: The percentage points of the normal
// distribution", Applied Statistics 37 (1988), routine PPND7: relative error 10^-7. The constants
// are written as multiples of 10^-12; all that is computed is in Q48.
constexpr std::uint64_t decimal_q48(std::uint64_t millionths_of_millionths) {
  return static_cast<std::uint64_t>((static_cast<Wide>(millionths_of_millionths) << 48) /
                                    1'000'000'000'000);
}
constexpr std::uint64_t times_q48(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b >> 48);
}

struct Rational {
  std::uint64_t over[4];
  std::uint64_t under[4];

  constexpr std::uint64_t at(std::uint64_t x) const {
    std::uint64_t numerator = over[3];
    std::uint64_t denominator = under[3];
    for (int i = 2; i >= 0; --i) {
      numerator = times_q48(numerator, x) + over[i];
      denominator = times_q48(denominator, x) + under[i];
    }
    return static_cast<std::uint64_t>((static_cast<Wide>(numerator) << 48) / denominator);
  }
};
inline constexpr Rational wichura_centre = {
    {decimal_q48(3387132717900), decimal_q48(50434271938000), decimal_q48(159291133202000),
     decimal_q48(59109374720000)},
    {decimal_q48(1000000000000), decimal_q48(17895169469000), decimal_q48(78757757664000),
     decimal_q48(67187563600000)}};
inline constexpr Rational wichura_tail = {
    {decimal_q48(1423437277700), decimal_q48(2756815390000), decimal_q48(1306728481600),
     decimal_q48(170238211030)},
    {decimal_q48(1000000000000), decimal_q48(737001642500), decimal_q48(120211329750), 0}};
inline constexpr Rational wichura_far_tail = {
    {decimal_q48(6657905115000), decimal_q48(3081226386000), decimal_q48(428682943370),
     decimal_q48(17337203997)},
    {decimal_q48(1000000000000), decimal_q48(241978942250), decimal_q48(12258202635), 0}};

// z with P(Z > z) = p, from p <= 1/2 and -ln p.
constexpr std::uint64_t wichura(std::uint64_t p, std::uint64_t minus_ln_p) {
  constexpr std::uint64_t centre = decimal_q48(425'000'000'000);
  constexpr std::uint64_t centre_squared = decimal_q48(180'625'000'000);
  constexpr std::uint64_t tail = decimal_q48(1'600'000'000'000);
  constexpr std::uint64_t far_tail = decimal_q48(5'000'000'000'000);
  const std::uint64_t q = (std::uint64_t{1} << 47) - p;
  if (q <= centre) return times_q48(q, wichura_centre.at(centre_squared - times_q48(q, q)));
  const std::uint64_t r = square_root(static_cast<Wide>(minus_ln_p) << 48);
  return r <= far_tail ? wichura_tail.at(r - tail) : wichura_far_tail.at(r - far_tail);
}

// The upper tail in octaves of 128 steps: entry n is z in Q28 where P(Z > z) is
// 2^-(octave + 1) * (1 + step / 128), with n = 128 * octave - step. The last is z at 2^-65.
inline constexpr unsigned octave_bits = 7;
inline constexpr std::size_t octave_steps = std::size_t{1} << octave_bits;
using NormalTable = std::array<std::uint32_t, 64 * octave_steps + 1>;

constexpr NormalTable make_normal_quantiles() {
  NormalTable table{};
  for (std::size_t n = 1; n < table.size(); ++n) {
    const std::size_t octave = (n + octave_steps - 1) / octave_steps;
    const std::size_t step = octave * octave_steps - n;
    const std::uint64_t p = octave < 48 ? (octave_steps + step) << (47 - octave_bits) >> octave : 0;
    const std::uint64_t bits = ((octave + 1) << 48) -  // -log2 p in Q48
                               (logarithms[step << (table_bits - octave_bits)] >> 15);
    const std::uint64_t minus_ln_p = multiply_high(bits, ln_2);
    table[n] = static_cast<std::uint32_t>(wichura(p, minus_ln_p) >> 20);
  }
  return table;
}
inline constexpr NormalTable normal_quantiles = make_normal_quantiles();

// The z below which a share (word + 1/2) / 2^64 of the standard normal law lies, in Q59; between
// -9.16 and 9.16. The error is at most 4 * 10^-6. Without a branch on the sign, which nobody could
// predict.
constexpr std::int64_t normal_quantile(std::uint64_t word) {
  const std::uint64_t upper = 0 - (word >> 63);       // all ones in the upper half
  const std::uint64_t tail = 2 * (word ^ upper) + 1;  // of 2^65
  const auto zeros = static_cast<unsigned>(std::countl_zero(tail));
  const std::uint64_t leading = tail << zeros;
  const std::size_t step = leading >> (63 - octave_bits) & (octave_steps - 1);
  const std::size_t n = octave_steps * (zeros + 1) - step;
  const std::uint64_t fraction = leading << (1 + octave_bits) >> 32;
  const std::uint64_t fall = normal_quantiles[n] - normal_quantiles[n - 1];
  const std::uint64_t z = ((std::uint64_t{normal_quantiles[n]} << 32) - fall * fraction) >> 1;
  return static_cast<std::int64_t>((z ^ ~upper) - ~upper);
}

}  // namespace ballast::fixed
