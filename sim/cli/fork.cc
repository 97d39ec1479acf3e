#include "sim/scenario/fork.h"

#include "sim/cli/interrupt.h"
#include "sim/cli/interval.h"
#include "sim/cli/load.h"
#include "sim/cli/sources.h"
#include "sim/report/parting.h"
#include "sim/report/words.h"

namespace ballast {
namespace {

constexpr std::size_t curve_points = 11;

std::string interval_text(std::uint64_t failures, std::uint64_t runs) {
  const Interval interval = failure_probability(failures, runs);
  return percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper);
}

std::string line(const ForkPoint& point) {
  std::string text = "  " + to_text(point.at);
  text += "  after event " + with_commas(point.after_event) + "  " + with_commas(point.violated) +
          " of " + with_commas(point.runs) + " (" + interval_text(point.violated, point.runs) + ")";
  if (point.another > 0) text += ", " + with_commas(point.another) + " violate another property";
  return text + "\n";
}

void write(JsonWriter& w, const ForkPoint& point) {
  w.begin_object().member("time", point.at.ns).member("after_event", point.after_event);
  w.member("runs", point.runs).member("violated", point.violated);
  w.member("another", point.another).end_object();
}

struct Found {
  std::vector<ForkPoint> curve;
  std::optional<ForkPoint> turning;
  std::vector<Happening> event;  // of the turning point
};

std::string as_text(const Found& found, const RunOutcome& outcome, bool whole) {
  const Violation& first = outcome.violations.front();
  std::string text = first.property + " is violated at " + to_text(first.at) + ", event " +
                     with_commas(first.event.value) +
                     "; continuations with fresh chance that violate it (95 % interval)\n";
  for (const ForkPoint& point : found.curve) text += line(point);
  if (!whole) return text;
  if (!found.turning) {
    return text + "no turning point: up to the violation fresh chance could still avoid it\n";
  }
  if (found.turning->after_event == 0) {
    return text +
           "bound to come from the start: the scenario alone makes it, whatever chance does\n";
  }
  text += "turning point: event " + with_commas(found.turning->after_event) + " at " +
          to_text(found.turning->at) + ", after which " + with_commas(found.turning->violated) +
          " of " + with_commas(found.turning->runs) + " continuations violate it\n";
  for (const Happening& each : found.event) text += wrap("  ", in_words(each), 6);
  return text;
}

std::string as_json(const Found& found, const RunOutcome& outcome) {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object();
  w.member("property", std::string_view(outcome.violations.front().property));
  w.member("event", outcome.violations.front().event.value);
  w.key("curve").begin_array();
  for (const ForkPoint& point : found.curve) write(w, point);
  w.end_array().key("turning_point");
  if (found.turning) {
    write(w, *found.turning);
  } else {
    w.null();
  }
  w.key("what").begin_array();
  for (const Happening& each : found.event) w.value(std::string_view(in_words(each)));
  w.end_array().end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const ForkCommand& command, const std::string&) {
  const NamedRun given = find_run(command.path);
  if (!given.scenario) {
    complain(given.errors);
    return given.code;
  }
  const RunOutcome outcome = run(*given.scenario);
  if (outcome.verdict != Verdict::violated) {
    complain("ballast fork: this run violates nothing (" + std::string(name_of(outcome.verdict)) +
             ")\n");
    return ExitCode::inconclusive;
  }
  catch_interrupts();
  Trials trials(command.jobs, 0, interrupted());
  Forks forks(*given.scenario, outcome, command.seeds, trials);
  Found found;
  if (command.at) {
    found.curve.push_back(forks.at(Time{} + *command.at));
  } else {
    found.curve = forks.curve(curve_points);
    found.turning = forks.turning_point();
    if (found.turning && found.turning->after_event > 0) {
      found.event = happenings_of(*given.scenario, found.turning->after_event);
    }
  }
  if (*interrupted() != 0) return ExitCode::interrupted;
  const std::string text = command.format == Format::json
                               ? as_json(found, outcome)
                               : readable(as_text(found, outcome, !command.at));
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

}  // namespace ballast
