#include "sim/cli/sweep/report.h"

#include <algorithm>

#include "sim/cli/interval.h"
#include "sim/cli/present.h"
#include "sim/report/statistics.h"

namespace ballast {
namespace {

std::string line(std::string_view label, const std::string& text) {
  std::string out = "  " + std::string(label);
  out.resize(2 + 13, ' ');
  return out + text + "\n";
}

std::string counted(std::uint64_t number, std::string_view thing) {
  return with_commas(number) + " " + std::string(thing) + (number == 1 ? "" : "s");
}

// A table whose first column is flush left and whose others are flush right.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string out = "  " + row[0] + std::string(widths[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i) {
      out += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
    }
    text += out + "\n";
  }
  return text;
}

// The mean over the runs with its 95 % interval.
std::string over_runs(const OverRuns& values) {
  return values.runs() < 2 ? "-" : in_words(values.estimate({95, 100}));
}

std::string cells(const SweepResult& result) {
  constexpr std::size_t most_shown = 40;
  const SweepPlan& plan = result.plan();
  const std::size_t shown = std::min(plan.cells.size(), most_shown);
  std::vector<std::vector<std::string>> rows{
      {"", "runs", "held", "violated", "inconclusive", "ok/s", "p50", "p99"}};
  const auto& totals = result.totals().cells;
  const bool several = std::any_of(totals.begin(), totals.end(),
                                   [](const CellTotals& cell) { return cell.p99.runs() > 1; });
  if (several) rows[0].push_back("p99 of a run");
  for (std::size_t i = 0; i < shown; ++i) {
    const CellTotals& cell = totals[i];
    rows.push_back({label(plan, plan.cells[i]), with_commas(cell.runs()), with_commas(cell.held),
                    with_commas(cell.violated), with_commas(cell.inconclusive), ok_per_second(cell),
                    rounded(cell.latencies.quantile({1, 2})),
                    rounded(cell.latencies.quantile({99, 100}))});
    if (several) rows.back().push_back(over_runs(cell.p99));
  }
  std::string text = table(rows);
  if (shown < plan.cells.size()) {
    text += "  and " + with_commas(plan.cells.size() - shown) + " more in grid.csv\n";
  }
  return text;
}

std::string corpus(const SweepPart& part, const Painter& paint) {
  if (part.corpus.empty()) return {};
  std::uint64_t good = 0;
  for (const CorpusCase& each : part.corpus) good += is_good(each.result);
  std::string text = line("corpus", counted(part.corpus.size(), "failure") +
                                        " tried again: " + with_commas(good) + " as wanted");
  for (const CorpusCase& each : part.corpus) {
    if (is_good(each.result)) continue;
    text += wrapped(paint(Color::red, each.file) + ": " + in_words(each));
    text += "    ballast replay " + shell_quoted(each.file) + "\n";
  }
  return text;
}

// What the algorithms were brought into, and what they were not.
std::string goals(const SweepResult& result) {
  std::vector<std::string> reached;
  std::vector<std::string> gaps;
  for (const GoalTotal& goal : result.sum().goals) {
    if (goal.is_gap()) {
      gaps.push_back(goal.algorithm + "." + goal.goal);
    } else if (goal.count > 0) {
      reached.push_back(goal.goal);
    }
  }
  if (reached.empty() && gaps.empty()) return {};
  std::string text = line("goals", with_commas(reached.size()) + " of " +
                                       with_commas(reached.size() + gaps.size()) + " covered");
  std::string list;
  for (const std::string& gap : gaps) list += (list.empty() ? "" : ", ") + gap;
  if (!gaps.empty()) text += wrapped("  GAP " + list);
  return text;
}

std::string recovery(const SweepResult& result) {
  const Histogram& h = result.sum().recoveries;
  if (h.count() == 0) return {};
  return line("recovery", "p50 " + rounded(h.quantile({1, 2})) + ", p99 " +
                              rounded(h.quantile({99, 100})) + ", max " + rounded(h.max()) +
                              " from healing to the first answer, " + with_commas(h.count()) +
                              " runs");
}

