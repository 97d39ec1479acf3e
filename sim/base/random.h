// Keyed randomness. A draw depends on (seed, purpose, entity, count) and on nothing that other
// entities did, so that taking one fault, one node or one observer away leaves every other draw as
// it was. Shrinking, paired comparison and replay all rest on this.
#pragma once

#include <cstdint>

#include "sim/base/wide.h"

namespace ballast {

// What a draw decides. Each purpose is a family of streams of its own. The numbers are part of the
// meaning of a seed: append, never renumber.
enum class Purpose : std::uint64_t {
  delay = 1,            // how long a message takes on a directed link
  loss = 2,             // whether it is lost there
  duplicate = 3,        // whether it is delivered twice
  copy_delay = 4,       // how long the second copy takes
  timer = 5,            // the length of a node's timer within the range it asked for
  choice = 6,           // Step::choose
  flush = 7,            // how long a disk takes to make a write durable
  arrival = 8,          // when a client sends its next request
  operation = 9,        // what that request is
  key = 10,             // which key it touches
  work = 11,            // how much work it is, as a quantile of the server's law
  retry = 12,           // where a client turns next and how long it waits
  tie = 13,             // the order of events at one instant, when the scenario wants it shuffled
  topology = 14,        // the edges of a random graph
  clock = 15,           // the offset and drift of a node's clock
  fault = 16,           // which target a random selector hits
  hop_delay = 17,       // delays of the later hops of a routed message
  link_condition = 18,  // what a condition of a link does to a message
  condition = 30,       // what a condition of a node draws: service times, delays of timers
  damage = 31,          // what a crash or a damage leaves of a journal
  submit = 32,          // which requests a client sends twice
  nemesis = 40,         // which faults a sweep invents, and when
  swarm = 41,           // which options and which network it invents besides
  core = 42,            // which nodes are healed for the liveness phase
};

// A full-avalanche bijection of 64-bit words: Stafford's variant 13 of the MurmurHash3 finaliser,
// as in SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// The key of a stream: every word passes through its own finaliser, so that neighbouring seeds,
// purposes and entities are unrelated.
constexpr std::uint64_t stream_key(std::uint64_t seed, Purpose purpose, std::uint64_t entity) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15u;
  std::uint64_t key = mix(seed + golden);
  key = mix(key ^ mix(static_cast<std::uint64_t>(purpose) * golden));
  return mix(key ^ mix(entity * golden + 1));
}

// Draw number `count` of a stream: SplitMix64 started at the key.
constexpr std::uint64_t draw(std::uint64_t key, std::uint64_t count) {
  return mix(key + (count + 1) * 0x9E3779B97F4A7C15u);
}

// Maps a uniform word onto [0, n). One word, no rejection: the relative bias is below n / 2^64,
// under one in 10^9 for every n up to 10^10, and a draw is always exactly one draw.
constexpr std::uint64_t scale(std::uint64_t word, std::uint64_t n) {
  return multiply_high(word, n);
}

// One entity's own sequence of draws for one purpose. A value: copying it forks the future.
class Stream {
 public:
  constexpr Stream() = default;
  constexpr Stream(std::uint64_t seed, Purpose purpose, std::uint64_t entity)
      : key_(stream_key(seed, purpose, entity)) {}

  constexpr std::uint64_t next() { return draw(key_, count_++); }
  constexpr std::uint64_t below(std::uint64_t n) { return scale(next(), n); }
  constexpr std::uint64_t count() const { return count_; }

 private:
  std::uint64_t key_ = 0;
  std::uint64_t count_ = 0;
};

// A number from `least`, above 0, to `most`, evenly over orders of magnitude: an octave by chance,
// then a number in it.
constexpr std::uint64_t log_uniform(Stream& dice, std::uint64_t least, std::uint64_t most) {
  std::uint64_t octaves = 1;
  while (octaves < 64 && (most >> octaves) >= least) ++octaves;
  const std::uint64_t low = least << dice.below(octaves);
  const std::uint64_t high = low <= most - low ? low * 2 - 1 : most;
  return low + dice.below(high - low + 1);
}

}  // namespace ballast
