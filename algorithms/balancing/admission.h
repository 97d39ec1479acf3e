// Whether a balancer takes a request on at all: rate limit, circuit breaker, adaptive throttling
// and limits of concurrency. What is not taken on is rejected at once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "algorithms/balancing/options.h"
#include "sim/base/time.h"

namespace ballast::balancing {

// How a request that was taken on ended, for those that learn from it.
struct Result {
  bool good = false;  // it was completed
  Duration latency;
  std::uint64_t in_flight = 0;  // itself included
};

class TokenBucket {
 public:
  explicit TokenBucket(const RateLimitOptions& options);
  bool take(Time now);

 private:
  RateLimitOptions options_;
  Wide tokens_ = 0;  // a token is rate.per nanoseconds' worth of rate.count
  Time filled_;
};

// Closed; open when too much fails; then half open: some requests decide.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  explicit Breaker(const BreakerOptions& options) : options_(options) {}
  bool admit(Time now);
  void ended(bool good, Time now);
  State state() const { return state_; }

 private:
  void open(Time now);
  bool too_many_failures() const;

  BreakerOptions options_;
  State state_ = State::closed;
  std::vector<bool> window_;  // of those that ended: whether they failed
  std::size_t next_ = 0;
  std::uint64_t failures_ = 0;  // in the window
  std::uint32_t in_a_row_ = 0;
  std::uint32_t trials_ = 0;  // half open: let through, and not ended
  std::uint32_t judged_ = 0;  // and ended
  std::uint32_t bad_ = 0;
  Time until_;
};

// Google's SRE book, "Handling overload": what clients can do by themselves.
class Throttle {
 public:
  explicit Throttle(const ThrottleOptions& options) : options_(options) {}
  // Rejects if a uniform draw from 0 to `range` - 1 is below this. Counts the request.
  std::uint64_t rejections(std::uint64_t range, Time now);
  void accepted(Time now);

 private:
  static constexpr std::size_t slices = 12;
  void move_to(Time now);
  ThrottleOptions options_;
  struct Slice {
    std::uint64_t requests = 0;
    std::uint64_t accepts = 0;
  };
  std::vector<Slice> slices_ = std::vector<Slice>(slices);
  std::int64_t slice_ = 0;  // the number of the newest one, since the beginning of time
  std::uint64_t requests_ = 0;
  std::uint64_t accepts_ = 0;
};

// Netflix/concurrency-limits, whose names and defaults these are. Limits are in 2^-16.
class Limiter {
 public:
  explicit Limiter(const LimiterOptions& options);
  std::uint64_t limit() const { return limit_ >> 16; }
  void ended(const Result& result);

 private:
  void aimd(const limit::Aimd& options, const Result& result);
  void vegas(const limit::Vegas& options, const Result& result);
  void gradient(const limit::Gradient& options, const Result& result);

  LimiterOptions options_;
  std::uint64_t limit_ = 0;
  std::int64_t least_latency_ = 0;  // vegas, ns
  std::int64_t long_latency_ = 0;   // gradient, ns
  std::uint32_t observed_ = 0;      // gradient: of the warm-up of its average
};

}  // namespace ballast::balancing
