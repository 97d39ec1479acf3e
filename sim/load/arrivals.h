// Arrivals whose rate changes with time, and arrivals that were recorded. All are open loops.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/distribution.h"
#include "sim/base/rate.h"

namespace ballast {

// Between two changes of the rate these are Poisson processes. When the rate changes is the same
// for all clients, and depends on the seed alone.
struct Bursts {
  Rate rate{100, {1'000'000'000}};
  Rate rest;
  Distribution on = Distribution::exponential({100'000'000});
  Distribution off = Distribution::exponential({900'000'000});
  static constexpr std::string_view name = "bursts";
  static constexpr std::string_view doc =
      "On and off in turn, on first: a Poisson process with one rate, then with the other.";
  static constexpr auto fields =
      Fields{field("rate", &Bursts::rate, "Arrivals per time while on, over all clients together."),
             field("rest", &Bursts::rest, "Arrivals per time while off."),
             field("on", &Bursts::on, "How long a burst lasts; a microsecond at least."),
             field("off", &Bursts::off, "How long it is off; a microsecond at least.")};
  std::string problem() const;
};

struct MmppState {
  Rate rate;
  Duration stay{1'000'000'000};
  static constexpr std::string_view name = "state";
  static constexpr std::string_view doc = "A state of a Markov-modulated Poisson process.";
  static constexpr auto fields =
      Fields{field("rate", &MmppState::rate, "Arrivals per time in this state.").needed(),
             field("stay", &MmppState::stay, "How long it lasts on average, exponentially.")
                 .at_least(1'000)
                 .needed()};
};

struct Mmpp {
  std::vector<MmppState> states;
  static constexpr std::string_view name = "mmpp";
  static constexpr std::string_view doc =
      "A Markov-modulated Poisson process: a rate for each state, the first state first, and after "
      "each stay one of the other states, all equally likely (Fischer and Meier-Hellstern, 1993).";
  static constexpr auto fields =
      Fields{field("states", &Mmpp::states, "The states, over all clients together; at least two.")
                 .needed()};
  std::string problem() const;
};

struct RatePoint {
  Duration at;
  Rate rate;
  static constexpr std::string_view name = "point";
  static constexpr std::string_view doc = "The rate at a time.";
  static constexpr auto fields =
      Fields{field("at", &RatePoint::at, "Since the start of the workload.").needed(),
             field("rate", &RatePoint::rate, "Arrivals per time there.").needed()};
};

struct RateCurve {
  std::vector<RatePoint> points;
  bool repeat = false;
  static constexpr std::string_view name = "curve";
  static constexpr std::string_view doc =
      "A Poisson process whose rate follows straight lines between the points; two points at one "
      "time are a step. Before the first point and after the last its rate holds.";
  static constexpr auto fields =
      Fields{field("points", &RateCurve::points, "In the order of time, over all clients together.")
                 .needed(),
             field("repeat", &RateCurve::repeat,
                   "Whether the curve begins again at its last point, instead of staying there.")};
  std::string problem() const;
};

struct Diurnal {
  Rate mean{100, {1'000'000'000}};
  Ratio swing{1, 2};
  Duration period{86'400'000'000'000};
  Duration peak{43'200'000'000'000};
  static constexpr std::string_view name = "diurnal";
  static constexpr std::string_view doc =
      "A Poisson process whose rate swings like a day: mean * (1 + swing * cos(2 pi (t - peak) / "
      "period)), as straight lines between 96 points of the period, a quarter of an hour each of a "
      "day.";
  static constexpr auto fields = Fields{
      field("mean", &Diurnal::mean, "Arrivals per time on average, over all clients together."),
      field("swing", &Diurnal::swing, "How far the rate goes up and down, as a share of the mean."),
      field("period", &Diurnal::period, "The length of a day.").at_least(1'000'000),
      field("peak", &Diurnal::peak, "When the rate is at its highest, since the start.")};
  std::string problem() const;
};

// One recorded request. What is left out is drawn as usual.
struct ReplayedRequest {
  Duration at;
  std::optional<Duration> service;
  std::optional<std::uint64_t> key;
  static constexpr std::string_view name = "request";
  static constexpr std::string_view doc = "A recorded request.";
  static constexpr auto fields = Fields{
      field("at", &ReplayedRequest::at, "When it was sent, since the start of the workload.")
          .needed(),
      field("service", &ReplayedRequest::service,
            "How long it took to serve: all requests or none have it. What counts is its rank: an "
            "endpoint whose service is recorded from the same file takes exactly that long."),
      field("key", &ReplayedRequest::key, "The key that it touched.")};
};

struct Replay {
  std::vector<ReplayedRequest> requests;
  static constexpr std::string_view name = "replay";
  static constexpr std::string_view doc =
      "Requests as they were recorded, dealt out to the clients in turn; or the name of a CSV file "
      "with a header and the columns at (durations with a unit) or at_ns, and if wanted service or "
      "service_ns, and key.";
  static constexpr auto fields =
      Fields{field("requests", &Replay::requests, "The requests, in the order of time.").needed()};
  std::string problem() const;
};

}  // namespace ballast
