// The same jobs under several values of one thing: who is better, by how much, and whether that is
// more than luck.
#include <algorithm>
#include <array>

#include "sim/base/fingerprint.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/load.h"
#include "sim/measure/paired.h"
#include "sim/report/statistics.h"
#include "sim/report/summary.h"
#include "sim/scenario/json.h"
#include "sim/scenario/run.h"
#include "sim/scenario/trials.h"

namespace ballast {
namespace {

enum class Measure : std::uint8_t { mean, p50, p99, throughput };
constexpr auto enumerators(Measure) {
  return std::array<std::string_view, 4>{"mean", "p50", "p99", "throughput"};
}
constexpr std::size_t measure_count = 4;

// What clients asked, and when: equal for two runs if they had the same jobs. Runs may differ in
// length; they are compared at the last power of two that both reached.
class JobDigests final : public Recorder {
 public:
  SightMask wants() const override { return 0; }
  bool wants_states() const override { return false; }
  void see(const Occurrence&, const World&) override {}
  void begin(const Scenario&, const World&) override {}
  void sample(const Sample&) override {}
  void line(const HistoryLine& line) override {
    if (!line.invocation) return;
    const ClientOperation& op = *line.operation;
    fold(jobs_, op.invoked);
    fold(jobs_, op.client);
    fold(jobs_, op.operation);
    fold(jobs_, op.key);
    ++count_;
    if ((count_ & (count_ - 1)) == 0) digests_.push_back(jobs_.value());
  }
  const std::vector<std::uint64_t>& digests() const { return digests_; }

 private:
  Fingerprint jobs_;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> digests_;
};

bool same_jobs(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const std::size_t both = std::min(a.size(), b.size());
  return both == 0 || a[both - 1] == b[both - 1];
}

// Latencies in 1024ths of a nanosecond, throughput in thousandths.
struct Measured {
  bool made = false;
  ExitCode code = ExitCode::held;
  std::string why;  // not held
  std::array<std::int64_t, measure_count> values{};
  std::vector<std::uint64_t> jobs;
};

Measured measure(const Scenario& scenario) {
  JobDigests jobs;
  const RunOutcome outcome = run(scenario, {&jobs, true, interrupted()});
  Measured m;
  m.made = true;
  m.code = exit_code(outcome.verdict);
  if (!outcome.violations.empty()) m.why = outcome.violations.front().sentence;
  if (!outcome.reasons.empty()) m.why = outcome.reasons.front();
  const Histogram& all = outcome.latencies;
  if (all.count() == 0) {
    m.code = worse(m.code, ExitCode::inconclusive);
    return m;
  }
  m.values = {static_cast<std::int64_t>((all.sum() << fine_bits) / all.count()),
              all.interpolated({1, 2}), all.interpolated({99, 100}),
              static_cast<std::int64_t>(throughput_milli(outcome))};
  if (outcome.statistics) {
    constexpr std::array<Metric, 3> settled{Metric::mean, Metric::p50, Metric::p99};
    for (std::size_t i = 0; i < settled.size(); ++i) {
      if (const auto& e = outcome.statistics->of(settled[i])) m.values[i] = e->mean;
    }
  }
  m.jobs = jobs.digests();
  return m;
}

// The paths below a value whose last part is this name.
void find_paths(const Value& value, std::string_view name, const std::string& path,
                std::vector<std::string>& found) {
  for (std::size_t i = 0; i < value.children.size(); ++i) {
    const Value& child = value.children[i];
    const std::string key = value.is(Value::Kind::array) ? std::to_string(i) : child.key;
    const std::string here = path.empty() ? key : path + "." + key;
    if (key == name) found.push_back(here);
    find_paths(child, name, here, found);
  }
}

class PairedRuns {
 public:
  PairedRuns(const CompareCommand& command, GridAxis axis)
      : command_(command), axis_(std::move(axis)) {}

