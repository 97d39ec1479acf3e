// A part of a sweep, as part.json holds it: what the sweep is, which share of it this is, how far
// it has come, and its sums. A shard is a part; so is a sweep that was interrupted, and one that is
// under way, whose part.json is renewed every second or so. With the rows that stand in runs.csv it
// is all that it takes to go on, or to join parts as if one process had made all runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/problems.h"
#include "sim/cli/sweep/plan.h"
#include "sim/cli/sweep/totals.h"

namespace ballast {

// What came of a repro.json of the corpus.
enum class CorpusResult : std::uint8_t {
  held,            // a fixed bug that stays away
  regression,      // a fixed bug that is back: some property is violated
  inconclusive,    // a fixed bug, but its run shows nothing any more
  reproduced,      // a canary that fails as it was written down, bit for bit
  same_violation,  // a canary that fails with the same property, in another run
  missed           // a canary that no longer fails so: the check that found it is blind
};
constexpr auto enumerators(CorpusResult) {
  return std::array<std::string_view, 6>{"held",       "regression",     "inconclusive",
                                         "reproduced", "same_violation", "missed"};
}

struct CorpusCase {
  std::string file;
  std::string property;  // that it was written down for
  CorpusResult result = CorpusResult::held;
  std::string sentence;  // what broke now, or why it is inconclusive
  static constexpr auto fields = Fields{field("file", &CorpusCase::file).needed(),
                                        field("property", &CorpusCase::property).needed(),
                                        field("result", &CorpusCase::result).needed(),
                                        field("sentence", &CorpusCase::sentence).needed()};
};

// Why no more runs were made.
enum class SweepEnd : std::uint8_t {
  running,
  all_made,
  at_failure,
  time_over,
  interrupted,
  covered
};
constexpr auto enumerators(SweepEnd) {
  return std::array<std::string_view, 6>{"running",   "all_made",    "at_failure",
                                         "time_over", "interrupted", "covered"};
}

struct SweepPart {
  static constexpr std::uint64_t known_format = 1;

  std::uint64_t format = known_format;
  SweepPlan plan;
  Shard shard;
  bool complete = false;  // every run of the part was made, or --fail-fast ended it
  SweepEnd ended = SweepEnd::running;
  std::uint64_t rows = 0;          // of runs.csv that count
  std::uint64_t bytes = 0;         // of runs.csv up to the end of the last of them
  std::uint64_t next = 0;          // the number of the run from which to go on
  std::vector<CorpusCase> corpus;  // the first shard's; the others leave it alone
  SweepTotals totals;

  static constexpr auto fields = Fields{field("format", &SweepPart::format).needed(),
                                        field("plan", &SweepPart::plan).needed(),
                                        field("shard", &SweepPart::shard).needed(),
                                        field("complete", &SweepPart::complete).needed(),
                                        field("ended", &SweepPart::ended).needed(),
                                        field("rows", &SweepPart::rows).needed(),
                                        field("bytes", &SweepPart::bytes).needed(),
                                        field("next", &SweepPart::next).needed(),
                                        field("corpus", &SweepPart::corpus).needed(),
                                        field("totals", &SweepPart::totals).needed()};
};

constexpr std::string_view part_file = "part.json";

std::string part_json(const SweepPart& part);
// Reads what part_json() wrote. Nothing, with the reasons among the problems, for anything else.
std::optional<SweepPart> read_part(const std::string& text, const std::string& name,
                                   Problems& problems);

// The first line of runs.csv, and what stands in a row before row_columns; both end in a comma or
// are empty.
std::string csv_header(const SweepPlan& plan);
std::string csv_prefix(const SweepPlan& plan, std::uint64_t cell);
// A value of CSV, quoted if need be (RFC 4180).
std::string csv_field(std::string_view text);

}  // namespace ballast
