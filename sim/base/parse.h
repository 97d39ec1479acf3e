// Quantities from the text in which people write them: exact decimal arithmetic, no double, no
// locale. The inverse of to_text().
#pragma once

#include <optional>
#include <string_view>

#include "sim/base/rate.h"
#include "sim/base/ratio.h"
#include "sim/base/time.h"

namespace ballast {

// The value that a text stands for. Where there is none, `limit` names what a text of the right
// form exceeds ("in whole nanoseconds ..."); it is empty if the form is wrong.
template <class T>
struct Parsed {
  std::optional<T> value = {};
  std::string_view limit = {};
};

// A decimal with a unit of ns, us, ms, s, m or h: "150ms", "1.5s", "-20us". It must be a whole
// number of nanoseconds and lie within 292 years.
Parsed<Duration> parse_duration(std::string_view text);

// A decimal ("0.02", "2e-2"), a percentage ("0.5%") or a fraction of whole numbers ("1/50"), not
// negative; in lowest terms. Numerator and denominator must fit 64 bits.
Parsed<Ratio> parse_ratio(std::string_view text);

// A decimal, "/" and a unit or a positive duration: "50/s", "2.5/ms", "1/250ms"; in lowest terms.
Parsed<Rate> parse_rate(std::string_view text);

}  // namespace ballast
