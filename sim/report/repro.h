// A failure as a file: everything that is needed to make the same run again, and what it must give.
// It holds the faults as they really fired, so that it outlives changes of how faults choose.
#pragma once

#include <optional>
#include <string>

#include "sim/scenario/run.h"

namespace ballast {

struct Repro {
  std::string tool;  // that wrote it
  Scenario scenario;
  Verdict verdict = Verdict::violated;
  std::string property;  // that broke first; empty if none did
  std::uint64_t schema = Fingerprint::schema;
  std::uint64_t fingerprint = 0;
  PrefixHashes prefixes;
};

// repro.json of a run that was violated.
std::string repro_json(const Scenario& scenario, const RunOutcome& outcome);

// Reads repro.json, or scenario.resolved.json and summary.json of any run. Nothing, with the
// reasons among the problems, if they are not what a run wrote.
struct NamedText {
  std::string name;
  std::string text;
};
std::optional<Repro> read_repro(const NamedText& repro, Problems& problems);
std::optional<Repro> read_result(const NamedText& scenario, const NamedText& summary,
                                 Problems& problems);

// How a run that was made again compares with what it must give.
struct Comparison {
  bool same_fingerprint = false;
  bool same_violation = false;  // the same verdict, and the same property broke first
  // Between these numbers of events the runs part; equal if that is not known.
  std::uint64_t parted_after = 0;
  std::uint64_t parted_before = 0;
};
Comparison compare(const Repro& expected, const RunOutcome& outcome);

}  // namespace ballast
