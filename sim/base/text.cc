#include "sim/base/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ballast {
namespace {

std::string digits(std::uint64_t number) { return std::to_string(number); }

// whole.fraction with trailing zeros of the fraction removed down to `keep` decimals.
std::string decimal(std::uint64_t number, int decimals, int keep) {
  std::string text = digits(number);
  if (text.size() <= static_cast<std::size_t>(decimals)) {
    text.insert(0, static_cast<std::size_t>(decimals) + 1 - text.size(), '0');
  }
  if (decimals == 0) return text;
  text.insert(text.size() - static_cast<std::size_t>(decimals), 1, '.');
  int shown = decimals;
  while (shown > keep && text.back() == '0') {
    text.pop_back();
    --shown;
  }
  if (text.back() == '.') text.pop_back();
  return text;
}

std::uint64_t magnitude(std::int64_t v) {
  return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
}

}  // namespace

std::string to_text(Duration d) {
  struct Unit {
    std::string_view name;
    int decimals;
  };
  // The largest unit in which no more than one decimal is needed reads best; nanoseconds always do.
  static constexpr std::array<Unit, 4> units{{{"s", 9}, {"ms", 6}, {"us", 3}, {"ns", 0}}};
  const std::string sign = d.ns < 0 ? "-" : "";
  const std::uint64_t ns = magnitude(d.ns);
  if (ns == 0) return "0s";
  std::uint64_t scale = 1'000'000'000;
  for (const Unit& unit : units) {
    if (unit.decimals == 0 || (ns >= scale && ns % (scale / 10) == 0)) {
      return sign + decimal(ns, unit.decimals, 0) + std::string(unit.name);
    }
    scale /= 1000;
  }
  return sign + digits(ns) + "ns";
}

std::string to_text(Time t) {
  return (t.ns < 0 ? "-" : "") + decimal(magnitude(t.ns), 9, 3) + " s";
}

std::string to_text(const Ratio& r) {
  const Ratio exact = r.reduced();
  if (exact.denominator == 1) return digits(exact.numerator);
  return digits(exact.numerator) + "/" + digits(exact.denominator);
}

std::string to_text(NodeId node) { return "n" + digits(node.value); }

std::string to_hex(std::uint64_t word) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; word >>= 4) text[i] = hex[word & 15];
  return text;
}

std::string with_commas(std::uint64_t number) {
  std::string text = digits(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string fixed_point(std::int64_t value, int decimals) {
  return (value < 0 ? "-" : "") + decimal(magnitude(value), decimals, decimals);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace ballast
