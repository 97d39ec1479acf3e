#include "sim/cli/seeds.h"

#include <charconv>

namespace ballast {

std::optional<std::uint64_t> parse_seed(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    return std::nullopt;  // elsewhere that means octal
  }
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seed, base);
  if (text.empty() || parsed.ptr != end || parsed.ec != std::errc{}) return std::nullopt;
  return seed;
}

std::string SeedList::parse(std::string_view text) {
  *this = {};
  text_ = text;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    const std::size_t dots = item.find("..");
    const auto first = parse_seed(item.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : parse_seed(item.substr(dots + 2));
    const std::string quoted = "\"" + std::string(item) + "\"";
    if (!first || !last) {
      return quoted +
             " is no seed and no range of seeds; expected a number from 0 to 2^64 - 1, in decimal "
             "or after 0x, or A..B";
    }
    if (*first > *last) return quoted + " counts down; expected the smaller seed first";
    for (const Range& range : ranges_) {
      if (*first <= range.last && range.first <= *last) {
        return quoted + " repeats a seed that was named before";
      }
    }
    if (*last - *first >= most || size_ + (*last - *first) + 1 > most) {
      return "these are more than 1,000,000,000 seeds";
    }
    ranges_.push_back({*first, *last});
    size_ += *last - *first + 1;
  }
  return {};
}

std::uint64_t SeedList::operator[](std::uint64_t index) const {
  for (const Range& range : ranges_) {
    const std::uint64_t count = range.last - range.first + 1;
    if (index < count) return range.first + index;
    index -= count;
  }
  return 0;
}

}  // namespace ballast
