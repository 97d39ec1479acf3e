// The options of `ballast sweep` that no other command has, as words, and what they mean.
#pragma once

#include <string>
#include <vector>

#include "sim/cli/options.h"

namespace ballast {

struct SweepWords {
  std::vector<std::string> grid;
  std::string time;
  std::string min_runs;
  std::string shrink;
  std::string corpus;
  std::string shard;
  std::string shards;
  std::string emit;
  bool fail_fast = false;
  bool until_covered = false;
  bool resume = false;
};

// Adds them to a command whose files, seeds and emit are there already. Returns what is wrong, or
// nothing.
std::string understand(const SweepWords& words, SweepCommand& command);

}  // namespace ballast
