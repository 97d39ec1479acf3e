// Laws of delays and sizes. One uniform word in, one duration out: integers only, the same on every
// machine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/quantile.h"
#include "sim/base/ratio.h"
#include "sim/base/time.h"

namespace ballast {

class Reader;
struct TypeInfo;
struct Value;
template <class T>
struct Type;

// The parameters of each law, as a scenario states them. Durations are not negative. problem() says
// in a sentence what makes a law impossible, and nothing if it is possible.
namespace law {

struct Constant {
  Duration value;
  static constexpr std::string_view name = "constant";
  static constexpr std::string_view doc = "Always the same.";
  static constexpr auto fields = Fields{field("value", &Constant::value, "The value.").needed()};
  std::string problem() const;
  friend bool operator==(const Constant&, const Constant&) = default;
};

struct Uniform {
  DurationRange range;
  static constexpr std::string_view name = "uniform";
  static constexpr std::string_view doc =
      "Each whole nanosecond of a range is equally likely, its ends included.";
  static constexpr auto fields =
      Fields{field("range", &Uniform::range, "The smallest and the largest value.").needed()};
  std::string problem() const;
  friend bool operator==(const Uniform&, const Uniform&) = default;
};

struct Exponential {
  Duration mean;
  Duration min;
  std::optional<Duration> max;
  static constexpr std::string_view name = "exponential";
  static constexpr std::string_view doc =
      "Memoryless: F(x) = 1 - exp(-x / mean). The gaps of a Poisson process.";
  static constexpr auto fields = Fields{
      field("mean", &Exponential::mean, "The mean, before min and max have their say.").needed(),
      field("min", &Exponential::min, "Smaller values become this."),
      field("max", &Exponential::max, "Greater values become this.")};
  std::string problem() const;
  friend bool operator==(const Exponential&, const Exponential&) = default;
};

struct Normal {
  Duration mean;
  Duration deviation;
  Duration min;
  std::optional<Duration> max;
  static constexpr std::string_view name = "normal";
  static constexpr std::string_view doc =
      "Gauss's law under the condition that the value lies between min and max: what lies outside "
      "is left out, not moved to the ends, so that mean and deviation are those of the whole law.";
  static constexpr auto fields = Fields{
      field("mean", &Normal::mean, "The mean of the whole law.").needed(),
      field("deviation", &Normal::deviation, "The standard deviation of the whole law.").needed(),
      field("min", &Normal::min, "The smallest value."),
      field("max", &Normal::max, "The largest value.")};
  std::string problem() const;
  friend bool operator==(const Normal&, const Normal&) = default;
};

struct Lognormal {
  static constexpr std::int64_t greatest_sigma = 8;
  Duration median;
  Ratio sigma;
  Duration min;
  std::optional<Duration> max;
  static constexpr std::string_view name = "lognormal";
  static constexpr std::string_view doc =
      "median * exp(sigma * Z) with Z standard normal: the mean is median * exp(sigma^2 / 2). The "
      "usual shape of latencies that are products of many factors.";
  static constexpr auto fields =
      Fields{field("median", &Lognormal::median, "Half of the values are smaller.").needed(),
             field("sigma", &Lognormal::sigma, "The standard deviation of the logarithm.")
                 .at_most(greatest_sigma)
                 .needed(),
             field("min", &Lognormal::min, "Smaller values become this."),
             field("max", &Lognormal::max, "Greater values become this.")};
  std::string problem() const;
  friend bool operator==(const Lognormal&, const Lognormal&) = default;
};

struct Pareto {
  static constexpr std::int64_t greatest_alpha = 100;
  Duration min;
  Duration max;
  Ratio alpha;
  static constexpr std::string_view name = "pareto";
  static constexpr std::string_view doc =
      "The bounded Pareto law: F(x) = (1 - (min / x)^alpha) / (1 - (min / max)^alpha) for x from "
      "min to max. Heavy-tailed: near alpha = 1 a few values make up most of the sum "
      "(Harchol-Balter, Performance Modeling and Design of Computer Systems, 2013, chapter 20).";
  static constexpr auto fields = Fields{
      field("min", &Pareto::min, "The smallest value.").at_least(1).needed(),
      field("max", &Pareto::max, "The largest value.").at_least(1).needed(),
      field("alpha", &Pareto::alpha, "The exponent of the tail, 0.01 or more: smaller is heavier.")
          .at_most(greatest_alpha)
          .needed()};
  std::string problem() const;
  friend bool operator==(const Pareto&, const Pareto&) = default;
};

struct Bimodal {
  Duration fast;
  Duration slow;
  Ratio slow_share;
  static constexpr std::string_view name = "bimodal";
  static constexpr std::string_view doc = "One of two values: cache hits and misses.";
  static constexpr auto fields =
      Fields{field("fast", &Bimodal::fast, "The usual value.").needed(),
             field("slow", &Bimodal::slow, "The other value, not smaller.").needed(),
             field("slow_share", &Bimodal::slow_share, "How often it is that one.").needed()};
  std::string problem() const;
  friend bool operator==(const Bimodal&, const Bimodal&) = default;
};

struct Point {
  Ratio quantile;
  Duration value;
  static constexpr std::string_view name = "point";
  static constexpr std::string_view doc = "A point of a measured quantile function.";
  static constexpr auto fields = Fields{
      field("quantile", &Point::quantile, "The share of values that are not greater.").needed(),
      field("value", &Point::value, "The value at that quantile.").needed()};
  friend bool operator==(const Point&, const Point&) = default;
};

struct Empirical {
  std::vector<Point> points;
  static constexpr std::string_view name = "empirical";
  static constexpr std::string_view doc =
      "A measured quantile function: straight lines between the given points. Below the first "
      "quantile the first value holds; two points at one quantile are a gap between values.";
  static constexpr auto fields =
      Fields{field("points", &Empirical::points, "Rising quantiles, the last of them 1.").needed()};
  std::string problem() const;
  friend bool operator==(const Empirical&, const Empirical&) = default;
};

struct Hyperexponential {
  static constexpr std::int64_t greatest_scv = 1'000'000;
  Duration mean;
  Ratio scv{4, 1};
  static constexpr std::string_view name = "hyperexponential";
  static constexpr std::string_view doc =
      "One of two exponential laws by chance: more variable than one alone, with many short values "
      "and some long ones. Both bring half of the sum (balanced means).";
  static constexpr auto fields =
      Fields{field("mean", &Hyperexponential::mean, "The mean.").needed(),
             field("scv", &Hyperexponential::scv,
                   "The squared coefficient of variation, variance / mean^2: 1 or more, where 1 "
                   "is the exponential law.")
                 .at_least(1)
                 .at_most(greatest_scv)};
  std::string problem() const;
  friend bool operator==(const Hyperexponential&, const Hyperexponential&) = default;
};

struct Recorded {
  std::vector<Duration> values;
  static constexpr std::string_view name = "recorded";
  static constexpr std::string_view doc =
      "Measured values, each equally likely; or the name of a CSV file with a column service "
      "(durations with a unit) or service_ns, from which they are read.";
  static constexpr auto fields =
      Fields{field("values", &Recorded::values, "The values, in any order.").needed()};
  std::string problem() const;
  friend bool operator==(const Recorded&, const Recorded&) = default;
};

}  // namespace law

// A law of non-negative durations, ready to be drawn from. A value; by default the constant 0.
class Distribution {
 public:
  enum class Kind : std::uint8_t {
    constant,
    uniform,
    exponential,
    normal,
    lognormal,
    pareto,
    bimodal,
    empirical,
    hyperexponential,
    recorded
  };
  using Parameters =
      std::variant<law::Constant, law::Uniform, law::Exponential, law::Normal, law::Lognormal,
                   law::Pareto, law::Bimodal, law::Empirical, law::Hyperexponential, law::Recorded>;

