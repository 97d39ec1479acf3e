#include "sim/report/summary.h"

#include <charconv>

#include "sim/base/wide.h"
#include "sim/report/names.h"
#include "sim/report/statistics.h"
#include "sim/report/version.h"

namespace ballast {
namespace {

void write_violations(JsonWriter& w, const Names& names, const RunOutcome& outcome) {
  w.key("violations").begin_array();
  for (const Violation& violation : outcome.violations) {
    w.begin_object();
    w.member("property", std::string_view(violation.property));
    w.member("sentence", std::string_view(names.in(violation.sentence)));
    w.member("event", violation.event.value);
    w.member("time", violation.at.ns);
    w.key("node");
    violation.node ? w.value(std::string_view(names.of(violation.node))) : w.null();
    w.key("witnesses").begin_array();
    for (const EventId witness : violation.witnesses) w.value(witness.value);
    w.end_array().end_object();
  }
  w.end_array();
}

void write_counts(JsonWriter& w, const RunOutcome& outcome) {
  const Counters& counters = outcome.counters;
  w.key("messages").begin_object();
  w.member("sent", counters.sent).member("received", counters.received);
  w.member("duplicated", counters.duplicated);
  w.key("dropped").begin_object();
  constexpr auto reasons = enumerators(DropReason{});
  for (std::size_t i = 0; i < reasons.size(); ++i) w.member(reasons[i], counters.dropped[i]);
  w.end_object();
  // How often each kind of condition of a link acted on a message, if any did.
  w.key("conditions").begin_object();
  for (std::size_t i = 0; i < link_condition_kinds; ++i) {
    if (counters.conditions_acted[i] > 0) {
      w.member(link_condition_names[i], counters.conditions_acted[i]);
    }
  }
  w.end_object().end_object();
  w.key("nodes").begin_object();
  w.member("timers", counters.timers).member("flushes", counters.flushes);
  w.member("records", counters.records).member("records_lost", counters.records_lost);
  w.member("facts", counters.facts).member("crashes", counters.crashes);
  w.member("restarts", counters.restarts).member("elections", outcome.elections);
  w.member("decisions", outcome.decisions).member("routed", outcome.routed);
  w.end_object();
  w.key("misfortunes");
  write_json(w, counters.misfortunes);
}

void write_operations(JsonWriter& w, const RunOutcome& outcome) {
  w.key("operations").begin_object();
  w.member("invoked", outcome.invoked).member("ok", outcome.ok).member("fail", outcome.fail);
  w.member("info", outcome.info).member("open", outcome.open);
  w.key("ok_per_second");
  w.raw(fixed_point(static_cast<std::int64_t>(throughput_milli(outcome)), 3));
  w.end_object();
  const Histogram& latencies = outcome.latencies;
  w.key("latency_ns").begin_object();
  w.member("count", latencies.count()).member("mean", latencies.mean().ns);
  w.member("p50", latencies.quantile({1, 2}).ns).member("p90", latencies.quantile({9, 10}).ns);
  w.member("p99", latencies.quantile({99, 100}).ns);
  w.member("p999", latencies.quantile({999, 1000}).ns).member("max", latencies.max().ns);
  w.end_object();
}

void write_succession(JsonWriter& w, const RunOutcome& outcome) {
  if (!outcome.succession) {
    w.null();
    return;
  }
  w.begin_object().member("elected_ns", outcome.succession->elected.ns);
  w.member("followed_ns", outcome.succession->followed.ns);
  w.member("term", outcome.succession->term.value).end_object();
}

void write_faults(JsonWriter& w, const RunOutcome& outcome) {
  w.key("faults").begin_array();
  for (const FiredFault& each : outcome.faults) {
    w.begin_object().member("fired", each.fired);
    if (each.outside_model) w.member("outside_model", true);
    if (!each.why.empty()) w.member("why", std::string_view(each.why));
    w.key("fault");
    write_json(w, each.fault);
    w.end_object();
  }
  w.end_array();
}

}  // namespace

std::uint64_t throughput_milli(const RunOutcome& outcome) {
  const auto elapsed = static_cast<std::uint64_t>(outcome.ended.ns);
  if (elapsed == 0) return 0;
  return static_cast<std::uint64_t>(static_cast<Wide>(outcome.ok) * 1'000'000'000'000 / elapsed);
}

void write_prefixes(JsonWriter& w, PrefixHashes prefixes, std::size_t most) {
  while (prefixes.hashes.size() > most) {
    std::vector<std::uint64_t> half;
    for (std::size_t i = 1; i < prefixes.hashes.size(); i += 2) half.push_back(prefixes.hashes[i]);
    prefixes = {prefixes.interval * 2, std::move(half)};
  }
  w.begin_object().member("interval", prefixes.interval).key("hashes").begin_array();
  for (const std::uint64_t hash : prefixes.hashes) w.value(std::string_view(to_hex(hash)));
  w.end_array().end_object();
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t word = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, word, 16);
  if (text.size() != 16 || parsed.ptr != end || parsed.ec != std::errc{}) return std::nullopt;
  return word;
}

