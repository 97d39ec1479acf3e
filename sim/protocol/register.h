// How an algorithm makes itself known: one line at the end of its file.
//
//   namespace { const Register<Raft> registered; }
//
// Algorithms are linked as objects, so that the line alone is enough; the simulator itself names
// none of them.
#pragma once

#include <algorithm>
#include <any>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/type_info.h"
#include "sim/protocol/goal.h"
#include "sim/protocol/hosted.h"
#include "sim/protocol/quorum.h"

namespace ballast {

// An algorithm as scenarios see it.
struct AlgorithmInfo {
  std::string_view name;
  std::string_view summary;
  // The requests that it serves, whatever its options say; empty for one that serves none.
  std::vector<Operation> operations;
  ConfigSpec config;  // how its options are read, described and written
  std::unique_ptr<Process> (*make)(const std::any& config) = nullptr;
  // After what time without word the algorithm acts, such as the longest election timeout: the
  // unit of faults' gaps and of the wait for progress. Config::patience(), or one second.
  Duration (*patience)(const std::any& config) = nullptr;
  // Draws other, also extreme, values for the options that tune the algorithm, with which it still
  // works where a message and its answer usually take `round_trip`, disks included:
  // Config::vary(dice, round_trip), or nothing.
  void (*vary)(std::any& config, Stream& dice, Duration round_trip) = nullptr;
  // Whether it promises progress to a connected quorum however nodes outside of it meddle: a leader
  // that is heard and hears nobody, a candidate that reaches one of them. Config::bears_meddling(),
  // or false: Raft needs PreVote and CheckQuorum for that.
  bool (*bears_meddling)(const std::any& config) = nullptr;
  // Whether it serves an operation under these options: Config::serves(operation), or all of
  // P::operations.
  bool (*serves)(const std::any& config, Operation operation) = nullptr;
  // The quorums of its group: Config::quorums, or majorities.
  QuorumSystem (*quorums)(const std::any& config) = nullptr;
  // Why these options do not go with so many members; empty if they do. Quorums that need not meet
  // do if Config::unsafe_quorums says that this is meant. Config::misfit(members) may object too,
  // or Config::misfit_with(others), of the members besides the node itself.
  std::string (*misfit)(const std::any& config, std::size_t members, std::size_t others) = nullptr;
  // How many jobs (the operation work) a node can do, in thousandths per second:
  // Config::capacity(), or 0, for those that do none themselves.
  std::uint64_t (*capacity)(const std::any& config) = nullptr;
  // How it could be made to serve an operation that it does not serve as it is, for people:
  // Config::advice(operation), or nothing.
  std::string (*advice)(Operation operation) = nullptr;
  std::vector<GoalInfo> goals = {};           // P::goals, or none
  std::vector<std::string_view> timers = {};  // the words of P::Timer
  // Which of the goals can be reached with these options, a bit for each: Config::opens(Goal), or
  // all.
  std::uint64_t (*open_goals)(const std::any& config) = [](const std::any&) {
    return ~std::uint64_t{0};
  };
  // Whether it keeps nothing on disk, so that whoever crashes has to be told by a majority of the
  // group what it knew: P::remembers() says whether it has been.
  bool forgets = false;
};

// A policy, or whatever else an algorithm lets users choose by name: for `list` and `describe`.
struct CatalogueEntry {
  std::string_view kind;
  std::string_view name;
  std::string_view summary;
  std::string_view source = {};
  ConfigSpec (*options)() = nullptr;  // none if it has no options
};

// What has registered itself, sorted by name. Complete once main() runs, and constant from then on.
std::span<const AlgorithmInfo> algorithms();
const AlgorithmInfo* find_algorithm(std::string_view name);
std::span<const CatalogueEntry> catalogue();

void register_algorithm(AlgorithmInfo info);
void register_entry(CatalogueEntry entry);

template <Protocol P>
struct Register {
  using Config = typename P::Config;
  Register() {
    register_algorithm({P::name, P::summary,
                        std::vector<Operation>(std::begin(P::operations), std::end(P::operations)),
                        config_spec<typename P::Config>(), &make, &patience, &vary, &bears_meddling,
                        &serves, &quorums, &misfit, &capacity, &advice, goals(), timers(),
                        &open_goals, forgets});
  }
  // Apart, for clang-format takes a requires-expression among arguments for a clause.
  static constexpr bool forgets = requires(const P& node) { node.remembers(); };
  static std::unique_ptr<Process> make(const std::any& config) {
    return std::make_unique<Hosted<P>>(*std::any_cast<Config>(&config));
  }
  static Duration patience(const std::any& config) {
    if constexpr (requires(const Config& c) { c.patience(); }) {
      return std::any_cast<const Config&>(config).patience();
    }
    return {1'000'000'000};
  }
  static void vary(std::any& config, Stream& dice, Duration round_trip) {
    if constexpr (requires(Config & c) { c.vary(dice, round_trip); }) {
      std::any_cast<Config&>(config).vary(dice, round_trip);
    }
  }
  static bool bears_meddling(const std::any& config) {
    if constexpr (requires(const Config& c) { c.bears_meddling(); }) {
      return std::any_cast<const Config&>(config).bears_meddling();
    }
    return false;
  }
  static bool serves(const std::any& config, Operation operation) {
    const auto& all = P::operations;
    if (std::find(std::begin(all), std::end(all), operation) == std::end(all)) return false;
    if constexpr (requires(const Config& c) { c.serves(operation); }) {
      return std::any_cast<const Config&>(config).serves(operation);
    }
    return true;
  }
  static QuorumSystem quorums(const std::any& config) {
    if constexpr (requires(const Config& c) { c.quorums; }) {
      return std::any_cast<const Config&>(config).quorums;
    }
    return quorum::Majority{};
  }
  static std::uint64_t capacity(const std::any& config) {
    if constexpr (requires(const Config& c) { c.capacity(); }) {
      return std::any_cast<const Config&>(config).capacity();
    }
    return 0;
  }
  static std::string misfit(const std::any& config, std::size_t members, std::size_t others) {
    if constexpr (requires(const Config& c) { c.unsafe_quorums; }) {
      const Config& options = std::any_cast<const Config&>(config);
      const QuorumProblem problem = problem_of(options.quorums, members);
      if (!problem.unsuitable.empty()) return "quorums: " + problem.unsuitable;
      if (!problem.unsafe.empty() && !options.unsafe_quorums) {
        return "quorums: " + problem.unsafe + "; \"unsafe_quorums\": true shows what then happens";
      }
    }
    if constexpr (requires(const Config& c) { c.misfit(members); }) {
      return std::any_cast<const Config&>(config).misfit(members);
    }
    if constexpr (requires(const Config& c) { c.misfit_with(others); }) {
      return std::any_cast<const Config&>(config).misfit_with(others);
    }
    return {};
  }
  static std::string advice(Operation operation) {
    if constexpr (requires { Config::advice(operation); }) return Config::advice(operation);
    return {};
  }
  static std::vector<GoalInfo> goals() {
    if constexpr (requires { P::goals; }) {
      static_assert(std::size(P::goals) <= most_goals, "a step keeps a bit for each goal");
      return {std::begin(P::goals), std::end(P::goals)};
    }
    return {};
  }
  static std::uint64_t open_goals(const std::any& config) {
    std::uint64_t open = ~std::uint64_t{0};
    if constexpr (requires { &Config::opens; }) {
      for (std::size_t goal = 0; goal < std::size(P::goals); ++goal) {
        const bool opens = std::any_cast<const Config&>(config).opens(goal);
        if (!opens) open &= ~(std::uint64_t{1} << goal);
      }
    }
    return open;
  }
  static std::vector<std::string_view> timers() {
    constexpr auto words = enumerators(typename P::Timer{});
    return {words.begin(), words.end()};
  }
};

}  // namespace ballast
