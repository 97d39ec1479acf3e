// What a sweep is to do: cells, which are files times the points of a grid, each with all seeds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/describe.h"
#include "sim/cli/options.h"
#include "sim/fault/profile.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// A scenario as it is swept.
struct SweepCell {
  std::string file;
  std::vector<std::string> values;  // of the grid's paths
  std::string name;                 // of the scenario
  std::string arguments;            // " --set ... --until ...": what makes it of the file
  std::string digest;               // of the scenario with every default
  std::optional<Verdict> expect;
  std::string profile;  // of the misfortune that is added, as JSON; empty for none

  static constexpr auto fields = Fields{field("file", &SweepCell::file).needed(),
                                        field("values", &SweepCell::values).needed(),
                                        field("name", &SweepCell::name).needed(),
                                        field("arguments", &SweepCell::arguments).needed(),
                                        field("digest", &SweepCell::digest).needed(),
                                        field("expect", &SweepCell::expect).needed(),
                                        field("profile", &SweepCell::profile).needed()};
};

// Everything that decides what a sweep writes, apart from how many processes share it. Each part
// carries it, and parts belong together if it is the same.
struct SweepPlan {
  std::string tool;   // and version
  std::string build;  // a digest of the program, for two builds of one version may differ
  std::string seeds;
  std::vector<std::string> paths;  // of the grid
  std::vector<SweepCell> cells;
  std::string corpus;  // its directory; empty for none
  std::string place;   // the directory of the result below results/
  bool fail_fast = false;
  bool until_covered = false;
  bool expect_violation = false;
  std::uint64_t min_runs = 1;
  TraceLevel trace = TraceLevel::messages;  // of the failures that are written down
  std::uint64_t trace_cap = 0;

  static constexpr auto fields =
      Fields{field("tool", &SweepPlan::tool).needed(),
             field("build", &SweepPlan::build).needed(),
             field("seeds", &SweepPlan::seeds).needed(),
             field("paths", &SweepPlan::paths).needed(),
             field("cells", &SweepPlan::cells).needed(),
             field("corpus", &SweepPlan::corpus).needed(),
             field("place", &SweepPlan::place).needed(),
             field("fail_fast", &SweepPlan::fail_fast).needed(),
             field("until_covered", &SweepPlan::until_covered).needed(),
             field("expect_violation", &SweepPlan::expect_violation).needed(),
             field("min_runs", &SweepPlan::min_runs).needed(),
             field("trace", &SweepPlan::trace).needed(),
             field("trace_cap", &SweepPlan::trace_cap).needed()};

  // One scenario, as it stands or changed by --set.
  bool single() const { return cells.size() == 1 && paths.empty(); }
};

// Which runs there are, and in which order: with the first seed every cell in turn, then with the
// second, so that a sweep that ends early has seen all cells alike. Rows stand in this order.
class SweepRuns {
 public:
  SweepRuns(std::uint64_t cells, SeedList seeds) : cells_(cells), seeds_(std::move(seeds)) {}

  std::uint64_t size() const { return cells_ * seeds_.size(); }
  std::uint64_t cell(std::uint64_t run) const { return run % cells_; }
  std::uint64_t seed(std::uint64_t run) const { return seeds_[run / cells_]; }
  // The index of the shard, of so many, to which a run belongs.
  std::uint64_t shard(std::uint64_t run, std::uint64_t count) const {
    return serial(run) % count + 1;
  }
  bool belongs(std::uint64_t run, const Shard& of) const {
    return shard(run, of.count) == of.index;
  }
  // How many belong to the shard.
  std::uint64_t size(const Shard& shard) const {
    return (size() + shard.count - shard.index) / shard.count;
  }
  // Whether it is one of the few that are made twice and compared.
  bool made_twice(std::uint64_t run) const { return serial(run) % twice_every == 0; }

 private:
  // One run in 19 is about 5 %; a prime, so that the shards have equal shares of them.
  static constexpr std::uint64_t twice_every = 19;

  // See Shard.
  std::uint64_t serial(std::uint64_t run) const { return cell(run) * seeds_.size() + run / cells_; }

  std::uint64_t cells_;
  SeedList seeds_;
};

struct LoadedPlan {
  SweepPlan plan;
  std::vector<Scenario> scenarios;               // of the cells
  std::vector<std::optional<Profile>> profiles;  // likewise
  SeedList seeds;
  // Where there is no plan: why, and with which code to exit.
  std::string errors;
  ExitCode code = ExitCode::held;

  SweepRuns runs() const { return {plan.cells.size(), seeds}; }
  bool invents(std::uint64_t cell) const {
    return profiles[static_cast<std::size_t>(cell)].has_value();
  }
  // What is run: the scenario of a cell with a seed, and the misfortune that this draws.
  Scenario scenario(std::uint64_t cell, std::uint64_t seed) const;
};

// Reads every file with every point of the grid. What is wrong with any of them is said at once.
LoadedPlan load_plan(const SweepCommand& command);

// "network.loss=5% nodes.server.count=3", with the file before it if there are several; for a
// single scenario its file.
std::string label(const SweepPlan& plan, const SweepCell& cell);

// "ballast run FILE --seed N ...", which makes one run of a cell.
std::string run_command(const SweepCell& cell, std::uint64_t seed);

}  // namespace ballast
