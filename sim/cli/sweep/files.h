// The small files of a sweep's result. None depends on where the result is, on the time or on how
// many processes made the runs.
#pragma once

#include <string>

#include "sim/cli/sweep/report.h"
#include "sim/report/results.h"

namespace ballast {

std::string sweep_json(const SweepResult& result);  // summary.json
std::string grid_csv(const SweepResult& result);    // one row for each cell
std::string sweep_md(const SweepResult& result);    // summary.md, for the job page of a CI
std::string junit_xml(const SweepResult& result);   // one test case for each cell, and the corpus

// Writes these four and, of a single scenario, scenario.resolved.json.
void write_sweep(const SweepResult& result, const std::string& resolved,
                 const ResultDirectory& directory);

// Prints the result as text or JSON and, in a job of GitHub's, what GitHub shows. Returns the exit
// code of the sweep.
ExitCode show_sweep(const SweepResult& result, const std::string& path, Format format, bool quiet,
                    const Painter& paint);

}  // namespace ballast
