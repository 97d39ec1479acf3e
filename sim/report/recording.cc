#include "sim/report/recording.h"

#include <initializer_list>
#include <ostream>

namespace ballast {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

}  // namespace

Recording::Recording(const RecordingOptions& options, std::ostream* history)
    : trace_(options.trace, options.trace_cap, options.trace_skipped),
      history_(history),
      metrics_(
          "from_ns,to_ns,invoked,ok,fail,info,p50_ns,p99_ns,max_ns,sent,received,dropped,elections,"
          "nodes_up,routed,most_routed,moved\n") {}

void Recording::begin(const Scenario& scenario, const World& world) {
  trace_.begin(scenario, world);
  spread_.begin(scenario);
  names_.resize(1);
  for (std::uint32_t i = 1; i <= world.node_count(); ++i) names_.push_back(world.name({i}));
}

void Recording::line(const HistoryLine& line) {
  if (history_ == nullptr) return;
  JsonWriter w(lines_);
  write_json(w, line, next_line_++, names_[line.operation->client.value]);
  lines_ += '\n';
  if (lines_.size() >= buffer_bytes) finish();
}

void Recording::finish() {
  if (history_ == nullptr) return;
  history_->write(lines_.data(), static_cast<std::streamsize>(lines_.size()));
  lines_.clear();
}

void Recording::sample(const Sample& s) {
  metrics_ += std::to_string(s.from.ns);
  metrics_ += ',' + std::to_string(s.to.ns);
  for (const std::uint64_t count : {s.invoked, s.ok, s.fail, s.info}) {
    metrics_ += ',' + std::to_string(count);
  }
  for (const Duration latency : {s.p50, s.p99, s.max}) metrics_ += ',' + std::to_string(latency.ns);
  for (const std::uint64_t count : {s.sent, s.received, s.dropped, s.elections}) {
    metrics_ += ',' + std::to_string(count);
  }
  const Spread::Interval chosen = spread_.take_interval();
  for (const std::uint64_t count :
       {std::uint64_t{s.nodes_up}, chosen.routed, chosen.most, chosen.moved}) {
    metrics_ += ',' + std::to_string(count);
  }
  metrics_ += '\n';
}

RecordedEnd record_end(const Scenario& scenario, RecordingOptions options, bool check,
                       const TraceSink& begun) {
  options.trace_skipped = begun.left_out();
  RecordedEnd end{Recording(options), {}};
  end.outcome = run(scenario, {&end.recording, check, nullptr});
  return end;
}

}  // namespace ballast
