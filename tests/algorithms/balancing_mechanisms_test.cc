// The parts behind a balancer's options, each by itself.
#include <doctest/doctest.h>

#include "algorithms/balancing/admission.h"
#include "algorithms/balancing/budget.h"
#include "algorithms/balancing/outlier.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::Breaker;
using balancing::Limiter;
using balancing::OutlierDetector;
using balancing::RetryBudget;
using balancing::Throttle;
using balancing::TokenBucket;

Time at(Duration since) { return Time{} + since; }

TEST_CASE("gRPC's throttle: retries while more than half of the tokens are left") {
  RetryBudget budget(balancing::BudgetOptions(balancing::budget::Throttle{}));
  for (int i = 0; i < 4; ++i) budget.failed();  // 6 of 10 left
  CHECK(budget.take({}, 1, 0));
  budget.failed();
  CHECK(!budget.take({}, 1, 0));  // 5 are not more than half
  for (int i = 0; i < 9; ++i) budget.succeeded();
  CHECK(budget.take({}, 1, 0));
}

TEST_CASE("Envoy's budget: a fifth of the requests in flight, and three in any case") {
  RetryBudget budget(balancing::BudgetOptions(balancing::budget::Share{}));
  CHECK(budget.take({}, 1, 2));
  CHECK(!budget.take({}, 15, 3));
  CHECK(budget.take({}, 20, 3));
  CHECK(!budget.take({}, 20, 4));
}

TEST_CASE("Finagle's budget: a fifth of a retry for each request, and a reserve each second") {
  balancing::budget::Leaky options;
  options.min_per_second = 2;
  RetryBudget budget{balancing::BudgetOptions(options)};
  for (int i = 0; i < 10; ++i) budget.requested({});
  for (int i = 0; i < 4; ++i) CHECK(budget.take({}, 1, 0));  // two of each
  CHECK(!budget.take({}, 1, 0));
  CHECK(budget.take(at(500_ms), 1, 0));
  CHECK(!budget.take(at(500_ms), 1, 0));
  CHECK(budget.take(at(1_s), 1, 0));
}

TEST_CASE("a token bucket of a tenth per request allows one retry for ten requests") {
  RetryBudget budget(balancing::BudgetOptions(balancing::budget::Tokens{}));
  for (int i = 0; i < 5; ++i) CHECK(budget.take({}, 1, 0));
  CHECK(!budget.take({}, 1, 0));
  for (int i = 0; i < 11; ++i) budget.requested({});
  CHECK(budget.take({}, 1, 0));
  CHECK(!budget.take({}, 1, 0));
}

