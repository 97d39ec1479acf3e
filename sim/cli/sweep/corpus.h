// The corpus: failures that were found once, each a repro.json, and are tried again before a sweep
// spends its time on new seeds.
#pragma once

#include <string>
#include <vector>

#include "sim/base/problems.h"
#include "sim/cli/exit_code.h"
#include "sim/cli/sweep/part.h"
#include "sim/report/repro.h"

namespace ballast {

// Every *.repro.json of a directory, read, in the order of their names.
struct Corpus {
  struct Entry {
    std::string file;
    Repro repro;
  };
  std::vector<Entry> entries;
  // Where it cannot be read: why, and with which code to exit.
  std::string errors;
  ExitCode code = ExitCode::held;
};
Corpus load_corpus(const std::string& directory);

// Makes each run again. What an entry is there for is said by its own scenario: with "expect"
// violated it is a canary, which must break the same property as when it was written down, so that
// the checks are known to see; any other is a bug that was mended, and must hold. Ctrl-C ends it.
std::vector<CorpusCase> replay_corpus(const Corpus& corpus);

}  // namespace ballast
