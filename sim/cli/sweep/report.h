// What people read of a sweep, and what it is worth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/cli/options.h"
#include "sim/cli/sweep/part.h"

namespace ballast {

// A sweep whose runs were made by one process, or whose parts were joined.
class SweepResult {
 public:
  explicit SweepResult(const SweepPart& part);

  const SweepPart& part() const { return part_; }
  const SweepPlan& plan() const { return part_.plan; }
  const SweepTotals& totals() const { return part_.totals; }
  const CellTotals& sum() const { return sum_; }

  // Of the whole: violated if any run is, else inconclusive if any is or too few were made.
  Verdict verdict() const;
  // How many goals of the algorithms no run under invented faults has reached: such runs have not
  // shown what they are worth. Who chooses faults by hand chooses goals with them.
  std::size_t gaps() const;
  bool too_few() const { return sum_.runs() < plan().min_runs; }

  // What one file was to show, over all its cells: with --expect violation a violation, and so too
  // if the scenario expects one; else that none comes.
  enum class Showing : std::uint8_t { as_wanted, violated, held_instead, inconclusive };
  struct File {
    std::string name;
    Showing showing = Showing::as_wanted;
  };
  const std::vector<File>& files() const { return files_; }  // in the order of the command
  Showing showing(const SweepCell& cell) const;              // of its file

  ExitCode exit_code() const;

 private:
  Showing judge_file(std::string_view name) const;

  const SweepPart& part_;
  CellTotals sum_;
  std::vector<File> files_;
};

// "0 violations in 1,000 runs: failure probability < 0.3 % (95 %)".
std::string claim(const CellTotals& totals);
// "12 of 10,000 runs (0.12 %, 95 % interval 0.06 % to 0.21 %)".
std::string share(std::uint64_t runs, std::uint64_t of);
// What happened in all the runs, for a reader who doubts that anything did.
std::string exercised(const CellTotals& totals);
// Operations that returned ok per second of simulated time: "96.5".
std::string ok_per_second(const CellTotals& totals);
// How a case of the corpus came out, in words.
std::string in_words(const CorpusCase& each);
bool is_good(CorpusResult result);
// Why fewer runs were made than were asked for, in words; empty if none is missing.
std::string shortfall(const SweepPart& part);

// What stands on stdout; `results` is the directory.
std::string present(const SweepResult& result, const std::string& results, bool quiet,
                    const Painter& paint);
// The same of one shard, which has no verdict.
std::string present_shard(const SweepPart& part, const std::string& results);

}  // namespace ballast
