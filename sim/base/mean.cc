#include "sim/base/mean.h"

#include <cstdint>

#include "sim/base/wide.h"

namespace ballast {

Duration mean_of(const Distribution& law) {
  constexpr std::uint64_t samples = 256;
  constexpr int halvings = 54;  // the last piece is as fine as a word is wide
  Wide sum = 0;                 // of the means of the pieces by their shares, in 2^-54
  std::uint64_t begin = 0;
  for (int piece = 1; piece <= halvings; ++piece) {
    const std::uint64_t width = std::uint64_t{1} << (64 - piece);
    const std::uint64_t step = width / samples;
    Wide values = 0;
    for (std::uint64_t i = 0; i < samples; ++i) {
      values += static_cast<std::uint64_t>(law.at(begin + i * step + step / 2).ns);
    }
    sum += values / samples << (halvings - piece);
    begin += width;
  }
  sum += static_cast<std::uint64_t>(law.max().ns);  // what the halvings leave
  return {static_cast<std::int64_t>(static_cast<std::uint64_t>(sum >> halvings))};
}

}  // namespace ballast
