// The tool's own test: every planted mistake must be found by a sweep that nobody has configured,
// and correct algorithms must not be accused. See README.md beside this file.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sim/base/text.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/run.h"
#include "sim/scenario/shrink.h"

using namespace ballast;

namespace {

enum class Rarity : std::uint8_t { R0, R1, R2, R3, R4 };
constexpr auto enumerators(Rarity) {
  return std::array<std::string_view, 5>{"R0", "R1", "R2", "R3", "R4"};
}

struct Mutant {
  std::string id;
  std::string source;
  std::string property;
  std::vector<std::string> faults;
  std::uint32_t smallest = 3;
  Rarity rarity = Rarity::R2;
  bool equivalent = false;
  std::string scenario;  // that it is planted in; the one of its algorithm unless given
  static constexpr auto fields = std::tuple{field("id", &Mutant::id).needed(),
                                            field("source", &Mutant::source).needed(),
                                            field("property", &Mutant::property).needed(),
                                            field("faults", &Mutant::faults),
                                            field("smallest", &Mutant::smallest),
                                            field("class", &Mutant::rarity),
                                            field("equivalent", &Mutant::equivalent),
                                            field("scenario", &Mutant::scenario)};

  std::string algorithm() const {
    return scenario.empty() ? id.substr(0, id.find('.')) : scenario;
  }
  std::string bug() const { return id.substr(id.find('.') + 1); }
};

struct Options {
  std::uint64_t trials = 1;
  std::uint64_t budget = 10'000'000;  // events of one trial
  double correct = 0;                 // events of each correct algorithm
  std::string profile = "default";
  std::string only;
  bool shrink = false;
};

[[noreturn]] void fail(const std::string& text) {
  std::fputs((text + "\n").c_str(), stderr);
  std::exit(70);
}

// The corpus, and the scenarios that its mutants are planted in.
class Corpus {
 public:
  Corpus() {
    const std::string path = std::string(BALLAST_SOURCE_DIR) + "/tests/planted/corpus.json";
    const FileText file = read_file(path);
    if (file.status != FileStatus::complete) fail(file.why);
    Problems problems;
    value_ = parse_json(file.text, path, problems);
    if (!value_) fail(problems.to_text());
    Reader r(problems, "corpus");
    if (!read(*value_->find("mutants"), mutants, r, {})) fail(problems.to_text());
  }

  Scenario scenario(const std::string& algorithm, const std::string& bug) const {
    Value value = *value_->find("scenarios")->find(algorithm);
    Value* group = nullptr;
    for (Value& member : value.children) {
      if (member.key == "nodes") group = &member.children.front();
    }
    Problems problems;
    const std::optional<Value> word = parse_json("\"" + bug + "\"", "bug", problems);
    Value* config = nullptr;
    for (Value& member : group->children) {
      if (member.key == "config") config = &member;
    }
    if (config == nullptr) {
      group->children.push_back(Value{Value::Kind::object});
      config = &group->children.back();
      config->key = "config";
    }
    config->children.push_back(*word);
    config->children.back().key = "bug";
    const std::optional<Scenario> scenario = read_scenario(value, problems);
    if (!scenario) fail(problems.to_text());
    return *scenario;
  }

  std::vector<Mutant> mutants;

 private:
  std::optional<Value> value_;
};

struct Trial {
  bool found = false;
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::string property;
  std::uint64_t seed = 0;
};

// Seeds one after the other until one violates or the budget is spent.
Trial hunt(const Scenario& base, const Profile& profile, std::uint64_t first,
           std::uint64_t budget) {
  Trial trial;
  for (std::uint64_t seed = first; trial.events < budget; ++seed) {
    const RunOutcome outcome = run(with_misfortune(base, profile, seed));
    ++trial.seeds;
    trial.events += outcome.counters.events;
    if (outcome.verdict != Verdict::violated) continue;
    trial.found = true;
    trial.property = outcome.violations.front().property;
    trial.seed = seed;
    break;
  }
  return trial;
}

template <class Enough, class Work>
void in_parallel(std::uint64_t count, Enough&& enough, Work&& work) {
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    workers.emplace_back([&] {
      for (std::uint64_t job; !enough() && (job = next++) < count;) work(job);
    });
  }
  for (std::thread& worker : workers) worker.join();
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::uint64_t rank(std::vector<std::uint64_t> values, std::size_t numerator,
                   std::size_t denominator) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * numerator / denominator)];
}

// How many items of faults and operations the shrunk scenario of the first trial has.
std::string shrunk_length(const Scenario& base, const Profile& profile, std::uint64_t seed) {
  const Scenario failing = with_misfortune(base, profile, seed);
  ShrinkOptions options;
  options.jobs = 0;
  options.explain = false;
  const Shrunk shrunk = shrink(failing, run(failing), options);
  return std::to_string(shrunk.before.items()) + " to " + std::to_string(shrunk.after.items()) +
         " items, " + std::to_string(shrunk.runs) + " runs";
}

