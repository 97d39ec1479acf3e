#include "sim/cli/sweep/totals.h"

#include <algorithm>
#include <charconv>

#include "sim/base/read.h"
#include "sim/report/names.h"

namespace ballast {
namespace {

// Keeps the one that came first.
void keep_first(std::optional<Example>& kept, const std::optional<Example>& other) {
  if (other && (!kept || other->run < kept->run)) kept = other;
}

Example example_of(const SweepRow& row) { return {row.run, row.seed, row.sentence, row.failure}; }

}  // namespace

const std::string_view row_columns =
    "seed,verdict,property,failure,events,sim_ns,ok,fail,info,open,p50_ns,p99_ns,p999_ns,max_ns,"
    "sent,dropped,duplicated,crashes,records_lost,elections,decisions,routed,faults,recovery_ns,"
    "elected_ns,followed_ns,term,led_since_ns,fingerprint";

SweepRow sweep_row(std::uint64_t run, std::uint64_t cell, const Scenario& scenario,
                   const RunOutcome& outcome, bool invented) {
  SweepRow row;
  row.run = run;
  row.cell = cell;
  row.seed = scenario.seed;
  row.verdict = outcome.verdict;
  if (outcome.verdict == Verdict::violated) {
    const Violation& first = outcome.violations.front();
    row.property = first.property;
    row.how = how_it_failed(outcome, invented);
    row.failure = failure_id(row.property, row.how);
    row.sentence = Names(scenario).in(first.sentence);
  } else if (outcome.verdict == Verdict::inconclusive) {
    row.sentence = Names(scenario).in(outcome.reasons.front());
  }
  row.events = outcome.counters.events;
  row.sim_ns = static_cast<std::uint64_t>(outcome.ended.ns);
  row.ok = outcome.ok;
  row.elections = outcome.elections;
  row.crashes = outcome.counters.crashes;
  row.dropped = outcome.counters.all_dropped();
  for (const FiredFault& fault : outcome.faults) row.faults += fault.fired;
  row.latencies = outcome.latencies;
  row.leaderless = outcome.leaderless;
  row.recovery = outcome.recovery;
  row.goals = outcome.goals;
  const Histogram& h = outcome.latencies;
  row.csv = std::to_string(row.seed) + "," + std::string(name_of(outcome.verdict)) + "," +
            row.property + "," + row.failure;
  for (const std::uint64_t number :
       {row.events, row.sim_ns, outcome.ok, outcome.fail, outcome.info, outcome.open,
        static_cast<std::uint64_t>(h.quantile({1, 2}).ns),
        static_cast<std::uint64_t>(h.quantile({99, 100}).ns),
        static_cast<std::uint64_t>(h.quantile({999, 1000}).ns),
        static_cast<std::uint64_t>(h.max().ns), outcome.counters.sent, row.dropped,
        outcome.counters.duplicated, row.crashes, outcome.counters.records_lost, outcome.elections,
        outcome.decisions, outcome.routed, row.faults}) {
    row.csv += "," + std::to_string(number);
  }
  row.csv += "," + (row.recovery ? std::to_string(row.recovery->ns) : "");
  if (const auto& change = outcome.succession) {
    row.csv += "," + std::to_string(change->elected.ns) + "," +
               std::to_string(change->followed.ns) + "," + std::to_string(change->term.value);
  } else {
    row.csv += ",,,";
  }
  row.csv += "," + (outcome.led_since ? std::to_string(outcome.led_since->ns) : "");
  row.csv += "," + to_hex(outcome.fingerprint) + "\n";
  return row;
}

std::string how_it_failed(const RunOutcome& outcome, bool invented) {
  if (invented) return "misfortune";
  std::string how;
  for (const FiredFault& each : outcome.faults) {
    if (each.fired) how += (how.empty() ? "" : ", ") + std::string(name_of(each.fault.action));
  }
  return how.empty() ? "no fault" : how;
}

std::string failure_id(const std::string& property, const std::string& how) {
  Fingerprint both;
  fold(both, property);
  fold(both, how);
  return to_hex(both.value()).substr(0, 12);
}

void add_goals(std::vector<GoalTotal>& sum, const std::vector<GoalTotal>& more) {
  for (const GoalTotal& each : more) {
    const auto known = std::find_if(sum.begin(), sum.end(), [&](const GoalTotal& other) {
      return other.algorithm == each.algorithm && other.goal == each.goal;
    });
    if (known == sum.end()) {
      sum.push_back(each);
      continue;
    }
    known->runs += each.runs;
    known->count += each.count;
    known->open += each.open;
  }
}

void CellTotals::add(const SweepRow& row) {
  switch (row.verdict) {
    case Verdict::held:
      ++held;
      break;
    case Verdict::violated:
      ++violated;
      keep_first(first_violated, example_of(row));
      break;
    case Verdict::inconclusive:
      ++inconclusive;
      keep_first(first_inconclusive, example_of(row));
      break;
  }
  events += row.events;
  sim_ns += row.sim_ns;
  ok += row.ok;
  elections += row.elections;
  crashes += row.crashes;
  dropped += row.dropped;
  faults += row.faults;
  latencies.add(row.latencies);
  leaderless.add(row.leaderless);
  if (row.recovery) recoveries.record(*row.recovery);
  add_latencies(row);
  if (goals.empty()) {
    for (const GoalTally& each : row.goals) {
      goals.push_back({std::string(each.algorithm), std::string(each.goal), 0, 0, 0});
    }
  }
  for (std::size_t i = 0; i < row.goals.size(); ++i) {
    goals[i].runs += row.goals[i].count > 0;
    goals[i].count += row.goals[i].count;
    goals[i].open += row.goals[i].open;
  }
}

void CellTotals::add_latencies(const SweepRow& row) {
  const Histogram& h = row.latencies;
  if (h.count() == 0 || row.sim_ns == 0) return;
  const auto ns = [](Duration d) { return static_cast<std::uint64_t>(d.ns); };
  mean.add(static_cast<std::uint64_t>(h.sum() / h.count()));
  p50.add(ns(h.quantile({1, 2})));
  p99.add(ns(h.quantile({99, 100})));
  constexpr Wide thousand_seconds = Wide{1'000} * 1'000'000'000;
  throughput.add(static_cast<std::uint64_t>(thousand_seconds * row.ok / row.sim_ns));
}

void CellTotals::add(const CellTotals& other) {
  held += other.held;
  violated += other.violated;
  inconclusive += other.inconclusive;
  events += other.events;
  sim_ns += other.sim_ns;
  ok += other.ok;
  elections += other.elections;
  crashes += other.crashes;
  dropped += other.dropped;
  faults += other.faults;
  keep_first(first_violated, other.first_violated);
  keep_first(first_inconclusive, other.first_inconclusive);
  latencies.add(other.latencies);
  leaderless.add(other.leaderless);
  recoveries.add(other.recoveries);
  add_goals(goals, other.goals);
  mean.add(other.mean);
  p50.add(other.p50);
  p99.add(other.p99);
  throughput.add(other.throughput);
}

void SweepTotals::add(const SweepRow& row) {
  cells[static_cast<std::size_t>(row.cell)].add(row);
  made_twice += row.made_twice;
  if (row.diverged) note_divergence(example_of(row));
  if (row.verdict != Verdict::violated) return;
  if (FailureKind* known = find(row.failure)) {
    ++known->runs;
  } else {
    kinds.push_back({row.failure, row.property, row.how, 1, row.cell, example_of(row), {}, {}});
  }
}

FailureKind* SweepTotals::find(const std::string& id) {
  for (std::size_t i = places_.size(); i < kinds.size(); ++i) places_.emplace(kinds[i].id, i);
  const auto place = places_.find(id);
  return place == places_.end() ? nullptr : &kinds[place->second];
}

void SweepTotals::add(const SweepTotals& other) {
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].add(other.cells[i]);
  made_twice += other.made_twice;
  diverged += other.diverged;
  keep_first(first_diverged, other.first_diverged);
  for (const FailureKind& kind : other.kinds) {
    FailureKind* known = find(kind.id);
    if (known == nullptr) {
      kinds.push_back(kind);
      continue;
    }
    const std::uint64_t runs = known->runs + kind.runs;
    if (kind.first.run < known->first.run) *known = kind;
    known->runs = runs;
  }
  std::stable_sort(kinds.begin(), kinds.end(), [](const FailureKind& a, const FailureKind& b) {
    return a.first.run < b.first.run;
  });
  places_.clear();
}

void SweepTotals::note_divergence(const Example& example) {
  ++diverged;
  keep_first(first_diverged, example);
}

CellTotals SweepTotals::sum() const {
  CellTotals all;
  for (const CellTotals& cell : cells) all.add(cell);
  return all;
}

std::vector<GoalTotal> SweepTotals::goals() const {
  std::vector<GoalTotal> all;
  for (const CellTotals& cell : cells) add_goals(all, cell.goals);
  return all;
}

std::string failure_folder(const FailureKind& kind) { return "failures/" + kind.id; }

void write_json(JsonWriter& w, const Histogram& histogram) {
  std::string text;
  for (const std::uint64_t number : histogram.state()) {
    text += (text.empty() ? "" : " ") + std::to_string(number);
  }
  w.value(std::string_view(text));
}

bool read(const Value& v, Histogram& out, Reader& r, const Limits&) {
  std::string text;
  if (!read(v, text, r)) return false;
  std::vector<std::uint64_t> state;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    const auto number = std::from_chars(at, end, state.emplace_back());
    if (number.ec != std::errc{} || (number.ptr < end && *number.ptr != ' ')) {
      return r.wrong(v, "a histogram");
    }
    at = number.ptr;
  }
  const std::optional<Histogram> histogram = Histogram::from(state);
  if (!histogram) return r.wrong(v, "a histogram");
  out = *histogram;
  return true;
}

}  // namespace ballast
