// What a scenario asks of the statistics of a run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "sim/base/describe.h"
#include "sim/base/ratio.h"
#include "sim/base/read.h"
#include "sim/base/type_info.h"

namespace ballast {

// What does not count because the run had not settled yet: the operations that began within a time,
// so many of the first ones, or, with neither, what the run itself shows (see SteadyState).
struct Warmup {
  std::optional<Duration> time;
  std::optional<std::uint64_t> operations;
  bool found() const { return !time && !operations; }
};
// "auto", "30s" or 100000.
bool read(const Value& v, Warmup& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Warmup& v);
TypeInfo make_type_info(Type<Warmup>, const Limits&);

// What a precision is asked of: the mean latency, or a quantile of it.
enum class Metric : std::uint8_t { mean, p50, p90, p99, p999 };
constexpr auto enumerators(Metric) {
  return std::array<std::string_view, 5>{"mean", "p50", "p90", "p99", "p999"};
}
// REQUIRES metric != mean.
constexpr Ratio share_of(Metric metric) {
  constexpr std::array<Ratio, 5> shares{{{0, 1}, {1, 2}, {9, 10}, {99, 100}, {999, 1000}}};
  return shares[static_cast<std::size_t>(metric)];
}

struct StatisticsSpec {
  Warmup warmup;
  std::optional<Ratio> precision;
  Ratio confidence{95, 100};
  Metric metric = Metric::mean;
  std::optional<std::uint64_t> max_requests;
  bool control_variates = false;

  std::string problem() const {
    if (precision && precision->is_zero()) return "a precision of 0 would take for ever";
    if (confidence.is_zero() || !(confidence < Ratio{1, 1})) {
      return "the confidence must be more than 0% and less than 100%";
    }
    return "";
  }

  static constexpr std::string_view name = "statistics";
  static constexpr std::string_view doc =
      "Latencies with intervals. The operations of the warm-up are left out, by the order in which "
      "they began; the intervals come from batch means.";
  static constexpr auto fields = Fields{
      field("warmup", &StatisticsSpec::warmup,
            "What is left out: \"auto\" for what MSER-5 finds, or five correlation times if that "
            "is more; a time; or a number of operations."),
      field("precision", &StatisticsSpec::precision,
            "The run ends once the interval of the metric is no wider to either side than this "
            "share of it, and was not at the last two looks either. If it never is, the run is "
            "inconclusive: not converged. Null to run "
            "to the end and only say what came out."),
      field("confidence", &StatisticsSpec::confidence, "How often such intervals cover the truth."),
      field("metric", &StatisticsSpec::metric, "What the precision is asked of."),
      field("max_requests", &StatisticsSpec::max_requests,
            "Only the first so many operations count, and the run ends when the last of them has. "
            "Null for no bound but the duration.")
          .at_least(1),
      field("control_variates", &StatisticsSpec::control_variates,
            "Whether what chance did to the gaps between requests and to their work, whose means "
            "are known, is taken off the mean latency by regression, which narrows its interval. "
            "The gaps are known where arrivals are Poisson and there are no faults; the work is "
            "that of operation work.")};
};

}  // namespace ballast
