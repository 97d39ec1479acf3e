#include "sim/cli/sweep_report.h"

#include "sim/cli/interval.h"
#include "sim/cli/present.h"
#include "sim/report/names.h"
#include "sim/report/version.h"

namespace ballast {
namespace {

std::string line(std::string_view label, const std::string& text) {
  std::string out = "  " + std::string(label);
  out.resize(2 + 13, ' ');
  return out + text + "\n";
}

// "0 violations in 1,000 runs: failure probability < 0.3 % (95 %)".
std::string claim(const SweepTotals& totals) {
  const std::uint64_t judged = totals.held + totals.violated;
  const Interval interval = failure_probability(totals.violated, judged);
  const std::string runs = with_commas(judged) + (judged == 1 ? " run" : " runs");
  if (judged == 0) return "no run came to a verdict";
  if (totals.violated == 0) {
    return "0 violations in " + runs + ": failure probability < " +
           percent(interval.high, Bound::upper) + " (95 %)";
  }
  return with_commas(totals.violated) + " of " + runs + ": failure probability " +
         percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper) +
         " (95 %)";
}

std::string exercised(const SweepTotals& totals) {
  return with_commas(totals.events) + " events, " + with_commas(totals.ok) + " operations ok, " +
         with_commas(totals.elections) + " elections, " + with_commas(totals.crashes) +
         " crashes, " + with_commas(totals.dropped) + " drops, " + with_commas(totals.faults) +
         " faults fired";
}

Verdict verdict_of(const SweepTotals& totals) {
  if (totals.violated > 0) return Verdict::violated;
  return totals.inconclusive > 0 || totals.held == 0 ? Verdict::inconclusive : Verdict::held;
}

bool fails_to_show(const SweepResult& result) {
  return result.scenario.expect && result.scenario.expect->verdict == Verdict::violated &&
         result.totals.violated == 0;
}

std::string headline(const SweepResult& result, const Painter& paint) {
  std::string text;
  switch (verdict_of(result.totals)) {
    case Verdict::held:
      text = paint(Color::green, "HELD");
      break;
    case Verdict::violated:
      text = paint(Color::red, "VIOLATED");
      break;
    case Verdict::inconclusive:
      text = paint(Color::yellow, "INCONCLUSIVE");
      break;
  }
  text += "  " + claim(result.totals);
  if (!result.complete) text += ", " + paint(Color::yellow, "INCOMPLETE: it was interrupted");
  if (fails_to_show(result)) {
    text += ", " + paint(Color::red, "NOT AS EXPECTED: the scenario is there to be violated");
  }
  return text + "\n";
}

}  // namespace

const std::string_view sweep_header =
    "seed,verdict,property,events,sim_ns,ok,fail,info,open,p50_ns,p99_ns,p999_ns,max_ns,sent,"
    "dropped,duplicated,crashes,records_lost,elections,decisions,routed,faults,fingerprint\n";

SweepRow sweep_row(std::uint64_t seed, const RunOutcome& outcome) {
  SweepRow row;
  row.seed = seed;
  row.verdict = outcome.verdict;
  if (!outcome.violations.empty()) row.property = outcome.violations.front().property;
  if (outcome.verdict == Verdict::inconclusive) row.reason = outcome.reasons.front();
  row.events = outcome.counters.events;
  row.ok = outcome.ok;
  row.elections = outcome.elections;
  row.crashes = outcome.counters.crashes;
  row.dropped = outcome.counters.all_dropped();
  for (const FiredFault& fault : outcome.faults) row.faults += fault.fired;
  const Histogram& h = outcome.latencies;
  row.csv = std::to_string(seed) + "," + std::string(name_of(outcome.verdict)) + "," + row.property;
  for (const std::uint64_t number :
       {row.events, static_cast<std::uint64_t>(outcome.ended.ns), outcome.ok, outcome.fail,
        outcome.info, outcome.open, static_cast<std::uint64_t>(h.quantile({1, 2}).ns),
        static_cast<std::uint64_t>(h.quantile({99, 100}).ns),
        static_cast<std::uint64_t>(h.quantile({999, 1000}).ns),
        static_cast<std::uint64_t>(h.max().ns), outcome.counters.sent, row.dropped,
        outcome.counters.duplicated, row.crashes, outcome.counters.records_lost, outcome.elections,
        outcome.decisions, outcome.routed, row.faults}) {
    row.csv += "," + std::to_string(number);
  }
  row.csv += "," + to_hex(outcome.fingerprint) + "\n";
  return row;
}