std::optional<PrefixHashes> read_prefixes(const Value* prefixes) {
  if (prefixes == nullptr) return std::nullopt;
  const Value* interval = prefixes->find("interval");
  const Value* hashes = prefixes->find("hashes");
  if (interval == nullptr || hashes == nullptr) return std::nullopt;
  PrefixHashes out;
  const char* end = interval->text.data() + interval->text.size();
  const auto parsed = std::from_chars(interval->text.data(), end, out.interval);
  if (parsed.ptr != end || parsed.ec != std::errc{} || out.interval == 0) return std::nullopt;
  for (const Value& each : hashes->children) {
    const std::optional<std::uint64_t> hash = parse_hex(each.text);
    if (!hash) return std::nullopt;
    out.hashes.push_back(*hash);
  }
  return out;
}

std::string summary_json(const Scenario& scenario, const RunOutcome& outcome,
                         const TraceSink* trace) {
  const Names names(scenario);
  std::string out;
  JsonWriter w(out, JsonWriter::Style::indented);
  w.begin_object().member("format", 1).member("tool", tool_version());
  w.member("scenario", std::string_view(scenario.name)).member("seed", scenario.seed);
  w.member("verdict", name_of(outcome.verdict));
  w.key("expected");
  scenario.expect ? w.value(name_of(scenario.expect->verdict)) : w.null();
  w.member("as_expected", outcome.as_expected);
  w.member("fingerprint", std::string_view(to_hex(outcome.fingerprint)));
  w.key("reasons");
  write_json(w, outcome.reasons);
  w.key("notes");
  write_json(w, outcome.notes);
  w.key("recovery_ns");
  outcome.recovery ? w.value(outcome.recovery->ns) : w.null();
  w.key("succession");
  write_succession(w, outcome);
  w.key("led_since");
  outcome.led_since ? w.value(outcome.led_since->ns) : w.null();
  write_violations(w, names, outcome);
  w.member("time", outcome.ended.ns).member("events", outcome.counters.events);
  write_counts(w, outcome);
  write_operations(w, outcome);
  if (outcome.statistics) {
    w.key("statistics");
    write_json(w, *outcome.statistics);
  }
  write_faults(w, outcome);
  w.key("goals").begin_object();
  for (const GoalTally& goal : outcome.goals) {
    w.member(std::string(goal.algorithm) + "." + std::string(goal.goal), goal.count);
  }
  w.end_object();
  w.key("checks").begin_object();
  for (const CheckTally& tally : outcome.checks) w.member(tally.property, tally.heard);
  w.end_object();
  if (trace != nullptr) {
    w.key("trace").begin_object().member("level", name_of(trace->level()));
    w.member("records", trace->records() - trace->left_out());
    w.member("left_out", trace->left_out()).end_object();
  }
  w.key("prefixes");
  write_prefixes(w, outcome.prefixes, 64);
  w.end_object();
  return out + "\n";
}

}  // namespace ballast