  // False if something is wrong with the command or a scenario; errors() and code() say what.
  bool prepare() {
    const Loaded base = load(command_.scenario);
    if (!base.scenario) return fail(base.errors, base.code);
    if (base.scenario->statistics) confidence_ = base.scenario->statistics->confidence;
    if (axis_.path.find('.') == std::string::npos && !complete_path(*base.scenario)) return false;
    for (const std::string& value : axis_.values) {
      ScenarioOptions options = command_.scenario;
      options.varied = {axis_.path + "=" + value};
      options.varied_by = "--vary";
      Loaded loaded = load(options);
      if (!loaded.scenario) return fail(loaded.errors, loaded.code);
      scenarios_.push_back(std::move(*loaded.scenario));
    }
    return true;
  }

  void run_all() {
    const std::size_t seeds = command_.seeds.size();
    runs_.resize(seeds * scenarios_.size());
    Trials trials(command_.jobs, 0, interrupted());
    trials.all(runs_.size(), [&](std::size_t i) {
      Scenario scenario = scenarios_[i % scenarios_.size()];
      scenario.seed = command_.seeds[i / scenarios_.size()];
      runs_[i] = measure(scenario);
    });
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      code_ = worse(code_, runs_[i].code);
      if (!same_jobs(runs_[i].jobs, runs_[i - i % scenarios_.size()].jobs)) same_jobs_ = false;
    }
  }

  const std::string& errors() const { return errors_; }
  ExitCode code() const { return code_; }
  std::string as_text() const;
  std::string as_json() const;

 private:
  bool fail(std::string errors, ExitCode code) {
    errors_ = std::move(errors);
    code_ = code;
    return false;
  }
  // "policy" stands for "nodes.balancer.config.policy", if nothing else is called that.
  bool complete_path(const Scenario& scenario) {
    Problems problems;
    const std::optional<Value> tree = parse_json(resolved_json(scenario), "resolved", problems);
    if (!tree || tree->find(axis_.path) != nullptr) return true;
    std::vector<std::string> found;
    find_paths(*tree, axis_.path, "", found);
    if (found.size() == 1) {
      axis_.path = found.front();
      return true;
    }
    std::string text = "ballast compare: --vary " + axis_.path + ": ";
    if (found.empty()) {
      text += "nothing in the scenario is called that; expected a path as of --set\n";
    } else {
      text += "several things in the scenario are called that; say which:\n";
      for (const std::string& path : found) text += "  " + path + "\n";
    }
    return fail(text, ExitCode::usage);
  }
  std::vector<std::vector<std::int64_t>> values_of(Measure measure) const {
    std::vector<std::vector<std::int64_t>> all(scenarios_.size());
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      all[i % all.size()].push_back(runs_[i].values[static_cast<std::size_t>(measure)]);
    }
    return all;
  }
  // The first run that is not held, of which the table must not be silent.
  std::string doubt() const {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (runs_[i].code == ExitCode::held) continue;
      return axis_.values[i % scenarios_.size()] + ", seed " +
             std::to_string(command_.seeds[i / scenarios_.size()]) + ": " + runs_[i].why;
    }
    return {};
  }

  const CompareCommand& command_;
  GridAxis axis_;
  Ratio confidence_{95, 100};
  std::vector<Scenario> scenarios_;  // by value
  std::vector<Measured> runs_;       // seed after seed, each with every value
  bool same_jobs_ = true;
  std::string errors_;
  ExitCode code_ = ExitCode::held;
};

