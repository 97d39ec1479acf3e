#include "algorithms/balancing/budget.h"

#include <algorithm>

#include "algorithms/balancing/policies/decay.h"

namespace ballast::balancing {

RetryBudget::RetryBudget(const std::optional<BudgetOptions>& options) : options_(options) {
  if (!options_) return;
  if (const auto* throttle = std::get_if<budget::Throttle>(&*options_)) {
    tokens_ = throttle->max_tokens * one;
  } else if (const auto* tokens = std::get_if<budget::Tokens>(&*options_)) {
    tokens_ = tokens->cap * one;
  } else if (const auto* leaky = std::get_if<budget::Leaky>(&*options_)) {
    reserve_ = leaky->min_per_second * one;
  }
}

std::int64_t RetryBudget::amount(const Ratio& r) {
  // Rounded up: ten tenths are one.
  return static_cast<std::int64_t>((static_cast<Wide>(one) * r.numerator + r.denominator - 1) /
                                   r.denominator);
}

void RetryBudget::requested(Time now) {
  if (!options_) return;
  if (const auto* tokens = std::get_if<budget::Tokens>(&*options_)) {
    tokens_ = std::min(tokens_ + amount(tokens->per_request), tokens->cap * one);
  } else if (const auto* leaky = std::get_if<budget::Leaky>(&*options_)) {
    let_lapse(now);
    tokens_ += amount(leaky->percent);
  }
}

void RetryBudget::succeeded() {
  if (!options_) return;
  if (const auto* throttle = std::get_if<budget::Throttle>(&*options_)) {
    tokens_ = std::min(tokens_ + amount(throttle->token_ratio), throttle->max_tokens * one);
  }
}

void RetryBudget::failed() {
  if (!options_) return;
  if (std::holds_alternative<budget::Throttle>(*options_))
    tokens_ = std::max(tokens_ - one, std::int64_t{0});
}

bool RetryBudget::take(Time now, std::uint64_t in_flight, std::uint64_t retries_out) {
  if (!options_) return true;
  if (const auto* throttle = std::get_if<budget::Throttle>(&*options_)) {
    return 2 * tokens_ > throttle->max_tokens * one;
  }
  if (const auto* share = std::get_if<budget::Share>(&*options_)) {
    const std::uint64_t allowed = share->percent.of(in_flight);
    return retries_out < std::max<std::uint64_t>(allowed, share->min_concurrency);
  }
  let_lapse(now);
  std::int64_t& from = tokens_ >= one ? tokens_ : reserve_;
  if (from < one) return false;
  from -= one;
  return true;
}

// What requests brought lapses evenly over the ttl, instead of slice by slice as in Finagle; the
// reserve fills up again once a second.
void RetryBudget::let_lapse(Time now) {
  const auto* leaky = std::get_if<budget::Leaky>(&*options_);
  if (leaky == nullptr) return;
  const Duration elapsed = now - looked_at_;
  looked_at_ = now;
  tokens_ = decayed(tokens_, elapsed, leaky->ttl);
  const std::int64_t full = leaky->min_per_second * one;
  const Wide filled = static_cast<Wide>(static_cast<std::uint64_t>(full)) *
                      static_cast<std::uint64_t>(std::min(elapsed.ns, second_ns)) / second_ns;
  reserve_ = std::min(full, reserve_ + static_cast<std::int64_t>(filled));
}

}  // namespace ballast::balancing
