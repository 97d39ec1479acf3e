#include "sim/report/repro.h"

#include <algorithm>
#include <charconv>

#include "sim/report/names.h"
#include "sim/report/summary.h"
#include "sim/report/version.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

// Members that a run wrote, and whose absence or form is a reason to refuse the file.
class Document {
 public:
  Document(const Value& value, Problems& problems) : value_(value), problems_(problems) {}

  const Value* member(std::string_view key, Value::Kind kind) {
    const Value* found = value_.find(key);
    if (found != nullptr && found->is(kind)) return found;
    refuse(found == nullptr ? value_.at : found->at, key);
    return nullptr;
  }
  std::string text(std::string_view key) {
    const Value* found = member(key, Value::Kind::string);
    return found == nullptr ? std::string() : found->text;
  }
  std::uint64_t number(std::string_view key) {
    const Value* found = member(key, Value::Kind::number);
    std::uint64_t number = 0;
    if (found != nullptr) {
      std::from_chars(found->text.data(), found->text.data() + found->text.size(), number);
    }
    return number;
  }
  std::uint64_t hash(std::string_view key) {
    const Value* found = member(key, Value::Kind::string);
    const auto word = found == nullptr ? std::nullopt : parse_hex(found->text);
    if (found != nullptr && !word) refuse(found->at, key);
    return word.value_or(0);
  }
  void refuse(std::string_view key) { refuse(value_.at, key); }
  void refuse(Position at, std::string_view key) {
    if (!good_) return;  // one reason is enough
    problems_.add(at,
                  "not written by a run: \"" + std::string(key) + "\" is missing or unreadable");
    good_ = false;
  }
  bool good() const { return good_; }

 private:
  const Value& value_;
  Problems& problems_;
  bool good_ = true;
};

// What repro.json and summary.json say alike.
void read_outcome(Document& document, Repro& out) {
  constexpr std::uint64_t known_format = 1;
  if (document.number("format") != known_format) document.refuse("format");
  out.tool = document.text("tool");
  out.fingerprint = document.hash("fingerprint");
  const std::string verdict = document.text("verdict");
  constexpr auto verdicts = enumerators(Verdict{});
  const auto word = std::find(verdicts.begin(), verdicts.end(), verdict);
  if (word == verdicts.end()) {
    document.refuse("verdict");
  } else {
    out.verdict = static_cast<Verdict>(word - verdicts.begin());
  }
  const auto prefixes = read_prefixes(document.member("prefixes", Value::Kind::object));
  if (!prefixes) document.refuse("prefixes");
  out.prefixes = prefixes.value_or(PrefixHashes{});
}

}  // namespace

std::string repro_json(const Scenario& scenario, const RunOutcome& outcome) {
  const Violation& first = outcome.violations.front();
  std::string out;
  JsonWriter w(out, JsonWriter::Style::indented);
  w.begin_object().member("format", 1).member("tool", tool_version());
  w.member("fingerprint_schema", Fingerprint::schema);
  w.member("verdict", name_of(outcome.verdict));
  w.member("property", std::string_view(first.property));
  w.member("sentence", std::string_view(Names(scenario).in(first.sentence)));
  w.member("event", first.event.value).member("time", first.at.ns);
  w.member("seed", scenario.seed);
  w.member("fingerprint", std::string_view(to_hex(outcome.fingerprint)));
  w.key("prefixes");
  write_prefixes(w, outcome.prefixes, 512);
  std::string resolved = resolved_json(as_it_happened(scenario, outcome));
  resolved.pop_back();
  for (std::size_t i = 0; (i = resolved.find('\n', i)) != std::string::npos;) {
    resolved.insert(i + 1, "  ");
    i += 3;
  }
  w.key("scenario").raw(resolved);
  w.end_object();
  return out + "\n";
}

std::optional<Repro> read_repro(const NamedText& repro, Problems& problems) {
  const std::optional<Value> value = parse_json(repro.text, repro.name, problems);
  if (!value || !problems.empty()) return std::nullopt;
  Document document(*value, problems);
  Repro out;
  read_outcome(document, out);
  out.property = document.text("property");
  out.schema = document.number("fingerprint_schema");
  const Value* inner = document.member("scenario", Value::Kind::object);
  if (!document.good()) return std::nullopt;
  std::optional<Scenario> scenario = read_scenario(*inner, problems);
  if (!scenario) return std::nullopt;
  out.scenario = std::move(*scenario);
  return out;
}

std::optional<Repro> read_result(const NamedText& scenario, const NamedText& summary,
                                 Problems& problems) {
  const std::optional<Value> resolved = parse_json(scenario.text, scenario.name, problems);
  const std::optional<Value> came_of_it = parse_json(summary.text, summary.name, problems);
  if (!resolved || !came_of_it || !problems.empty()) return std::nullopt;
  Document document(*came_of_it, problems);
  Repro out;
  read_outcome(document, out);
  const Value* violations = document.member("violations", Value::Kind::array);
  if (!document.good()) return std::nullopt;
  if (!violations->children.empty()) {
    const Value* property = violations->children.front().find("property");
    if (property != nullptr) out.property = property->text;
  }
  std::optional<Scenario> read = read_scenario(*resolved, problems);
  if (!read) return std::nullopt;
  out.scenario = std::move(*read);
  return out;
}

Comparison compare(const Repro& expected, const RunOutcome& outcome) {
  Comparison result;
  result.same_fingerprint = expected.fingerprint == outcome.fingerprint;
  const std::string property =
      outcome.violations.empty() ? std::string() : outcome.violations.front().property;
  result.same_violation = expected.verdict == outcome.verdict && expected.property == property;
  if (result.same_fingerprint) return result;
  // Both intervals are powers of two: the hashes that both runs took are those of the longer one.
  const PrefixHashes& a = expected.prefixes;
  const PrefixHashes& b = outcome.prefixes;
  const std::uint64_t interval = std::max(a.interval, b.interval);
  for (std::uint64_t events = interval;; events += interval) {
    const std::size_t i = static_cast<std::size_t>(events / a.interval) - 1;
    const std::size_t j = static_cast<std::size_t>(events / b.interval) - 1;
    if (i >= a.hashes.size() || j >= b.hashes.size()) {
      result.parted_before = outcome.counters.events;
      return result;
    }
    if (a.hashes[i] != b.hashes[j]) {
      result.parted_before = events;
      return result;
    }
    result.parted_after = events;
  }
}

}  // namespace ballast
