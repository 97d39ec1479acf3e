// Makes the runs of a part, several at a time. They know nothing of each other; what they give is
// put in the order of the runs before anything is made of it, so that no byte depends on the number
// of jobs.
#pragma once

#include "sim/cli/sweep/journal.h"
#include "sim/cli/sweep/part.h"
#include "sim/cli/sweep/plan.h"

namespace ballast {

struct EngineOptions {
  std::uint32_t jobs = 0;                  // 0: as many as there are processors
  std::optional<std::uint64_t> time_over;  // by wall_milliseconds(): then no run is begun
  bool quiet = false;
};

// Goes on from part.next until all runs of the part are made, or the time is over, or Ctrl-C was
// pressed, or with plan.fail_fast until a run is violated. Runs under way are always finished, so
// that what was made is the beginning of what there is to make. Sets part.ended and part.complete.
void make_runs(const LoadedPlan& loaded, const EngineOptions& options, SweepPart& part,
               Journal& journal);

}  // namespace ballast
