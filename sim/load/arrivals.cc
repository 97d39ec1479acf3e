#include "sim/load/arrivals.h"

#include <algorithm>

#include "sim/base/text.h"

namespace ballast {

std::string Bursts::problem() const {
  if (rate.is_zero() && rest.is_zero()) return "rate and rest are both 0: nothing would ever come";
  return {};
}

std::string Mmpp::problem() const {
  if (states.size() < 2) return "there are fewer than two states; poisson has one";
  if (std::all_of(states.begin(), states.end(), [](const auto& s) { return s.rate.is_zero(); })) {
    return "every state has a rate of 0: nothing would ever come";
  }
  return {};
}

std::string RateCurve::problem() const {
  if (points.empty()) return "there are no points";
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].at >= points[i - 1].at) continue;
    return "point " + std::to_string(i + 1) + " is at " + to_text(points[i].at) +
           ", before the one before it at " + to_text(points[i - 1].at);
  }
  if (std::all_of(points.begin(), points.end(), [](const auto& p) { return p.rate.is_zero(); })) {
    return "every point has a rate of 0: nothing would ever come";
  }
  if (repeat && points.back().at < Duration{1'000'000}) {
    return "a curve that repeats lasts a millisecond or more, not " + to_text(points.back().at);
  }
  return {};
}

std::string Diurnal::problem() const {
  return mean.is_zero() ? "mean is 0: nothing would ever come" : "";
}

std::string Replay::problem() const {
  if (requests.empty()) return "there are no requests";
  const bool with_service = requests.front().service.has_value();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const ReplayedRequest& each = requests[i];
    if (i > 0 && each.at < requests[i - 1].at) {
      return "request " + std::to_string(i + 1) + " is at " + to_text(each.at) +
             ", before the one before it at " + to_text(requests[i - 1].at);
    }
    if (each.service.has_value() != with_service) {
      return "request " + std::to_string(i + 1) + " has " + (with_service ? "no" : "a") +
             " service time and the first one has " + (with_service ? "one" : "none");
    }
  }
  return {};
}

}  // namespace ballast
