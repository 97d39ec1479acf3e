#include "sim/measure/control.h"

#include <algorithm>

#include "sim/base/fixed_math.h"
#include "sim/measure/deviations.h"

namespace ballast {
namespace {

constexpr std::size_t least_freedom = 10;

// A control made orthogonal to those before it.
struct Axis {
  std::vector<std::int64_t> each;  // less their mean
  WideSigned mean = 0;             // from what is known, in the same unit
  WideSigned squares = 0;
};

WideSigned product(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  WideSigned sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<WideSigned>(a[i]) * b[i];
  return sum;
}

// To the nearest; `by` is positive.
WideSigned divided(WideSigned value, WideSigned by) {
  return (value + (value < 0 ? -by : by) / 2) / by;
}

// Takes off what lies along the axis.
void straighten(std::vector<std::int64_t>& each, WideSigned along, const Axis& axis) {
  for (std::size_t i = 0; i < each.size(); ++i) {
    each[i] -= static_cast<std::int64_t>(divided(along * axis.each[i], axis.squares));
  }
}

// The widths keep every product within 127 bits: (46 + 30 + log2 n) + 30 for the values.
constexpr unsigned value_bits = 46;
constexpr unsigned control_bits = 30;

// Whether chance alone may have brought the mean of the control so far: ten standard errors.
bool can_be_chance(const Axis& axis) {
  constexpr auto farthest = WideSigned{1} << (control_bits + 4);  // more could not be near
  if (axis.mean <= -farthest || axis.mean >= farthest) return false;
  const auto n = static_cast<WideSigned>(axis.each.size());
  return axis.mean * axis.mean * n * (n - 1) <= 100 * axis.squares;
}

std::vector<Axis> axes_of(const std::vector<Control>& controls, std::vector<bool>& used) {
  std::vector<Axis> axes;
  for (const Control& control : controls) {
    Deviations d = deviations(control, control_bits);
    Axis axis{std::move(d.each), d.mean / (std::int64_t{1} << d.halved), 0};
    for (const Axis& before : axes) {
      const WideSigned along = product(axis.each, before.each);
      straighten(axis.each, along, before);
      axis.mean -= divided(along * before.mean, before.squares);
    }
    axis.squares = product(axis.each, axis.each);
    // What is left of a control that others explain is made of roundings.
    const bool varies = axis.squares > static_cast<WideSigned>(d.squares >> 20);
    used.push_back(varies && can_be_chance(axis));
    if (used.back()) axes.push_back(std::move(axis));
  }
  return axes;
}

}  // namespace

Controlled estimate(std::span<const std::int64_t> values, const std::vector<Control>& controls,
                    Ratio confidence) {
  Controlled result{estimate(values, confidence), 0, {}, 1'000, lag_1_milli(values)};
  if (values.size() < controls.size() + 1 + least_freedom) return result;
  const std::vector<Axis> axes = axes_of(controls, result.used);
  if (axes.empty()) return result;
  Deviations y = deviations(values, value_bits);
  const Wide count = values.size();
  WideSigned correction = 0;
  // The variance of the mean is that of the residuals times (1/n + the sum of d^2 / <c, c>).
  constexpr unsigned weight_bits = 60;
  Wide weight = (Wide{1} << weight_bits) / count;
  for (const Axis& axis : axes) {
    const WideSigned along = product(y.each, axis.each);
    straighten(y.each, along, axis);
    correction -= divided(along * axis.mean, axis.squares);
    const auto off = static_cast<Wide>(axis.mean < 0 ? -axis.mean : axis.mean);
    weight += (off * off << weight_bits) / static_cast<Wide>(axis.squares);
  }
  const auto freedom = static_cast<std::uint64_t>(values.size() - axes.size() - 1);
  const auto residual = static_cast<Wide>(product(y.each, y.each));
  const Wide deviation = fixed::square_root((residual << 8) / freedom);  // in sixteenths
  const Wide error = (deviation * fixed::square_root(weight) >> (weight_bits / 2)) << y.halved;
  const std::uint64_t before = result.estimate.standard_error;
  Estimate& e = result.estimate;
  constexpr auto most = static_cast<WideSigned>(unbounded);
  const WideSigned corrected =
      std::clamp<WideSigned>(e.mean + (correction << y.halved), -most, most);
  result.correction = static_cast<std::int64_t>(corrected) - e.mean;
  e.mean = static_cast<std::int64_t>(corrected);
  set_error(e, error, freedom, confidence);
  if (before > 0) {
    // Of the errors by themselves first: their squares by a thousand need not fit.
    const Wide share =
        std::min<Wide>((static_cast<Wide>(e.standard_error) << 20) / before, Wide{1} << 40);
    result.left_milli = static_cast<std::uint64_t>((share * share * 1000) >> 40);
  }
  result.lag_1_milli = lag_1_milli(y.each);
  return result;
}

}  // namespace ballast
