#include "sim/base/parse.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

#include "sim/base/text.h"
#include "sim/base/wide.h"

namespace ballast {
namespace {

constexpr std::string_view duration_limit = "in whole nanoseconds and at most 292 years";
constexpr std::string_view ratio_limit = "with numerator and denominator below 2^64";
constexpr std::string_view rate_limit = "with a count below 2^64 in whole nanoseconds";

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};
constexpr std::array<Unit, 6> units{{{"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1},
                                     {"m", 60'000'000'000},
                                     {"h", 3'600'000'000'000}}};

std::uint64_t unit_ns(std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.ns;
  }
  return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

// digits / 10^decimals, where decimals may be negative and digits does not end in a zero.
struct Decimal {
  Wide digits = 0;
  int decimals = 0;
};

enum class Taken { no_number, too_long, number };

// Far beyond every exponent and every number of digits that can be held; keeps the sums below
// within int.
constexpr int far = 1'000'000;

constexpr Wide power_of_ten(int n) {
  Wide p = 1;
  for (; n > 0; --n) p *= 10;
  return p;
}

// Takes a decimal number from the front of `text`, with an exponent only if one may stand there: in
// "2e-2" but not in a duration. 37 digits fit the 128 bits of Wide.
Taken take_decimal(std::string_view& text, Decimal& out, bool exponent) {
  const std::size_t whole = count_digits(text);
  if (whole == 0) return Taken::no_number;
  std::string digits(text.substr(0, whole));
  text.remove_prefix(whole);
  std::int64_t decimals = 0;
  if (!text.empty() && text[0] == '.') {
    const std::size_t part = count_digits(text.substr(1));
    if (part == 0) return Taken::no_number;
    digits += text.substr(1, part);
    decimals = static_cast<std::int64_t>(part);
    text.remove_prefix(1 + part);
  }
  if (exponent && !text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    const std::size_t length = count_digits(text);
    if (length == 0) return Taken::no_number;
    int power = far;
    std::from_chars(text.data(), text.data() + length, power);  // leaves `far` if out of range
    decimals += negative ? power : -power;
    text.remove_prefix(length);
  }
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    --decimals;
  }
  digits.erase(0, digits.find_first_not_of('0'));
  out = {};
  if (digits.empty()) return Taken::number;
  if (digits.size() > 37 || decimals > 37 || decimals < -37) return Taken::too_long;
  for (const char c : digits) out.digits = out.digits * 10 + static_cast<unsigned>(c - '0');
  out.decimals = static_cast<int>(decimals);
  return Taken::number;
}

constexpr Wide gcd(Wide a, Wide b) {
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// a * b, if it is at most `limit`.
std::optional<std::uint64_t> product(Wide a, Wide b, std::uint64_t limit) {
  if (a != 0 && b > limit / a) return std::nullopt;
  return static_cast<std::uint64_t>(a * b);
}

struct Fraction {
  std::uint64_t over = 0;
  std::uint64_t under = 1;
};

// d * times / by in lowest terms, if both parts are within their limits. REQUIRES times and by to
// be positive and one of them to be 1.
std::optional<Fraction> fraction(const Decimal& d, std::uint64_t times, std::uint64_t by,
                                 std::uint64_t over_limit, std::uint64_t under_limit) {
  if (d.digits == 0) return Fraction{};
  // Common factors go first, crosswise, so that only what is left is multiplied.
  const auto cancel = [](Wide& x, Wide& y) {
    const Wide g = gcd(x, y);
    x /= g;
    y /= g;
  };
  Wide digits = d.digits;
  Wide factor = times;
  Wide divisor = by;
  Wide scale = power_of_ten(d.decimals < 0 ? -d.decimals : d.decimals);
  cancel(digits, divisor);
  if (d.decimals < 0) {
    cancel(scale, divisor);
    const std::optional<std::uint64_t> scaled = product(factor, scale, over_limit);
    if (!scaled) return std::nullopt;
    factor = *scaled;
    scale = 1;
  } else {
    cancel(digits, scale);
    cancel(factor, scale);
  }
  const std::optional<std::uint64_t> over = product(digits, factor, over_limit);
  const std::optional<std::uint64_t> under = product(divisor, scale, under_limit);
  if (!over || !under) return std::nullopt;
  return Fraction{*over, *under};
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), n);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return n;
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  Decimal number;
  const Taken taken = take_decimal(text, number, false);
  const std::uint64_t unit = unit_ns(text);
  if (taken == Taken::no_number || unit == 0) return {};
  if (taken == Taken::too_long) return {{}, duration_limit};
  const std::optional<Fraction> ns = fraction(number, unit, 1, longest, 1);
  if (!ns) return {{}, duration_limit};
  const auto length = static_cast<std::int64_t>(ns->over);
  return {Duration{negative ? -length : length}, {}};
}

Parsed<Ratio> parse_ratio(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::optional<std::uint64_t> over = whole_number(text.substr(0, slash));
    const std::optional<std::uint64_t> under = whole_number(text.substr(slash + 1));
    if (!over || !under || *under == 0) return {};
    return {Ratio{*over, *under}.reduced(), {}};
  }
  Decimal number;
  const Taken taken = take_decimal(text, number, true);
  const bool percent = text == "%";
  if (taken == Taken::no_number || (!text.empty() && !percent)) return {};
  if (taken == Taken::too_long) return {{}, ratio_limit};
  const std::optional<Fraction> exact = fraction(number, 1, percent ? 100 : 1, largest, largest);
  if (!exact) return {{}, ratio_limit};
  return {Ratio{exact->over, exact->under}, {}};
}

Parsed<Rate> parse_rate(std::string_view text) {
  Decimal number;
  const Taken taken = take_decimal(text, number, false);
  if (taken == Taken::no_number || text.empty() || text[0] != '/') return {};
  text.remove_prefix(1);
  std::uint64_t per = unit_ns(text);
  if (per == 0) {
    const Parsed<Duration> span = parse_duration(text);
    if (!span.value || span.value->ns <= 0) return {};
    per = static_cast<std::uint64_t>(span.value->ns);
  }
  if (taken == Taken::too_long) return {{}, rate_limit};
  if (number.digits == 0) return {Rate{}, {}};
  const std::optional<Fraction> exact = fraction(number, 1, per, largest, longest);
  if (!exact) return {{}, rate_limit};
  return {Rate{exact->over, {static_cast<std::int64_t>(exact->under)}}, {}};
}

std::string to_text(const Rate& rate) {
  for (const Unit& unit : units) {
    const Wide times = static_cast<Wide>(rate.count) * unit.ns;
    const auto per = static_cast<std::uint64_t>(rate.per.ns);
    if (times % per == 0 && times / per <= largest) {
      return std::to_string(static_cast<std::uint64_t>(times / per)) + "/" + std::string(unit.name);
    }
  }
  const Rate exact = rate.reduced();
  return std::to_string(exact.count) + "/" + to_text(exact.per);
}

}  // namespace ballast
