#include "algorithms/balancing/hashing.h"

#include <bit>

#include "sim/base/wide.h"

namespace ballast::balancing {
namespace {

std::uint64_t load(std::string_view bytes, std::size_t at, unsigned count) {
  std::uint64_t word = 0;
  for (unsigned i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return word;
}

// --- xxHash -------------------------------------------------------------------------------------

constexpr std::uint64_t prime_1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t prime_2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t prime_3 = 0x165667B19E3779F9;
constexpr std::uint64_t prime_4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t prime_5 = 0x27D4EB2F165667C5;

std::uint64_t round_of(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * prime_2, 31) * prime_1;
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t word = i;
    for (int bit = 0; bit < 8; ++bit) word = word >> 1 ^ ((word & 1) != 0 ? 0xEDB88320 : 0);
    table[i] = word;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();

}  // namespace

std::uint64_t xx_hash(std::string_view bytes, std::uint64_t seed) {
  std::size_t at = 0;
  std::uint64_t hash = seed + prime_5;
  if (bytes.size() >= 32) {
    std::uint64_t lanes[4] = {seed + prime_1 + prime_2, seed + prime_2, seed, seed - prime_1};
    for (; at + 32 <= bytes.size(); at += 32) {
      for (unsigned i = 0; i < 4; ++i) lanes[i] = round_of(lanes[i], load(bytes, at + 8 * i, 8));
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) hash = (hash ^ round_of(0, lane)) * prime_1 + prime_4;
  }
  hash += bytes.size();
  for (; at + 8 <= bytes.size(); at += 8) {
    hash = std::rotl(hash ^ round_of(0, load(bytes, at, 8)), 27) * prime_1 + prime_4;
  }
  if (at + 4 <= bytes.size()) {
    hash = std::rotl(hash ^ load(bytes, at, 4) * prime_1, 23) * prime_2 + prime_3;
    at += 4;
  }
  for (; at < bytes.size(); ++at) {
    hash = std::rotl(hash ^ load(bytes, at, 1) * prime_5, 11) * prime_1;
  }
  hash = (hash ^ hash >> 33) * prime_2;
  hash = (hash ^ hash >> 29) * prime_3;
  return hash ^ hash >> 32;
}

std::uint64_t murmur_hash(std::string_view bytes, std::uint64_t seed) {
  constexpr std::uint64_t m = 0xC6A4A7935BD1E995;
  std::uint64_t hash = seed ^ bytes.size() * m;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = load(bytes, at, 8) * m;
    word = (word ^ word >> 47) * m;
    hash = (hash ^ word) * m;
  }
  if (at < bytes.size()) {
    hash = (hash ^ load(bytes, at, static_cast<unsigned>(bytes.size() - at))) * m;
  }
  hash = (hash ^ hash >> 47) * m;
  return hash ^ hash >> 47;
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t previous) {
  std::uint32_t sum = ~previous;
  for (const char byte : bytes) {
    sum = crc_table[(sum ^ static_cast<unsigned char>(byte)) & 0xFF] ^ sum >> 8;
  }
  return ~sum;
}

std::uint32_t sdbm_hash(std::string_view bytes) {
  std::uint32_t hash = 0;
  for (const char byte : bytes) {
    hash = static_cast<unsigned char>(byte) + (hash << 6) + (hash << 16) - hash;
  }
  return hash;
}

std::uint32_t full_avalanche(std::uint32_t word) {
  word = (word + 0x7ED55D16) + (word << 12);
  word = (word ^ 0xC761C23C) ^ (word >> 19);
  word = (word + 0x165667B1) + (word << 5);
  word = (word + 0xD3A2646C) ^ (word << 9);
  word = (word + 0xFD7046C5) + (word << 3);
  word = (word ^ 0xB55A4F09) ^ (word >> 16);
  return word * 3221225473u;
}

std::uint64_t jump_hash(std::uint64_t key, std::uint64_t n) {
  std::uint64_t bucket = 0;
  Wide next = 0;
  while (next < n) {
    bucket = static_cast<std::uint64_t>(next);
    key = key * 2862933555777941757u + 1;
    next = (static_cast<Wide>(bucket + 1) << 31) / ((key >> 33) + 1);
  }
  return bucket;
}

// --- Mersenne Twister ---------------------------------------------------------------------------

MersenneTwister::MersenneTwister(std::uint32_t seed) {
  state_[0] = seed;
  for (std::uint32_t i = 1; i < 624; ++i) {
    state_[i] = 1812433253 * (state_[i - 1] ^ state_[i - 1] >> 30) + i;
  }
}

std::uint32_t MersenneTwister::next() {
  if (at_ == state_.size()) refill();
  std::uint32_t word = state_[at_++];
  word ^= word >> 11;
  word ^= word << 7 & 0x9D2C5680;
  word ^= word << 15 & 0xEFC60000;
  return word ^ word >> 18;
}

void MersenneTwister::refill() {
  for (std::size_t i = 0; i < 624; ++i) {
    const std::uint32_t word = (state_[i] & 0x80000000) | (state_[(i + 1) % 624] & 0x7FFFFFFF);
    state_[i] = state_[(i + 397) % 624] ^ word >> 1 ^ ((word & 1) != 0 ? 0x9908B0DF : 0);
  }
  at_ = 0;
}

}  // namespace ballast::balancing
