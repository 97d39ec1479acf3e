#include "sim/cli/sweep/words.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "sim/base/parse.h"
#include "sim/base/value.h"

namespace ballast {
namespace {

std::string add_grid(const std::vector<std::string>& words, SweepCommand& command) {
  std::uint64_t cells = command.files.size();
  std::set<std::string> paths;
  for (const std::string& word : words) {
    GridAxis axis;
    const std::string wrong = parse_grid(word, axis);
    if (!wrong.empty()) return "--grid: " + wrong;
    if (!paths.insert(axis.path).second) return "--grid names " + axis.path + " twice";
    cells = std::min<std::uint64_t>(cells * axis.values.size(), 1'000'000);
    command.grid.push_back(std::move(axis));
  }
  if (cells > GridAxis::most_cells) {
    return "these are more than " + with_commas(GridAxis::most_cells) +
           " cells: files times the values of each --grid";
  }
  return {};
}

std::string count(std::string_view option, const std::string& word, std::uint64_t most,
                  std::uint64_t& out) {
  const std::optional<std::uint64_t> number = parse_seed(word);
  if (!number || *number < 1 || *number > most) {
    return std::string(option) + " is " + in_quotes(word) + "; expected a whole number from 1 to " +
           std::to_string(most);
  }
  out = *number;
  return {};
}

std::string add_shards(const SweepWords& words, SweepCommand& command) {
  const char* environment = std::getenv("BALLAST_SHARD");
  std::string shard = words.shard;
  // Who prints a script is no shard.
  if (shard.empty() && environment != nullptr && !command.emit) shard = environment;
  if (!shard.empty()) {
    const std::string wrong = parse_shard(shard, command.shard.emplace());
    if (!wrong.empty()) return "--shard: " + wrong;
    if (command.emit) return "--emit prints the script for all shards; leave out --shard";
  }
  if (command.emit) {
    if (words.shards.empty()) return "--emit needs --shards N: how many parts to make";
    // A workflow of GitHub's has at most 256 jobs of one matrix.
    const std::uint64_t most = *command.emit == Engine::github ? 256 : Shard::most;
    const std::string wrong = count("--shards", words.shards, most, command.shards);
    if (!wrong.empty()) return wrong;
  } else if (!words.shards.empty()) {
    return "--shards goes with --emit; one part is made by --shard I/N";
  }
  if (command.until_covered && (command.emit || !shard.empty())) {
    return "--until-covered is for one process: a shard does not know what the others reached";
  }
  if (command.fail_fast && (command.emit || !shard.empty())) {
    return "--fail-fast is for one process: a shard does not know what the others found";
  }
  return {};
}

}  // namespace

std::string understand(const SweepWords& words, SweepCommand& command) {
  std::set<std::string> files;
  for (const std::string& file : command.files) {
    if (!files.insert(file).second) return in_quotes(file) + " is named twice";
  }
  command.fail_fast = words.fail_fast;
  command.until_covered = words.until_covered;
  command.resume = words.resume;
  if (!words.corpus.empty()) command.corpus = words.corpus == "none" ? "" : words.corpus;
  std::string wrong = add_grid(words.grid, command);
  if (wrong.empty()) wrong = add_shards(words, command);
  if (wrong.empty() && !words.min_runs.empty()) {
    wrong = count("--min-runs", words.min_runs, 1'000'000'000'000, command.min_runs);
  }
  if (wrong.empty() && !words.shrink.empty()) {
    const Parsed<Duration> time = parse_duration(words.shrink);
    if (!time.value || time.value->ns < 0) {
      return "--shrink is " + in_quotes(words.shrink) +
             "; expected a duration such as \"10s\", or \"0s\" not to shrink";
    }
    command.shrink_milliseconds = static_cast<std::uint64_t>(time.value->ns / 1'000'000);
  }
  if (!wrong.empty() || words.time.empty()) return wrong;
  const Parsed<Duration> time = parse_duration(words.time);
  if (!time.value || time.value->ns <= 0) {
    return "--for is " + in_quotes(words.time) + "; expected a duration such as \"10m\"";
  }
  command.time = *time.value;
  return {};
}

}  // namespace ballast
