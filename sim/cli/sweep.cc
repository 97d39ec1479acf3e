// Many seeds at a time. The runs know nothing of each other; what they give is put in the order of
// the seeds before anything is made of it, so that no byte depends on the number of jobs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "sim/base/assert.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/load.h"
#include "sim/cli/manifest.h"
#include "sim/cli/sweep_report.h"
#include "sim/report/results.h"

namespace ballast {
namespace {

// One run in so many is made twice, to see that it comes out the same.
constexpr std::uint64_t twice_every = 20;

class Sweep {
 public:
  Sweep(const Scenario& scenario, const SweepCommand& command, std::ostream& csv)
      : scenario_(scenario), command_(command), csv_(csv) {
    csv_ << sweep_header;
  }

  void run_all() {
    unsigned jobs = command_.jobs != 0 ? command_.jobs : std::thread::hardware_concurrency();
    jobs = std::max(1U, static_cast<unsigned>(std::min<std::uint64_t>(jobs, seeds())));
    working_ = jobs;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < jobs; ++i) workers.emplace_back([this] { work(); });
    watch();
  }

  const SweepTotals& totals() const { return totals_; }
  bool complete() const { return cut_ || totals_.runs() == seeds(); }

 private:
  std::uint64_t seeds() const { return command_.seeds.size(); }

  void work() {
    while (!stop_ && *interrupted() == 0) {
      const std::uint64_t index = next_++;
      if (index >= seeds()) break;
      deliver(index, make(index));
    }
    const std::scoped_lock lock(mutex_);
    --working_;
    changed_.notify_one();
  }

  SweepRow make(std::uint64_t index) const {
    Scenario scenario = scenario_;
    scenario.seed = command_.seeds[index];
    const std::string again = "ballast run " + shell_quoted(command_.scenario.file) + " --seed " +
                              std::to_string(scenario.seed) + scenario_arguments(command_.scenario);
    set_replay_command(again.c_str());
    SweepRow row = sweep_row(scenario.seed, run(scenario));
    if (index % twice_every == 0) {
      row.made_twice = true;
      row.diverged = row.csv != sweep_row(scenario.seed, run(scenario)).csv;
    }
    set_replay_command(nullptr);
    return row;
  }

  // Adds the rows whose predecessors have all come.
  void deliver(std::uint64_t index, SweepRow row) {
    const std::scoped_lock lock(mutex_);
    early_.emplace(index, std::move(row));
    for (auto first = early_.begin(); first != early_.end() && first->first == totals_.runs();
         first = early_.erase(first)) {
      if (cut_) return;
      csv_ << first->second.csv;
      totals_.add(first->second);
      if (command_.fail_fast && totals_.violated > 0) {
        cut_ = true;
        stop_ = true;
      }
    }
  }

  // Shows how far it has come, until all workers are done.
  void watch() {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begun = Clock::now();
    const bool rewritten = stderr_is_watched();
    const auto pause = rewritten ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
    Clock::time_point next = begun + pause;
    bool shown = false;
    std::unique_lock lock(mutex_);
    while (working_ > 0) {
      if (changed_.wait_until(lock, next, [this] { return working_ == 0; })) break;
      next += pause;
      if (command_.quiet) continue;
      const auto ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
      complain((rewritten ? "\r\033[K" : "") + progress(static_cast<std::uint64_t>(ms)) +
               (rewritten ? "" : "\n"));
      shown = true;
    }
    if (shown && rewritten) complain("\r\033[K");
  }

  std::string progress(std::uint64_t ms) const {
    const std::uint64_t done = totals_.runs();
    const std::uint64_t elapsed = std::max<std::uint64_t>(ms, 1);
    std::string text = with_commas(done) + " of " + with_commas(seeds()) + " runs, " +
                       with_commas(done * 1000 / elapsed) + "/s, " +
                       with_commas(totals_.events * 1000 / elapsed) + " events/s, " +
                       with_commas(totals_.violated) + " violated";
    if (done > 0) text += ", " + with_commas((seeds() - done) * ms / done / 1000) + " s left";
    return text;
  }

  const Scenario& scenario_;
  const SweepCommand& command_;
  std::ostream& csv_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> stop_{false};

  std::mutex mutex_;  // for what follows
  std::condition_variable changed_;
  unsigned working_ = 0;
  std::map<std::uint64_t, SweepRow> early_;
  SweepTotals totals_;
  bool cut_ = false;  // at the first failure: what came later does not count
};

// Makes the runs of failing seeds again, this time writing them down.
bool write_failures(const Scenario& scenario, const SweepCommand& command,
                    const SweepTotals& totals, const std::string& manifest,
                    const ResultDirectory& directory) {
  bool same = true;
  for (const auto& [name, property] : totals.properties) {
    for (const std::uint64_t seed : property.seeds) {
      Scenario failing = scenario;
      failing.seed = seed;
      const std::string folder = failure_folder(name, seed) + "/";
      const RecordedRun recorded = record_run(
          failing, {{command.trace, command.trace_cap}, true, nullptr}, directory, folder);
      directory.write(folder + "manifest.json", manifest);
      same = same && !recorded.diverged;
    }
  }
  return same;
}

std::string name_of_sweep(const SweepCommand& command, const Loaded& loaded) {
  constexpr std::size_t longest = 60;
  const std::string& seeds = command.seeds.text();
  std::string name = "sweep-" + (seeds.size() <= longest ? seeds : to_hex(digest(seeds)));
  if (!loaded.changed.empty()) name += "-" + loaded.changed;
  return name;
}

}  // namespace

ExitCode execute(const SweepCommand& command, const std::string& command_line) {
  const std::uint64_t begun = wall_milliseconds();
  const Loaded loaded = load(command.scenario);
  if (!loaded.scenario) {
    complain(loaded.errors);
    return loaded.code;
  }
  const Scenario& scenario = *loaded.scenario;
  const std::string stem = stem_of(command.scenario.file);
  const std::string name = name_of_sweep(command, loaded);
  const bool own_place = command.out.empty();
  ResultDirectory directory(own_place ? "results/" + stem + "/" + name : command.out,
                            process_name());
  catch_interrupts();
  const std::string csv_place = directory.place("runs.csv");
  std::ofstream csv(csv_place, std::ios::binary);
  Sweep sweep(scenario, command, csv);
  sweep.run_all();
  close_or_throw(csv, csv_place);

  const SweepResult result{scenario, command, sweep.totals(), sweep.complete(), directory.path()};
  directory.write("summary.json", sweep_json(result));
  directory.write("scenario.resolved.json", resolved_json(scenario));
  const std::string manifest = manifest_json(command_line, wall_milliseconds() - begun);
  const bool same = write_failures(scenario, command, sweep.totals(), manifest, directory);
  directory.write("manifest.json", manifest);
  directory.commit();
  if (own_place) point_at("results/latest", stem + "/" + name, process_name());

  const std::string text =
      command.format == Format::json ? sweep_json(result) : present(result, Painter(command.color));
  if (!print(text)) return ExitCode::io_error;
  return same ? exit_code(result) : ExitCode::diverged;
}

}  // namespace ballast
