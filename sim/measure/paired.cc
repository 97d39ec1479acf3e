#include "sim/measure/paired.h"

#include <algorithm>

#include "sim/base/wide.h"

namespace ballast {

Ratio for_all(Ratio confidence, std::uint64_t intervals) {
  const Ratio c = confidence.reduced();
  return Ratio{c.denominator * intervals - (c.denominator - c.numerator), c.denominator * intervals}
      .reduced();
}

std::vector<Difference> differences(std::span<const std::vector<std::int64_t>> values,
                                    Ratio confidence) {
  std::vector<Difference> all;
  for (std::size_t a = 0; a < values.size(); ++a) {
    for (std::size_t b = a + 1; b < values.size(); ++b) {
      if (values.size() > most_paired_ways && a > 0) continue;
      Difference& pair = all.emplace_back();
      pair.a = a;
      pair.b = b;
    }
  }
  const auto variance = [](const Estimate& e) {
    return static_cast<Wide>(e.standard_error) * e.standard_error;
  };
  for (Difference& pair : all) {
    std::vector<std::int64_t> off;
    for (std::size_t i = 0; i < values[pair.a].size(); ++i) {
      off.push_back(values[pair.a][i] - values[pair.b][i]);
    }
    pair.estimate = estimate(off, for_all(confidence, all.size()));
    const Wide together = variance(pair.estimate);
    const Wide apart = variance(estimate(values[pair.a], confidence)) +
                       variance(estimate(values[pair.b], confidence));
    if (together == 0) continue;
    constexpr Wide most = 1'000'000'000;
    pair.gain_milli = static_cast<std::uint64_t>(
        std::min(most, apart / together * 1000 + apart % together * 1000 / together));
  }
  return all;
}

}  // namespace ballast
