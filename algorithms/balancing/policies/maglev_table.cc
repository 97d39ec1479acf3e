#include "algorithms/balancing/policies/maglev_table.h"

#include <algorithm>

#include "algorithms/balancing/hashing.h"

namespace ballast::balancing {

std::vector<std::uint32_t> maglev_table(std::span<const MaglevEntry> entries, std::uint64_t size) {
  constexpr std::uint32_t nobody = ~std::uint32_t{0};
  struct Build {
    std::uint64_t slot = 0;
    std::uint64_t target = 0;
  };
  std::vector<std::uint32_t> table(size, nobody);
  std::vector<Build> builds;
  std::uint64_t heaviest = 0;
  for (const MaglevEntry& entry : entries) {
    builds.push_back({entry.offset, 0});
    heaviest = std::max(heaviest, entry.weight);
  }
  std::uint64_t taken = 0;
  for (std::uint64_t round = 1; taken < size; ++round) {
    for (std::uint32_t i = 0; i < entries.size() && taken < size; ++i) {
      Build& build = builds[i];
      if (round * entries[i].weight < build.target) continue;
      build.target += heaviest;
      const auto advance = [&] { build.slot = (build.slot + entries[i].skip) % size; };
      while (table[build.slot] != nobody) advance();
      table[build.slot] = i;
      advance();
      ++taken;
    }
  }
  return table;
}

MaglevEntry maglev_entry(std::string_view name, std::uint64_t weight, std::uint64_t size) {
  return {xx_hash(name) % size, xx_hash(name, 1) % (size - 1) + 1, weight};
}

bool is_prime(std::uint64_t n) {
  if (n < 2) return false;
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

}  // namespace ballast::balancing