// One line for a mutant; whether it is as the corpus says.
bool examine(const Corpus& corpus, const Mutant& mutant, const Options& options) {
  Profile profile = *find_profile(options.profile);
  // What breaks nothing may still take longer.
  if (mutant.equivalent) profile.liveness = 0;
  const Scenario base = corpus.scenario(mutant.algorithm(), mutant.bug());
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Trial> trials(options.trials);
  const auto never = [] { return false; };
  in_parallel(options.trials, never, [&](std::uint64_t i) {
    // Trials far apart share no seed.
    trials[i] = hunt(base, profile, 1 + i * 1'000'000, options.budget);
  });
  std::vector<std::uint64_t> events;
  std::vector<std::uint64_t> seeds;
  std::uint64_t found = 0;
  std::string properties;
  for (const Trial& trial : trials) {
    events.push_back(trial.events);
    seeds.push_back(trial.seeds);
    found += trial.found;
    if (trial.found && properties.find(trial.property) == std::string::npos) {
      properties += (properties.empty() ? "" : " ") + trial.property;
    }
  }
  const bool good = mutant.equivalent ? found == 0 : found == trials.size();
  std::string line = mutant.id;
  line.resize(40, ' ');
  std::printf("%s %s  %llu/%llu  seeds %s (p95 %s)  events %s (p95 %s)  %.1f s  %s",
              good ? "passed" : "FAILED", line.c_str(), static_cast<unsigned long long>(found),
              static_cast<unsigned long long>(trials.size()),
              with_commas(rank(seeds, 1, 2)).c_str(), with_commas(rank(seeds, 95, 100)).c_str(),
              with_commas(rank(events, 1, 2)).c_str(), with_commas(rank(events, 95, 100)).c_str(),
              seconds_since(begin), properties.c_str());
  if (mutant.equivalent) std::printf("equivalent");
  if (options.shrink && !mutant.equivalent && trials.front().found) {
    const auto from = std::chrono::steady_clock::now();
    const std::string length = shrunk_length(base, profile, trials.front().seed);
    std::printf("  shrunk: %s, %.1f s", length.c_str(), seconds_since(from));
  }
  std::printf("\n");
  std::fflush(stdout);
  return good;
}

// Correct algorithms: so many events, and nobody is accused.
bool vindicate(const Corpus& corpus, const std::string& algorithm, const Options& options) {
  const Profile profile = *find_profile(options.profile);
  const Scenario base = corpus.scenario(algorithm, "none");
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> runs{0};
  std::atomic<std::uint64_t> inconclusive{0};
  std::mutex mutex;
  std::string accused;
  std::uint64_t recovered = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto enough = [&] { return static_cast<double>(events) >= options.correct; };
  in_parallel(~std::uint64_t{0} >> 1, enough, [&](std::uint64_t seed) {
    const RunOutcome outcome = run(with_misfortune(base, profile, seed + 1));
    events += outcome.counters.events;
    ++runs;
    inconclusive += outcome.verdict == Verdict::inconclusive;
    const std::scoped_lock lock(mutex);
    recovered += outcome.recovery.has_value();
    if (outcome.violations.empty()) return;
    const Violation& violation = outcome.violations.front();
    accused += "\n  seed " + std::to_string(seed + 1) + ": " + violation.property + ": " +
               violation.sentence;
  });
  std::printf("%s %s, correct: %s runs, %s events, %s inconclusive, %s recovered, %.1f s%s\n",
              accused.empty() ? "passed" : "FAILED", algorithm.c_str(), with_commas(runs).c_str(),
              with_commas(events).c_str(), with_commas(inconclusive).c_str(),
              with_commas(recovered).c_str(), seconds_since(begin),
              accused.substr(0, 4000).c_str());
  std::fflush(stdout);
  return accused.empty();
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--shrink") {
      options.shrink = true;
      continue;
    }
    if (i + 1 == argc) fail("planted: " + word + " needs a value");
    const std::string value = argv[++i];
    if (word == "--trials") {
      options.trials = std::max(1ULL, std::strtoull(value.c_str(), nullptr, 10));
    } else if (word == "--budget") {
      options.budget = static_cast<std::uint64_t>(std::strtod(value.c_str(), nullptr));
    } else if (word == "--correct") {
      options.correct = std::strtod(value.c_str(), nullptr);
    } else if (word == "--profile" && find_profile(value)) {
      options.profile = value;
    } else if (word == "--only") {
      options.only = value;
    } else {
      fail("planted: what is " + word + " " + value + "?");
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Corpus corpus;
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::vector<std::string> algorithms;
  for (const Mutant& mutant : corpus.mutants) {
    if (mutant.id.find(options.only) == std::string::npos) continue;
    if (algorithms.empty() || algorithms.back() != mutant.algorithm()) {
      algorithms.push_back(mutant.algorithm());
    }
    ++(examine(corpus, mutant, options) ? passed : failed);
  }
  for (const std::string& algorithm : algorithms) {
    if (options.correct > 0) ++(vindicate(corpus, algorithm, options) ? passed : failed);
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
