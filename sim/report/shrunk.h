// What a shrunk failure leaves behind: a scenario that a person can read, a repro, and the story.
#pragma once

#include <string>
#include <vector>

#include "sim/report/results.h"
#include "sim/scenario/shrink.h"

namespace ballast {

struct ShrunkFiles {
  std::string scenario;  // shrunk.json: read back it is the same run, bit for bit
  std::string repro;     // shrunk.repro.json
  std::string story;     // shrunk.md, or violation.md of a failure that was shrunk
  std::string id;        // see failure_id()
};
// `place` is the path of the files without their endings, such as results/latest/shrunk, for the
// commands that the story gives.
ShrunkFiles shrunk_files(const Shrunk& shrunk, const std::string& place);

// Writes shrunk.json and shrunk.repro.json beside a failure that was written there, below `prefix`
// (empty, or a folder ending in "/"), and puts the shrunk story into violation.md. `path` is where
// all of that will stand.
void record_shrunk(const Shrunk& shrunk, const ResultDirectory& directory,
                   const std::string& prefix, const std::string& path);

// "crash n3 at 0.187 s; write 7 by c1 at 0.2 s": the schedule in one line.
std::string schedule_in_words(const Scenario& scenario);

// "without it: holds", and with what else it is needed.
std::string in_words(const Necessity& need);

}  // namespace ballast
