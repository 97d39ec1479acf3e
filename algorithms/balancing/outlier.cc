#include "algorithms/balancing/outlier.h"

#include <algorithm>

#include "sim/base/fixed_math.h"

namespace ballast::balancing {

bool OutlierDetector::ended(std::uint32_t endpoint, bool good, Time now) {
  HostState& host = hosts_[endpoint];
  ++host.requests;
  if (good) {
    host.in_a_row = 0;
    return false;
  }
  ++host.failures;
  ++host.in_a_row;
  if (options_.consecutive == 0 || host.in_a_row < options_.consecutive) return false;
  host.in_a_row = 0;
  return eject(host, now);
}

bool OutlierDetector::eject(HostState& host, Time now) {
  if (host.ejected || !(Ratio{out_, hosts_.size()} < options_.max_share)) return false;
  host.ejected = true;
  host.since = now;
  ++host.times;
  ++out_;
  return true;
}

bool OutlierDetector::sweep(Time now) {
  bool changed = false;
  for (HostState& host : hosts_) {
    if (host.ejected) {
      const Duration longest = std::max(options_.max_ejection, options_.base_ejection);
      const Duration term =
          options_.base_ejection.ns > longest.ns / std::max<std::int64_t>(host.times, 1)
              ? longest
              : options_.base_ejection * host.times;
      if (now - host.since < term) continue;
      host.ejected = false;
      host.in_a_row = 0;
      --out_;
      changed = true;
    } else if (host.times > 0) {
      --host.times;  // an interval in peace makes up for one ejection
    }
  }
  changed = compare(now) || changed;
  for (HostState& host : hosts_) host.requests = host.failures = 0;
  return changed;
}

bool OutlierDetector::compare(Time now) {
  constexpr std::uint64_t one = 1'000'000;
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  const auto rate = [](const HostState& host) {
    return one * (host.requests - host.failures) / host.requests;
  };
  const auto rated = [&](const HostState& host, std::uint64_t least) {
    return !host.ejected && host.requests >= least;
  };
  for (const HostState& host : hosts_) {
    if (!rated(host, options_.min_requests)) continue;
    ++count;
    sum += rate(host);
  }
  bool changed = false;
  if (count >= options_.min_endpoints && count > 0 && !options_.deviations.is_zero()) {
    const std::uint64_t mean = sum / count;
    Wide squares = 0;
    for (const HostState& host : hosts_) {
      if (!rated(host, options_.min_requests)) continue;
      const std::uint64_t r = rate(host);
      const std::uint64_t off = r > mean ? r - mean : mean - r;
      squares += static_cast<Wide>(off) * off;
    }
    const std::uint64_t deviation = options_.deviations.of(fixed::square_root(squares / count));
    const std::uint64_t least = deviation < mean ? mean - deviation : 0;
    for (HostState& host : hosts_) {
      if (rated(host, options_.min_requests) && rate(host) < least) {
        changed = eject(host, now) || changed;
      }
    }
  }
  if (options_.failure_share.is_zero()) return changed;
  const auto enough = static_cast<std::uint64_t>(std::count_if(
      hosts_.begin(), hosts_.end(),
      [&](const HostState& host) { return rated(host, options_.failure_min_requests); }));
  for (HostState& host : hosts_) {
    if (enough < options_.min_endpoints || !rated(host, options_.failure_min_requests)) continue;
    if (Ratio{host.failures, host.requests} < options_.failure_share) continue;
    changed = eject(host, now) || changed;
  }
  return changed;
}

}  // namespace ballast::balancing
