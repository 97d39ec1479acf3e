// How many retries are allowed.
#pragma once

#include <optional>

#include "algorithms/balancing/options.h"
#include "sim/base/time.h"

namespace ballast::balancing {

// Without options, as many as are asked for. Amounts are in 2^-32 of a token.
class RetryBudget {
 public:
  RetryBudget() = default;
  explicit RetryBudget(const std::optional<BudgetOptions>& options);

  void requested(Time now);  // for the first time
  void succeeded();
  void failed();
  // Whether one more may be sent now, while so many requests have not ended and so many retries
  // are under way. It is then counted as sent.
  bool take(Time now, std::uint64_t in_flight, std::uint64_t retries_out);

  std::uint64_t tokens() const { return static_cast<std::uint64_t>(tokens_) >> 32; }

 private:
  static constexpr std::int64_t one = std::int64_t{1} << 32;
  static std::int64_t amount(const Ratio& r);
  void let_lapse(Time now);

  std::optional<BudgetOptions> options_;
  std::int64_t tokens_ = 0;
  Time looked_at_;
  std::int64_t reserve_ = 0;
};

}  // namespace ballast::balancing
