// What is kept of the runs of a sweep: a row of each, and sums that can be added up again when the
// runs were shared among processes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/sweep/plan.h"
#include "sim/measure/histogram.h"
#include "sim/measure/over_runs.h"
#include "sim/scenario/run.h"

namespace ballast {

// What is kept of one run until it is its turn.
struct SweepRow {
  std::uint64_t run = 0;  // its number; see SweepRuns
  std::uint64_t cell = 0;
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::inconclusive;
  std::string failure;   // of a violation, the kind: failure_id()
  std::string property;  // that broke first
  std::string how;       // as failure_id() sees it
  std::string sentence;  // what broke, or why inconclusive
  std::string csv;       // from the column `seed` on, with its end of line
  bool made_twice = false;
  bool diverged = false;  // the second time came out differently
  std::uint64_t events = 0;
  std::uint64_t sim_ns = 0;
  std::uint64_t ok = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t dropped = 0;
  std::uint64_t faults = 0;
  Histogram latencies;
  Histogram leaderless;
  std::optional<Duration> recovery;
  std::vector<GoalTally> goals;
};
// `invented`: whether the faults were a nemesis's.
SweepRow sweep_row(std::uint64_t run, std::uint64_t cell, const Scenario& scenario,
                   const RunOutcome& outcome, bool invented);

// The columns of runs.csv from `seed` on, without an end of line.
extern const std::string_view row_columns;

// How a run failed, apart from when: the kinds of faults that fired, in order ("crash, restart");
// "no fault" if none did. The faults of a nemesis are never the same twice, so that how such a run
// failed is not known before it is shrunk: "misfortune".
std::string how_it_failed(const RunOutcome& outcome, bool invented);

// What failures are told apart by: the same property broken in the same way is one failure, however
// many runs it has. Twelve hexadecimal digits.
std::string failure_id(const std::string& property, const std::string& how);

// A run that stands for others: the first of its sort.
struct Example {
  std::uint64_t run = 0;
  std::uint64_t seed = 0;
  std::string sentence;
  std::string failure;  // its kind, if it is a violation
  static constexpr auto fields = Fields{
      field("run", &Example::run).needed(), field("seed", &Example::seed).needed(),
      field("sentence", &Example::sentence).needed(), field("failure", &Example::failure).needed()};
};

// A goal of an algorithm, over many runs. One that was never reached is a gap.
struct GoalTotal {
  std::string algorithm;
  std::string goal;
  std::uint64_t runs = 0;   // in which it was reached
  std::uint64_t count = 0;  // how often, in all of them
  std::uint64_t open = 0;   // runs whose options let it be reached
  bool is_gap() const { return count == 0 && open > 0; }
  static constexpr auto fields =
      Fields{field("algorithm", &GoalTotal::algorithm).needed(),
             field("goal", &GoalTotal::goal).needed(), field("runs", &GoalTotal::runs).needed(),
             field("count", &GoalTotal::count).needed(), field("open", &GoalTotal::open).needed()};
};
// Adds up what both know of the same goals; those that only one knows are kept.
void add_goals(std::vector<GoalTotal>& sum, const std::vector<GoalTotal>& more);

struct CellTotals {
  std::uint64_t held = 0;
  std::uint64_t violated = 0;
  std::uint64_t inconclusive = 0;
  std::uint64_t events = 0;
  std::uint64_t sim_ns = 0;
  std::uint64_t ok = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t dropped = 0;
  std::uint64_t faults = 0;
  std::optional<Example> first_violated;
  std::optional<Example> first_inconclusive;
  Histogram latencies;   // of all operations that returned ok
  Histogram leaderless;  // how long leaders were waited for
  Histogram recoveries;  // from the healing to the first answer, of the checks of liveness
  std::vector<GoalTotal> goals;
  // Of the runs in which an operation returned ok: each run's mean, p50 and p99 in nanoseconds, and
  // operations per 1,000 s of simulated time.
  OverRuns mean;
  OverRuns p50;
  OverRuns p99;
  OverRuns throughput;

