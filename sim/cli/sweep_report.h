// What came of a sweep: one line for each run, and the sums.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/cli/options.h"
#include "sim/scenario/run.h"

namespace ballast {

// What is kept of a run; its place in the sweep decides nothing.
struct SweepRow {
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::inconclusive;
  std::string property;  // that broke first
  std::string reason;    // why inconclusive
  std::string csv;       // the line of runs.csv
  bool made_twice = false;
  bool diverged = false;  // the second time came out differently
  std::uint64_t events = 0;
  std::uint64_t ok = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t dropped = 0;
  std::uint64_t faults = 0;
};
SweepRow sweep_row(std::uint64_t seed, const RunOutcome& outcome);
extern const std::string_view sweep_header;  // of runs.csv

// Sums over rows, which are added in the order of the seeds.
class SweepTotals {
 public:
  static constexpr std::size_t most_kept =
      10;  // failing seeds of each property that are written down

  struct Property {
    std::uint64_t runs = 0;
    std::vector<std::uint64_t> seeds;  // the first of them
  };

  void add(const SweepRow& row);

  std::uint64_t runs() const { return held + violated + inconclusive; }
  std::uint64_t held = 0;
  std::uint64_t violated = 0;
  std::uint64_t inconclusive = 0;
  std::map<std::string, Property> properties;
  std::uint64_t first_inconclusive = 0;  // its seed, and why
  std::string first_reason;
  std::uint64_t made_twice = 0;
  std::vector<std::uint64_t> diverged;  // seeds
  std::uint64_t events = 0;
  std::uint64_t ok = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t dropped = 0;
  std::uint64_t faults = 0;
};

struct SweepResult {
  const Scenario& scenario;
  const SweepCommand& command;
  const SweepTotals& totals;
  bool complete = true;
  std::string results;  // the directory
};

// Where the run of a failing seed is written, below the directory of the sweep.
std::string failure_folder(const std::string& property, std::uint64_t seed);

std::string sweep_json(const SweepResult& result);
std::string present(const SweepResult& result, const Painter& paint);
ExitCode exit_code(const SweepResult& result);

}  // namespace ballast
