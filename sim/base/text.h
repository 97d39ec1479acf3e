// Values as people read and write them. Integer arithmetic only; the locale has no say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/ids.h"
#include "sim/base/ratio.h"
#include "sim/base/time.h"

namespace ballast {

// The shortest exact form with one unit: "150ms", "1.5s", "20us", "7ns", "0s". Parses back to the
// same value.
std::string to_text(Duration d);

// A time for a table or a sentence: seconds with three to nine decimals, as few as are exact
// ("1.204 s", "0.000000007 s").
std::string to_text(Time t);

// The exact form that a scenario reads back: "1/50", or "0" and "1".
std::string to_text(const Ratio& r);

// "n3".
std::string to_text(NodeId node);

// Sixteen lower-case hexadecimal digits.
std::string to_hex(std::uint64_t word);

// Thousands separated by commas: "18,233".
std::string with_commas(std::uint64_t number);

// value / 10^decimals as a decimal with exactly that many decimals: fixed(12345, 3) is "12.345".
std::string fixed_point(std::int64_t value, int decimals);

// The number of single-letter insertions, deletions, substitutions and swaps of neighbours that
// turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ballast
