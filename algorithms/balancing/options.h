// What may be switched on around a policy. Each is an option of a balancer, and off by default.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/base/describe.h"
#include "sim/base/rate.h"

namespace ballast::balancing {

inline constexpr std::int64_t second_ns = 1'000'000'000;

// --- Retries ------------------------------------------------------------------------------------

// Before attempt n + 1 of a request passes delay = min(base * multiplier^(n - 1), max), or
//   none          exactly that                 full    anything from 0 to that
//   proportional  from 0.8 to 1.2 of it        equal   from a half of it to all of it
enum class Jitter : std::uint8_t { none, full, equal, proportional };
constexpr auto enumerators(Jitter) {
  return std::array<std::string_view, 4>{"none", "full", "equal", "proportional"};
}
struct BackOff {
  Duration base{25'000'000};
  std::uint32_t multiplier = 2;
  Duration max{250'000'000};
  Jitter jitter = Jitter::full;
  static constexpr std::string_view name = "backoff";
  static constexpr auto fields = Fields{
      field("base", &BackOff::base, "The delay of the first retry: Envoy's 25 ms."),
      field("multiplier", &BackOff::multiplier, "By how much each further one is longer.")
          .at_least(1)
          .at_most(1'000),
      field("max", &BackOff::max, "And the most that it becomes: Envoy's 10 times the base."),
      field("jitter", &BackOff::jitter,
            "full: from 0 to the delay (Envoy). equal: from half of it. proportional: 20 % more or "
            "less (gRPC A6).")};
};

namespace budget {
struct Throttle {  // gRPC proposal A6
  std::uint32_t max_tokens = 10;
  Ratio token_ratio{1, 10};
  static constexpr std::string_view name = "throttle";
  static constexpr std::string_view doc =
      "A failure takes a token, a success brings some; retries only while more than half are left.";
  static constexpr auto fields = Fields{
      field("max_tokens", &Throttle::max_tokens, "How many there are at first, and at most.")
          .at_least(1)
          .at_most(1'000'000),
      field("token_ratio", &Throttle::token_ratio, "What a success brings.").at_most(1'000'000)};
};
struct Share {  // Envoy's retry_budget
  Ratio percent{1, 5};
  std::uint32_t min_concurrency = 3;
  static constexpr std::string_view name = "share";
  static constexpr std::string_view doc =
      "Retries under way are a share of all requests under way.";
  static constexpr auto fields = Fields{
      field("percent", &Share::percent, "Of the requests that have not ended."),
      field("min_concurrency", &Share::min_concurrency, "So many retries are always allowed.")};
};
struct Leaky {  // Finagle's RetryBudget
  Ratio percent{1, 5};
  std::uint32_t min_per_second = 10;
  Duration ttl{10 * second_ns};
  static constexpr std::string_view name = "leaky";
  static constexpr std::string_view doc =
      "A request brings a part of a retry, which lapses after a while; a reserve is always there.";
  static constexpr auto fields =
      Fields{field("percent", &Leaky::percent, "Retries per request.").at_most(1'000),
             field("min_per_second", &Leaky::min_per_second, "The reserve."),
             field("ttl", &Leaky::ttl, "How long what a request brought can be used.")
                 .at_least(second_ns)};
};
struct Tokens {  // M. Brooker, 2022-02-28
  Ratio per_request{1, 10};
  std::uint32_t cap = 5;
  static constexpr std::string_view name = "tokens";
  static constexpr std::string_view doc = "A request brings a part of a token, a retry takes one.";
  static constexpr auto fields =
      Fields{field("per_request", &Tokens::per_request, "What a request brings.").at_most(1'000),
             field("cap", &Tokens::cap, "The most tokens, and those at first.").at_least(1)};
};
}  // namespace budget
using BudgetOptions = std::variant<budget::Throttle, budget::Share, budget::Leaky, budget::Tokens>;

struct HedgeOptions {
  Duration delay{10'000'000};
  std::uint32_t max_attempts = 2;
  bool cancel = true;
  static constexpr std::string_view name = "hedge";
  static constexpr auto fields = Fields{
      field(
          "delay", &HedgeOptions::delay,
          "After how long without an answer a request is sent once more, to whatever endpoint the "
          "policy picks. The first answer counts; a failure sends the next copy at once."),
      field("max_attempts", &HedgeOptions::max_attempts, "How many copies there may be in all.")
          .at_least(2)
          .at_most(100),
      field("cancel", &HedgeOptions::cancel,
            "Whether endpoints are told of the copies that nobody waits for any more.")};
};

// --- Admission ----------------------------------------------------------------------------------

struct RateLimitOptions {
  Rate rate{100, {second_ns}};
  std::uint64_t burst = 1;
  static constexpr std::string_view name = "rate_limit";
  static constexpr auto fields = Fields{
      field("rate", &RateLimitOptions::rate, "How fast tokens come; a request takes one.").needed(),
      field("burst", &RateLimitOptions::burst, "How many there may be.")
          .at_least(1)
          .at_most(1'000'000)};

