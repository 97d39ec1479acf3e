// The assumption frontier: everything stays as it is but one value, and bisection finds from where
// on a property breaks.
#include <algorithm>
#include <map>

#include "sim/base/parse.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/interval.h"
#include "sim/cli/load.h"
#include "sim/scenario/run.h"
#include "sim/scenario/trials.h"

namespace ballast {
namespace {

// The range is searched on a lattice of about so many values, of round numbers.
constexpr std::int64_t lattice = 500;
constexpr std::int64_t samples_above = 4;

// What a value counts: nanoseconds, hundredths of a percent, or one.
enum class Unit : std::uint8_t { duration, percent, number };

struct Range {
  std::string path;
  Unit unit = Unit::number;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::int64_t step = 1;

  std::string text(std::int64_t value) const {
    switch (unit) {
      case Unit::duration:
        return to_text(Duration{value});
      case Unit::percent:
        return fixed_point(value, 2) + "%";
      case Unit::number:
        break;
    }
    return std::to_string(value);
  }
};

std::optional<std::int64_t> whole(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  std::uint64_t number = 0;
  if (text.empty() || text.size() > 18) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (number > most) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> in_unit(std::string_view text, Unit unit) {
  // Zero needs no unit.
  if (unit == Unit::number || text == "0") return whole(text);
  if (unit == Unit::duration) {
    const Parsed<Duration> parsed = parse_duration(text);
    if (!parsed.value) return std::nullopt;
    return parsed.value->ns;
  }
  const Parsed<Ratio> parsed = parse_ratio(text);
  if (!parsed.value || !text.ends_with('%')) return std::nullopt;
  const Wide hundredths = Wide{parsed.value->numerator} * 10'000;
  if (hundredths % parsed.value->denominator != 0) return std::nullopt;
  return static_cast<std::int64_t>(hundredths / parsed.value->denominator);
}

// "network.loss=0%:60%"; nothing if it is not of this form.
std::optional<Range> parse_range(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.find(':', equals == std::string::npos ? 0 : equals);
  if (equals == std::string::npos || colon == std::string::npos || equals == 0) return std::nullopt;
  const std::string low = text.substr(equals + 1, colon - equals - 1);
  const std::string high = text.substr(colon + 1);
  for (const Unit unit : {Unit::number, Unit::percent, Unit::duration}) {
    const std::optional<std::int64_t> from = in_unit(low, unit);
    const std::optional<std::int64_t> to = in_unit(high, unit);
    if (!from || !to || *from >= *to) continue;
    Range range{text.substr(0, equals), unit, *from, *to, 1};
    while (range.step * 10 <= (*to - *from) / lattice) range.step *= 10;
    return range;
  }
  return std::nullopt;
}

// What came of the seeds at one value.
struct Probe {
  std::int64_t value = 0;
  std::uint64_t runs = 0;
  std::uint64_t violated = 0;
  std::map<std::string, std::uint64_t> properties;
  std::uint64_t first_seed = 0;  // that violates
};

class Frontier {
 public:
  Frontier(const FrontierCommand& command, const Range& range)
      : command_(command), range_(range), trials_(command.jobs, 0, interrupted()) {}

  // Nothing if the scenario is invalid at some value; errors says why.
  bool search() {
    if (!probe(range_.low) || !probe(range_.high)) return false;
    if (probes_.front().violated > 0 || probes_.back().violated == 0) return true;
    std::int64_t low = range_.low;
    std::int64_t high = range_.high;
    while (high - low > range_.step && *interrupted() == 0) {
      std::int64_t middle = low + (high - low) / 2;
      middle = std::clamp((middle - range_.low) / range_.step * range_.step + range_.low,
                          low + range_.step, high - 1);
      const Probe* made = probe(middle);
      if (made == nullptr) return false;
      (made->violated > 0 ? high : low) = middle;
    }
    bracket_ = {low, high};
    // Bisection takes for granted that more is worse. Is it?
    for (std::int64_t i = 1; i <= samples_above && *interrupted() == 0; ++i) {
      const std::int64_t above = high + (range_.high - high) / (samples_above + 1) * i;
      if (above > high && probe(above) == nullptr) return false;
    }
    return true;
  }

  const std::string& errors() const { return errors_; }
  ExitCode code() const { return code_; }
  std::string as_text() const;
  std::string as_json() const;

 private:
  const Probe* probe(std::int64_t value) {
    ScenarioOptions options = command_.scenario;
    options.varied = {range_.path + "=" + range_.text(value)};
    options.varied_by = "--vary";
    const Loaded loaded = load(options);
    if (!loaded.scenario) {
      errors_ = loaded.errors;
      code_ = loaded.code;
      return nullptr;
    }
    const std::uint64_t count = command_.seeds.size();
    std::vector<std::string> broken(count);
    Probe made;
    made.value = value;
    made.runs = trials_.all(count, [&](std::size_t i) {
      Scenario scenario = *loaded.scenario;
      scenario.seed = command_.seeds[i];
      const RunOutcome outcome = run(scenario);
      if (!outcome.violations.empty()) broken[i] = outcome.violations.front().property;
    });
    for (std::size_t i = 0; i < count; ++i) {
      if (broken[i].empty()) continue;
      if (made.violated++ == 0) made.first_seed = command_.seeds[i];
      ++made.properties[broken[i]];
    }
    const auto place =
        std::lower_bound(probes_.begin(), probes_.end(), value,
                         [](const Probe& each, std::int64_t v) { return each.value < v; });
    if (place != probes_.end() && place->value == value) return &*place;
    return &*probes_.insert(place, std::move(made));
  }
  const Probe& at(std::int64_t value) const {
    return *std::find_if(probes_.begin(), probes_.end(),
                         [&](const Probe& each) { return each.value == value; });
  }

  const FrontierCommand& command_;
  const Range& range_;
  Trials trials_;
  std::vector<Probe> probes_;  // by value
  std::optional<std::pair<std::int64_t, std::int64_t>> bracket_;
  std::string errors_;
  ExitCode code_ = ExitCode::held;
};

std::string chance(const Probe& probe) {
  const Interval interval = failure_probability(probe.violated, probe.runs);
  if (probe.violated == 0) return "< " + percent(interval.high, Bound::upper);
  return percent(interval.low, Bound::lower) + " to " + percent(interval.high, Bound::upper);
}

std::string Frontier::as_text() const {
  std::string text = range_.path + " from " + range_.text(range_.low) + " to " +
                     range_.text(range_.high) + ", seeds " + command_.seeds.text() +
                     ": how many runs violate a property (95 % interval)\n";
  for (const Probe& each : probes_) {
    text += "  " + range_.text(each.value) + "  " + with_commas(each.violated) + " of " +
            with_commas(each.runs) + " (" + chance(each) + ")";
    for (const auto& [property, count] : each.properties) {
      text += ", " + property + " " + with_commas(count);
    }
    text += "\n";
  }
  if (!bracket_) {
    return text +
           (probes_.front().violated > 0
                ? "no frontier: already " + range_.text(range_.low) + " breaks it\n"
                : "no frontier: " + range_.text(range_.high) + " does not break it either\n");
  }
  const auto& [low, high] = *bracket_;
  text += "frontier: holds at " + range_.text(low) + " (failure probability " + chance(at(low)) +
          "), breaks at " + range_.text(high) + "\n";
  for (const Probe& each : probes_) {
    if (each.value <= high || each.violated > 0) continue;
    text += "not monotone: holds again at " + range_.text(each.value) +
            ", so that there may be frontiers below too\n";
  }
  ScenarioOptions options = command_.scenario;
  options.varied = {range_.path + "=" + range_.text(high)};
  return text + "  replay  ballast run " + shell_quoted(options.file) + " --seed " +
         std::to_string(at(high).first_seed) + scenario_arguments(options) + "\n";
}

std::string Frontier::as_json() const {
  std::string text;
  JsonWriter w(text, JsonWriter::Style::indented);
  w.begin_object().member("path", std::string_view(range_.path)).key("probes").begin_array();
  for (const Probe& each : probes_) {
    w.begin_object().member("value", std::string_view(range_.text(each.value)));
    w.member("runs", each.runs).member("violated", each.violated).key("properties").begin_object();
    for (const auto& [property, count] : each.properties) w.member(property, count);
    w.end_object().end_object();
  }
  w.end_array();
  if (bracket_) {
    w.member("holds_at", std::string_view(range_.text(bracket_->first)));
    w.member("breaks_at", std::string_view(range_.text(bracket_->second)));
  }
  w.end_object();
  return text + "\n";
}

}  // namespace

ExitCode execute(const FrontierCommand& command, const std::string&) {
  const std::optional<Range> range = parse_range(command.vary);
  if (!range) {
    complain("ballast frontier: --vary is \"" + command.vary +
             "\"; expected PATH=LOW:HIGH with two durations, percentages or whole numbers, such as "
             "network.loss=0%:60%\n");
    return ExitCode::usage;
  }
  catch_interrupts();
  Frontier frontier(command, *range);
  if (!frontier.search()) {
    complain(frontier.errors());
    return frontier.code();
  }
  if (*interrupted() != 0) return ExitCode::interrupted;
  const std::string text = command.format == Format::json ? frontier.as_json() : frontier.as_text();
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

}  // namespace ballast