  Distribution() = default;
  // REQUIRES problem(parameters).empty(). The functions below require the same.
  explicit Distribution(Parameters parameters);

  static Distribution constant(Duration value);
  static Distribution uniform(Duration min, Duration max);
  static Distribution exponential(Duration mean, Duration min = {},
                                  std::optional<Duration> max = {});
  static Distribution normal(Duration mean, Duration deviation, Duration min = {},
                             std::optional<Duration> max = {});
  static Distribution lognormal(Duration median, Ratio sigma, Duration min = {},
                                std::optional<Duration> max = {});
  static Distribution pareto(Duration min, Duration max, Ratio alpha);
  static Distribution bimodal(Duration fast, Duration slow, Ratio slow_share);
  static Distribution empirical(std::vector<law::Point> points);
  static Distribution hyperexponential(Duration mean, Ratio scv);
  static Distribution recorded(std::vector<Duration> values);

  static std::string problem(const Parameters& parameters);

  // The quantile function at (word + 1/2) / 2^64: a uniform word gives a value of this law, a
  // greater word never a smaller value, so that runs which share their words stay paired. To the
  // nearest nanosecond; what would exceed Duration::max() is Duration::max(). Against the exact
  // quantile, exponential values are off by at most 2 * 10^-7 of the mean, normal ones by 4 * 10^-6
  // of the deviation, lognormal ones by a share of 4 * 10^-6 * sigma + 10^-7, Pareto ones by a
  // share of 2 * 10^-7 / alpha + 10^-7, hyperexponential ones by 5 * 10^-6 * (scv + 1)^2 * mean.
  Duration at(std::uint64_t word) const {
    if (const auto* constant = std::get_if<quantile::Constant>(&function_)) {
      return {constant->at(word)};  // most laws are
    }
    return {std::visit([word](const auto& law) { return law.at(word); }, function_)};
  }

  // The smallest and the largest value that at() returns.
  Duration min() const { return at(0); }
  Duration max() const { return at(~std::uint64_t{0}); }

  Kind kind() const { return static_cast<Kind>(parameters_.index()); }
  const Parameters& parameters() const { return parameters_; }
  friend bool operator==(const Distribution& a, const Distribution& b) {
    return a.parameters_ == b.parameters_;
  }

 private:
  Parameters parameters_;
  quantile::Function function_;
};

constexpr auto enumerators(Distribution::Kind) {
  return std::array<std::string_view, 10>{"constant",         "uniform", "exponential", "normal",
                                          "lognormal",        "pareto",  "bimodal",     "empirical",
                                          "hyperexponential", "recorded"};
}

inline void fold(Fingerprint& f, const Distribution& d) { fold(f, d.parameters()); }

// As a scenario has it: {"uniform": ["1ms", "20ms"]}, {"lognormal": {"median": "5ms", ...}}, and
// one duration for a constant. Impossible parameters are reported, not asserted.
void write_json(JsonWriter& w, const Distribution& d);
bool read(const Value& v, Distribution& out, Reader& r, const Limits& limits = {});
TypeInfo make_type_info(Type<Distribution>, const Limits&);

// A point is a pair: {"empirical": [["50%", "1ms"], ["100%", "20ms"]]}.
void write_json(JsonWriter& w, const law::Point& point);
bool read(const Value& v, law::Point& out, Reader& r, const Limits& limits = {});
TypeInfo make_type_info(Type<law::Point>, const Limits&);

}  // namespace ballast
