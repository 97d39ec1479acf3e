#include "sim/cli/present.h"

#include <utility>

#include "sim/report/names.h"
#include "sim/report/statistics.h"
#include "sim/report/summary.h"
#include "sim/report/words.h"

namespace ballast {
namespace {

std::string counted(std::uint64_t n, std::string_view one) {
  return with_commas(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}

std::string upper(std::string_view word) {
  std::string text;
  for (const char c : word) text += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

std::string cast(const Scenario& scenario) {
  std::string text;
  for (const NodeGroup& group : scenario.groups) {
    text += (text.empty() ? "" : ", ") + std::to_string(group.count) + " " +
            std::string(group.algorithm->name);
  }
  if (scenario.client_count() > 0) text += ", " + counted(scenario.client_count(), "client");
  return text;
}

std::string happenings(const RunOutcome& outcome) {
  std::string text;
  const auto add = [&](std::uint64_t n, const std::string& what) {
    if (n > 0) text += (text.empty() ? "" : ", ") + what;
  };
  add(outcome.elections, counted(outcome.elections, "election"));
  add(outcome.decisions, counted(outcome.decisions, "decision"));
  add(outcome.routed, with_commas(outcome.routed) + " routed");
  add(outcome.counters.crashes, with_commas(outcome.counters.crashes) +
                                    (outcome.counters.crashes == 1 ? " crash" : " crashes"));
  add(outcome.counters.records_lost, counted(outcome.counters.records_lost, "record") + " lost");
  return text.empty() ? "nothing of note" : text;
}

std::string messages(const RunOutcome& outcome) {
  const Counters& counters = outcome.counters;
  std::string text =
      with_commas(counters.sent) + " sent, " + with_commas(counters.all_dropped()) + " dropped";
  std::string reasons;
  constexpr auto names = enumerators(DropReason{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (counters.dropped[i] == 0) continue;
    reasons += (reasons.empty() ? "" : ", ") + with_commas(counters.dropped[i]) + " " +
               std::string(names[i]);
  }
  if (!reasons.empty()) text += " (" + reasons + ")";
  if (counters.duplicated > 0) text += ", " + with_commas(counters.duplicated) + " duplicated";
  return text;
}

std::string faults(const RunOutcome& outcome) {
  std::string text;
  std::size_t shown = 0;
  for (const FiredFault& each : outcome.faults) {
    if (++shown > 4) continue;
    text += (text.empty() ? "" : ", ") + std::string(name_of(each.fault.action)) +
            (each.fired ? " at " + to_text(each.fault.at) : " never fired");
  }
  if (shown > 4) text += " and " + std::to_string(shown - 4) + " more";
  return text.empty() ? "none" : text;
}

std::string operations(const RunOutcome& outcome) {
  const std::uint64_t milli = throughput_milli(outcome);
  return with_commas(outcome.ok) + " ok, " + with_commas(outcome.fail) + " failed, " +
         with_commas(outcome.info + outcome.open) +
         " unknown: " + fixed_point(static_cast<std::int64_t>((milli + 50) / 100), 1) + " ok/s";
}

std::string latency(const RunOutcome& outcome) {
  const Histogram& h = outcome.latencies;
  return "p50 " + rounded(h.quantile({1, 2})) + ", p99 " + rounded(h.quantile({99, 100})) +
         ", p999 " + rounded(h.quantile({999, 1000})) + ", max " + rounded(h.max());
}

std::string checks_heard(const RunOutcome& outcome) {
  std::uint64_t speaking = 0;
  std::uint64_t facts = 0;
  for (const CheckTally& tally : outcome.checks) {
    speaking += tally.heard > 0;
    facts += tally.heard;
  }
  return std::to_string(speaking) + " of " + std::to_string(outcome.checks.size()) +
         " had something to judge, " + counted(facts, "fact");
}

std::string expectation(const Scenario& scenario, const RunOutcome& outcome, const Painter& paint) {
  if (!scenario.expect) return {};
  if (outcome.as_expected) return ", as expected";
  std::string wanted(name_of(scenario.expect->verdict));
  if (scenario.expect->property) wanted += " (" + *scenario.expect->property + ")";
  return ", " + paint(Color::red, "NOT AS EXPECTED: the scenario is there to be " + wanted);
}

std::string line(std::string_view label, const std::string& text) {
  std::string out = "  " + std::string(label);
  out.resize(2 + 13, ' ');
  return out + text + "\n";
}

}  // namespace

std::string wrapped(std::string_view sentence) { return wrap("  ", sentence, 4); }

std::string rounded(Duration d) {
  struct Unit {
    std::int64_t ns;
    std::string_view name;
  };
  for (const Unit unit : {Unit{1'000'000'000, " s"}, Unit{1'000'000, " ms"}, Unit{1'000, " us"}}) {
    if (d.ns < unit.ns) continue;
    // Three digits: as many decimals as the whole part leaves room for.
    const int decimals = d.ns >= 100 * unit.ns ? 0 : d.ns >= 10 * unit.ns ? 1 : 2;
    std::int64_t scale = unit.ns;
    for (int i = 0; i < decimals; ++i) scale /= 10;
    return fixed_point((d.ns + scale / 2) / scale, decimals) + std::string(unit.name);
  }
  return std::to_string(d.ns) + " ns";
}

std::string verdict_line(const Scenario& scenario, const RunOutcome& outcome,
                         const Painter& paint) {
  const Color color = outcome.verdict == Verdict::held       ? Color::green
                      : outcome.verdict == Verdict::violated ? Color::red
                                                             : Color::yellow;
  std::string text = paint(color, upper(name_of(outcome.verdict)));
  if (!outcome.violations.empty()) {
    const Violation& first = outcome.violations.front();
    text += "  " + paint(Color::bold, first.property) + " at " + to_text(first.at);
    if (!first.witnesses.empty()) text += ", event " + with_commas(first.event.value);
  }
  text += expectation(scenario, outcome, paint);
  if (outcome.verdict == Verdict::inconclusive)
    text += ": " + Names(scenario).in(outcome.reasons.front());
  return text;
}

std::string present(const Scenario& scenario, const RunOutcome& outcome, const Story* story,
                    const Presentation& about, const Painter& paint) {
  std::string text;
  if (!about.quiet) {
    text += paint(Color::bold, scenario.name) + "  " +
            paint(Color::dim, about.file + ", seed " + std::to_string(scenario.seed)) + "\n";
    text += line("ran", cast(scenario) + ": " + to_text(outcome.ended) + " simulated, " +
                            counted(outcome.counters.events, "event"));
    text += line("happened", happenings(outcome));
    text += line("messages", messages(outcome));
    text += line("faults", faults(outcome));
    if (outcome.invoked > 0) text += line("operations", operations(outcome));
    if (outcome.ok > 0) text += line("latency", latency(outcome));
    if (outcome.statistics) {
      std::string_view label = "  statistics   ";
      for (const std::string& each : in_words(*outcome.statistics)) {
        text += wrap(std::exchange(label, "               "), each, 15);
      }
    }
    if (outcome.recovery) {
      text += line("recovery", rounded(*outcome.recovery) + " from healing to the first answer");
    }
    if (!outcome.checks.empty()) text += line("checks", checks_heard(outcome));
  }
  text += verdict_line(scenario, outcome, paint) + "\n";
  if (outcome.verdict == Verdict::inconclusive) {
    for (std::size_t i = 1; i < outcome.reasons.size(); ++i) {
      text += wrapped("and " + outcome.reasons[i]);
    }
  }
  for (const std::string& note : outcome.notes) text += wrapped(note);
  if (story != nullptr) {
    for (const std::string& sentence : in_short(*story)) text += wrapped(sentence);
    if (!about.results.empty()) text += line("story", about.results + "/violation.md");
  }
  text += line("fingerprint", to_hex(outcome.fingerprint));
  if (!about.results.empty()) text += line("results", about.results);
  if (!about.replay.empty()) text += line("replay", about.replay);
  if (!about.results.empty() && outcome.ok > 0) {
    text += line("plot", "scripts/plot " + shell_quoted(about.results));
  }
  return text;
}

}  // namespace ballast
