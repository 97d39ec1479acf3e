#include "sim/base/distribution.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/base/assert.h"
#include "sim/base/text.h"

namespace ballast {
namespace {

quantile::Bounds bounds(Duration min, const std::optional<Duration>& max) {
  return {min.ns, max.value_or(Duration::max()).ns};
}
std::optional<quantile::Normal> quantile_of(const law::Normal& p) {
  return quantile::Normal::within(bounds(p.min, p.max), p.mean.ns, p.deviation.ns);
}

// --- What can be wrong ---------------------------------------------------------------------------

std::string negative(std::string_view what, Duration d) {
  return d.ns < 0 ? std::string(what) + " is negative: " + to_text(d) : std::string();
}
std::string disordered(std::string_view low, Duration a, std::string_view high, Duration b) {
  if (a <= b) return {};
  return std::string(low) + " is " + to_text(a) + ", which is more than " + std::string(high) +
         ", " + to_text(b);
}
std::string wrong_bounds(Duration min, const std::optional<Duration>& max) {
  std::string problem = negative("min", min);
  if (problem.empty() && max) problem = disordered("min", min, "max", *max);
  return problem;
}
template <class... Texts>
std::string first_of(Texts... problems) {
  std::string first;
  ((first.empty() ? void(first = std::move(problems)) : void()), ...);
  return first;
}

}  // namespace

namespace law {

std::string Constant::problem() const { return negative("value", value); }

std::string Uniform::problem() const {
  return first_of(negative("the lower bound", range.min),
                  disordered("the lower bound", range.min, "the upper bound", range.max));
}

std::string Exponential::problem() const {
  return first_of(negative("mean", mean), wrong_bounds(min, max));
}

std::string Normal::problem() const {
  const std::string problem = first_of(negative("mean", mean), wrong_bounds(min, max));
  if (!problem.empty()) return problem;
  if (deviation.ns <= 0) return "deviation is " + to_text(deviation) + "; it must be positive";
  if (!quantile_of(*this)) return "min and max leave less than one part in 10^12 of the law";
  return {};
}

std::string Lognormal::problem() const {
  const std::string problem = first_of(negative("median", median), wrong_bounds(min, max));
  if (!problem.empty()) return problem;
  if (sigma.is_zero()) return "sigma is 0; it must be positive";
  if (Ratio{static_cast<std::uint64_t>(greatest_sigma), 1} < sigma) {
    return "sigma is " + to_text(sigma) + "; it is at most " + std::to_string(greatest_sigma);
  }
  return {};
}

std::string Pareto::problem() const {
  if (min.ns < 1) return "min is " + to_text(min) + "; it must be positive";
  const std::string problem = disordered("min", min, "max", max);
  if (!problem.empty()) return problem;
  if (alpha < Ratio{1, 100} || Ratio{static_cast<std::uint64_t>(greatest_alpha), 1} < alpha) {
    return "alpha is " + to_text(alpha) + "; it must lie between 1/100 and " +
           std::to_string(greatest_alpha);
  }
  return {};
}

std::string Bimodal::problem() const {
  const std::string problem =
      first_of(negative("fast", fast), disordered("fast", fast, "slow", slow));
  if (!problem.empty()) return problem;
  if (Ratio{1, 1} < slow_share) return "slow_share is " + to_text(slow_share) + ", more than 1";
  return {};
}

std::string Empirical::problem() const {
  if (points.empty()) return "there are no points";
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string at = "point " + std::to_string(i + 1);
    const std::string problem = negative("the value of " + at, points[i].value);
    if (!problem.empty()) return problem;
    if (i == 0) continue;
    if (points[i].quantile < points[i - 1].quantile) {
      return "the quantile of " + at + ", " + to_text(points[i].quantile) +
             ", is less than the one before it, " + to_text(points[i - 1].quantile);
    }
    if (points[i].value < points[i - 1].value) {
      return "the value of " + at + ", " + to_text(points[i].value) +
             ", is less than the one before it, " + to_text(points[i - 1].value);
    }
  }
  if (!(points.back().quantile == Ratio{1, 1})) {
    return "the last quantile is " + to_text(points.back().quantile) + "; it must be 1";
  }
  return {};
}

std::string Hyperexponential::problem() const {
  const std::string problem = negative("mean", mean);
  if (!problem.empty()) return problem;
  if (scv < Ratio{1, 1}) {
    return "scv is " + to_text(scv) + "; it is 1 or more, for the exponential law has 1";
  }
  if (Ratio{static_cast<std::uint64_t>(greatest_scv), 1} < scv) {
    return "scv is " + to_text(scv) + "; it is at most " + std::to_string(greatest_scv);
  }
  return {};
}

std::string Recorded::problem() const {
  if (values.empty()) return "there are no values";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string problem = negative("value " + std::to_string(i + 1), values[i]);
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace law

namespace {

// --- From parameters to functions ----------------------------------------------------------------

quantile::Function function_of(const law::Constant& p) { return quantile::Constant{p.value.ns}; }
quantile::Function function_of(const law::Uniform& p) {
  return quantile::Uniform::over({p.range.min.ns, p.range.max.ns});
}
quantile::Function function_of(const law::Exponential& p) {
  return quantile::Exponential{p.mean.ns, bounds(p.min, p.max)};
}
quantile::Function function_of(const law::Normal& p) { return *quantile_of(p); }
quantile::Function function_of(const law::Lognormal& p) {
  return quantile::Lognormal::of(p.median.ns, p.sigma, bounds(p.min, p.max));
}
quantile::Function function_of(const law::Pareto& p) {
  return quantile::Pareto::over({p.min.ns, p.max.ns}, p.alpha);
}
quantile::Function function_of(const law::Bimodal& p) {
  return quantile::Bimodal{p.fast.ns, p.slow.ns, p.slow_share};
}
quantile::Function function_of(const law::Empirical& p) {
  std::vector<quantile::Empirical::Point> points;
  for (const law::Point& point : p.points) points.push_back({point.quantile, point.value.ns});
  return quantile::Empirical::through(points);
}
quantile::Function function_of(const law::Hyperexponential& p) {
  return quantile::Hyperexponential::of(p.mean.ns, p.scv);
}
quantile::Function function_of(const law::Recorded& p) {
  std::vector<std::int64_t> values;
  for (const Duration value : p.values) values.push_back(value.ns);
  std::sort(values.begin(), values.end());
  return quantile::Recorded{std::make_shared<const std::vector<std::int64_t>>(std::move(values))};
}

}  // namespace

Distribution::Distribution(Parameters parameters) : parameters_(std::move(parameters)) {
  SIM_ASSERT(problem(parameters_).empty(), "the parameters of a distribution have been checked");
  function_ = std::visit([](const auto& p) { return function_of(p); }, parameters_);
}

std::string Distribution::problem(const Parameters& parameters) {
  return std::visit([](const auto& p) { return p.problem(); }, parameters);
}

Distribution Distribution::constant(Duration value) { return Distribution(law::Constant{value}); }
Distribution Distribution::uniform(Duration min, Duration max) {
  return Distribution(law::Uniform{{min, max}});
}
Distribution Distribution::exponential(Duration mean, Duration min, std::optional<Duration> max) {
  return Distribution(law::Exponential{mean, min, max});
}
Distribution Distribution::normal(Duration mean, Duration deviation, Duration min,
                                  std::optional<Duration> max) {
  return Distribution(law::Normal{mean, deviation, min, max});
}
Distribution Distribution::lognormal(Duration median, Ratio sigma, Duration min,
                                     std::optional<Duration> max) {
  return Distribution(law::Lognormal{median, sigma, min, max});
}
Distribution Distribution::pareto(Duration min, Duration max, Ratio alpha) {
  return Distribution(law::Pareto{min, max, alpha});
}
Distribution Distribution::bimodal(Duration fast, Duration slow, Ratio slow_share) {
  return Distribution(law::Bimodal{fast, slow, slow_share});
}
Distribution Distribution::empirical(std::vector<law::Point> points) {
  return Distribution(law::Empirical{std::move(points)});
}
Distribution Distribution::hyperexponential(Duration mean, Ratio scv) {
  return Distribution(law::Hyperexponential{mean, scv});
}
Distribution Distribution::recorded(std::vector<Duration> values) {
  return Distribution(law::Recorded{std::move(values)});
}

}  // namespace ballast
