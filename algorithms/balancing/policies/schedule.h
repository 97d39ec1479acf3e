// Earliest deadline first: weighted turns by a queue of deadlines (gRPC proposal A58; Envoy's
// edf_scheduler.h). An endpoint of weight w is due every 1/w; whoever is due first has its turn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/describe.h"

namespace ballast::balancing {

class Schedule {
 public:
  // The period of weight 1, in units of the deadlines. Weights go up to 2^30, so that a period is
  // exact to one part in 2^18.
  static constexpr std::uint64_t unit = std::uint64_t{1} << 48;

  struct Turn {
    std::uint64_t deadline = 0;
    std::uint64_t order = 0;  // of equal deadlines, who was queued first is first
    std::uint32_t endpoint = 0;
    static constexpr auto fields =
        Fields{field("deadline", &Turn::deadline), field("order", &Turn::order),
               field("endpoint", &Turn::endpoint)};
    // Heaps have their greatest element on top.
    friend bool operator<(const Turn& a, const Turn& b) {
      return a.deadline != b.deadline ? b.deadline < a.deadline : b.order < a.order;
    }
  };
  static constexpr auto fields = Fields{};

  void clear() {
    turns.clear();
    now = order = 0;
  }
  bool empty() const { return turns.empty(); }
  // Due after `wait` from now.
  void add(std::uint32_t endpoint, std::uint64_t wait) {
    turns.push_back({now + wait, order++, endpoint});
    std::push_heap(turns.begin(), turns.end());
  }
  // Takes out whoever is due first; time moves on to its deadline. REQUIRES !empty().
  std::uint32_t take() {
    std::pop_heap(turns.begin(), turns.end());
    const Turn turn = turns.back();
    turns.pop_back();
    now = turn.deadline;
    if (now >= std::uint64_t{1} << 62) rebase();
    return turn.endpoint;
  }

  std::vector<Turn> turns;  // a heap
  std::uint64_t now = 0;
  std::uint64_t order = 0;

 private:
  // Before deadlines outgrow their type, all move back together.
  void rebase() {
    for (Turn& turn : turns) turn.deadline -= now;
    now = 0;
  }
};

inline void fold(Fingerprint& f, const Schedule& schedule) {
  ballast::fold(f, schedule.turns);
  f.fold(schedule.now);
}

}  // namespace ballast::balancing
