// The rows of a sweep on their way to the disk, so that neither Ctrl-C nor `kill -9` costs more
// than the last second: runs.csv only grows, and beside it part.json is renewed now and then with
// the number of bytes of runs.csv that it stands for. What is beyond them, a torn line too, is cut
// off by whoever goes on.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "sim/cli/sweep/part.h"
#include "sim/report/results.h"

namespace ballast {

// Writes into a ResultDirectory that is not committed yet. All members throw OutputError.
class Journal {
 public:
  // Begins runs.csv with `rows`, which are part.bytes long, or with its header.
  Journal(const ResultDirectory& directory, SweepPart& part, std::string_view rows);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  void append(std::string_view row);
  // Renews part.json, which from now on stands for all rows so far.
  void save();
  // Saves for the last time: no more rows come.
  void close();

 private:
  const ResultDirectory& directory_;
  SweepPart& part_;
  std::string place_;
  std::ofstream rows_;
  int lock_ = -1;  // of a descriptor: tells others that this process is alive, here and over NFS
};

// What an earlier process left of the same part: in its result, or beside it if it was killed.
struct Remains {
  SweepPart part;
  std::string rows;    // of runs.csv, part.bytes long
  std::string folder;  // where they are
};
// Of several the one that has come farthest. Leaves alone what a living process is writing.
std::optional<Remains> find_remains(const std::string& result, const SweepPlan& plan,
                                    const Shard& shard);

// Removes what killed processes left beside a result that is now complete.
void remove_remains(const std::string& result, const SweepPlan& plan, const Shard& shard);

}  // namespace ballast
