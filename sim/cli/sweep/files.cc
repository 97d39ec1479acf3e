#include "sim/cli/sweep/files.h"

#include <algorithm>

#include "sim/cli/interval.h"
#include "sim/cli/sweep/github.h"
#include "sim/report/series.h"

namespace ballast {
namespace {

// The largest summary that GitHub shows is 1 MiB; a table this long is far below.
constexpr std::size_t most_rows = 500;

void write_kinds(JsonWriter& w, const SweepResult& result) {
  const SweepTotals& totals = result.totals();
  w.key("failures").begin_array();
  for (std::size_t i = 0; i < totals.kinds.size(); ++i) {
    const FailureKind& kind = totals.kinds[i];
    const SweepCell& cell = result.plan().cells[static_cast<std::size_t>(kind.cell)];
    const Interval interval = failure_probability(kind.runs, result.sum().runs());
    w.begin_object().member("id", std::string_view(kind.id));
    w.member("property", std::string_view(kind.property)).member("how", std::string_view(kind.how));
    w.member("runs", kind.runs);
    w.member("at_least", std::string_view(percent(interval.low, Bound::lower)));
    w.member("at_most", std::string_view(percent(interval.high, Bound::upper)));
    w.member("first_seed", kind.first.seed).member("cell", kind.cell + 1);
    w.member("sentence", std::string_view(kind.first.sentence));
    w.member("shrunk", std::string_view(kind.shrunk));
    w.member("shrunk_id", std::string_view(kind.shrunk_id));
    w.member("again", std::string_view(run_command(cell, kind.first.seed)));
    w.key("directory");
    i < totals.written() ? w.value(std::string_view(failure_folder(kind))) : w.null();
    w.end_object();
  }
  w.end_array();
}

// Text in a cell of a Markdown table.
std::string md(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '<') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string rate_column(std::uint64_t violated, std::uint64_t runs) {
  if (runs == 0) return "";
  const Interval interval = failure_probability(violated, runs);
  if (violated == 0) return "< " + percent(interval.high, Bound::upper);
  return percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper);
}

std::string cell_name(const SweepPlan& plan, const SweepCell& cell) {
  return plan.single() ? cell.name : label(plan, cell);
}

std::string cells_md(const SweepResult& result) {
  const SweepPlan& plan = result.plan();
  std::string text =
      "| | runs | held | violated | inconclusive | failure probability (95 %) | ok/s | p99 µs |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|\n";
  const std::size_t shown = std::min(plan.cells.size(), most_rows);
  for (std::size_t i = 0; i < shown; ++i) {
    const CellTotals& cell = result.totals().cells[i];
    text += "| " + md(cell_name(plan, plan.cells[i])) + " | " + with_commas(cell.runs()) + " | " +
            with_commas(cell.held) + " | " + with_commas(cell.violated) + " | " +
            with_commas(cell.inconclusive) + " | " +
            rate_column(cell.violated, cell.held + cell.violated) + " | " + ok_per_second(cell) +
            " | " + fixed_point(cell.latencies.quantile({99, 100}).ns / 100, 1) + " |\n";
  }
  if (shown < plan.cells.size()) {
    text += "\nand " + with_commas(plan.cells.size() - shown) + " more in `grid.csv`\n";
  }
  return text;
}

std::string goals_md(const SweepResult& result) {
  std::string text;
  for (const GoalTotal& goal : result.sum().goals) {
    if (goal.count == 0 && !goal.is_gap()) continue;
    text += "| " + md(goal.algorithm + "." + goal.goal) + " | " +
            (goal.count == 0 ? "**GAP**" : with_commas(goal.runs)) + " |\n";
  }
  if (text.empty()) return text;
  return "\n| goal | runs that reached it |\n|---|---:|\n" + text;
}

std::string failures_md(const SweepResult& result) {
  const SweepTotals& totals = result.totals();
  std::string text;
  for (std::size_t i = 0; i < totals.written(); ++i) {
    const FailureKind& kind = totals.kinds[i];
    const SweepCell& cell = result.plan().cells[static_cast<std::size_t>(kind.cell)];
    text += "\n### " + md(kind.property) + " after " + md(kind.how) + "\n\n";
    text += share(kind.runs, result.sum().runs()) + ". " + md(kind.first.sentence) + "\n\n";
    if (!kind.shrunk.empty()) {
      text += "Smallest schedule found: " + md(kind.shrunk) + "\n\n";
    }
    text += "```\n" + run_command(cell, kind.first.seed) + "\n```\n";
    text += "\nWritten down in `" + failure_folder(kind) + "/violation.md`.\n";
  }
  return text;
}

}  // namespace

