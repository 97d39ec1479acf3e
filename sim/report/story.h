// The story of a violation: which property broke, the facts that clash, and what led there, so that
// somebody who knows the algorithm sees the mistake from it alone.
#pragma once

#include <string>
#include <vector>

#include "sim/report/moments.h"
#include "sim/report/names.h"

namespace ballast {

struct StoryRow {
  Time at;
  std::string node;
  std::string what;
  EventId event;
  EventId cause;         // the step or the sending from which it follows; 0 for none
  bool clashes = false;  // one of the facts that cannot both be
};

struct Story {
  std::string property;
  std::string summary;   // the property as a sentence
  std::string source;    // where it is stated
  std::string sentence;  // the clash
  Time at;
  EventId event;                    // none if it was found in the history of the whole run
  std::vector<std::string> before;  // what other checks had objected to by then
  std::vector<std::string> causes;  // how each of the clashing facts came about
  std::vector<std::string> losses;  // crashes of the nodes involved, and what they lost
  std::vector<std::string> states;  // of the nodes involved, in the end
  std::vector<StoryRow> rows;       // in the order of time
  std::uint64_t left_out = 0;       // rows that seemed to matter less
};

// Listens to a run that ends in a violation and then tells its story.
class StoryTeller final : public Recorder {
 public:
  static constexpr std::size_t most_rows = 40;

  explicit StoryTeller(const Scenario& scenario) : scenario_(scenario), moments_(scenario) {}

  SightMask wants() const override { return moments_.wants(); }
  bool wants_states() const override { return moments_.wants_states(); }
  void see(const Occurrence& seen, const World& world) override { moments_.see(seen, world); }
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}

  // REQUIRES that the outcome, of this very run, holds a violation.
  Story tell(const RunOutcome& outcome) const;

 private:
  const Scenario& scenario_;
  Moments moments_;
};

// violation.md. `more` is put below the sentence that says what is violated.
std::string violation_md(const Scenario& scenario, const Story& story, std::string_view more = {});

// The same in at most `most` lines, for a terminal.
std::vector<std::string> in_short(const Story& story, std::size_t most = 10);

}  // namespace ballast
