#include "sim/cli/interval.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace ballast {
namespace {

// The regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz's method).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  constexpr double tiny = 1e-300;
  double c = 1;
  double d = 0;
  double fraction = 1;
  for (int i = 0; i < 10'000; ++i) {
    const double m = i / 2;
    double term = 1;
    if (i > 0 && i % 2 == 0) term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    if (i % 2 == 1) term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + term * d;
    if (std::fabs(d) < tiny) d = tiny;
    d = 1 / d;
    c = 1 + term / c;
    if (std::fabs(c) < tiny) c = tiny;
    fraction *= c * d;
    if (std::fabs(1 - c * d) < 1e-14) break;
  }
  return front * (fraction - 1);
}

// The x at which I_x(a, b) reaches p.
double beta_quantile(double p, double a, double b) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = (low + high) / 2;
    (incomplete_beta(a, b, middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Interval failure_probability(std::uint64_t failures, std::uint64_t runs) {
  if (runs == 0) return {};
  const auto k = static_cast<double>(failures);
  const auto n = static_cast<double>(runs);
  if (failures == 0) return {0, 1 - std::pow(0.05, 1 / n)};
  const double low = beta_quantile(0.025, k, n - k + 1);
  const double high = failures == runs ? 1 : beta_quantile(0.975, k + 1, n - k);
  return {low, high};
}

std::string percent(double probability, Bound bound) {
  const double value = probability * 100;
  if (value <= 0) return "0 %";
  int decimals = 1 - static_cast<int>(std::floor(std::log10(value)));
  if (decimals < 0) decimals = 0;
  const double scale = std::pow(10.0, decimals);
  // A hair's breadth beside a digit is not rounded away from it.
  const double rounded =
      bound == Bound::upper ? std::ceil(value * scale - 1e-6) : std::floor(value * scale + 1e-6);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, rounded / scale);
  std::string digits(text.data());
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return digits + " %";
}

std::string decimal(double probability, Bound bound) {
  constexpr double scale = 1e6;
  const double rounded = bound == Bound::upper ? std::ceil(probability * scale - 1e-6)
                                               : std::floor(probability * scale + 1e-6);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", rounded / scale);
  return text.data();
}

}  // namespace ballast
