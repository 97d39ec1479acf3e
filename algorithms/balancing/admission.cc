#include "algorithms/balancing/admission.h"

#include <algorithm>

#include "sim/base/wide.h"

namespace ballast::balancing {

// --- Rate limit ---------------------------------------------------------------------------------

TokenBucket::TokenBucket(const RateLimitOptions& options)
    : options_(options),
      tokens_(static_cast<Wide>(options.burst) * static_cast<std::uint64_t>(options.rate.per.ns)) {}

bool TokenBucket::take(Time now) {
  const auto token = static_cast<std::uint64_t>(options_.rate.per.ns);
  const auto elapsed = static_cast<std::uint64_t>((now - filled_).ns);
  filled_ = now;
  tokens_ = std::min(tokens_ + static_cast<Wide>(elapsed) * options_.rate.count,
                     static_cast<Wide>(options_.burst) * token);
  if (tokens_ < token) return false;
  tokens_ -= token;
  return true;
}

// --- Circuit breaker ----------------------------------------------------------------------------

bool Breaker::admit(Time now) {
  if (state_ == State::open && now >= until_) {
    state_ = State::half_open;
    trials_ = judged_ = bad_ = 0;
  }
  switch (state_) {
    case State::closed:
      return true;
    case State::open:
      return false;
    case State::half_open:
      if (trials_ + judged_ >= options_.half_open_calls) return false;
      ++trials_;
      return true;
  }
  return true;
}

void Breaker::ended(bool good, Time now) {
  switch (state_) {
    case State::open:  // let through before it opened
      return;
    case State::half_open:
      if (trials_ == 0) return;
      --trials_;
      ++judged_;
      bad_ += good ? 0 : 1;
      if (judged_ < options_.half_open_calls) return;
      if (!(Ratio{bad_, judged_} < options_.failure_rate)) return open(now);
      state_ = State::closed;
      return;
    case State::closed:
      break;
  }
  in_a_row_ = good ? 0 : in_a_row_ + 1;
  if (window_.size() < options_.window) {
    window_.push_back(!good);
  } else {
    failures_ -= window_[next_] ? 1 : 0;
    window_[next_] = !good;
    next_ = (next_ + 1) % window_.size();
  }
  failures_ += good ? 0 : 1;
  if (too_many_failures()) open(now);
}

bool Breaker::too_many_failures() const {
  if (options_.consecutive_failures > 0 && in_a_row_ >= options_.consecutive_failures) return true;
  if (window_.size() < std::min<std::size_t>(options_.min_calls, options_.window)) return false;
  return failures_ > 0 && !(Ratio{failures_, window_.size()} < options_.failure_rate);
}

void Breaker::open(Time now) {
  state_ = State::open;
  until_ = saturating_add(now, options_.open);
  window_.clear();
  next_ = 0;
  failures_ = in_a_row_ = 0;
}

// --- Adaptive throttling ------------------------------------------------------------------------

void Throttle::move_to(Time now) {
  const std::int64_t width =
      std::max<std::int64_t>(options_.window.ns / static_cast<std::int64_t>(slices), 1);
  const std::int64_t at = now.ns / width;
  if (at - slice_ >= static_cast<std::int64_t>(slices)) {
    slices_.assign(slices, {});
    requests_ = accepts_ = 0;
    slice_ = at;
  }
  while (slice_ < at) {
    ++slice_;
    Slice& oldest = slices_[static_cast<std::size_t>(slice_) % slices];
    requests_ -= oldest.requests;
    accepts_ -= oldest.accepts;
    oldest = {};
  }
}

std::uint64_t Throttle::rejections(std::uint64_t range, Time now) {
  move_to(now);
  const Wide requests = static_cast<Wide>(requests_) * options_.k.denominator;
  const Wide accepted = static_cast<Wide>(accepts_) * options_.k.numerator;
  const Wide excess = requests > accepted ? requests - accepted : 0;
  const Wide of = static_cast<Wide>(requests_ + 1) * options_.k.denominator;
  ++requests_;
  ++slices_[static_cast<std::size_t>(slice_) % slices].requests;
  return static_cast<std::uint64_t>(excess * range / of);
}

void Throttle::accepted(Time now) {
  move_to(now);
  ++accepts_;
  ++slices_[static_cast<std::size_t>(slice_) % slices].accepts;
}

// --- Limits of concurrency ----------------------------------------------------------------------

namespace {
constexpr std::uint64_t one = std::uint64_t{1} << 16;

// log10 of a limit in whole numbers, as concurrency-limits has it: at least 1.
std::uint64_t log10_of(std::uint64_t limit) {
  std::uint64_t log = 0;
  for (; limit >= 10; limit /= 10) ++log;
  return std::max<std::uint64_t>(log, 1);
}
}  // namespace

Limiter::Limiter(const LimiterOptions& options) : options_(options) {
  limit_ = std::visit([](const auto& o) { return std::uint64_t{o.initial}; }, options_) * one;
}

void Limiter::ended(const Result& result) {
  if (const auto* a = std::get_if<limit::Aimd>(&options_)) aimd(*a, result);
  if (const auto* v = std::get_if<limit::Vegas>(&options_)) vegas(*v, result);
  if (const auto* g = std::get_if<limit::Gradient>(&options_)) gradient(*g, result);
}

void Limiter::aimd(const limit::Aimd& options, const Result& result) {
  if (!result.good || result.latency > options.timeout) {
    limit_ = options.backoff.of(limit_ / one) * one;
  } else if (result.in_flight * 2 * one >= limit_) {
    limit_ += one;
  }
  limit_ = std::clamp(limit_, options.min * one, std::max(options.min, options.max) * one);
}

// queue = ceil(limit * (1 - least / latency)); up by beta while it is at most log10(limit), up by
// log10(limit) below alpha, down by as much above beta; alpha = 3 and beta = 6 log10(limit).
void Limiter::vegas(const limit::Vegas& options, const Result& result) {
  const std::int64_t latency = std::max<std::int64_t>(result.latency.ns, 1);
  if (least_latency_ == 0 || (result.good && latency < least_latency_)) {
    least_latency_ = latency;
    return;
  }
  const std::uint64_t log = log10_of(limit_ / one) * one;
  if (!result.good) {
    limit_ -= std::min(limit_ - one, log);
    return;
  }
  if (result.in_flight * 2 * one < limit_) return;  // it is not what holds requests back
  const auto excess =
      static_cast<std::uint64_t>(std::max<std::int64_t>(latency - least_latency_, 0));
  const auto whole = static_cast<std::uint64_t>(latency);
  const std::uint64_t limit = limit_ / one;
  const auto queue =
      static_cast<std::uint64_t>((static_cast<Wide>(limit) * excess + whole - 1) / whole) * one;
  if (queue <= log) {
    limit_ += 6 * log;
  } else if (queue < 3 * log) {
    limit_ += log;
  } else if (queue > 6 * log) {
    limit_ -= std::min(limit_ - one, log);
  }
  limit_ = std::clamp(limit_, one, options.max * one);
}

void Limiter::gradient(const limit::Gradient& options, const Result& result) {
  const std::int64_t latency = std::max<std::int64_t>(result.latency.ns, 1);
  // The average of the first ten is plain; from then on each moves it by 2 / (window + 1).
  constexpr std::uint32_t warm_up = 10;
  const std::int64_t reach = observed_ < warm_up ? ++observed_ : (options.long_window + 1) / 2 + 1;
  long_latency_ += (latency - long_latency_) / reach;
  if (long_latency_ > 2 * latency) long_latency_ -= long_latency_ / 20;
  if (result.in_flight * 2 * one < limit_) return;
  const Wide tolerated = static_cast<Wide>(static_cast<std::uint64_t>(long_latency_)) *
                         options.tolerance.numerator / options.tolerance.denominator;
  const Wide ratio = tolerated * one / static_cast<std::uint64_t>(latency);
  const std::uint64_t gradient = static_cast<std::uint64_t>(std::clamp<Wide>(ratio, one / 2, one));
  const std::uint64_t wanted = (limit_ * gradient >> 16) + options.queue_size * one;
  const std::uint64_t part = options.smoothing.of(one);
  limit_ = (limit_ * (one - part) + wanted * part) >> 16;
  limit_ = std::clamp(limit_, options.min * one, std::max(options.min, options.max) * one);
}

}  // namespace ballast::balancing
