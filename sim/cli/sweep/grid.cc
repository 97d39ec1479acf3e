#include "sim/cli/sweep/grid.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sim/base/parse.h"
#include "sim/base/text.h"
#include "sim/base/value.h"
#include "sim/base/wide.h"

namespace ballast {
namespace {

// The parts between separators that stand neither in brackets nor in quotes.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == separator && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

// A decimal number and what follows it: digits / 10^decimals, "%".
struct Quantity {
  WideSigned digits = 0;
  int decimals = 0;
  std::string_view unit;
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  constexpr std::size_t most_digits = 17;
  Quantity q;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  std::size_t digits = 0;
  bool point = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text[0];
    if (c == '.' && !point && digits > 0) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      q.digits = q.digits * 10 + (c - '0');
      if (point) ++q.decimals;
      ++digits;
    } else {
      break;
    }
  }
  if (digits == 0 || digits > most_digits || (point && q.decimals == 0)) return std::nullopt;
  if (negative) q.digits = -q.digits;
  q.unit = text;
  return q;
}

std::string decimal(WideSigned digits, int decimals) {
  std::string text = fixed_point(static_cast<std::int64_t>(digits), decimals);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// From, to and step as whole numbers of one unit, and how such a number is written.
struct Steps {
  WideSigned from = 0;
  WideSigned to = 0;
  WideSigned by = 0;
  bool duration = false;  // else a decimal
  int decimals = 0;
  std::string unit;

  std::string text(WideSigned at) const {
    if (duration) return to_text(Duration{static_cast<std::int64_t>(at)});
    return decimal(at, decimals) + unit;
  }
};

std::optional<Steps> parse_steps(const std::vector<std::string_view>& parts) {
  constexpr WideSigned most = 1'000'000'000'000'000'000;
  std::vector<Quantity> q;
  for (const std::string_view part : parts) {
    const std::optional<Quantity> each = parse_quantity(part);
    if (!each) return std::nullopt;
    q.push_back(*each);
  }
  if (q[0].unit == q[1].unit && q[1].unit == q[2].unit) {
    const int decimals = std::max({q[0].decimals, q[1].decimals, q[2].decimals});
    for (Quantity& each : q) {
      for (; each.decimals < decimals; ++each.decimals) each.digits *= 10;
      if (each.digits > most || each.digits < -most) return std::nullopt;
    }
    return Steps{q[0].digits, q[1].digits, q[2].digits, false, decimals, std::string(q[0].unit)};
  }
  std::vector<std::int64_t> ns;
  for (const std::string_view part : parts) {
    const Parsed<Duration> each = parse_duration(part);
    if (!each.value) return std::nullopt;
    ns.push_back(each.value->ns);
  }
  return Steps{ns[0], ns[1], ns[2], true, 0, {}};
}

std::string parse_range(std::string_view text, const std::vector<std::string_view>& parts,
                        GridAxis& out) {
  const std::optional<Steps> steps = parse_steps(parts);
  if (!steps) {
    return in_quotes(text) +
           " is no range; expected FROM:TO:STEP, three numbers of one unit or three durations";
  }
  if (steps->by <= 0)
    return in_quotes(text) + " has a step that leads nowhere; expected one above 0";
  if (steps->from > steps->to) return in_quotes(text) + " counts down; expected the smaller first";
  constexpr auto most = static_cast<WideSigned>(GridAxis::most_values);
  if ((steps->to - steps->from) / steps->by >= most) {
    return in_quotes(text) + " is more than " + with_commas(GridAxis::most_values) + " values";
  }
  for (WideSigned at = steps->from; at <= steps->to; at += steps->by) {
    out.values.push_back(steps->text(at));
  }
  return {};
}

}  // namespace

std::string parse_grid(std::string_view text, GridAxis& out) {
  const std::size_t equals = text.find('=');
  out = {std::string(text.substr(0, equals)), {}};
  if (equals == std::string_view::npos || equals == 0) {
    return in_quotes(text) + " is no grid; expected PATH=FROM:TO:STEP or PATH=A,B,C";
  }
  const std::string_view values = text.substr(equals + 1);
  const std::vector<std::string_view> list = split(values, ',');
  const std::vector<std::string_view> range = split(values, ':');
  if (list.size() == 1 && range.size() == 3) return parse_range(values, range, out);
  if (list.size() > GridAxis::most_values) {
    return in_quotes(text) + " is more than " + with_commas(GridAxis::most_values) + " values";
  }
  for (const std::string_view value : list) {
    if (value.empty()) return in_quotes(text) + " has an empty value";
    if (std::find(out.values.begin(), out.values.end(), value) != out.values.end()) {
      return in_quotes(text) + " has the value " + in_quotes(value) + " twice";
    }
    out.values.emplace_back(value);
  }
  return {};
}

}  // namespace ballast
