// What the command line asks for, once it is understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/cli/exit_code.h"
#include "sim/cli/seeds.h"
#include "sim/cli/sweep/grid.h"
#include "sim/cli/sweep/shard.h"
#include "sim/cli/terminal.h"
#include "sim/history/consistency.h"
#include "sim/history/read.h"
#include "sim/history/transactions.h"
#include "sim/report/trace.h"
#include "sim/scenario/corpus.h"

namespace ballast {

enum class Format : std::uint8_t { text, json };
constexpr auto enumerators(Format) { return std::array<std::string_view, 2>{"text", "json"}; }

// A scenario and what is changed in it.
struct ScenarioOptions {
  std::string file;
  std::vector<std::string> set;          // path=value
  std::optional<Duration> until;         // when to end, if earlier
  std::vector<std::string> varied = {};  // path=value, after --set: a point of --grid or --vary
  std::string_view varied_by = "--grid";
  // The misfortune that is let loose on it: the name of a profile that comes with the tool, or a
  // file; "none" for none. Empty: none for a run; for a sweep "default", unless the scenario has
  // faults of its own.
  std::string profile = {};
};

struct RunCommand {
  ScenarioOptions scenario;
  std::optional<std::uint64_t> seed;
  TraceLevel trace = TraceLevel::messages;
  std::uint64_t trace_cap = 200'000;
  std::string out;  // unless given, a folder of results/
  Format format = Format::text;
  bool expect_violation = false;
  bool check = true;
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

struct ReplayCommand {
  std::string path;  // of a result, or of a repro.json
  Format format = Format::text;
  ColorChoice color = ColorChoice::automatic;
};

// The engines that a sweep can be handed to; see sim/cli/sweep/emit.h.
enum class Engine : std::uint8_t { slurm, parallel, make, github };
constexpr auto enumerators(Engine) {
  return std::array<std::string_view, 4>{"slurm", "parallel", "make", "github"};
}

struct SweepCommand {
  std::vector<std::string> files;
  ScenarioOptions scenario;  // what is changed in each of them; its file is empty
  std::vector<GridAxis> grid;
  SeedList seeds;
  std::uint32_t jobs = 0;             // 0: as many as there are processors
  std::optional<Duration> time;       // after which no run is begun, by the clock on the wall
  std::optional<Shard> shard;         // what this process makes
  std::uint64_t min_runs = 1;         // fewer than this show nothing
  std::optional<std::string> corpus;  // empty for none; unless given, tests/corpus if it is there
  bool resume = false;                // go on with what an earlier sweep left
  std::optional<Engine> emit;         // print the script for an engine instead, with this
  std::uint64_t shards = 1;           // many shards
  TraceLevel trace = TraceLevel::messages;
  std::uint64_t trace_cap = 200'000;
  std::string out;
  Format format = Format::text;
  bool expect_violation = false;
  bool fail_fast = false;
  bool until_covered = false;                  // stop once every goal was reached
  std::uint64_t shrink_milliseconds = 10'000;  // for each kind of failure; 0 not to shrink
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

struct ShrinkCommand {
  std::string path;                     // of a result, or of a repro.json
  std::uint64_t milliseconds = 30'000;  // to search; 0 for no bound
  std::uint32_t jobs = 0;
  std::string out;  // a directory, or a .json file; unless given, beside the repro.json
  Format format = Format::text;
  ColorChoice color = ColorChoice::automatic;
};

struct ForkCommand {
  std::string path;            // of a repro.json or a result
  std::optional<Duration> at;  // unless given, the whole curve
  std::uint64_t seeds = 40;    // continuations at each time
  std::uint32_t jobs = 0;
  Format format = Format::text;
  ColorChoice color = ColorChoice::automatic;
};

struct DiffCommand {
  std::string a;  // a scenario, a repro.json or a result; a scenario may be FILE@SEED
  std::string b;
  std::uint64_t context = 3;  // events shown before and after
  Format format = Format::text;
};

struct FrontierCommand {
  ScenarioOptions scenario;
  std::string vary;  // path=low:high
  SeedList seeds;
  std::uint32_t jobs = 0;
  Format format = Format::text;
};

// Which of several values of one thing is better.
struct CompareCommand {
  ScenarioOptions scenario;
  std::string vary;  // path=a,b,c or path=from:to:step; a name that is unambiguous for the path
  SeedList seeds;
  std::uint32_t jobs = 0;
  Format format = Format::text;
};

struct CheckCommand {
  std::string file;  // a history, or the directory of a run
  history::ReadOptions read;
  std::vector<history::WantedConsistency> consistency;  // each has a verdict of its own
  // Operations are transactions, and held to an isolation instead.
  std::optional<history::TransactionModel> transactions;
  history::Isolation isolation = history::Isolation::strict_serializable;
  std::optional<Duration> limit;                 // by the clock on the wall
  std::uint64_t bytes = std::uint64_t{1} << 30;  // of the search
  std::uint32_t jobs = 0;                        // objects at a time; 0 for all processors
  std::string html;                              // where to write the page; empty for none
  Format format = Format::text;
};

// Who may object to a run: every check, those that speak of what clients can tell, or the check of
// their history alone.
enum class SeenBy : std::uint8_t { all, clients, history };
constexpr auto enumerators(SeenBy) {
  return std::array<std::string_view, 3>{"all", "clients", "history"};
}

struct BugsCommand {
  enum class What : std::uint8_t { list, run, show };
  friend constexpr auto enumerators(What) {
    return std::array<std::string_view, 3>{"list", "run", "show"};
  }
  What what = What::list;
  std::vector<std::string> ids;  // or their beginnings; none for all
  std::uint64_t trials = 21;
  std::uint64_t budget = 10'000'000;  // events of a trial
  SeenBy checks = SeenBy::all;
  std::string portfolio = "default";
  Rarity up_to = Rarity::R4;
  std::uint64_t correct = 0;              // events of each scenario without a mistake
  std::uint64_t shrink_milliseconds = 0;  // for each; 0 not to shrink
  std::uint32_t jobs = 0;
  Format format = Format::text;
};

struct MergeCommand {
  std::vector<std::string> parts;  // directories of parts, or directories that hold them
  std::string out;
  Format format = Format::text;
  bool quiet = false;
  ColorChoice color = ColorChoice::automatic;
};

struct ValidateCommand {
  std::vector<std::string> files;
};
struct FingerprintsCommand {
  std::vector<std::string> files;
};
struct ListCommand {
  std::string kind;  // empty for all
};
struct DescribeCommand {
  std::string kind;  // empty for the scenario
  std::string name;  // empty for all of the kind
};
struct SchemaCommand {};
struct VersionCommand {
  bool json = false;
};
// Nothing to do but to show a text: help, or what is wrong with the command line.
struct ShowCommand {
  std::string text;
  ExitCode code = ExitCode::held;
};

using AnyCommand =
    std::variant<ShowCommand, VersionCommand, RunCommand, ReplayCommand, SweepCommand, MergeCommand,
                 ValidateCommand, ListCommand, DescribeCommand, SchemaCommand, FingerprintsCommand,
                 ShrinkCommand, ForkCommand, DiffCommand, FrontierCommand, CheckCommand,
                 CompareCommand, BugsCommand>;

AnyCommand parse_command_line(int argc, const char* const* argv);

// What each command does; the text that started it goes into the manifest.
ExitCode execute(const RunCommand& command, const std::string& command_line);
ExitCode execute(const ReplayCommand& command, const std::string& command_line);
ExitCode execute(const SweepCommand& command, const std::string& command_line);
ExitCode execute(const ShrinkCommand& command, const std::string& command_line);
ExitCode execute(const ForkCommand& command, const std::string& command_line);
ExitCode execute(const DiffCommand& command, const std::string& command_line);
ExitCode execute(const FrontierCommand& command, const std::string& command_line);
ExitCode execute(const CheckCommand& command, const std::string& command_line);
ExitCode execute(const CompareCommand& command, const std::string& command_line);
ExitCode execute(const BugsCommand& command, const std::string& command_line);
ExitCode execute(const MergeCommand& command, const std::string& command_line);
ExitCode execute(const ValidateCommand& command, const std::string& command_line);
ExitCode execute(const ListCommand& command, const std::string& command_line);
ExitCode execute(const DescribeCommand& command, const std::string& command_line);
ExitCode execute(const SchemaCommand& command, const std::string& command_line);
ExitCode execute(const FingerprintsCommand& command, const std::string& command_line);
ExitCode execute(const VersionCommand& command, const std::string& command_line);
ExitCode execute(const ShowCommand& command, const std::string& command_line);

}  // namespace ballast
