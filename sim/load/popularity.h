// Which keys clients choose how often.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/ratio.h"

namespace ballast {

struct UniformKeys {
  static constexpr std::string_view name = "uniform";
  static constexpr std::string_view doc = "Each key equally often.";
  static constexpr auto fields = Fields{};
};

struct ZipfKeys {
  static constexpr std::int64_t greatest_exponent = 10;
  Ratio exponent{1, 1};
  static constexpr std::string_view name = "zipf";
  static constexpr std::string_view doc =
      "Zipf's law: the k-th key, from 1, in proportion to 1 / k^exponent. Key 0 is the first.";
  static constexpr auto fields =
      Fields{field("exponent", &ZipfKeys::exponent, "Greater is more skewed; 0 is uniform.")
                 .at_most(greatest_exponent)};
};

struct HotKeys {
  Ratio share{1, 2};
  std::uint64_t count = 1;
  static constexpr std::string_view name = "hot";
  static constexpr std::string_view doc =
      "A few keys, the first ones, have a share of all requests; the others share the rest.";
  static constexpr auto fields =
      Fields{field("share", &HotKeys::share, "What the hot keys have together."),
             field("count", &HotKeys::count, "How many are hot.").at_least(1)};
};

using Popularity = std::variant<UniformKeys, ZipfKeys, HotKeys>;

// One uniform word in, one key out: by inversion, in integers.
class KeyPicker {
 public:
  KeyPicker() = default;
  KeyPicker(const Popularity& popularity, std::uint64_t keys);
  std::uint64_t pick(std::uint64_t word) const;

 private:
  std::uint64_t keys_ = 1;
  std::uint64_t hot_keys_ = 0;
  std::uint64_t hot_words_ = 0;  // the words below this are for them
  // Zipf: the sum of the weights of a key and of all before it. Copies of a client share it.
  std::shared_ptr<const std::vector<std::uint64_t>> sums_;
};

}  // namespace ballast
