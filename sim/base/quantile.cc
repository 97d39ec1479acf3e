#include "sim/base/quantile.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "sim/base/fixed_math.h"

namespace ballast::quantile {
namespace {

constexpr std::uint64_t one = 1;

// The value of the whole normal law.
WideSigned whole_normal(std::int64_t mean, std::int64_t deviation, std::uint64_t word) {
  const WideSigned product = static_cast<WideSigned>(deviation) * fixed::normal_quantile(word);
  return mean + ((product + (one << 58)) >> 59);
}

// The first word whose value is at least `bound`, if there is one.
std::optional<std::uint64_t> first_reaching(WideSigned bound, std::int64_t mean,
                                            std::int64_t deviation) {
  std::uint64_t low = 0;
  std::uint64_t high = ~std::uint64_t{0};
  if (whole_normal(mean, deviation, high) < bound) return std::nullopt;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (whole_normal(mean, deviation, middle) >= bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

Uniform Uniform::over(Bounds bounds) {
  return {bounds.min, static_cast<std::uint64_t>(bounds.max - bounds.min) + 1};
}

// mean * -ln(1 - u)
std::int64_t Exponential::at(std::uint64_t word) const {
  const std::uint64_t halvings = fixed::minus_log2_of_uniform(~word);
  const Wide product =
      static_cast<Wide>(static_cast<std::uint64_t>(mean)) * multiply_high(halvings, fixed::ln_2);
  const Wide rounded = (product + (one << 55)) >> 56;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t value = rounded > most ? most : static_cast<std::int64_t>(rounded);
  return std::clamp(value, bounds.min, bounds.max);
}

std::optional<Normal> Normal::within(Bounds bounds, std::int64_t mean, std::int64_t deviation) {
  const auto first = first_reaching(bounds.min, mean, deviation);
  const auto end = first_reaching(static_cast<WideSigned>(bounds.max) + 1, mean, deviation);
  if (!first || end == 0) return std::nullopt;
  const std::uint64_t last = end ? *end - 1 : ~std::uint64_t{0};
  if (last < *first || last - *first < one << 24) return std::nullopt;
  return Normal{mean, deviation, *first, last};
}

// The inverse of a law under a condition is that of the whole law on a part of the words.
std::int64_t Normal::at(std::uint64_t word) const {
  const Wide place = static_cast<Wide>(word) * (last - first) + word;
  return static_cast<std::int64_t>(
      whole_normal(mean, deviation, first + static_cast<std::uint64_t>(place >> 64)));
}

Lognormal Lognormal::of(std::int64_t median, const Ratio& sigma, Bounds bounds) {
  const Wide scale = static_cast<Wide>(fixed::log2_e / 2) * sigma.numerator / sigma.denominator;
  return {median, static_cast<std::int64_t>(scale), bounds};
}

// median * 2^(sigma * log2(e) * z)
std::int64_t Lognormal::at(std::uint64_t word) const {
  const WideSigned exponent = static_cast<WideSigned>(fixed::normal_quantile(word)) * scale;
  const std::int64_t value =
      fixed::times_power_of_two(median, static_cast<std::int64_t>(exponent >> 62));
  return std::clamp(value, bounds.min, bounds.max);
}

Pareto Pareto::over(Bounds bounds, const Ratio& alpha) {
  Pareto p;
  p.bounds = bounds;
  p.inverse_alpha =
      static_cast<std::uint64_t>((static_cast<Wide>(alpha.denominator) << 57) / alpha.numerator);
  // tail = 2^-e with e = alpha * log2(max / min), in Q56. Of 2^-e the table has the fractional
  // part, as half of 2^(1 - fraction). The lowest bit is set so that the fraction is never 0.
  const std::uint64_t octaves = fixed::minus_log2(static_cast<std::uint64_t>(bounds.min)) -
                                fixed::minus_log2(static_cast<std::uint64_t>(bounds.max));
  const Wide e = static_cast<Wide>(octaves) * alpha.numerator / alpha.denominator | 1;
  const std::uint64_t fraction = static_cast<std::uint64_t>(e) << 8;
  const Wide power = fixed::interpolate(fixed::powers, 0 - fraction);
  if (e >> 56 < 128) p.tail = power << 65 >> static_cast<unsigned>(e >> 56);
  p.rest = static_cast<std::uint64_t>(~p.tail >> 64);
  return p;
}

// min * v^(-1 / alpha) with v = 1 - u * (1 - tail) = tail + (1 - u) * (1 - tail)
std::int64_t Pareto::at(std::uint64_t word) const {
  const Wide v = tail + static_cast<Wide>(~word) * rest + rest / 2;  // Q128
  const auto high = static_cast<std::uint64_t>(v >> 64);
  const auto low = static_cast<std::uint64_t>(v);
  const auto zeros =
      static_cast<unsigned>(high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low));
  const std::uint64_t halvings =
      fixed::minus_log2(zeros, static_cast<std::uint64_t>(v << zeros >> 64));
  const Wide exponent = static_cast<Wide>(halvings) * inverse_alpha >> 57;
  const std::int64_t value =
      fixed::times_power_of_two(bounds.min, static_cast<std::int64_t>(exponent));
  return std::min(value, bounds.max);
}

Empirical Empirical::through(const std::vector<Point>& points) {
  Empirical empirical;
  Wide from = 0;  // in Q64, so that the end of the last line is 2^64
  std::int64_t value = points.front().value;
  for (const Point& point : points) {
    const Wide to =
        (static_cast<Wide>(point.quantile.numerator) << 64) / point.quantile.denominator;
    const Wide width = to - from;
    if (width > 0) {
      Line line{static_cast<std::uint64_t>(from), value, point.value - value, one << 63, 0};
      if (width >> 64 == 0) {
        line.shift = static_cast<unsigned>(std::countl_zero(static_cast<std::uint64_t>(width)));
        const Wide inverse = (Wide{1} << 127) / (width << line.shift);
        line.inverse_width = static_cast<std::uint64_t>(std::min<Wide>(inverse, ~std::uint64_t{0}));
      }
      empirical.lines.push_back(line);
    }
    from = to;
    value = point.value;
  }
  return empirical;
}

std::int64_t Empirical::at(std::uint64_t word) const {
  const Line* line = lines.data();  // the last one that starts at the word or before it
  for (std::size_t count = lines.size(); count > 1;) {
    const std::size_t half = count / 2;
    if (line[half].from <= word) line += half;
    count -= half;
  }
  // The share of the width in Q63, by multiplication with its inverse.
  const std::uint64_t share =
      multiply_high((word - line->from) << line->shift, line->inverse_width);
  const Wide rise = static_cast<Wide>(static_cast<std::uint64_t>(line->rise)) * share;
  return line->value + static_cast<std::int64_t>((rise + (one << 62)) >> 63);
}

// With balanced means, as is usual: both phases bring half of the whole. A share p of the values
// has the mean mean / 2p and the rest mean / 2(1 - p), where p = (1 + sqrt((c - 1) / (c + 1))) / 2
// and c is the squared coefficient of variation (Whitt, "Approximating a point process by a renewal
// process, I", Operations Research 30, 1982).
Hyperexponential Hyperexponential::of(std::int64_t mean, const Ratio& scv) {
  const Wide excess = scv.numerator - scv.denominator;
  const Wide both = static_cast<Wide>(scv.numerator) + scv.denominator;
  const std::uint64_t root = fixed::square_root((excess << 64) / both << 56);  // in Q60
  struct Phase {
    std::uint64_t share = 0;  // in Q60
    Wide mean = 0;            // in Q20
  };
  const auto phase = [&](std::uint64_t share) {
    const Wide doubled = static_cast<Wide>(static_cast<std::uint64_t>(mean)) << 59;
    const Wide of = std::max(share, one);
    return Phase{share, std::max<Wide>(1, (doubled / of << 20) + (doubled % of << 20) / of)};
  };
  const Phase fast = phase(((one << 60) + root) / 2);
  const Phase slow = phase(((one << 60) - root) / 2);
  // What is left beyond x of one phase, times 2^y, in Q60.
  const auto left = [](const Phase& p, std::int64_t x, std::int64_t y) {
    constexpr Wide most = Wide{120} << 56;
    // x * log2(e) / mean in Q56, where the mean is in Q20.
    const Wide halvings =
        (static_cast<Wide>(static_cast<std::uint64_t>(x)) * (fixed::log2_e >> 4) / p.mean) << 20;
    return static_cast<Wide>(static_cast<std::uint64_t>(
        fixed::times_power_of_two(static_cast<std::int64_t>(p.share),
                                  y - static_cast<std::int64_t>(std::min(halvings, most)))));
  };
  std::vector<std::int64_t> values(1);
  for (std::uint64_t step = 1; step <= 65u << step_bits; ++step) {
    const auto y = static_cast<std::int64_t>(step << (56 - step_bits));
    std::int64_t low = values.back();
    std::int64_t high = std::numeric_limits<std::int64_t>::max() / 2;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (left(fast, middle, y) + left(slow, middle, y) <= one << 60) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    values.push_back(low);
  }
  values.push_back(values.back());
  return {std::make_shared<const std::vector<std::int64_t>>(std::move(values))};
}

std::int64_t Hyperexponential::at(std::uint64_t word) const {
  constexpr unsigned rest_bits = 56 - step_bits;
  const std::uint64_t y = fixed::minus_log2_of_uniform(~word);
  const std::size_t step = y >> rest_bits;
  const std::int64_t value = (*values)[step];
  const auto rise = static_cast<Wide>(static_cast<std::uint64_t>((*values)[step + 1] - value));
  const Wide share = rise * (y & ((one << rest_bits) - 1)) + (one << (rest_bits - 1));
  return value + static_cast<std::int64_t>(share >> rest_bits);
}

}  // namespace ballast::quantile
