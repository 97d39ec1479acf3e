#include "algorithms/balancing/endpoint.h"

#include <doctest/doctest.h>

#include "tests/algorithms/endpoint_bench.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::Done;
using balancing::EndpointConfig;
using balancing::EndpointTimer;
using balancing::Forward;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

RequestId id(std::uint64_t sequence) { return {client, 0, sequence}; }
Request request(std::uint64_t sequence) { return {id(sequence), {Operation::work, 0, 0, 0, 0}}; }
Forward forward(std::uint64_t ticket, std::uint64_t work = 0) {
  return {{ticket}, id(ticket), work};
}
Done done(std::uint64_t ticket) { return {{ticket}, id(ticket)}; }
Refused refused(std::uint64_t ticket) { return {{ticket}, id(ticket)}; }

class EndpointBench : public Bench<Endpoint> {
 public:
  explicit EndpointBench(EndpointConfig config = {}) : Bench<Endpoint>(n2, {n2}, prepare(config)) {
    start();
  }
  Result take(std::uint64_t ticket) { return receive(n1, forward(ticket)); }
  Result finish() { return fire(EndpointTimer::done); }
  void at(Duration clock) { set_clock(Time{} + clock); }

 private:
  static EndpointConfig prepare(EndpointConfig config) {
    config.service = Distribution::constant(12_ms);
    return config;
  }
};

TEST_CASE("an endpoint serves one request after the other, in order of arrival") {
  EndpointBench endpoint;
  const auto first = endpoint.take(1);
  CHECK(first.send.empty());
  CHECK(first.timer(EndpointTimer::done)->min == 12_ms);
  endpoint.at(5_ms);
  CHECK(endpoint.take(2).silent());
  CHECK(endpoint.take(3).silent());
  CHECK(endpoint.state().waiting == 2);
  endpoint.at(12_ms);
  auto step = endpoint.finish();
  REQUIRE(step.send.size() == 1);
  CHECK(step.send[0].to == n1);
  CHECK(step.message<Done>() == done(1));
  CHECK(step.timer(EndpointTimer::done)->min == 12_ms);
  endpoint.at(24_ms);
  CHECK(endpoint.finish().message<Done>() == done(2));
  endpoint.at(36_ms);
  step = endpoint.finish();
  CHECK(step.message<Done>() == done(3));
  CHECK(!step.timer_set(EndpointTimer::done));
  CHECK(endpoint.take(4).timer(EndpointTimer::done)->min == 12_ms);
}

TEST_CASE("work is a quantile of the service law, and speed divides it") {
  EndpointConfig config;
  config.service = Distribution::exponential(10_ms);
  for (const Ratio speed : {Ratio{1, 1}, Ratio{4, 1}, Ratio{2, 3}}) {
    config.speed = speed;
    Bench<Endpoint> endpoint(n2, {n2}, config);
    endpoint.start();
    const std::uint64_t work = 0xC000'0000'0000'0000;  // the third quartile
    const Duration whole = config.service.at(work);
    CHECK(whole > 13_ms);
    CHECK(whole < 14_ms);
    const auto step = endpoint.receive(n1, forward(1, work));
    CHECK(step.timer(EndpointTimer::done)->min.ns ==
          whole.ns * static_cast<std::int64_t>(speed.denominator) /
              static_cast<std::int64_t>(speed.numerator));
  }
  config.speed = {0, 1};
  CHECK(config.problem() == "speed must be more than 0, or no request is ever done");
}

TEST_CASE("concurrency: so many at a time, and one timer for the first to end") {
  EndpointConfig config;
  config.concurrency = 2;
  EndpointBench endpoint(config);
  CHECK(endpoint.take(1).timer(EndpointTimer::done)->min == 12_ms);
  endpoint.at(5_ms);
  CHECK(!endpoint.take(2).timer_set(EndpointTimer::done));  // it ends later than the first
  endpoint.take(3);
  CHECK(endpoint.state().in_progress == 2);
  CHECK(endpoint.state().waiting == 1);
  endpoint.at(12_ms);
  auto step = endpoint.finish();
  CHECK(step.message<Done>() == done(1));
  CHECK(step.timer(EndpointTimer::done)->min == 5_ms);
  endpoint.at(17_ms);
  step = endpoint.finish();
  CHECK(step.message<Done>() == done(2));
  CHECK(step.timer(EndpointTimer::done)->min == 7_ms);
}