  std::uint64_t runs() const { return held + violated + inconclusive; }
  void add(const SweepRow& row);
  void add(const CellTotals& other);

  static constexpr auto fields =
      Fields{field("held", &CellTotals::held).needed(),
             field("violated", &CellTotals::violated).needed(),
             field("inconclusive", &CellTotals::inconclusive).needed(),
             field("events", &CellTotals::events).needed(),
             field("sim_ns", &CellTotals::sim_ns).needed(),
             field("ok", &CellTotals::ok).needed(),
             field("elections", &CellTotals::elections).needed(),
             field("crashes", &CellTotals::crashes).needed(),
             field("dropped", &CellTotals::dropped).needed(),
             field("faults", &CellTotals::faults).needed(),
             field("first_violated", &CellTotals::first_violated).needed(),
             field("first_inconclusive", &CellTotals::first_inconclusive).needed(),
             field("latencies", &CellTotals::latencies).needed(),
             field("leaderless", &CellTotals::leaderless).needed(),
             field("recoveries", &CellTotals::recoveries).needed(),
             field("goals", &CellTotals::goals).needed(),
             field("mean", &CellTotals::mean).needed(),
             field("p50", &CellTotals::p50).needed(),
             field("p99", &CellTotals::p99).needed(),
             field("throughput", &CellTotals::throughput).needed()};

 private:
  void add_latencies(const SweepRow& row);
};

// One kind of failure, however many runs have it.
struct FailureKind {
  std::string id;
  std::string property;
  std::string how;
  std::uint64_t runs = 0;
  std::uint64_t cell = 0;  // of the first
  Example first;
  std::string shrunk;     // the smallest schedule that was found for the first, in words
  std::string shrunk_id;  // what failures are told apart by once they are shrunk

  static constexpr auto fields = Fields{field("id", &FailureKind::id).needed(),
                                        field("property", &FailureKind::property).needed(),
                                        field("how", &FailureKind::how).needed(),
                                        field("runs", &FailureKind::runs).needed(),
                                        field("cell", &FailureKind::cell).needed(),
                                        field("first", &FailureKind::first).needed(),
                                        field("shrunk", &FailureKind::shrunk).needed(),
                                        field("shrunk_id", &FailureKind::shrunk_id).needed()};
};

// Sums over rows, which come in the order of their numbers, or over the sums of parts.
struct SweepTotals {
  // Kinds that are written down: those that came first.
  static constexpr std::size_t most_written = 20;

  std::vector<CellTotals> cells;
  std::vector<FailureKind> kinds;  // in the order of their first runs
  std::uint64_t made_twice = 0;
  std::uint64_t diverged = 0;  // runs that came out differently the second time
  std::optional<Example> first_diverged;

  void add(const SweepRow& row);
  void add(const SweepTotals& other);  // REQUIRES the same number of cells
  // A run came out differently when it was made again.
  void note_divergence(const Example& example);

  CellTotals sum() const;
  std::vector<GoalTotal> goals() const;  // of all cells together
  // The kind with this id, or null.
  FailureKind* find(const std::string& id);
  std::size_t written() const { return kinds.size() < most_written ? kinds.size() : most_written; }

  static constexpr auto fields = Fields{
      field("cells", &SweepTotals::cells).needed(), field("kinds", &SweepTotals::kinds).needed(),
      field("made_twice", &SweepTotals::made_twice).needed(),
      field("diverged", &SweepTotals::diverged).needed(),
      field("first_diverged", &SweepTotals::first_diverged).needed()};

 private:
  std::map<std::string, std::size_t> places_;  // of kinds, by id; find() completes it
};

// Where the first run of a kind is written, below the directory of the sweep.
std::string failure_folder(const FailureKind& kind);

// As one string of numbers: there may be thousands of cells.
void write_json(JsonWriter& w, const Histogram& histogram);
bool read(const Value& v, Histogram& out, Reader& r, const Limits& limits = {});

}  // namespace ballast
