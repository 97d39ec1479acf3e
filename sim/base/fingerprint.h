// The fingerprint: a rolling 64-bit hash of everything that happened in a run, in order. Two runs
// with equal fingerprints are taken to be the same run, on any compiler and machine.
#pragma once

#include <cstdint>

namespace ballast {

// Folds 64-bit words in order: multiply, rotate, xor. Fields are folded in fixed width, never raw
// memory. Order matters: fold(a), fold(b) differs from fold(b), fold(a).
class Fingerprint {
 public:
  constexpr Fingerprint() = default;
  // Word by word, for a copy in one piece would have to wait until both have been stored.
  constexpr Fingerprint(const Fingerprint& f) : state_(f.state_), words_(f.words_) {}
  constexpr Fingerprint& operator=(const Fingerprint& f) {
    state_ = f.state_;
    words_ = f.words_;
    return *this;
  }

  // Changes whenever what is folded changes, so that fingerprints of two schemas never agree.
  static constexpr std::uint64_t schema = 1;

  constexpr void fold(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9FB21C651E98DF25u;
    state_ ^= state_ >> 32;
    ++words_;
  }
  constexpr std::uint64_t value() const {
    const std::uint64_t z = (state_ ^ words_) * 0xD6E8FEB86659FD93u;
    return z ^ (z >> 32);
  }
  // How many words were folded: of one value, its size in a fixed-width encoding.
  constexpr std::uint64_t words() const { return words_; }
  friend constexpr bool operator==(const Fingerprint&, const Fingerprint&) = default;

 private:
  std::uint64_t state_ = 0x243F6A8885A308D3u ^ schema;
  std::uint64_t words_ = 0;
};

}  // namespace ballast
