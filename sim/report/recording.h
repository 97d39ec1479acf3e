// Writes a run down: its trace, what clients saw, and curves over time.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/report/series.h"
#include "sim/report/trace.h"
#include "sim/scenario/run.h"

namespace ballast {

struct RecordingOptions {
  TraceLevel trace = TraceLevel::messages;
  std::uint64_t trace_cap = 200'000;
  std::uint64_t trace_skipped = 0;  // records before the first one that is kept
};

// The history goes to its stream as it comes, so that memory does not grow with it; without a
// stream it is not written. Trace and metrics are taken from here when the run is over.
class Recording final : public Recorder {
 public:
  explicit Recording(const RecordingOptions& options, std::ostream* history = nullptr);

  SightMask wants() const override { return trace_.wants() | Spread::wants(); }
  bool wants_states() const override { return trace_.wants_states(); }
  bool wants_next_state() const override { return trace_.wants_next_state(); }
  void see(const Occurrence& seen, const World& world) override {
    if ((trace_.wants() & sight(seen.what)) != 0) trace_.see(seen, world);
    if ((Spread::wants() & sight(seen.what)) != 0) spread_.see(seen);
  }
  void begin(const Scenario& scenario, const World& world) override;
  void line(const HistoryLine& line) override;
  void sample(const Sample& sample) override;

  const TraceSink& trace() const { return trace_; }
  // A header line, and one line for each sample.
  const std::string& metrics_csv() const { return metrics_; }
  const Spread& spread() const { return spread_; }
  // Passes on what is left of the history.
  void finish();

 private:
  TraceSink trace_;
  std::ostream* history_;
  std::vector<std::string> names_;  // of the nodes
  std::string lines_;
  std::uint64_t next_line_ = 0;
  std::string metrics_;
  Spread spread_;
};

// Of a run that is too long to keep the end is wanted, and where that begins is known only when it
// is over: the run whose trace has `begun` so is made again, and its last records are kept.
struct RecordedEnd {
  Recording recording;
  RunOutcome outcome;
};
RecordedEnd record_end(const Scenario& scenario, RecordingOptions options, bool check,
                       const TraceSink& begun);

}  // namespace ballast
