// What GitHub shows on the page of a job, when the sweep runs in one of its workflows.
#pragma once

#include <string>

#include "sim/cli/sweep/report.h"

namespace ballast {

// One "::error ..." line for each kind of failure and each bad case of the corpus, at most the ten
// that GitHub shows of a step; each names the file of its scenario and says how to see it again.
std::string github_annotations(const SweepResult& result);

// Whether GITHUB_ACTIONS says that this is a job of GitHub's.
bool on_github();

// Appends summary.md to the file that GITHUB_STEP_SUMMARY names, if it names one. A job whose
// summary cannot be written has run all the same: that is said on stderr, and no error.
void add_step_summary(const std::string& markdown);

}  // namespace ballast
