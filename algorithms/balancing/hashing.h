// The hash functions that load balancers use, bit for bit, so that a simulated ring is the ring of
// the product. None of them is meant to resist an adversary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ballast::balancing {

// XXH64 of xxHash (Envoy, gRPC).
std::uint64_t xx_hash(std::string_view bytes, std::uint64_t seed = 0);
// MurmurHash2, 64-bit variant A (Envoy's MURMUR_HASH_2, seed 0xc70f6907).
std::uint64_t murmur_hash(std::string_view bytes, std::uint64_t seed = 0xC70F6907);
// The CRC-32 of Ethernet and zlib (nginx). `previous` continues an earlier sum.
std::uint32_t crc32(std::string_view bytes, std::uint32_t previous = 0);
// SDBM (HAProxy's default hash-type function).
std::uint32_t sdbm_hash(std::string_view bytes);
// HAProxy's full_hash: Jenkins' full-avalanche integer hash, times a prime.
std::uint32_t full_avalanche(std::uint32_t word);

// A request's key as its bytes, the lowest first.
struct KeyBytes {
  char bytes[8];
  explicit KeyBytes(std::uint64_t key) {
    for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(key >> (8 * i) & 0xFF);
  }
  std::string_view view() const { return {bytes, 8}; }
};

// Jump consistent hash: a bucket from 0 to n - 1; REQUIRES n > 0. Lamping and Veach, "A fast,
// minimal memory, consistent hash algorithm", 2014, in integers: 2^31 / ((key >> 33) + 1) times
// (b + 1), rounded down, is exact where the paper's double is.
std::uint64_t jump_hash(std::uint64_t key, std::uint64_t n);

// MT19937 (Matsumoto and Nishimura), for products that shuffle with it.
class MersenneTwister {
 public:
  explicit MersenneTwister(std::uint32_t seed);
  std::uint32_t next();

 private:
  void refill();
  std::array<std::uint32_t, 624> state_{};
  std::size_t at_ = 624;
};

}  // namespace ballast::balancing
