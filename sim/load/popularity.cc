#include "sim/load/popularity.h"

#include <algorithm>
#include <utility>

#include "sim/base/fixed_math.h"
#include "sim/base/random.h"

namespace ballast {

KeyPicker::KeyPicker(const Popularity& popularity, std::uint64_t keys) : keys_(keys) {
  if (const auto* hot = std::get_if<HotKeys>(&popularity)) {
    hot_keys_ = std::min(hot->count, keys);
    const Wide words = (static_cast<Wide>(hot->share.numerator) << 64) / hot->share.denominator;
    hot_words_ = static_cast<std::uint64_t>(std::min<Wide>(words, ~std::uint64_t{0}));
    if (hot_keys_ == keys) hot_words_ = 0;  // all alike
    return;
  }
  const auto* zipf = std::get_if<ZipfKeys>(&popularity);
  if (zipf == nullptr || zipf->exponent.is_zero()) return;
  constexpr std::int64_t one = std::int64_t{1} << 42;  // a million of them stay below 2^62
  std::vector<std::uint64_t> sums;
  std::uint64_t sum = 0;
  for (std::uint64_t k = 1; k <= keys; ++k) {
    // k^-exponent = 2^(-exponent * log2 k)
    const std::uint64_t log2 = (std::uint64_t{64} << 56) - fixed::minus_log2(k);
    const Wide exponent =
        static_cast<Wide>(log2) * zipf->exponent.numerator / zipf->exponent.denominator;
    constexpr Wide most = Wide{120} << 56;
    const auto halvings = static_cast<std::int64_t>(std::min(exponent, most));
    sum += static_cast<std::uint64_t>(fixed::times_power_of_two(one, -halvings));
    sums.push_back(sum);
  }
  sums_ = std::make_shared<const std::vector<std::uint64_t>>(std::move(sums));
}

std::uint64_t KeyPicker::pick(std::uint64_t word) const {
  if (sums_ != nullptr) {
    const std::uint64_t place = scale(word, sums_->back());
    const auto key = std::upper_bound(sums_->begin(), sums_->end(), place);
    return static_cast<std::uint64_t>(key - sums_->begin());
  }
  if (hot_words_ == 0 && hot_keys_ == 0) return scale(word, keys_);
  // `of` words, of which 0 stands for all 2^64.
  const auto part = [](std::uint64_t x, std::uint64_t of, std::uint64_t keys) {
    return of == 0 ? scale(x, keys) : static_cast<std::uint64_t>(static_cast<Wide>(x) * keys / of);
  };
  if (word < hot_words_) return part(word, hot_words_, hot_keys_);
  if (hot_keys_ == keys_) return scale(word, keys_);
  return hot_keys_ + part(word - hot_words_, 0 - hot_words_, keys_ - hot_keys_);
}

}  // namespace ballast
