// Job scripts for engines that exist. The contract with all of them is the shard: each task makes
// one, into a directory of its own, and `ballast merge` alone gives the verdict, for an engine's
// exit code is the number of failed tasks (GNU parallel) or the highest of their codes (Slurm).
#pragma once

#include <string>

#include "sim/cli/sweep/plan.h"

namespace ballast {

// The script that makes the sweep in command.shards shards on the engine of command.emit.
std::string script(const SweepCommand& command, const SweepPlan& plan);

}  // namespace ballast