  std::string problem() const { return rate.is_zero() ? "rate must be more than 0" : ""; }
};

struct BreakerOptions {
  std::uint32_t consecutive_failures = 0;
  Ratio failure_rate{1, 2};
  std::uint32_t window = 100;
  std::uint32_t min_calls = 100;
  Duration open{60 * second_ns};
  std::uint32_t half_open_calls = 10;
  static constexpr std::string_view name = "breaker";
  static constexpr auto fields = Fields{
      field("consecutive_failures", &BreakerOptions::consecutive_failures,
            "Opens after so many requests in a row that did not complete; 0: looks at the rate "
            "only."),
      field("failure_rate", &BreakerOptions::failure_rate,
            "Opens when so many of the last requests did not complete."),
      field("window", &BreakerOptions::window, "How many are the last requests.")
          .at_least(1)
          .at_most(100'000),
      field("min_calls", &BreakerOptions::min_calls, "Before there are so many, it stays closed.")
          .at_least(1),
      field("open", &BreakerOptions::open, "For how long it then lets nothing through.")
          .at_least(1),
      field("half_open_calls", &BreakerOptions::half_open_calls,
            "How many requests it then lets through to see whether it may close.")
          .at_least(1)};
};

struct ThrottleOptions {
  Ratio k{2, 1};
  Duration window{120 * second_ns};
  static constexpr std::string_view name = "throttle";
  static constexpr auto fields = Fields{
      field("k", &ThrottleOptions::k,
            "Requests are rejected with probability (requests - k * accepted) / (requests + 1).")
          .at_least(1)
          .at_most(1'000),
      field("window", &ThrottleOptions::window, "Over so much of the past.").at_least(1'000'000)};
};

namespace limit {
struct Aimd {
  std::uint32_t initial = 20;
  std::uint32_t min = 20;
  std::uint32_t max = 200;
  Ratio backoff{9, 10};
  Duration timeout{5 * second_ns};
  static constexpr std::string_view name = "aimd";
  static constexpr std::string_view doc =
      "One more after a success while at least half is used, a share less after a failure.";
  static constexpr auto fields =
      Fields{field("initial", &Aimd::initial, "The limit at first.").at_least(1).at_most(1'000'000),
             field("min", &Aimd::min, "The least limit.").at_least(1).at_most(1'000'000),
             field("max", &Aimd::max, "The largest limit.").at_least(1).at_most(1'000'000),
             field("backoff", &Aimd::backoff, "What a failure leaves of it."),
             field("timeout", &Aimd::timeout, "A request that takes longer counts as a failure.")};
};
struct Vegas {
  std::uint32_t initial = 20;
  std::uint32_t max = 1'000;
  static constexpr std::string_view name = "vegas";
  static constexpr std::string_view doc =
      "Follows the queue that latency above the least latency gives away.";
  static constexpr auto fields = Fields{
      field("initial", &Vegas::initial, "The limit at first.").at_least(1).at_most(1'000'000),
      field("max", &Vegas::max, "The largest limit.").at_least(1).at_most(1'000'000)};
};
struct Gradient {
  std::uint32_t initial = 20;
  std::uint32_t min = 20;
  std::uint32_t max = 200;
  std::uint32_t queue_size = 4;
  Ratio tolerance{3, 2};
  Ratio smoothing{1, 5};
  std::uint32_t long_window = 600;
  static constexpr std::string_view name = "gradient";
  static constexpr std::string_view doc =
      "Follows the ratio of the long average of latency to each latency (Gradient2).";
  static constexpr auto fields = Fields{
      field("initial", &Gradient::initial, "The limit at first.").at_least(1).at_most(1'000'000),
      field("min", &Gradient::min, "The least limit.").at_least(1).at_most(1'000'000),
      field("max", &Gradient::max, "The largest limit.").at_least(1).at_most(1'000'000),
      field("queue_size", &Gradient::queue_size, "What is added for queueing.").at_most(1'000'000),
      field("tolerance", &Gradient::tolerance, "By how much latency may exceed its average.")
          .at_least(1)
          .at_most(100),
      field("smoothing", &Gradient::smoothing, "How much of a new limit is taken over."),
      field("long_window", &Gradient::long_window, "Over how many requests the average reaches.")
          .at_least(1)
          .at_most(1'000'000)};
};
}  // namespace limit
using LimiterOptions = std::variant<limit::Aimd, limit::Vegas, limit::Gradient>;

// --- Endpoints ----------------------------------------------------------------------------------

struct OutlierOptions {
  std::uint32_t consecutive = 5;
  Duration interval{10 * second_ns};
  Duration base_ejection{30 * second_ns};
  Duration max_ejection{300 * second_ns};
  Ratio max_share{1, 10};
  std::uint32_t min_endpoints = 5;
  std::uint32_t min_requests = 100;
  Ratio deviations{19, 10};
  Ratio failure_share{0, 1};
  std::uint32_t failure_min_requests = 50;
  static constexpr std::string_view name = "outlier";
  static constexpr auto fields = Fields{
      field("consecutive", &OutlierOptions::consecutive,
            "An endpoint is ejected after so many failures in a row; 0: never for that."),
      field("interval", &OutlierOptions::interval,
            "How often rates are compared and endpoints taken back.")
          .at_least(1'000'000),
      field("base_ejection", &OutlierOptions::base_ejection,
            "For how long, times how often it was ejected before, with this time."),
      field("max_ejection", &OutlierOptions::max_ejection, "And the longest that it stays out."),
      field("max_share", &OutlierOptions::max_share,
            "No more are ejected while so many are; the first one always may be."),
      field("min_endpoints", &OutlierOptions::min_endpoints,
            "Rates are compared if so many endpoints had enough requests in an interval."),
      field("min_requests", &OutlierOptions::min_requests, "Enough, for the success rate.")
          .at_least(1),
      field("deviations", &OutlierOptions::deviations,
            "Ejected for a success rate below the mean by so many standard deviations; 0: never.")
          .at_most(1'000),
      field("failure_share", &OutlierOptions::failure_share,
            "Ejected if at least so many requests failed; 0: never for that. Envoy says 85 % and "
            "does not enforce it, gRPC does."),
      field("failure_min_requests", &OutlierOptions::failure_min_requests,
            "Enough requests for that.")
          .at_least(1)};
};

struct SlowStartOptions {
  Duration window{30 * second_ns};
  Ratio aggression{1, 1};
  Ratio min_weight{1, 10};
  bool at_start = false;
  static constexpr std::string_view name = "slow_start";
  static constexpr auto fields = Fields{
      field("window", &SlowStartOptions::window,
            "For how long after an endpoint came up its weight is less: weight * max(min_weight, "
            "(t / window)^(1 / aggression)). It moves with each round of probes.")
          .at_least(1'000'000),
      field("aggression", &SlowStartOptions::aggression, "1: in proportion to time.")
          .at_most(1'000),
      field("min_weight", &SlowStartOptions::min_weight, "The share that it begins with."),
      field("at_start", &SlowStartOptions::at_start,
            "Whether endpoints start slowly when the balancer starts, too: Envoy's do, HAProxy's "
            "do not.")};

  std::string problem() const {
    return aggression.is_zero() ? "aggression must be more than 0" : "";
  }
};

struct AutoscaleOptions {
  std::uint32_t min = 1;
  std::uint32_t initial = 1;
  Ratio target{1, 1};
  Duration interval{15 * second_ns};
  Duration start_up{30 * second_ns};
  Duration settle{300 * second_ns};
  Ratio tolerance{1, 10};
  static constexpr std::string_view name = "autoscale";
  static constexpr auto fields = Fields{
      field("min", &AutoscaleOptions::min, "The fewest endpoints in use.").at_least(1),
      field("initial", &AutoscaleOptions::initial, "How many are in use at first.").at_least(1),
      field("target", &AutoscaleOptions::target,
            "How many requests at a time an endpoint is to have. Every interval so many endpoints "
            "are wanted: ceil(in use * measured / target).")
          .at_most(1'000'000),
      field("interval", &AutoscaleOptions::interval, "How often this is looked at.")
          .at_least(1'000'000),
      field("start_up", &AutoscaleOptions::start_up,
            "How long an endpoint that is wanted takes until it serves."),
      field("settle", &AutoscaleOptions::settle,
            "Fewer are used only when fewer were wanted for so long; then the most of that time."),
      field("tolerance", &AutoscaleOptions::tolerance,
            "A ratio of measured to target as close to 1 as this changes nothing.")};

  std::string problem() const {
    if (target.is_zero()) return "target must be more than 0";
    return initial < min ? "initial is less than min" : "";
  }
};

}  // namespace ballast::balancing
