// A single queue by Lindley's recursion: what the statistics see of an M/G/1 queue, without a
// world around it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "sim/base/distribution.h"
#include "sim/base/random.h"
#include "sim/measure/steady_state.h"

namespace ballast {

class Lindley {
 public:
  Lindley(std::uint64_t seed, Distribution gap, Distribution service)
      : gaps_(seed, Purpose::arrival, 0),
        works_(seed, Purpose::work, 0),
        gap_(std::move(gap)),
        service_(std::move(service)) {}

  // One more customer; those that leave before it comes are over.
  void arrive(SteadyState& seen) {
    now_ += gap_.at(gaps_.next());
    while (!there_.empty() && there_.front().leaves <= now_) leave(seen);
    const std::uint64_t hardness = works_.next();
    seen.began(now_, there_.size(), hardness);
    free_ = std::max(free_, now_) + service_.at(hardness);
    there_.push_back({number_++, now_, free_});
  }
  std::uint64_t arrived() const { return number_; }

 private:
  struct Customer {
    std::uint64_t number = 0;
    Time came;
    Time leaves;
  };
  void leave(SteadyState& seen) {
    const Customer& first = there_.front();
    seen.ended(first.number, true, first.leaves - first.came);
    there_.pop_front();
  }
  Stream gaps_;
  Stream works_;
  Distribution gap_;
  Distribution service_;
  Time now_;
  Time free_;
  std::uint64_t number_ = 0;
  std::deque<Customer> there_;
};

// An M/M/1 queue with a mean service of 1 ms.
inline Lindley mm1(std::uint64_t seed, std::int64_t load_percent) {
  return Lindley(seed, Distribution::exponential({100'000'000 / load_percent}),
                 Distribution::exponential({1'000'000}));
}

}  // namespace ballast
