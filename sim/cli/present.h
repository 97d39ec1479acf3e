// What people read of a run: about ten lines.
#pragma once

#include <string>

#include "sim/cli/terminal.h"
#include "sim/report/story.h"
#include "sim/scenario/run.h"

namespace ballast {

struct Presentation {
  std::string file;     // of the scenario
  std::string results;  // the directory
  std::string replay;   // the command
  bool quiet = false;   // the verdict only
};

std::string present(const Scenario& scenario, const RunOutcome& outcome, const Story* story,
                    const Presentation& about, const Painter& paint);

// The verdict with what broke or why it is none, in one line without its end.
std::string verdict_line(const Scenario& scenario, const RunOutcome& outcome, const Painter& paint);

// A sentence of a story as indented lines.
std::string wrapped(std::string_view sentence);

// "3.17 ms", "412 us": a latency to three digits.
std::string rounded(Duration d);

}  // namespace ballast
