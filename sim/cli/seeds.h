// The seeds of a sweep, as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// A number from 0 to 2^64 - 1 in decimal, without leading zeros, or in hexadecimal after 0x.
std::optional<std::uint64_t> parse_seed(std::string_view text);

// Seeds in the order in which they were named, no seed twice.
class SeedList {
 public:
  static constexpr std::uint64_t most = 1'000'000'000;

  // "7", "1..1000", "1,5,9", "0x10..0x1f,99". Returns what is wrong, or nothing.
  std::string parse(std::string_view text);

  std::uint64_t size() const { return size_; }
  std::uint64_t operator[](std::uint64_t index) const;
  const std::string& text() const { return text_; }

 private:
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // included
  };
  std::vector<Range> ranges_;
  std::uint64_t size_ = 0;
  std::string text_;
};

}  // namespace ballast