std::string amount_text(Measure measure, const Estimate& e, bool sign) {
  const std::string plus = sign && e.mean > 0 ? "+" : "";
  if (measure != Measure::throughput) return plus + in_words(e);
  return plus + fixed_point(e.mean, 3) + " +- " +
         fixed_point(static_cast<std::int64_t>(e.half_width), 3) + " ok/s";
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string PairedRuns::as_text() const {
  std::size_t width = 8;
  for (const std::string& value : axis_.values) width = std::max(width, value.size());
  std::string text = axis_.path + ", " + std::to_string(axis_.values.size()) + " values, seeds " +
                     command_.seeds.text() + ", " + percent_text(confidence_) + " intervals\n";
  for (std::size_t k = 0; k < measure_count; ++k) {
    const auto what = static_cast<Measure>(k);
    const std::vector<std::vector<std::int64_t>> values = values_of(what);
    text += "\n" + std::string(name_of(what)) + "\n";
    for (std::size_t i = 0; i < values.size(); ++i) {
      text += "  " + padded(axis_.values[i], 2 * width + 3) + "  " +
              amount_text(what, estimate(values[i], confidence_), false) + "\n";
    }
    for (const Difference& pair : differences(values, confidence_)) {
      text += "  " +
              padded(padded(axis_.values[pair.a], width) + " - " + axis_.values[pair.b],
                     2 * width + 3) +
              "  " + padded(amount_text(what, pair.estimate, true), 28) +
              (pair.is_real() ? "  real" : "  not shown");
      if (pair.gain_milli > 0) {
        text += ", pairs worth " +
                fixed_point(static_cast<std::int64_t>(pair.gain_milli / 100), 1) +
                " times the runs";
      }
      text += "\n";
    }
  }
  text += same_jobs_
              ? "\nEvery value was given the same jobs at the same times. "
              : "\nThe jobs differ between values, for clients react to answers: less is shared. ";
  text +=
      "The intervals of the\ndifferences of one measure hold together; a difference is real if "
      "its interval excludes 0.\n";
  if (const std::string why = doubt(); !why.empty()) text += wrap("BEWARE  ", why, 8);
  return text;
}

void write_amount(JsonWriter& w, Measure measure, const Estimate& e) {
  const auto number = [&](std::int64_t value) {
    return measure == Measure::throughput ? fixed_point(value, 3) : fine_json(value);
  };
  const auto half = static_cast<std::int64_t>(e.half_width);
  w.key("value").raw(number(e.mean)).key("half_width").raw(number(half));
}

std::string PairedRuns::as_json() const {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("path", std::string_view(axis_.path));
  w.member("seeds", std::string_view(command_.seeds.text()));
  w.key("confidence");
  write_json(w, confidence_);
  w.member("same_jobs", same_jobs_);
  w.key("doubt");
  const std::string why = doubt();
  why.empty() ? w.null() : w.value(std::string_view(why));
  w.key("measures").begin_array();
  for (std::size_t k = 0; k < measure_count; ++k) {
    const auto what = static_cast<Measure>(k);
    const std::vector<std::vector<std::int64_t>> values = values_of(what);
    w.begin_object().member("name", name_of(what));
    w.member("unit", what == Measure::throughput ? "1/s" : "ns").key("values").begin_array();
    for (std::size_t i = 0; i < values.size(); ++i) {
      w.begin_object().member("of", std::string_view(axis_.values[i]));
      write_amount(w, what, estimate(values[i], confidence_));
      w.end_object();
    }
    w.end_array().key("differences").begin_array();
    for (const Difference& pair : differences(values, confidence_)) {
      w.begin_object().member("of", std::string_view(axis_.values[pair.a]));
      w.member("minus", std::string_view(axis_.values[pair.b]));
      write_amount(w, what, pair.estimate);
      w.member("real", pair.is_real());
      w.key("variance_ratio").raw(fixed_point(static_cast<std::int64_t>(pair.gain_milli), 3));
      w.end_object();
    }
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const CompareCommand& command, const std::string&) {
  GridAxis axis;
  std::string wrong = parse_grid(command.vary, axis);
  if (wrong.empty() && axis.values.size() < 2) wrong = "one value is nothing to compare";
  if (!wrong.empty()) {
    complain("ballast compare: --vary: " + wrong + "\n");
    return ExitCode::usage;
  }
  if (command.seeds.size() < 2) {
    complain("ballast compare: --seeds: one seed has no interval; expected two or more\n");
    return ExitCode::usage;
  }
  catch_interrupts();
  PairedRuns comparison(command, std::move(axis));
  if (!comparison.prepare()) {
    complain(comparison.errors());
    return comparison.code();
  }
  comparison.run_all();
  if (*interrupted() != 0) return ExitCode::interrupted;
  const std::string text =
      command.format == Format::json ? comparison.as_json() : comparison.as_text();
  return print(text) ? comparison.code() : ExitCode::io_error;
}

}  // namespace ballast
