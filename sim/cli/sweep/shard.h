// A shard: the share of a sweep that one process makes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/describe.h"

namespace ballast {

// The runs of a sweep are numbered cell after cell and, within a cell, seed after seed; shard I of
// N makes those whose number leaves I - 1 when divided by N. So every shard gets its share of every
// cell, however unequal the cells are.
struct Shard {
  static constexpr std::uint64_t most = 100'000;

  std::uint64_t index = 1;  // from 1 to count
  std::uint64_t count = 1;

  // "3-of-8", the name of its directory.
  std::string name() const { return std::to_string(index) + "-of-" + std::to_string(count); }

  static constexpr auto fields =
      Fields{field("index", &Shard::index).at_least(1).needed(),
             field("count", &Shard::count).at_least(1).at_most(most).needed()};
  friend bool operator==(const Shard&, const Shard&) = default;
};

// "3/8". "auto/8" takes the index from the engine that started this process: Slurm, SGE, Kubernetes
// or Open MPI. The count is always said, for none of them knows it for sure: an array of which one
// task is submitted again counts one task. Returns what is wrong, or nothing.
std::string parse_shard(std::string_view text, Shard& out);

}  // namespace ballast