std::string sweep_json(const SweepResult& result) {
  const SweepPlan& plan = result.plan();
  const CellTotals& sum = result.sum();
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("format", 1).member("tool", std::string_view(plan.tool));
  w.member("seeds", std::string_view(plan.seeds));
  w.member("complete", result.part().ended != SweepEnd::interrupted);
  w.member("ended", name_of(result.part().ended));
  w.member("verdict", name_of(result.verdict()));
  w.member("expect_violation", plan.expect_violation);
  w.member("claim", std::string_view(claim(sum)));
  w.member("runs", sum.runs()).member("held", sum.held);
  w.member("violated", sum.violated).member("inconclusive", sum.inconclusive);
  w.member("min_runs", plan.min_runs);
  w.member("made_twice", result.totals().made_twice);
  w.member("diverged", result.totals().diverged);
  w.member("events", sum.events).member("ok", sum.ok);
  w.member("elections", sum.elections).member("crashes", sum.crashes);
  w.member("dropped", sum.dropped).member("faults", sum.faults);
  w.key("cells").begin_array();
  for (const SweepCell& cell : plan.cells) {
    w.begin_object().member("file", std::string_view(cell.file));
    w.member("scenario", std::string_view(cell.name));
    w.member("arguments", std::string_view(cell.arguments));
    w.member("digest", std::string_view(cell.digest)).key("expected");
    write_json(w, cell.expect);
    w.end_object();
  }
  w.end_array();
  w.key("goals").begin_array();
  for (const GoalTotal& goal : sum.goals) write_json(w, goal);
  w.end_array();
  w.key("recovery_ns").begin_object().member("runs", sum.recoveries.count());
  w.member("p50", sum.recoveries.quantile({1, 2}).ns);
  w.member("p99", sum.recoveries.quantile({99, 100}).ns);
  w.member("max", sum.recoveries.max().ns).end_object();
  write_kinds(w, result);
  w.key("corpus").begin_array();
  for (const CorpusCase& each : result.part().corpus) write_json(w, each);
  w.end_array();
  w.end_object();
  return text + "\n";
}

// The mean over runs and the half width of its 95 % interval; nothing where there are too few.
std::string interval_columns(const OverRuns& values, int decimals) {
  const Estimate e = values.estimate({95, 100});
  const auto whole = [&](std::uint64_t fine) {
    const auto rounded = static_cast<std::int64_t>((fine + (1U << (fine_bits - 1))) >> fine_bits);
    return "," + fixed_point(rounded, decimals);
  };
  return (e.values > 0 ? whole(static_cast<std::uint64_t>(e.mean)) : ",") +
         (e.values > 1 ? whole(e.half_width) : ",");
}

