// Runs a scenario: builds its world, lets it go, judges it, and says what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/check/checker.h"
#include "sim/fault/director.h"
#include "sim/kernel/world.h"
#include "sim/load/history.h"
#include "sim/measure/histogram.h"
#include "sim/measure/steady_state.h"
#include "sim/scenario/leadership.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// What happened in one interval of a run, for curves over time.
struct Sample {
  Time from;
  Time to;
  std::uint64_t invoked = 0;
  std::uint64_t ok = 0;
  std::uint64_t fail = 0;
  std::uint64_t info = 0;
  Duration p50;  // of the operations that returned ok in the interval
  Duration p99;
  Duration max;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;
  std::uint64_t elections = 0;
  std::uint32_t nodes_up = 0;  // clients not counted
};

// Whoever writes a run down. It watches the world like any observer and is given, besides, the
// lines of the history and the samples. It cannot influence the run.
class Recorder : public Observer {
 public:
  virtual void begin(const Scenario& scenario, const World& world) = 0;
  virtual void line(const HistoryLine& line) = 0;
  virtual void sample(const Sample& sample) = 0;
};

struct CheckTally {
  std::string property;
  std::uint64_t heard = 0;  // facts that it judged; one that heard none says nothing
};

// How often a goal of an algorithm was reached, by all nodes together. Zero is a gap.
struct GoalTally {
  std::string_view algorithm;
  std::string_view goal;
  std::uint64_t count = 0;
  bool open = true;  // to the options that the algorithm had in this run
};

// The fingerprint after every `interval` events, for finding where two runs part.
struct PrefixHashes {
  std::uint64_t interval = 1024;
  std::vector<std::uint64_t> hashes;
};

struct RunOutcome {
  Verdict verdict = Verdict::inconclusive;
  std::vector<std::string> reasons;   // why inconclusive
  std::vector<std::string> notes;     // such as waived liveness, or a load beyond capacity
  std::vector<Violation> violations;  // the first event that broke a property, and what it broke
  Time ended;
  std::uint64_t fingerprint = 0;
  PrefixHashes prefixes;
  Counters counters;
  std::uint64_t invoked = 0;
  std::uint64_t ok = 0;
  std::uint64_t fail = 0;
  std::uint64_t info = 0;
  std::uint64_t open = 0;  // when the run ended
  Histogram latencies;     // of operations that returned ok
  // How long each leader was waited for: from the crash or the resignation of the one before, or
  // from the start; if that one is still in office, cut off perhaps, from the candidacy.
  Histogram leaderless;
  std::uint64_t elections = 0;
  std::uint64_t decisions = 0;  // slots decided somewhere, each counted once for each group
  std::uint64_t routed = 0;
  std::vector<FiredFault> faults;
  std::vector<CheckTally> checks;
  std::vector<GoalTally> goals;  // of all algorithms of the scenario, in their order

  // If the scenario asks for them.
  std::optional<StatisticsReport> statistics;

  // From the healing for the check of liveness to the first answer after it.
  std::optional<Duration> recovery;

  // The longest change of leaders; nothing if no leader was heard by all.
  std::optional<Succession> succession;
  // Since when the leader of the highest term has been in office; nothing if nobody is in the end.
  std::optional<Time> led_since;

  // Whether the verdict is the one that the scenario expects; true if it expects none.
  bool as_expected = true;
};

// Another future of a run: after so many events all chance comes from another seed. What is under
// way, armed or scheduled by then stays as it is.
struct Reseed {
  std::uint64_t after_event = 0;
  std::uint64_t seed = 0;
};

// Runs to the end of the scenario, to `until` if that is earlier, or to the first violation.
struct RunOptions {
  Recorder* recorder = nullptr;
  bool check = true;  // without, nothing is judged: for measuring what checking costs
  // Set from outside, by a signal handler: as soon as it is not 0 the run ends, inconclusive.
  const volatile int* interrupted = nullptr;
  std::optional<Reseed> reseed = {};
};
RunOutcome run(const Scenario& scenario, const RunOptions& options = {});

// The scenario with its schedule replaced by the faults that fired, as they fired. Those that
// waited in vain stay as they are, for they wait in vain again.
Scenario as_it_happened(const Scenario& scenario, const RunOutcome& outcome);

// The world of a scenario, ready to boot: for tests and tools that drive it themselves.
World build_world(const Scenario& scenario);

}  // namespace ballast