TEST_CASE("a token bucket lets a burst through and then its rate") {
  TokenBucket bucket({{10, {1'000'000'000}}, 3});
  for (int i = 0; i < 3; ++i) CHECK(bucket.take({}));
  CHECK(!bucket.take({}));
  CHECK(!bucket.take(at(99_ms)));
  CHECK(bucket.take(at(100_ms)));
  CHECK(!bucket.take(at(150_ms)));
  CHECK(bucket.take(at(200_ms)));
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(at(10_s)));
  CHECK(!bucket.take(at(10_s)));
}

TEST_CASE("a circuit breaker opens at half of a hundred calls, and closes after ten good ones") {
  Breaker breaker({});
  for (int i = 0; i < 99; ++i) breaker.ended(i % 2 == 0, {});  // 49 failures
  CHECK(breaker.admit({}));
  breaker.ended(false, {});
  CHECK(!breaker.admit({}));
  CHECK(!breaker.admit(at(59_s)));
  for (int i = 0; i < 10; ++i) CHECK(breaker.admit(at(60_s)));
  CHECK(!breaker.admit(at(60_s)));  // ten are enough to tell
  for (int i = 0; i < 9; ++i) breaker.ended(true, at(61_s));
  CHECK(breaker.state() == Breaker::State::half_open);
  breaker.ended(true, at(61_s));
  CHECK(breaker.state() == Breaker::State::closed);
  CHECK(breaker.admit(at(61_s)));
}

TEST_CASE("a circuit breaker that is half open opens again if half of its trials fail") {
  balancing::BreakerOptions options;
  options.consecutive_failures = 3;
  Breaker breaker(options);
  for (int i = 0; i < 3; ++i) breaker.ended(false, {});
  CHECK(!breaker.admit({}));
  for (int i = 0; i < 10; ++i) CHECK(breaker.admit(at(60_s)));
  for (int i = 0; i < 10; ++i) breaker.ended(i < 5, at(60_s));
  CHECK(!breaker.admit(at(119_s)));
  CHECK(breaker.admit(at(120_s)));
}

TEST_CASE("adaptive throttling rejects (requests - 2 accepts) / (requests + 1)") {
  Throttle throttle({});
  for (int i = 0; i < 9; ++i) {
    CHECK(throttle.rejections(1'000, {}) == 0);
    throttle.accepted({});
  }
  for (int i = 0; i < 9; ++i) CHECK(throttle.rejections(1'000, {}) == 0);  // up to twice as many
  CHECK(throttle.rejections(1'000, {}) == 0);                              // 18 - 18
  CHECK(throttle.rejections(1'000, {}) == 50);                             // 1 / 20
  CHECK(throttle.rejections(1'000, {}) == 95);                             // 2 / 21
  CHECK(throttle.rejections(1'000, at(300_s)) == 0);                       // all is forgotten
}

TEST_CASE("AIMD adds one for a success at half of the limit, and takes a tenth for a failure") {
  Limiter limiter{balancing::LimiterOptions(balancing::limit::Aimd{})};
  CHECK(limiter.limit() == 20);
  limiter.ended({true, 1_ms, 9});
  CHECK(limiter.limit() == 20);
  limiter.ended({true, 1_ms, 10});
  CHECK(limiter.limit() == 21);
  for (int i = 0; i < 79; ++i) limiter.ended({true, 1_ms, 100});
  CHECK(limiter.limit() == 100);
  limiter.ended({false, 1_ms, 100});
  CHECK(limiter.limit() == 90);
  limiter.ended({true, 6_s, 100});  // too late
  CHECK(limiter.limit() == 81);
}

TEST_CASE("Vegas grows by 6 log10 without a queue, stays in its band, and shrinks above it") {
  balancing::limit::Vegas options;
  options.initial = 100;  // log10 is 2: alpha 6, beta 12
  const auto after = [&](Duration latency) {
    Limiter limiter{balancing::LimiterOptions(options)};
    limiter.ended({true, 90_ms, 100});  // the least
    limiter.ended({true, latency, 100});
    return limiter.limit();
  };
  CHECK(after(90_ms) == 112);
  CHECK(after(91_ms) == 112);   // queue ceil(100 / 91) = 2
  CHECK(after(94_ms) == 102);   // 5
  CHECK(after(100_ms) == 100);  // 10
  CHECK(after(120_ms) == 98);   // 25
  Limiter limiter{balancing::LimiterOptions(options)};
  limiter.ended({true, 90_ms, 100});
  limiter.ended({false, 90_ms, 100});
  CHECK(limiter.limit() == 98);
}

TEST_CASE("the gradient limit falls when latency exceeds its average by half, and recovers") {
  balancing::limit::Gradient options;
  options.initial = 100;
  Limiter limiter{balancing::LimiterOptions(options)};
  for (int i = 0; i < 10; ++i) limiter.ended({true, 100_ms, 10});  // not what holds it back
  CHECK(limiter.limit() == 100);
  limiter.ended({true, 100_ms, 100});
  CHECK(limiter.limit() == 100);  // .8 * 100 + .2 * (100 + 4) = 100.8
  for (int i = 0; i < 10; ++i) limiter.ended({true, 600_ms, 100});
  CHECK(limiter.limit() < 60);
  CHECK(limiter.limit() >= 20);
}

TEST_CASE("outlier: five failures in a row eject for 30 s, then for 60 s") {
  OutlierDetector detector({}, 10);
  for (int i = 0; i < 4; ++i) CHECK(!detector.ended(3, false, {}));
  detector.ended(3, true, {});
  for (int i = 0; i < 4; ++i) CHECK(!detector.ended(3, false, {}));
  CHECK(detector.ended(3, false, {}));
  CHECK(!detector.sweep(at(20_s)));
  CHECK(detector.sweep(at(30_s)));
  CHECK(!detector.ejected(3));
  for (int i = 0; i < 5; ++i) detector.ended(3, false, at(31_s));
  CHECK(detector.ejected(3));
  CHECK(!detector.sweep(at(90_s)));
  CHECK(detector.sweep(at(91_s)));
}

TEST_CASE("outlier: a tenth of the endpoints may be ejected, and one in any case") {
  OutlierDetector detector({}, 4);
  for (std::uint32_t i = 0; i < 5; ++i) detector.ended(0, false, {});
  for (std::uint32_t i = 0; i < 5; ++i) detector.ended(1, false, {});
  CHECK(detector.ejected(0));
  CHECK(!detector.ejected(1));
}

TEST_CASE("outlier: a success rate 1.9 standard deviations below the mean ejects") {
  balancing::OutlierOptions options;
  options.consecutive = 0;
  OutlierDetector detector(options, 6);
  const auto interval = [&](int failures) {
    for (std::uint32_t host = 0; host < 6; ++host) {
      for (int i = 0; i < 100; ++i) detector.ended(host, host != 5 || i >= failures, {});
    }
    return detector.sweep({});
  };
  CHECK(!interval(0));
  CHECK(interval(50));  // mean 91.67 %, deviation 18.63 %: below 56.25 %
  CHECK(detector.ejected(5));
  CHECK(!detector.ejected(0));
}

TEST_CASE("outlier: a share of failures ejects where it is enforced") {
  balancing::OutlierOptions options;
  options.consecutive = 0;
  options.deviations = {0, 1};
  options.failure_share = {85, 100};
  OutlierDetector detector(options, 5);
  for (std::uint32_t host = 0; host < 5; ++host) {
    for (int i = 0; i < 100; ++i) detector.ended(host, i >= (host == 2 ? 85 : 84), {});
  }
  CHECK(detector.sweep({}));
  CHECK(detector.ejected(2));
  CHECK(!detector.ejected(1));
}

}  // namespace
}  // namespace ballast
