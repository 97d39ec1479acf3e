// What an endpoint knows of its own load.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "algorithms/balancing/messages.h"
#include "sim/base/wide.h"

namespace ballast::balancing {

class LoadMeter {
 public:
  LoadMeter() = default;
  LoadMeter(Duration window, std::uint32_t capacity) : window_(window), capacity_(capacity) {}

  // From now on, so many servers are busy.
  void busy(std::uint64_t servers, Time now) {
    move_to(now);
    servers_ = servers;
  }
  // A request ended that found so many in flight, itself included.
  void ended(bool good, Duration latency, std::uint32_t in_flight, Time now) {
    move_to(now);
    ++(good ? current_.good : current_.failed);
    samples_[count_++ % samples_.size()] = {in_flight, latency};
  }

  // Utilization and rates are those of the last whole window; of this one, if it is the first.
  LoadReport report(std::uint64_t in_flight, Time now) {
    move_to(now);
    LoadReport report;
    report.in_flight = in_flight;
    report.latency = latency_at(in_flight);
    const bool whole = last_.span.ns > 0;
    const Span& of = whole ? last_ : current_;
    const Duration span = whole ? last_.span : now - begun_;
    if (span.ns <= 0) return report;
    const auto ns = static_cast<std::uint64_t>(span.ns);
    report.utilization = static_cast<std::uint64_t>(
        of.busy * 1'000'000 / (static_cast<Wide>(ns) * std::max<std::uint32_t>(capacity_, 1)));
    constexpr Wide thousandths = Wide{1'000} * 1'000'000'000;
    report.rate = static_cast<std::uint64_t>(of.good * thousandths / ns);
    report.errors = static_cast<std::uint64_t>(of.failed * thousandths / ns);
    return report;
  }

 private:
  struct Span {
    Duration span;
    Wide busy = 0;  // servers, times how long
    std::uint64_t good = 0;
    std::uint64_t failed = 0;
  };
  struct Sample {
    std::uint32_t in_flight = 0;
    Duration latency;
  };

  void move_to(Time now) {
    while (now - begun_ >= window_) {
      const Time edge = begun_ + window_;
      current_.busy += static_cast<Wide>(servers_) * static_cast<std::uint64_t>((edge - at_).ns);
      current_.span = window_;
      last_ = current_;
      current_ = {};
      begun_ = at_ = edge;
      if ((now - begun_).ns / 4 < window_.ns) continue;
      begun_ = at_ = now - window_;  // nothing but the last window is ever asked for
    }
    current_.busy += static_cast<Wide>(servers_) * static_cast<std::uint64_t>((now - at_).ns);
    at_ = now;
  }

  // The median of the latest samples that found about as many in flight: from a half to twice as
  // many; of all of them, if there are none such.
  Duration latency_at(std::uint64_t in_flight) const {
    std::array<Duration, 64> near{};
    std::size_t count = 0;
    const std::size_t kept = std::min<std::size_t>(count_, samples_.size());
    const auto gather = [&](bool all) {
      for (std::size_t i = 0; i < kept; ++i) {
        const std::uint64_t then = samples_[i].in_flight;
        const bool about = 2 * then >= in_flight && then <= 2 * in_flight + 1;
        if (all || about) near[count++] = samples_[i].latency;
      }
    };
    gather(false);
    if (count == 0) gather(true);
    if (count == 0) return {};
    for (std::size_t i = count; i < near.size(); ++i) near[i] = Duration::max();
    std::sort(near.begin(), near.end());
    return near[count / 2];
  }

  Duration window_{1'000'000'000};
  std::uint32_t capacity_ = 1;
  std::uint64_t servers_ = 0;
  Time begun_;
  Time at_;
  Span current_;
  Span last_;
  std::array<Sample, 64> samples_{};
  std::uint64_t count_ = 0;
};

}  // namespace ballast::balancing
