#include "sim/base/describe.h"

namespace ballast {

// Eight bytes to a word, little-endian by construction rather than by the host's byte order.
void fold(Fingerprint& f, std::string_view text) {
  f.fold(text.size());
  std::uint64_t word = 0;
  int filled = 0;
  for (const char c : text) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << (8 * filled);
    if (++filled == 8) {
      f.fold(word);
      word = 0;
      filled = 0;
    }
  }
  if (filled > 0) f.fold(word);
}

}  // namespace ballast