TEST_CASE("concurrency: a shorter job moves the timer, and equal ends keep their order") {
  EndpointConfig config;
  config.concurrency = 3;
  config.service = Distribution::exponential(10_ms);
  Bench<Endpoint> endpoint(n2, {n2}, config);
  endpoint.start();
  endpoint.receive(n1, forward(1, 0xF000'0000'0000'0000));
  const auto step = endpoint.receive(n1, forward(2, 0x1000'0000'0000'0000));
  CHECK(step.timer(EndpointTimer::done)->min == config.service.at(0x1000'0000'0000'0000));
  endpoint.receive(n1, forward(3, 0x1000'0000'0000'0000));
  endpoint.set_clock(Time{} + config.service.at(0x1000'0000'0000'0000));
  const auto ends = endpoint.fire(EndpointTimer::done);
  REQUIRE(ends.messages<Done>() == 2);
  CHECK(ends.message<Done>(0) == done(2));
  CHECK(ends.message<Done>(1) == done(3));
}

TEST_CASE("a clock that is set does not change how long work takes") {
  EndpointConfig config;
  config.concurrency = 2;
  EndpointBench endpoint(config);
  endpoint.at(10_s);
  endpoint.take(1);
  endpoint.at(1_s);
  endpoint.take(2);
  endpoint.at(1_s + 12_ms);
  const auto step = endpoint.finish();
  CHECK(step.message<Done>() == done(1));
  CHECK(endpoint.state().in_progress == 0);  // both began when the watch stood at 10 s
}

TEST_CASE("a full queue refuses") {
  EndpointConfig config;
  config.queue_limit = 1;
  EndpointBench endpoint(config);
  endpoint.take(1);
  endpoint.take(2);
  const auto step = endpoint.take(3);
  CHECK(step.message<Refused>() == refused(3));
  CHECK(endpoint.state().waiting == 1);
  endpoint.finish();
  CHECK(endpoint.take(3).silent());  // there is room again
}

TEST_CASE("probes are answered at once, however long the queue") {
  EndpointBench endpoint;
  for (std::uint64_t i = 1; i <= 10; ++i) endpoint.take(i);
  const auto step = endpoint.receive(n1, Probe{42});
  CHECK(step.message<ProbeReply>().round == 42);
  CHECK(step.send.at(0).to == n1);
}

TEST_CASE("a crash loses the queue and the work in progress") {
  EndpointBench endpoint;
  endpoint.take(1);
  endpoint.take(2);
  CHECK(endpoint.crash_and_recover().silent());
  CHECK(endpoint.state().waiting == 0);
  CHECK(endpoint.state().in_progress == 0);
}

TEST_CASE("an endpoint serves clients that ask it directly") {
  EndpointConfig config;
  config.queue_limit = 0;
  EndpointBench endpoint(config);
  CHECK(endpoint.ask(request(1)).timer_set(EndpointTimer::done));
  const auto refusal = endpoint.ask(request(2));
  REQUIRE(refusal.replies.size() == 1);
  CHECK(refusal.replies[0].response.outcome == Outcome::failed);
  endpoint.at(12_ms);
  const auto step = endpoint.finish();
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].request == id(1));
  CHECK(step.replies[0].response.outcome == Outcome::ok);
  CHECK(step.send.empty());
}

TEST_CASE("an endpoint is sent nothing but work and probes") {
  EndpointBench endpoint;
  CHECK(endpoint.receive(n1, done(1)).broken == "an endpoint is only sent work and probes");
}

}  // namespace
}  // namespace ballast
