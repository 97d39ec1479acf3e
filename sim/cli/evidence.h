// Whether the trace and the history in the directory of a run are what the run writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast {

struct Altered {
  std::string file;        // "trace.jsonl"
  std::uint64_t line = 0;  // the first that is another one, or is missing, from 1
};

// Makes the run of scenario.resolved.json again, writes it down elsewhere as it was written down
// there, and compares line by line. Files that are not there are not compared, nor is anything
// where the scenario cannot be read. Throws OutputError if there is no room to write.
std::vector<Altered> find_altered(const std::string& directory);

}  // namespace ballast