std::string headline(const SweepResult& result, const Painter& paint) {
  std::string text;
  switch (result.verdict()) {
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
  text += "  " + claim(result.sum());
  if (result.part().ended == SweepEnd::interrupted) {
    text += ", " + paint(Color::yellow, "INCOMPLETE: it was interrupted");
  }
  if (result.too_few()) {
    text += ", " + paint(Color::yellow,
                         "TOO FEW: --min-runs asks for " + with_commas(result.plan().min_runs));
  }
  if (result.gaps() > 0) {
    text += ", " + paint(Color::yellow, counted(result.gaps(), "goal") + " never reached");
  }
  text += "\n";
  for (const SweepResult::File& file : result.files()) {
    if (file.showing != SweepResult::Showing::held_instead) continue;
    text += "  " + paint(Color::red, "NOT AS EXPECTED") + ": no run of " + file.name +
            " is violated, as it is there to be\n";
  }
  return text;
}

std::string failures(const SweepResult& result, const std::string& results, const Painter& paint) {
  std::string text;
  const SweepTotals& totals = result.totals();
  for (std::size_t i = 0; i < totals.written(); ++i) {
    const FailureKind& kind = totals.kinds[i];
    const SweepCell& cell = result.plan().cells[static_cast<std::size_t>(kind.cell)];
    const std::string where = result.plan().single() ? "" : label(result.plan(), cell) + ", ";
    text += wrapped(paint(Color::bold, kind.property) + " after " + kind.how);
    text += wrapped("  " + share(kind.runs, result.sum().runs()) + ", first " + where + "seed " +
                    std::to_string(kind.first.seed));
    text += wrapped("  " + kind.first.sentence);
    if (!kind.shrunk.empty()) text += wrapped("  smallest schedule found: " + kind.shrunk);
    text += "    ballast replay " + shell_quoted(results + "/" + failure_folder(kind)) + "\n";
  }
  if (totals.written() < totals.kinds.size()) {
    text += "  and " + counted(totals.kinds.size() - totals.written(), "more kind") +
            " of failure, not written down; runs.csv has their seeds\n";
  }
  return text;
}

}  // namespace

SweepResult::SweepResult(const SweepPart& part) : part_(part), sum_(part.totals.sum()) {
  for (const SweepCell& cell : plan().cells) {
    // The cells of a file stand together.
    if (!files_.empty() && files_.back().name == cell.file) continue;
    files_.push_back({cell.file, judge_file(cell.file)});
  }
}

SweepResult::Showing SweepResult::showing(const SweepCell& cell) const {
  for (const File& file : files_) {
    if (file.name == cell.file) return file.showing;
  }
  return Showing::inconclusive;
}

Verdict SweepResult::verdict() const {
  Verdict verdict = Verdict::held;
  if (sum_.inconclusive > 0 || sum_.held + sum_.violated == 0 || too_few() || gaps() > 0) {
    verdict = Verdict::inconclusive;
  }
  for (const CorpusCase& each : part_.corpus) {
    if (each.result == CorpusResult::regression) return Verdict::violated;
    if (!is_good(each.result)) verdict = Verdict::inconclusive;
  }
  return sum_.violated > 0 ? Verdict::violated : verdict;
}

SweepResult::Showing SweepResult::judge_file(std::string_view name) const {
  CellTotals all;
  bool to_violate = false;
  for (std::size_t i = 0; i < plan().cells.size(); ++i) {
    if (plan().cells[i].file != name) continue;
    const CellTotals& cell = part_.totals.cells[i];
    all.held += cell.held;
    all.violated += cell.violated;
    all.inconclusive += cell.inconclusive;
    to_violate = to_violate || plan().cells[i].expect == Verdict::violated;
  }
  if (plan().expect_violation) {
    if (all.violated > 0) return Showing::as_wanted;
    return all.held > 0 && all.inconclusive == 0 ? Showing::held_instead : Showing::inconclusive;
  }
  if (all.violated > 0) return Showing::violated;
  if (to_violate && all.held > 0) return Showing::held_instead;
  return all.held == 0 || all.inconclusive > 0 ? Showing::inconclusive : Showing::as_wanted;
}

std::size_t SweepResult::gaps() const {
  std::vector<GoalTotal> asked;
  for (std::size_t i = 0; i < plan().cells.size(); ++i) {
    if (!plan().cells[i].profile.empty()) add_goals(asked, part_.totals.cells[i].goals);
  }
  return static_cast<std::size_t>(std::count_if(
      asked.begin(), asked.end(), [](const GoalTotal& goal) { return goal.is_gap(); }));
}

ExitCode SweepResult::exit_code() const {
  if (part_.ended == SweepEnd::interrupted) return ExitCode::interrupted;
  ExitCode code = part_.totals.diverged > 0 ? ExitCode::diverged : ExitCode::held;
  if (too_few() || sum_.runs() == 0 || gaps() > 0) code = worse(code, ExitCode::inconclusive);
  for (const CorpusCase& each : part_.corpus) {
    if (is_good(each.result)) continue;
    const bool back = each.result == CorpusResult::regression;
    code = worse(code, back ? ExitCode::violated : ExitCode::inconclusive);
  }
  for (const File& file : files_) {
    switch (file.showing) {
      case Showing::as_wanted:
        break;
      case Showing::violated:
        code = worse(code, ExitCode::violated);
        break;
      case Showing::held_instead:
        code = worse(code, plan().expect_violation ? ExitCode::violated : ExitCode::inconclusive);
        break;
      case Showing::inconclusive:
        code = worse(code, ExitCode::inconclusive);
        break;
    }
  }
  return code;
}

std::string claim(const CellTotals& totals) {
  const std::uint64_t judged = totals.held + totals.violated;
  const Interval interval = failure_probability(totals.violated, judged);
  if (judged == 0) return "no run came to a verdict";
  if (totals.violated == 0) {
    return "0 violations in " + counted(judged, "run") + ": failure probability < " +
           percent(interval.high, Bound::upper) + " (95 %)";
  }
  return with_commas(totals.violated) + " of " + counted(judged, "run") + ": failure probability " +
         percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper) +
         " (95 %)";
}