void SweepTotals::add(const SweepRow& row) {
  switch (row.verdict) {
    case Verdict::held:
      ++held;
      break;
    case Verdict::violated: {
      ++violated;
      Property& property = properties[row.property];
      ++property.runs;
      if (property.seeds.size() < most_kept) property.seeds.push_back(row.seed);
      break;
    }
    case Verdict::inconclusive:
      if (inconclusive++ == 0) {
        first_inconclusive = row.seed;
        first_reason = row.reason;
      }
      break;
  }
  made_twice += row.made_twice;
  if (row.diverged) diverged.push_back(row.seed);
  events += row.events;
  ok += row.ok;
  elections += row.elections;
  crashes += row.crashes;
  dropped += row.dropped;
  faults += row.faults;
}

std::string failure_folder(const std::string& property, std::uint64_t seed) {
  return "failures/" + property + "-seed-" + std::to_string(seed);
}

std::string sweep_json(const SweepResult& result) {
  const SweepTotals& totals = result.totals;
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("format", 1).member("tool", tool_version());
  w.member("scenario", std::string_view(result.scenario.name));
  w.member("seeds", std::string_view(result.command.seeds.text()));
  w.member("complete", result.complete);
  w.member("verdict", name_of(verdict_of(totals)));
  w.key("expected");
  result.scenario.expect ? w.value(name_of(result.scenario.expect->verdict)) : w.null();
  w.member("claim", std::string_view(claim(totals)));
  w.member("runs", totals.runs()).member("held", totals.held);
  w.member("violated", totals.violated).member("inconclusive", totals.inconclusive);
  w.member("made_twice", totals.made_twice).key("diverged");
  write_json(w, totals.diverged);
  w.key("properties").begin_array();
  for (const auto& [name, property] : totals.properties) {
    w.begin_object().member("property", std::string_view(name)).member("runs", property.runs);
    w.key("failures").begin_array();
    for (const std::uint64_t seed : property.seeds) {
      w.value(std::string_view(failure_folder(name, seed)));
    }
    w.end_array().end_object();
  }
  w.end_array();
  w.member("events", totals.events).member("ok", totals.ok);
  w.member("elections", totals.elections).member("crashes", totals.crashes);
  w.member("dropped", totals.dropped).member("faults", totals.faults);
  w.end_object();
  return text + "\n";
}

std::string present(const SweepResult& result, const Painter& paint) {
  const SweepTotals& totals = result.totals;
  std::string text;
  if (!result.command.quiet) {
    text +=
        paint(Color::bold, result.scenario.name) + "  " +
        paint(Color::dim, result.command.scenario.file + ", seeds " + result.command.seeds.text()) +
        "\n";
    text += line("runs", with_commas(totals.runs()) + ": " + with_commas(totals.held) + " held, " +
                             with_commas(totals.violated) + " violated, " +
                             with_commas(totals.inconclusive) + " inconclusive");
    text += line("exercised", exercised(totals));
    text += line("made twice",
                 with_commas(totals.made_twice) + ", " +
                     (totals.diverged.empty() ? "each with the same outcome"
                                              : with_commas(totals.diverged.size()) +
                                                    " DIFFERENT: not deterministic, first seed " +
                                                    std::to_string(totals.diverged.front())));
  }
  text += headline(result, paint);
  for (const auto& [name, property] : totals.properties) {
    const std::uint64_t seed = property.seeds.front();
    text += "  " + paint(Color::bold, name) + ": " + with_commas(property.runs) +
            (property.runs == 1 ? " run" : " runs") + ", first seed " + std::to_string(seed) +
            "\n    ballast replay " +
            shell_quoted(result.results + "/" + failure_folder(name, seed)) + "\n";
  }
  if (totals.inconclusive > 0) {
    text += wrapped("inconclusive: " + with_commas(totals.inconclusive) + ", first seed " +
                    std::to_string(totals.first_inconclusive) + ": " +
                    Names(result.scenario).in(totals.first_reason));
  }
  return text + line("results", result.results);
}

ExitCode exit_code(const SweepResult& result) {
  const SweepTotals& totals = result.totals;
  if (!result.complete) return ExitCode::interrupted;
  if (!totals.diverged.empty()) return ExitCode::diverged;
  const Verdict verdict = verdict_of(totals);
  if (result.command.expect_violation) {
    if (verdict == Verdict::violated) return ExitCode::held;
    return verdict == Verdict::held ? ExitCode::violated : ExitCode::inconclusive;
  }
  if (fails_to_show(result)) return ExitCode::inconclusive;
  return exit_code(verdict);
}

}  // namespace ballast
