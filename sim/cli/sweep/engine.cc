#include "sim/cli/sweep/engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "sim/base/assert.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/manifest.h"
#include "sim/cli/terminal.h"

namespace ballast {
namespace {

class Maker {
 public:
  Maker(const LoadedPlan& loaded, const EngineOptions& options, SweepPart& part, Journal& journal)
      : loaded_(loaded),
        options_(options),
        runs_(loaded.runs()),
        mine_(runs_.size(part.shard)),
        begun_with_(part.rows),
        part_(part),
        journal_(journal),
        next_(part.next),
        taken_(part.rows) {}

  void make_all() {
    unsigned jobs = options_.jobs != 0 ? options_.jobs : std::thread::hardware_concurrency();
    const std::uint64_t left = std::max<std::uint64_t>(1, mine_ - part_.rows);
    jobs = std::max(1U, static_cast<unsigned>(std::min<std::uint64_t>(jobs, left)));
    working_ = jobs;
    {
      std::vector<std::jthread> workers;
      for (unsigned i = 0; i < jobs; ++i) workers.emplace_back([this] { work(); });
      try {
        watch();
      } catch (...) {
        stop(std::current_exception());
      }
    }
    if (failed_) std::rethrow_exception(failed_);
    finish();
  }

 private:
  // Rows that wait for one that is slow to come; beyond, their makers wait too.
  static constexpr std::uint64_t most_early = 1024;

  void work() {
    try {
      for (std::uint64_t place = 0, run = 0; take(place, run);) deliver(place, make(run));
    } catch (...) {
      stop(std::current_exception());
    }
    const std::scoped_lock lock(mutex_);
    --working_;
    done_.notify_all();
  }

  void stop(std::exception_ptr failed) {
    const std::scoped_lock lock(mutex_);
    failed_ = std::move(failed);
    stop_ = true;
    room_.notify_all();
  }

