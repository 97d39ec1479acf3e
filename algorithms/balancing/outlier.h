// Passive health: endpoints that fail are ejected for a while (Envoy's outlier detection).
#pragma once

#include <cstdint>
#include <vector>

#include "algorithms/balancing/options.h"
#include "sim/base/time.h"

namespace ballast::balancing {

class OutlierDetector {
 public:
  OutlierDetector() = default;
  OutlierDetector(const OutlierOptions& options, std::size_t endpoints)
      : options_(options), hosts_(endpoints) {}

  // An attempt at an endpoint ended. True if the endpoint is ejected for it.
  bool ended(std::uint32_t endpoint, bool good, Time now);
  // Every interval: takes back those whose time is over, and compares rates. True if anything
  // changed.
  bool sweep(Time now);
  bool ejected(std::uint32_t endpoint) const { return hosts_[endpoint].ejected; }

 private:
  struct HostState {
    bool ejected = false;
    std::uint32_t in_a_row = 0;
    std::uint32_t times = 0;  // ejected, lately
    Time since;
    std::uint64_t requests = 0;  // in this interval
    std::uint64_t failures = 0;
  };
  bool eject(HostState& host, Time now);
  bool compare(Time now);

  OutlierOptions options_;
  std::vector<HostState> hosts_;
  std::uint64_t out_ = 0;
};

}  // namespace ballast::balancing