std::string share(std::uint64_t runs, std::uint64_t of) {
  const Interval interval = failure_probability(runs, of);
  return with_commas(runs) + " of " + counted(of, "run") + " (95 % interval " +
         percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper) + ")";
}

std::string exercised(const CellTotals& totals) {
  return with_commas(totals.events) + " events, " + with_commas(totals.ok) + " operations ok, " +
         with_commas(totals.elections) + " elections, " + with_commas(totals.crashes) +
         " crashes, " + with_commas(totals.dropped) + " drops, " + with_commas(totals.faults) +
         " faults fired";
}

std::string ok_per_second(const CellTotals& totals) {
  if (totals.sim_ns == 0) return "0.0";
  const Wide tenths = static_cast<Wide>(totals.ok) * 10'000'000'000 / totals.sim_ns;
  return fixed_point(static_cast<std::int64_t>(tenths), 1);
}

bool is_good(CorpusResult result) {
  return result == CorpusResult::held || result == CorpusResult::reproduced ||
         result == CorpusResult::same_violation;
}

std::string in_words(const CorpusCase& each) {
  switch (each.result) {
    case CorpusResult::held:
      return "a mended failure of " + each.property + ", which holds";
    case CorpusResult::regression:
      return "a mended failure of " + each.property + " is back: " + each.sentence;
    case CorpusResult::inconclusive:
      return "a mended failure of " + each.property + " shows nothing now: " + each.sentence;
    case CorpusResult::reproduced:
      return "a canary of " + each.property + ", reproduced bit for bit";
    case CorpusResult::same_violation:
      return "a canary of " + each.property + ", violated again in a different run";
    case CorpusResult::missed:
      return "a canary of " + each.property + " no longer fails so" +
             (each.sentence.empty() ? std::string(": it holds") : ": " + each.sentence);
  }
  return {};
}

std::string shortfall(const SweepPart& part) {
  SeedList seeds;
  seeds.parse(part.plan.seeds);
  const SweepRuns runs(part.plan.cells.size(), seeds);
  const std::string made = with_commas(part.rows) + " of " + with_commas(runs.size(part.shard));
  switch (part.ended) {
    case SweepEnd::all_made:
      return {};
    case SweepEnd::covered:
      return made + "; every goal was reached";
    case SweepEnd::at_failure:
      return made + ": --fail-fast ended it at the first violation";
    case SweepEnd::time_over:
      return made + ": its time was over";
    case SweepEnd::running:
    case SweepEnd::interrupted:
      break;
  }
  return made + ": it was interrupted; --resume goes on";
}

std::string present(const SweepResult& result, const std::string& results, bool quiet,
                    const Painter& paint) {
  const SweepPlan& plan = result.plan();
  const CellTotals& sum = result.sum();
  std::string text;
  if (!quiet) {
    const bool single = plan.single();
    text += paint(Color::bold,
                  single ? plan.cells[0].name : counted(plan.cells.size(), "cell") + " of a grid");
    text += "  " +
            paint(Color::dim, (single ? plan.cells[0].file + ", " : "") + "seeds " + plan.seeds) +
            "\n";
    text += corpus(result.part(), paint);
    text += line("runs", with_commas(sum.runs()) + ": " + with_commas(sum.held) + " held, " +
                             with_commas(sum.violated) + " violated, " +
                             with_commas(sum.inconclusive) + " inconclusive");
    const std::string less = shortfall(result.part());
    if (!less.empty()) text += line("made", less);
    text += line("exercised", exercised(sum));
    text += goals(result) + recovery(result);
    text +=
        line("made twice", with_commas(result.totals().made_twice) + ", " +
                               (result.totals().diverged == 0
                                    ? "each with the same outcome"
                                    : with_commas(result.totals().diverged) +
                                          " DIFFERENT: not deterministic, first seed " +
                                          std::to_string(result.totals().first_diverged->seed)));
    if (!single) text += cells(result);
  }
  text += headline(result, paint);
  text += failures(result, results, paint);
  if (sum.first_inconclusive) {
    text += wrapped("inconclusive: " + with_commas(sum.inconclusive) + ", first seed " +
                    std::to_string(sum.first_inconclusive->seed) + ": " +
                    sum.first_inconclusive->sentence);
  }
  text += line("results", results);
  if (sum.ok > 0) text += line("plot", "scripts/plot " + shell_quoted(results));
  return text;
}

std::string present_shard(const SweepPart& part, const std::string& results) {
  const std::string less = shortfall(part);
  return "shard " + std::to_string(part.shard.index) + " of " + std::to_string(part.shard.count) +
         ": " + (less.empty() ? counted(part.rows, "run") : less) +
         "; ballast merge judges all shards together\n" + line("results", results);
}

}  // namespace ballast