  // The next run of this part, and its place among them.
  bool take(std::uint64_t& place, std::uint64_t& run) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return stop_ || taken_ - part_.rows < most_early; });
    if (stop_ || *interrupted() != 0 || time_is_over()) return false;
    while (next_ < runs_.size() && !runs_.belongs(next_, part_.shard)) ++next_;
    if (next_ >= runs_.size()) return false;
    run = next_++;
    place = taken_++;
    return true;
  }

  // Asked after each row: the sums of cells are small.
  static bool covers_all(const SweepTotals& totals) {
    const std::vector<GoalTotal> goals = totals.goals();
    return !goals.empty() && std::all_of(goals.begin(), goals.end(),
                                         [](const GoalTotal& goal) { return !goal.is_gap(); });
  }

  bool time_is_over() const {
    return options_.time_over && wall_milliseconds() >= *options_.time_over;
  }

  SweepRow make(std::uint64_t run) const {
    const std::uint64_t cell = runs_.cell(run);
    const Scenario scenario = loaded_.scenario(cell, runs_.seed(run));
    const std::string again =
        run_command(part_.plan.cells[static_cast<std::size_t>(cell)], scenario.seed);
    set_replay_command(again.c_str());
    const bool invented = loaded_.invents(cell);
    SweepRow row = sweep_row(run, cell, scenario, ballast::run(scenario), invented);
    if (runs_.made_twice(run)) {
      row.made_twice = true;
      row.diverged =
          row.csv != sweep_row(run, cell, scenario, ballast::run(scenario), invented).csv;
    }
    set_replay_command(nullptr);
    return row;
  }

  // Adds the rows whose predecessors have all come.
  void deliver(std::uint64_t place, SweepRow row) {
    const std::scoped_lock lock(mutex_);
    early_.emplace(place, std::move(row));
    for (auto first = early_.begin(); first != early_.end() && first->first == part_.rows;
         first = early_.erase(first)) {
      if (part_.ended == SweepEnd::at_failure || part_.ended == SweepEnd::covered) return;
      const SweepRow& held = first->second;
      journal_.append(csv_prefix(part_.plan, held.cell) + held.csv);
      part_.totals.add(held);
      part_.next = held.run + 1;
      ++part_.rows;
      events_ += held.events;
      if (part_.plan.until_covered && covers_all(part_.totals)) {
        part_.ended = SweepEnd::covered;
        stop_ = true;
      }
      if (part_.plan.fail_fast && held.verdict == Verdict::violated) {
        part_.ended = SweepEnd::at_failure;
        stop_ = true;
      }
    }
    room_.notify_all();
  }

  // Shows how far it has come, and saves it, until all workers are done.
  void watch() {
    const bool rewritten = stderr_is_watched();
    const std::uint64_t pause = rewritten ? 100 : 10'000;
    const std::uint64_t begun = wall_milliseconds();
    std::uint64_t show_at = begun + pause;
    std::uint64_t save_at = begun + 1'000;
    bool shown = false;
    std::unique_lock lock(mutex_);
    while (working_ > 0) {
      done_.wait_for(lock, std::chrono::milliseconds(50), [this] { return working_ == 0; });
      const std::uint64_t now = wall_milliseconds();
      if (now >= save_at && working_ > 0) {
        journal_.save();
        // However large the sums are, saving them takes no more than a twentieth of the time.
        const std::uint64_t after = wall_milliseconds();
        save_at = after + std::max<std::uint64_t>(1'000, 20 * (after - now));
      }
      if (options_.quiet || now < show_at || working_ == 0) continue;
      show_at += pause;
      complain((rewritten ? "\r\033[K" : "") + progress(now - begun) + (rewritten ? "" : "\n"));
      shown = true;
    }
    if (shown && rewritten) complain("\r\033[K");
  }

  std::string progress(std::uint64_t ms) const {
    const std::uint64_t done = part_.rows - begun_with_;
    const std::uint64_t elapsed = std::max<std::uint64_t>(ms, 1);
    std::uint64_t violated = 0;
    for (const FailureKind& kind : part_.totals.kinds) violated += kind.runs;
    std::string text = with_commas(part_.rows) + " of " + with_commas(mine_) + " runs, " +
                       with_commas(done * 1000 / elapsed) + "/s, " +
                       with_commas(events_ * 1000 / elapsed) + " events/s, " +
                       with_commas(violated) + " violated";
    if (done > 0) {
      text += ", " + with_commas((mine_ - part_.rows) * ms / done / 1000) + " s left";
    }
    return text;
  }

  void finish() {
    if (part_.rows == mine_) part_.next = runs_.size();
    if (part_.ended != SweepEnd::at_failure && part_.ended != SweepEnd::covered) {
      part_.ended = part_.rows == mine_   ? SweepEnd::all_made
                    : *interrupted() != 0 ? SweepEnd::interrupted
                                          : SweepEnd::time_over;
    }
    part_.complete = part_.ended == SweepEnd::all_made || part_.ended == SweepEnd::at_failure ||
                     part_.ended == SweepEnd::covered;
  }

  const LoadedPlan& loaded_;
  const EngineOptions& options_;
  const SweepRuns runs_;
  const std::uint64_t mine_;  // how many runs the part has
  const std::uint64_t begun_with_;

  std::mutex mutex_;              // for what follows
  std::condition_variable room_;  // for more early rows, or no more runs are to be made
  std::condition_variable done_;  // all workers are
  SweepPart& part_;
  Journal& journal_;
  std::uint64_t next_;   // the run to look at for the next one to make
  std::uint64_t taken_;  // how many were begun
  std::uint64_t events_ = 0;
  unsigned working_ = 0;
  bool stop_ = false;
  std::map<std::uint64_t, SweepRow> early_;  // by their place among the runs of the part
  std::exception_ptr failed_;
};

}  // namespace

void make_runs(const LoadedPlan& loaded, const EngineOptions& options, SweepPart& part,
               Journal& journal) {
  if (part.complete) return;
  part.ended = SweepEnd::running;
  Maker(loaded, options, part, journal).make_all();
}

}  // namespace ballast
