// Fingerprints of a run on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "sim/scenario/run.h"

namespace ballast {

// Takes a fingerprint every so many events; when there are too many, every second one is dropped
// and the interval doubled, so that the memory stays the same however long the run is.
class PrefixTaker {
 public:
  void look(const World& world) {
    if (world.counters().events < next_) return;
    prefixes_.hashes.push_back(world.fingerprint());
    if (prefixes_.hashes.size() == most) {
      for (std::size_t i = 0; i < most / 2; ++i) prefixes_.hashes[i] = prefixes_.hashes[2 * i + 1];
      prefixes_.hashes.resize(most / 2);
      prefixes_.interval *= 2;
    }
    next_ = (prefixes_.hashes.size() + 1) * prefixes_.interval;
  }
  PrefixHashes take() { return std::move(prefixes_); }

 private:
  static constexpr std::size_t most = 512;
  PrefixHashes prefixes_;
  std::uint64_t next_ = PrefixHashes{}.interval;
};

}  // namespace ballast
