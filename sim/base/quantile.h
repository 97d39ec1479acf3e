// Quantile functions in integers: a uniform 64-bit word in, a number of nanoseconds out, and for a
// greater word never a smaller number. This is what a Distribution computes with; what the laws
// mean and which parameters are possible is said there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "sim/base/ratio.h"
#include "sim/base/wide.h"

namespace ballast::quantile {

// Both included, and not negative.
struct Bounds {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

struct Constant {
  std::int64_t value = 0;
  std::int64_t at(std::uint64_t) const { return value; }
};

struct Uniform {
  std::int64_t min = 0;
  std::uint64_t count = 1;  // of values
  static Uniform over(Bounds bounds);
  std::int64_t at(std::uint64_t word) const {
    return min + static_cast<std::int64_t>(multiply_high(word, count));
  }
};

struct Exponential {
  std::int64_t mean = 0;
  Bounds bounds;
  std::int64_t at(std::uint64_t word) const;
};

struct Normal {
  std::int64_t mean = 0;
  std::int64_t deviation = 1;
  std::uint64_t first = 0;  // the words of the whole law whose values are within the bounds
  std::uint64_t last = 0;
  // Nothing if the bounds leave fewer than 2^24 words, a share of 10^-12.
  static std::optional<Normal> within(Bounds bounds, std::int64_t mean, std::int64_t deviation);
  std::int64_t at(std::uint64_t word) const;
};

struct Lognormal {
  std::int64_t median = 0;
  std::int64_t scale = 0;  // sigma * log2(e) in Q59
  Bounds bounds;
  static Lognormal of(std::int64_t median, const Ratio& sigma, Bounds bounds);
  std::int64_t at(std::uint64_t word) const;
};

struct Pareto {
  Bounds bounds;
  Wide tail = 0;                    // (min / max)^alpha in Q128
  std::uint64_t rest = 0;           // 1 - tail in Q64
  std::uint64_t inverse_alpha = 0;  // in Q57
  static Pareto over(Bounds bounds, const Ratio& alpha);
  std::int64_t at(std::uint64_t word) const;
};

struct Bimodal {
  std::int64_t fast = 0;
  std::int64_t slow = 0;
  Ratio slow_share;
  std::int64_t at(std::uint64_t word) const {
    return slow_share.happens(~word) ? slow : fast;  // the slow ones are the greatest words
  }
};

struct Empirical {
  struct Point {
    Ratio quantile;
    std::int64_t value = 0;
  };
  // The straight line from one point to the next.
  struct Line {
    std::uint64_t from = 0;  // its first word
    std::int64_t value = 0;
    std::int64_t rise = 0;
    std::uint64_t inverse_width = 0;  // 2^127 / (width << shift)
    unsigned shift = 0;               // moves the highest one of the width to the top
  };
  std::vector<Line> lines;

  // The points rise, and the last one has the quantile 1.
  static Empirical through(const std::vector<Point>& points);
  std::int64_t at(std::uint64_t word) const;
};

// A mixture of two exponentials has no inverse in closed form: its values at equal steps of
// -log2(1 - u), where each of the two alone is a straight line, with straight lines between.
struct Hyperexponential {
  static constexpr unsigned step_bits = 6;  // steps in each halving of what is left
  std::shared_ptr<const std::vector<std::int64_t>> values;
  // scv: the squared coefficient of variation, 1 or more.
  static Hyperexponential of(std::int64_t mean, const Ratio& scv);
  std::int64_t at(std::uint64_t word) const;
};

// Each of the given values is equally likely.
struct Recorded {
  std::shared_ptr<const std::vector<std::int64_t>> values;  // ascending
  std::int64_t at(std::uint64_t word) const {
    return (*values)[multiply_high(word, values->size())];
  }
};

using Function = std::variant<Constant, Uniform, Exponential, Normal, Lognormal, Pareto, Bimodal,
                              Empirical, Hyperexponential, Recorded>;

}  // namespace ballast::quantile
