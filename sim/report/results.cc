#include "sim/report/results.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "sim/report/repro.h"
#include "sim/report/series.h"
#include "sim/report/summary.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

// Everything that a run or a sweep writes. A directory that holds anything else is somebody's own.
constexpr std::array<std::string_view, 22> known_files{
    "elections.csv", "endpoints.csv", "failures",          "grid.csv",     "history.jsonl",
    "junit.xml",     "latency.csv",   "manifest.json",     "metrics.csv",  "part.json",
    "plots",         "queue.csv",     "repro.json",        "runs.csv",     "scenario.resolved.json",
    "shrunk.json",   "shrunk.md",     "shrunk.repro.json", "summary.json", "summary.md",
    "trace.jsonl",   "violation.md"};

OutputError cannot_create(const std::string& path, std::string_view why) {
  return {true, path + ": cannot create the results: " + std::string(why)};
}

void refuse_what_is_not_ours(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;
  if (status.type() != fs::file_type::directory) {
    throw cannot_create(path, error ? error.message() : "it exists and is not a directory");
  }
  for (auto each = fs::directory_iterator(path, error); !error && each != fs::end(each);
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    if (std::find(known_files.begin(), known_files.end(), name) != known_files.end()) continue;
    throw cannot_create(
        path, "the directory holds \"" + name + "\", which no run wrote; choose another --out");
  }
  if (error) throw cannot_create(path, error.message());
}

}  // namespace

void close_or_throw(std::ofstream& out, const std::string& where) {
  out.close();
  if (out) return;
  const int reason = errno == 0 ? EIO : errno;
  throw OutputError{false, where + ": cannot write: " + std::generic_category().message(reason)};
}

ResultDirectory::ResultDirectory(std::string path, std::string_view scratch)
    : path_(fs::path(std::move(path)).lexically_normal().string()) {
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  refuse_what_is_not_ours(path_);
  scratch_ = path_ + ".tmp-" + std::string(scratch);
  std::error_code error;
  fs::remove_all(scratch_, error);
  fs::create_directories(scratch_, error);
  if (error) throw cannot_create(path_, error.message());
}

ResultDirectory::~ResultDirectory() {
  std::error_code error;
  if (!committed_) fs::remove_all(scratch_, error);
}

std::string ResultDirectory::place(std::string_view name) const {
  const fs::path place = fs::path(scratch_) / name;
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (error) throw cannot_create(place.parent_path().string(), error.message());
  return place.string();
}

void ResultDirectory::write(std::string_view name, std::string_view text) const {
  const std::string where = place(name);
  errno = 0;
  std::ofstream out(where, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  close_or_throw(out, where);
}

void ResultDirectory::remove(std::string_view name) const {
  const std::string where = place(name);
  std::error_code error;
  fs::remove(where, error);
  if (error) throw OutputError{false, where + ": cannot remove: " + error.message()};
}

void ResultDirectory::copy(const std::string& from, std::string_view name) const {
  const std::string where = place(name);
  std::error_code error;
  fs::copy(from, where, fs::copy_options::recursive, error);
  if (error) throw OutputError{false, where + ": cannot copy " + from + ": " + error.message()};
}

void ResultDirectory::commit() {
  const std::string old = scratch_ + "-old";
  std::error_code error;
  // Another process may put its own result there at the same moment; it is as good as ours.
  for (int attempt = 0; attempt < 10; ++attempt) {
    fs::rename(path_, old, error);
    fs::rename(scratch_, path_, error);
    std::error_code ignored;
    fs::remove_all(old, ignored);
    if (!error) {
      committed_ = true;
      return;
    }
  }
  throw cannot_create(path_, error.message());
}

void point_at(const std::string& name, const std::string& target, std::string_view scratch) {
  const std::string next = name + ".tmp-" + std::string(scratch);
  std::error_code error;
  fs::remove(next, error);
  fs::create_symlink(target, next, error);
  if (!error) fs::rename(next, name, error);
  if (error) fs::remove(next, error);
}

namespace {

// What only plots need, and only of what there was.
void write_series(const Spread& spread, const RunOutcome& outcome, const ResultDirectory& directory,
                  const std::string& prefix) {
  const auto histogram = [&](std::string_view name, const Histogram& values) {
    if (values.count() == 0) return;
    directory.write(prefix + std::string(name),
                    std::string(histogram_columns) + histogram_rows(values));
  };
  histogram("latency.csv", outcome.latencies);
  histogram("elections.csv", outcome.leaderless);
  if (!spread.heard_any()) return;
  directory.write(prefix + "endpoints.csv", spread.endpoints_csv(outcome.ended));
  directory.write(prefix + "queue.csv", spread.queue_csv(outcome.ended));
}

}  // namespace

RecordedRun record_run(const Scenario& scenario, const RecordOptions& options,
                       const ResultDirectory& directory, const std::string& prefix) {
  const RecordingOptions& wanted = options.recording;
  const bool with_history = wanted.trace != TraceLevel::none;
  std::ofstream history;
  const std::string history_place = directory.place(prefix + "history.jsonl");
  if (with_history) history.open(history_place, std::ios::binary);
  Recording recording(wanted, with_history ? &history : nullptr);
  RecordedRun result;
  result.outcome = run(scenario, {&recording, options.check, options.interrupted});
  recording.finish();
  std::optional<RecordedEnd> end;
  const bool interrupted = options.interrupted != nullptr && *options.interrupted != 0;
  if (with_history && recording.trace().left_out() > 0 && !interrupted) {
    end = record_end(scenario, wanted, options.check, recording.trace());
    result.diverged = end->outcome.fingerprint != result.outcome.fingerprint;
  }
  const TraceSink& kept = end ? end->recording.trace() : recording.trace();
  if (with_history) {
    close_or_throw(history, history_place);
    const std::string trace_place = directory.place(prefix + "trace.jsonl");
    std::ofstream trace(trace_place, std::ios::binary);
    kept.write(trace);
    close_or_throw(trace, trace_place);
  }
  directory.write(prefix + "metrics.csv", recording.metrics_csv());
  write_series(recording.spread(), result.outcome, directory, prefix);
  directory.write(prefix + "scenario.resolved.json", resolved_json(scenario));
  result.summary = summary_json(scenario, result.outcome, with_history ? &kept : nullptr);
  directory.write(prefix + "summary.json", result.summary);
  if (result.outcome.verdict != Verdict::violated) return result;

  StoryTeller teller(scenario);
  const RunOutcome again = run(scenario, {&teller, options.check, nullptr});
  result.diverged |= again.fingerprint != result.outcome.fingerprint;
  if (!result.diverged) result.story = teller.tell(result.outcome);
  if (result.story) directory.write(prefix + "violation.md", violation_md(scenario, *result.story));
  directory.write(prefix + "repro.json", repro_json(scenario, result.outcome));
  return result;
}

}  // namespace ballast
