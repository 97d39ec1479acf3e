// What plots are drawn from besides summary.json and metrics.csv, in constant memory: histograms as
// tables, and how requests were spread over endpoints.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/observer.h"
#include "sim/measure/histogram.h"
#include "sim/protocol/fact.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// One row for each bucket that is not empty, in ascending order: the largest value that the bucket
// may hold, and how many values it does. `before` stands at the start of each row.
inline constexpr std::string_view histogram_columns = "up_to_ns,count\n";
std::string histogram_rows(const Histogram& histogram, std::string_view before = {});

// Which endpoints balancers chose, and how many requests were under way at each. It hears what
// balancers state: a request is under way at the endpoint that it was last routed to, until it ends
// or its balancer crashes. What an endpoint still works on after a balancer gave it up does not
// count.
class Spread {
 public:
  static constexpr SightMask wants() { return sight(Sight::stated) | sight(Sight::crashed); }
  void begin(const Scenario& scenario);
  void see(const Occurrence& seen);

  // Since the last call: how often an endpoint was chosen, the one chosen most often, and how often
  // another one than last for a request about the same key. 0 where there is but one key.
  struct Interval {
    std::uint64_t routed = 0;
    std::uint64_t most = 0;
    std::uint64_t moved = 0;
  };
  Interval take_interval();

  bool heard_any() const { return routed_ > 0; }
  // A header line and one row for each node of a group that was routed to.
  std::string endpoints_csv(Time end) const;
  // A header line and, for each number of requests under way, for how long an endpoint had so many,
  // summed over endpoints.
  std::string queue_csv(Time end) const;

 private:
  // Longer queues than this count as this long.
  static constexpr std::uint64_t longest = 1U << 16;

  struct Endpoint {
    std::uint64_t routed = 0;
    std::uint64_t in_interval = 0;
    std::uint64_t under_way = 0;
    std::uint64_t most_under_way = 0;
    Wide request_time = 0;  // under_way times nanoseconds, up to `since`
    Time since;             // when under_way last changed
  };
  std::vector<std::size_t> those_routed_to() const;
  void change(NodeId endpoint, bool up, Time at);
  void place_key(const Routed& routed);

  std::vector<std::string> names_;                     // by node; [0] is nobody
  std::vector<std::size_t> group_of_;                  // by node
  std::vector<Endpoint> endpoints_;                    // by node
  std::vector<std::map<std::uint64_t, NodeId>> open_;  // by balancer: where its tickets are
  std::vector<std::uint64_t> time_at_;                 // by requests under way
  std::uint64_t routed_ = 0;
  std::map<RequestId, std::uint64_t> key_of_;  // of requests that have not returned
  std::vector<NodeId> place_of_;               // by key: where the last request about it went
  std::uint64_t moved_ = 0;                    // in this interval
};

}  // namespace ballast