std::string grid_csv(const SweepResult& result) {
  const SweepPlan& plan = result.plan();
  std::string text = "cell,file,";
  for (const std::string& path : plan.paths) text += csv_field(path) + ",";
  text +=
      "runs,held,violated,inconclusive,failure_at_least,failure_at_most,events,sim_ns,ok,"
      "ok_per_second,p50_ns,p99_ns,p999_ns,max_ns,elections,crashes,dropped,faults,recovered,"
      "recovery_p50_ns,recovery_p99_ns,mean_over_runs_ns,mean_half_ns,p50_over_runs_ns,p50_half_ns,"
      "p99_over_runs_ns,p99_half_ns,ok_per_second_over_runs,ok_per_second_half,digest\n";
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const SweepCell& cell = plan.cells[i];
    const CellTotals& totals = result.totals().cells[i];
    const Histogram& h = totals.latencies;
    const Interval rate = failure_probability(totals.violated, totals.held + totals.violated);
    text += std::to_string(i + 1) + "," + csv_field(cell.file) + ",";
    for (const std::string& value : cell.values) text += csv_field(value) + ",";
    for (const std::uint64_t number :
         {totals.runs(), totals.held, totals.violated, totals.inconclusive}) {
      text += std::to_string(number) + ",";
    }
    text += decimal(rate.low, Bound::lower) + "," + decimal(rate.high, Bound::upper) + ",";
    for (const std::uint64_t number : {totals.events, totals.sim_ns, totals.ok}) {
      text += std::to_string(number) + ",";
    }
    text += ok_per_second(totals);
    for (const Duration latency :
         {h.quantile({1, 2}), h.quantile({99, 100}), h.quantile({999, 1000}), h.max()}) {
      text += "," + std::to_string(latency.ns);
    }
    for (const std::uint64_t number :
         {totals.elections, totals.crashes, totals.dropped, totals.faults}) {
      text += "," + std::to_string(number);
    }
    text += "," + std::to_string(totals.recoveries.count());
    for (const Duration recovery :
         {totals.recoveries.quantile({1, 2}), totals.recoveries.quantile({99, 100})}) {
      text += "," + std::to_string(recovery.ns);
    }
    for (const OverRuns* each : {&totals.mean, &totals.p50, &totals.p99}) {
      text += interval_columns(*each, 0);
    }
    text += interval_columns(totals.throughput, 3);
    text += "," + cell.digest + "\n";
  }
  return text;
}

std::string sweep_md(const SweepResult& result) {
  std::string word(name_of(result.verdict()));
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  std::string text = "## " + word + ": " + claim(result.sum()) + "\n\n";
  const std::string less = shortfall(result.part());
  if (!less.empty()) text += "Runs made: " + less + ".\n\n";
  if (result.too_few()) {
    text +=
        "Too few runs: at least " + with_commas(result.plan().min_runs) + " were asked for.\n\n";
  }
  if (result.totals().diverged > 0) {
    text += "**Not deterministic**: " + with_commas(result.totals().diverged) +
            " runs came out differently the second time, first seed " +
            std::to_string(result.totals().first_diverged->seed) + ".\n\n";
  }
  for (const CorpusCase& each : result.part().corpus) {
    text += "- " + md(each.file) + ": " + md(in_words(each)) + "\n";
  }
  if (!result.part().corpus.empty()) text += "\n";
  text += cells_md(result) + goals_md(result) + failures_md(result);
  return text + "\nSeeds " + result.plan().seeds + "; exercised: " + exercised(result.sum()) +
         ".\n";
}

namespace {

// A histogram of each cell; no file if all are empty.
void write_histogram(const SweepResult& result, std::string_view name,
                     Histogram CellTotals::*histogram, const ResultDirectory& directory) {
  if ((result.sum().*histogram).count() == 0) return;
  std::string text = "cell," + std::string(histogram_columns);
  const std::vector<CellTotals>& cells = result.totals().cells;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += histogram_rows(cells[i].*histogram, std::to_string(i + 1) + ",");
  }
  directory.write(name, text);
}

}  // namespace

void write_sweep(const SweepResult& result, const std::string& resolved,
                 const ResultDirectory& directory) {
  directory.write("summary.json", sweep_json(result));
  directory.write("summary.md", sweep_md(result));
  directory.write("grid.csv", grid_csv(result));
  directory.write("junit.xml", junit_xml(result));
  write_histogram(result, "latency.csv", &CellTotals::latencies, directory);
  write_histogram(result, "elections.csv", &CellTotals::leaderless, directory);
  if (!resolved.empty()) directory.write("scenario.resolved.json", resolved);
}

ExitCode show_sweep(const SweepResult& result, const std::string& path, Format format, bool quiet,
                    const Painter& paint) {
  std::string text =
      format == Format::json ? sweep_json(result) : present(result, path, quiet, paint);
  // A reader of JSON wants nothing else there.
  if (on_github() && format == Format::text) text += github_annotations(result);
  add_step_summary(sweep_md(result));
  return print(text) ? result.exit_code() : ExitCode::io_error;
}

}  // namespace ballast
