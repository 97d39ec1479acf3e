// Maglev's lookup table (Eisenbud et al., "Maglev: A fast and reliable software network load
// balancer", NSDI 2016, section 3.4), weighted as in Envoy's maglev_lb.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ballast::balancing {

// A backend's permutation of the slots is offset, offset + skip, offset + 2 skip and so on, modulo
// the size of the table.
struct MaglevEntry {
  std::uint64_t offset = 0;
  std::uint64_t skip = 1;
  std::uint64_t weight = 1;
};

// The entry that each slot belongs to. In rounds, each takes its next free slot, when its turn has
// come by its weight. REQUIRES an entry; `size` is prime, offsets are below it, skips from 1 to
// size - 1.
std::vector<std::uint32_t> maglev_table(std::span<const MaglevEntry> entries, std::uint64_t size);

// The entry of a backend of this name: offset and skip are two hashes of it.
MaglevEntry maglev_entry(std::string_view name, std::uint64_t weight, std::uint64_t size);

bool is_prime(std::uint64_t n);

}  // namespace ballast::balancing
