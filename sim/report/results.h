// A directory of results: it appears whole, under its name, or not at all.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "sim/report/recording.h"
#include "sim/report/story.h"
#include "sim/scenario/run.h"

namespace ballast {

// Results cannot be written: the place cannot be made (exit 73), or writing failed (exit 74).
struct OutputError {
  bool cannot_create = false;
  std::string sentence;  // with path and reason
};

// Everything is written beside the place where it will stand and moved there by commit(); what a
// run left there before is replaced. Without commit() nothing stays. All members throw OutputError.
class ResultDirectory {
 public:
  // `scratch` tells apart processes that write to the same place at the same time. An existing
  // directory is only ever replaced if it holds nothing but what a run or sweep wrote.
  ResultDirectory(std::string path, std::string_view scratch);
  ResultDirectory(const ResultDirectory&) = delete;
  ResultDirectory& operator=(const ResultDirectory&) = delete;
  ~ResultDirectory();

  const std::string& path() const { return path_; }
  // Where to write a file of that name before commit(); folders on the way are made.
  std::string place(std::string_view name) const;
  void write(std::string_view name, std::string_view text) const;
  // Takes back what was written, and copies a file or folder from elsewhere.
  void remove(std::string_view name) const;
  void copy(const std::string& from, std::string_view name) const;
  void commit();

 private:
  std::string path_;
  std::string scratch_;
  bool committed_ = false;
};

// Makes the link `name` point at `target`, which is relative to the folder of the link. Only a
// convenience: where links are not possible there is none.
void point_at(const std::string& name, const std::string& target, std::string_view scratch);

// Closes a file that was written; throws OutputError if anything went wrong on the way.
void close_or_throw(std::ofstream& out, const std::string& where);

struct RecordOptions {
  RecordingOptions recording;
  bool check = true;
  const volatile int* interrupted = nullptr;
};

// A run that was written down. A violation is told by a second run with the same outcome; should it
// differ, the run is not deterministic, which is worse than any violation.
struct RecordedRun {
  RunOutcome outcome;
  std::optional<Story> story;
  bool diverged = false;
  std::string summary;  // as written to summary.json
};

// Runs the scenario and writes all files of a run but manifest.json below `prefix` (empty, or a
// folder ending in "/") of the directory.
RecordedRun record_run(const Scenario& scenario, const RecordOptions& options,
                       const ResultDirectory& directory, const std::string& prefix = {});

}  // namespace ballast
