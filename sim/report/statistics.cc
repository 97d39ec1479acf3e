#include "sim/report/statistics.h"

#include <array>
#include <bit>

#include "sim/base/text.h"
#include "sim/base/wide.h"

namespace ballast {
namespace {

struct FineUnit {
  std::int64_t ns;
  std::string_view name;
};
constexpr std::array<FineUnit, 4> fine_units{
    {{1'000'000'000, " s"}, {1'000'000, " ms"}, {1'000, " us"}, {1, " ns"}}};

const FineUnit& unit_of(std::int64_t fine) {
  const std::int64_t ns = (fine < 0 ? -fine : fine) >> fine_bits;
  for (const FineUnit& unit : fine_units) {
    if (ns >= unit.ns) return unit;
  }
  return fine_units.back();
}

std::string in_unit(std::int64_t fine, const FineUnit& unit, int decimals) {
  WideSigned scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const WideSigned whole = static_cast<WideSigned>(unit.ns) << fine_bits;
  const WideSigned product = static_cast<WideSigned>(fine) * scale;
  const WideSigned half = product < 0 ? -whole / 2 : whole / 2;
  return fixed_point(static_cast<std::int64_t>((product + half) / whole), decimals) +
         std::string(unit.name);
}

// Decimals that show so many digits of the value, in this unit.
int decimals_for(std::int64_t fine, const FineUnit& unit, int digits) {
  WideSigned rest = fine < 0 ? -static_cast<WideSigned>(fine) : fine;
  const WideSigned whole = static_cast<WideSigned>(unit.ns) << fine_bits;
  int decimals = digits;
  for (; decimals > 0 && rest >= whole; --decimals) rest /= 10;
  for (; decimals < 6 && rest > 0 && rest * 10 < whole; ++decimals) rest *= 10;
  return decimals;
}

void write_estimate(JsonWriter& w, const Estimate& e) {
  w.begin_object().key("ns").raw(fine_json(e.mean)).key("half_width_ns");
  if (e.half_width >= unbounded) {
    w.null();
  } else {
    w.raw(fine_json(static_cast<std::int64_t>(e.half_width)));
  }
  w.member("batches", e.values).end_object();
}

std::string_view rule_of(const StatisticsReport& report) {
  if (report.spec.warmup.time) return "time";
  if (report.spec.warmup.operations) return "operations";
  return report.cut_by_mser ? "mser-5" : "correlation time";
}

}  // namespace

std::string fine_text(std::int64_t fine, int digits) {
  const FineUnit& unit = unit_of(fine);
  return in_unit(fine, unit, decimals_for(fine, unit, digits));
}

std::string in_words(const Estimate& e) {
  if (e.half_width >= unbounded) return fine_text(e.mean, 4);
  const FineUnit& unit = unit_of(e.mean);
  const auto half = static_cast<std::int64_t>(e.half_width);
  const int decimals = decimals_for(half, unit, 2);
  return in_unit(e.mean, unit, decimals) + " +- " + in_unit(half, unit, decimals);
}

std::string fine_json(std::int64_t fine) {
  const WideSigned milli = (static_cast<WideSigned>(fine) * 1000) >> fine_bits;
  return fixed_point(static_cast<std::int64_t>(milli), 3);
}

std::string percent_text(Ratio share) {
  const Wide milli = static_cast<Wide>(share.numerator) * 100'000 / share.denominator;
  std::string text = fixed_point(static_cast<std::int64_t>(milli), 3);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " %";
}

void write_json(JsonWriter& w, const StatisticsReport& report) {
  w.begin_object();
  w.key("converged");
  report.spec.precision ? w.value(report.converged) : w.null();
  w.member("metric", name_of(report.spec.metric));
  w.key("confidence");
  write_json(w, report.spec.confidence);
  w.key("precision");
  write_json(w, report.spec.precision);
  w.member("began", report.began).member("measured", report.measured);
  w.member("not_ok", report.not_ok);
  w.key("warmup").begin_object().member("operations", report.cut);
  w.member("until_ns", report.cut_until.ns).member("rule", rule_of(report)).end_object();
  w.key("latency").begin_object();
  constexpr auto names = enumerators(Metric{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    w.key(names[i]);
    if (report.estimates[i]) {
      write_estimate(w, *report.estimates[i]);
    } else {
      w.null();
    }
  }
  w.end_object();
  w.key("control_variates");
  if (report.corrected) {
    const auto& corrected = *report.corrected;
    w.begin_object().key("by").begin_array();
    if (corrected.gaps) w.value("gaps");
    if (corrected.work) w.value("work");
    w.end_array().key("uncontrolled_mean_ns").raw(fine_json(corrected.uncontrolled));
    const auto left = static_cast<std::int64_t>(corrected.left_milli);
    w.key("variance_left").raw(fixed_point(left, 3)).end_object();
  } else {
    w.null();
  }
  w.key("lag_1").raw(fixed_point(report.lag_1_milli, 3));
  w.key("greatest_batch")
      .raw(fixed_point(static_cast<std::int64_t>(report.greatest_batch_milli), 3));
  w.key("hill_index");
  if (report.hill_index_milli == 0) {
    w.null();
  } else {
    w.raw(fixed_point(static_cast<std::int64_t>(report.hill_index_milli), 3));
  }
  w.key("problems").begin_array();
  for (const std::string& problem : report.problems) w.value(std::string_view(problem));
  w.end_array().end_object();
}

std::string in_words(const StatisticsReport::Corrected& corrected) {
  const std::string_view by = corrected.gaps && corrected.work ? "gaps and work"
                              : corrected.gaps                 ? "gaps"
                                                               : "work";
  const std::string left = fixed_point(static_cast<std::int64_t>(corrected.left_milli), 1) + " %";
  return "the mean is controlled by " + std::string(by) + ": " +
         fine_text(corrected.uncontrolled, 4) + " without, and " +
         (corrected.left_milli < 1'000 ? left + " of its variance is left"
                                       : "that did not help: its variance is " + left);
}

std::vector<std::string> in_words(const StatisticsReport& report) {
  std::vector<std::string> lines;
  std::string text;
  constexpr auto names = enumerators(Metric{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!report.estimates[i]) continue;
    text +=
        (text.empty() ? "" : ", ") + std::string(names[i]) + " " + in_words(*report.estimates[i]);
  }
  const std::optional<Estimate>& wanted = report.of(report.spec.metric);
  if (!text.empty()) lines.push_back(text + " (" + percent_text(report.spec.confidence) + ")");
  if (report.corrected) {
    lines.push_back(in_words(*report.corrected));
  } else if (report.spec.control_variates && report.of(Metric::mean)) {
    lines.push_back(
        "nothing controls the mean: there are too few batches, or the gaps and the work of these "
        "operations have no known mean");
  }
  text = "measured " + with_commas(report.measured) + " operations";
  if (wanted) {
    text += " in " + std::to_string(wanted->values) + " batches, lag-1 correlation " +
            fixed_point(report.lag_1_milli, 2 + 1);
  }
  text +=
      "; left out the first " + with_commas(report.cut) + " (" + std::string(rule_of(report)) + ")";
  if (report.not_ok > 0) text += "; " + with_commas(report.not_ok) + " more did not end ok";
  lines.push_back(text);
  if (report.spec.precision && report.converged) {
    lines.push_back("the " + std::string(names[static_cast<std::size_t>(report.spec.metric)]) +
                    " is known to " + percent_text(*report.spec.precision) + ", as asked");
  } else if (!report.spec.precision) {
    for (const std::string& problem : report.problems) lines.push_back("BEWARE: " + problem);
  }
  return lines;
}

}  // namespace ballast
