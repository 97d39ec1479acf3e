// What may be switched on around a policy: one node, effects as data.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/balancing/balancer.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::AskLoad;
using balancing::BalancerConfig;
using balancing::BalancerTimer;
using balancing::Cancel;
using balancing::Done;
using balancing::Draining;
using balancing::Failed;
using balancing::Forward;
using balancing::ForwardUrgent;
using balancing::LoadReport;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

constexpr NodeId n1{1};  // the balancer
constexpr NodeId n2{2};
constexpr NodeId n3{3};
constexpr NodeId n4{4};
constexpr NodeId client{9};

BalancerConfig config(std::string_view text) {
  const auto reading = read_text<BalancerConfig>(text);
  REQUIRE(reading.problems == "");
  return reading.value;
}
Time at(Duration since) { return Time{} + since; }

class BalancerBench : public Bench<Balancer> {
 public:
  explicit BalancerBench(std::string_view options)
      : Bench<Balancer>(n1, {n1, n2, n3, n4}, config(options)) {
    started = start();
  }
  Result started;

  Result ask_for(std::uint64_t sequence, std::uint64_t key = 0) {
    return ask({{client, 0, sequence}, {Operation::work, key, 0, 0, 0}});
  }
  Result done(NodeId from, std::uint64_t ticket) {
    return receive(from, Done{{ticket}, {client, 0, ticket}});
  }
  Result failed(NodeId from, std::uint64_t ticket) {
    return receive(from, Failed{{ticket}, {client, 0, ticket}});
  }
  Result refused(NodeId from, std::uint64_t ticket) {
    return receive(from, Refused{{ticket}, {client, 0, ticket}});
  }
  Result alarm(Duration clock) {
    set_clock(at(clock));
    return fire(BalancerTimer::alarm);
  }
  std::uint32_t active(std::size_t i) const { return state().endpoints[i].active; }
  bool up(std::size_t i) const { return state().endpoints[i].up; }
};

template <class Step>
bool rejected(const Step& step) {
  return step.template stated<Ended>() == 1 &&
         step.template fact<Ended>().ending == Ending::rejected;
}

TEST_CASE("an endpoint that fails a request ends it, or has it retried elsewhere") {
  BalancerBench balancer(R"({"retries": 1})");
  balancer.ask_for(1);
  const auto again = balancer.failed(n2, 1);
  CHECK(again.fact<Routed>().endpoint == n3);
  CHECK(balancer.active(0) == 0);
  CHECK(rejected(balancer.failed(n3, 1)));
}

// --- Retries -------------------------------------------------------------------------------------

TEST_CASE("back-off doubles from retry to retry, up to its limit") {
  BalancerBench balancer(R"({"retries": 4, "timeout": "10s",
    "backoff": {"base": "100ms", "max": "300ms", "jitter": "none"}})");
  balancer.ask_for(1);
  Duration now;
  for (const Duration delay : {100_ms, 200_ms, 300_ms, 300_ms}) {
    const auto& endpoints = balancer.state().endpoints;
    const auto busy = std::find_if(endpoints.begin(), endpoints.end(),
                                   [](const auto& each) { return each.active > 0; });
    REQUIRE(busy != endpoints.end());
    const auto step = balancer.failed(busy->node, 1);
    CHECK(step.stated<Routed>() == 0);
    REQUIRE(step.timer_set(BalancerTimer::alarm));
    CHECK(step.timer(BalancerTimer::alarm)->min == delay);
    now += delay;
    CHECK(balancer.alarm(now).stated<Routed>() == 1);
  }
}

TEST_CASE("jitter draws from 0, from half of the delay, or 20 % around it") {
  struct Row {
    const char* jitter;
    Duration min;
    Duration max;
  };
  for (const Row& row : {Row{"full", 0_ms, 100_ms}, Row{"equal", 50_ms, 100_ms},
                         Row{"proportional", 80_ms, 120_ms}}) {
    CAPTURE(row.jitter);
    Duration least = 1_s;
    Duration most;
    for (int i = 0; i < 60; ++i) {
      BalancerBench balancer(
          std::string(R"({"retries": 1, "backoff": {"base": "100ms", "jitter": ")") + row.jitter +
          R"("}})");
      for (int skip = 0; skip < i; ++skip) {  // every one of them draws another delay
        balancer.ask_for(static_cast<std::uint64_t>(skip) + 1);
        balancer.failed(balancer.active(0)   ? n2
                        : balancer.active(1) ? n3
                                             : n4,
                        static_cast<std::uint64_t>(skip) + 1);
      }
      const auto ticket = static_cast<std::uint64_t>(i) + 1;
      balancer.ask_for(ticket);
      const NodeId node = balancer.active(0) ? n2 : balancer.active(1) ? n3 : n4;
      const auto step = balancer.failed(node, ticket);
      if (!step.timer_set(BalancerTimer::alarm)) continue;  // an earlier one is due before
      const Duration delay = step.timer(BalancerTimer::alarm)->min;
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    CHECK(least >= row.min);
    CHECK(most <= row.max);
    CHECK(least < most);
  }
}

TEST_CASE("a request whose time is up while it waits for its retry is given up") {
  BalancerBench balancer(
      R"({"retries": 1, "timeout": "50ms", "backoff": {"base": "100ms", "jitter": "none"}})");
  balancer.ask_for(1);
  balancer.failed(n2, 1);
  balancer.set_clock(at(50_ms));
  CHECK(balancer.fire(BalancerTimer::timeout).fact<Ended>().ending == Ending::timed_out);
  CHECK(balancer.alarm(100_ms).stated<Routed>() == 0);
}

TEST_CASE("an attempt that takes too long is retried elsewhere, and its answer then ignored") {
  BalancerBench balancer(R"({"retries": 1, "per_try_timeout": "100ms", "cancel": true})");
  CHECK(balancer.ask_for(1).timer(BalancerTimer::alarm)->min == 100_ms);
  const auto step = balancer.alarm(100_ms);
  CHECK(step.message_to<Cancel>(n2)->ticket == Ticket{1});
  CHECK(step.fact<Routed>().endpoint == n3);
  CHECK(balancer.active(0) == 0);
  CHECK(balancer.done(n2, 1).silent());
  CHECK(balancer.done(n3, 1).fact<Ended>().ending == Ending::completed);
}

TEST_CASE("an attempt that was answered in time does not time out") {
  BalancerBench balancer(R"({"retries": 1, "per_try_timeout": "100ms"})");
  balancer.ask_for(1);
  balancer.done(n2, 1);
  CHECK(balancer.alarm(100_ms).silent());
}

TEST_CASE("a retry without budget ends the request") {
  BalancerBench balancer(R"({"retries": 5, "retry_budget": {"share": {"min_concurrency": 0}}})");
  balancer.ask_for(1);
  CHECK(rejected(balancer.failed(n2, 1)));
}

TEST_CASE("a retry that has ended leaves its budget to others") {
  BalancerBench balancer(R"({"retries": 1, "retry_budget": {"share": {"min_concurrency": 1}}})");
  balancer.ask_for(1);
  balancer.ask_for(2);
  CHECK(balancer.failed(n2, 1).fact<Routed>().endpoint == n4);
  CHECK(rejected(balancer.failed(n3, 2)));  // one at a time
  balancer.done(n4, 1);
  balancer.ask_for(3);
  CHECK(balancer.failed(n2, 3).stated<Routed>() == 1);
}

// --- Hedging -------------------------------------------------------------------------------------

TEST_CASE("hedging sends a late request again; the first answer wins, the other is cancelled") {
  BalancerBench balancer(R"({"hedge": {"delay": "20ms"}})");
  CHECK(balancer.started.fact<PolicySet>().rule == PickRule::nothing);
  CHECK(balancer.ask_for(1).timer(BalancerTimer::alarm)->min == 20_ms);
  const auto second = balancer.alarm(20_ms);
  CHECK(second.fact<Routed>().endpoint == n3);
  CHECK(second.message_to<Forward>(n3) != nullptr);
  CHECK(balancer.active(0) == 1);
  CHECK(balancer.active(1) == 1);
  const auto step = balancer.done(n2, 1);
  CHECK(step.fact<Ended>().ending == Ending::completed);
  CHECK(step.message_to<Cancel>(n3)->ticket == Ticket{1});
  CHECK(balancer.active(0) == 0);
  CHECK(balancer.active(1) == 0);
  CHECK(balancer.done(n3, 1).silent());
}

TEST_CASE("an attempt is as hard as the first one, unless attempts are independent") {
  for (const bool independent : {false, true}) {
    BalancerBench balancer(std::string(R"({"retries": 1, "independent_attempts": )") +
                           (independent ? "true}" : "false}"));
    const std::uint64_t first = balancer.ask_for(1).message<Forward>().work;
    CHECK((balancer.failed(n2, 1).message<Forward>().work != first) == independent);
  }
}

// Envoy's previous_hosts.
TEST_CASE("a retry picks again if the endpoint had the request before, as often as it may") {
  for (const bool again : {false, true}) {
    BalancerBench balancer(std::string(R"({"policy": "round_robin", "retries": 4, )") +
                           R"("reselections": )" + (again ? "3}" : "0}"));
    CHECK(balancer.ask_for(1).fact<Routed>().endpoint == n2);
    CHECK(balancer.ask_for(2).fact<Routed>().endpoint == n3);
    CHECK(balancer.ask_for(3).fact<Routed>().endpoint == n4);
    CHECK(balancer.failed(n2, 1).fact<Routed>().endpoint == (again ? n3 : n2));
    CHECK(balancer.failed(again ? n3 : n2, 1).fact<Routed>().endpoint == (again ? n4 : n3));
    if (!again) continue;
    // All had it. Four picks in a turn of three end where they began.
    CHECK(balancer.failed(n4, 1).fact<Routed>().endpoint == n2);
    CHECK(balancer.active(0) == 1);
    CHECK(balancer.active(2) == 1);  // request 3
  }
}

TEST_CASE("a balancer that picks again is held to no turns") {
  CHECK(BalancerBench(R"({"reselections": 1})").started.fact<PolicySet>().rule ==
        PickRule::nothing);
}

TEST_CASE("hedging: a failure sends the next copy at once, and the last failure ends the request") {
  BalancerBench balancer(R"({"hedge": {"delay": "20ms", "max_attempts": 2}})");
  balancer.ask_for(1);
  CHECK(balancer.failed(n2, 1).fact<Routed>().endpoint == n3);
  CHECK(balancer.alarm(20_ms).silent());  // the first has long failed
  CHECK(rejected(balancer.failed(n3, 1)));
}

TEST_CASE("hedging: while a copy is out, the failure of another is no end") {
  BalancerBench balancer(R"({"hedge": {"delay": "20ms", "max_attempts": 3}})");
  balancer.ask_for(1);
  balancer.alarm(20_ms);
  balancer.alarm(40_ms);
  CHECK(balancer.active(2) == 1);
  CHECK(balancer.failed(n3, 1).stated<Ended>() == 0);
  CHECK(balancer.failed(n2, 1).stated<Ended>() == 0);
  CHECK(balancer.done(n4, 1).fact<Ended>().ending == Ending::completed);
}

TEST_CASE("hedging: what times out, times out at all endpoints") {
  BalancerBench balancer(R"({"hedge": {"delay": "20ms"}, "timeout": "100ms", "cancel": true})");
  balancer.ask_for(1);
  balancer.alarm(20_ms);
  balancer.set_clock(at(100_ms));
  const auto step = balancer.fire(BalancerTimer::timeout);
  CHECK(step.fact<Ended>().ending == Ending::timed_out);
  CHECK(step.messages<Cancel>() == 2);
  CHECK(balancer.active(0) == 0);
  CHECK(balancer.active(1) == 0);
}

// --- Admission -----------------------------------------------------------------------------------

TEST_CASE("more requests in flight than allowed are rejected") {
  BalancerBench balancer(R"({"max_in_flight": 2})");
  balancer.ask_for(1);
  balancer.ask_for(2);
  CHECK(rejected(balancer.ask_for(3)));
  balancer.done(n2, 1);
  CHECK(balancer.ask_for(4).stated<Routed>() == 1);
}

TEST_CASE("the rate limit of a balancer rejects what exceeds it") {
  BalancerBench balancer(R"({"rate_limit": {"rate": "1/s"}})");
  CHECK(balancer.ask_for(1).stated<Routed>() == 1);
  CHECK(rejected(balancer.ask_for(2)));
  CHECK(problem_of<BalancerConfig>(R"({"rate_limit": {"rate": "0/s"}})") ==
        "rate_limit: rate must be more than 0");
}

TEST_CASE("a balancer whose circuit is open rejects without asking an endpoint") {
  BalancerBench balancer(R"({"breaker": {"consecutive_failures": 1, "open": "1s"}})");
  balancer.ask_for(1);
  balancer.failed(n2, 1);
  CHECK(balancer.state().broken);
  CHECK(rejected(balancer.ask_for(2)));
  balancer.set_clock(at(1_s));
  CHECK(balancer.ask_for(3).stated<Routed>() == 1);
}

TEST_CASE("the limiter of a balancer rejects what exceeds its limit") {
  BalancerBench balancer(R"({"limiter": {"aimd": {"initial": 1, "min": 1}}})");
  CHECK(balancer.state().limit == 1);
  balancer.ask_for(1);
  CHECK(rejected(balancer.ask_for(2)));
  balancer.done(n2, 1);
  CHECK(balancer.state().limit == 2);
}

// --- Endpoints -----------------------------------------------------------------------------------

TEST_CASE("a balancer ejects an endpoint that fails, finishes what it has, and takes it back") {
  BalancerBench balancer(R"({"outlier": {"consecutive": 1, "base_ejection": "10s"}})");
  CHECK(balancer.started.timer(BalancerTimer::sweep)->min == 10_s);
  for (std::uint64_t i = 1; i <= 4; ++i) balancer.ask_for(i);  // n2 has 1 and 4
  const auto step = balancer.failed(n2, 1);
  CHECK(step.fact<HealthSet>().endpoint == n2);
  CHECK(!step.fact<HealthSet>().up);
  CHECK(balancer.active(0) == 1);
  CHECK(balancer.ask_for(5).fact<Routed>().endpoint == n3);
  CHECK(balancer.done(n2, 4).fact<Ended>().ending == Ending::completed);
  CHECK(balancer.active(0) == 0);
  balancer.set_clock(at(10_s));
  CHECK(balancer.fire(BalancerTimer::sweep).fact<HealthSet>().up);
  CHECK(balancer.up(0));
}

TEST_CASE("an endpoint that is draining gets nothing new, and finishes what it has") {
  BalancerBench balancer("{}");
  balancer.ask_for(1);
  CHECK(!balancer.receive(n2, Draining{1}).fact<HealthSet>().up);
  CHECK(balancer.ask_for(2).fact<Routed>().endpoint == n3);
  CHECK(balancer.receive(n2, Draining{1}).silent());
  CHECK(balancer.done(n2, 1).fact<Ended>().ending == Ending::completed);
  CHECK(balancer.receive(n2, ProbeReply{1}).fact<HealthSet>().up);
}

TEST_CASE("in panic all endpoints count as up") {
  BalancerBench balancer(R"({"panic_threshold": "50%", "probe_failures": 1})");
  balancer.receive(n3, ProbeReply{1});
  balancer.receive(n4, ProbeReply{1});
  CHECK(balancer.fire(BalancerTimer::probe).stated<HealthSet>() == 1);  // two of three are up
  balancer.receive(n4, ProbeReply{2});
  const auto step = balancer.fire(BalancerTimer::probe);  // one of three
  REQUIRE(step.stated<HealthSet>() == 1);
  CHECK(step.fact<HealthSet>().endpoint == n2);
  CHECK(step.fact<HealthSet>().up);
  CHECK(balancer.up(1));
}

TEST_CASE("slow start: the weight of an endpoint that came back grows with time") {
  BalancerBench balancer(R"({"policy": "weighted_random", "probe_failures": 1,
    "slow_start": {"window": "10s"}})");
  CHECK(balancer.started.fact<PolicySet>().rule == PickRule::nothing);
  balancer.receive(n3, ProbeReply{1});
  balancer.receive(n4, ProbeReply{1});
  balancer.fire(BalancerTimer::probe);
  balancer.receive(n2, ProbeReply{2});  // back
  std::uint64_t sequence = 0;
  const auto share = [&] {  // of n2, in percent
    int picks = 0;
    for (int i = 0; i < 2'000; ++i) {
      const NodeId node = balancer.ask_for(++sequence).template fact<Routed>().endpoint;
      picks += node == n2;
      balancer.done(node, sequence);
    }
    return picks / 20;
  };
  const int first = share();  // 0.1 of 2.1
  CHECK(first >= 3);
  CHECK(first <= 7);
  balancer.set_clock(at(5_s));
  for (const NodeId node : {n2, n3, n4}) balancer.receive(node, ProbeReply{2});
  balancer.fire(BalancerTimer::probe);
  const int half = share();  // 0.5 of 2.5
  CHECK(half >= 17);
  CHECK(half <= 23);
  balancer.set_clock(at(10_s));
  for (const NodeId node : {n2, n3, n4}) balancer.receive(node, ProbeReply{3});
  balancer.fire(BalancerTimer::probe);
  const int whole = share();
  CHECK(whole >= 30);
  CHECK(whole <= 37);
}

TEST_CASE("autoscaling uses as many endpoints as the load asks for, once they have started") {
  BalancerBench balancer(R"({"autoscale": {"target": 1, "interval": "10s", "start_up": "5s",
    "settle": "25s"}, "timeout": "1000s"})");
  CHECK(balancer.up(0));
  CHECK(!balancer.up(1));
  for (std::uint64_t i = 1; i <= 3; ++i) balancer.ask_for(i);  // three at a time
  balancer.set_clock(at(10_s));
  const auto step = balancer.fire(BalancerTimer::scale);
  CHECK(step.stated<HealthSet>() == 0);
  CHECK(step.timer(BalancerTimer::alarm)->min == 5_s);
  const auto started = balancer.alarm(15_s);
  CHECK(started.stated<HealthSet>() == 2);
  CHECK(balancer.up(2));
  for (std::uint64_t i = 1; i <= 3; ++i) balancer.done(n2, i);
  for (const Duration clock : {20_s, 30_s}) {
    balancer.set_clock(at(clock));
    CHECK(balancer.fire(BalancerTimer::scale).stated<HealthSet>() == 0);  // not so soon
  }
  for (const Duration clock : {40_s, 50_s}) {
    balancer.set_clock(at(clock));
    balancer.fire(BalancerTimer::scale);
  }
  CHECK(balancer.up(0));
  CHECK(!balancer.up(1));
}

// --- What endpoints are told ---------------------------------------------------------------------

TEST_CASE("a request's priority is its key modulo the levels") {
  BalancerBench balancer(R"({"priority_levels": 3})");
  CHECK(balancer.ask_for(1, 7).message<ForwardUrgent>().priority == 1);
}

TEST_CASE("a policy that probes has endpoints asked for their load, and hears of it") {
  BalancerBench balancer(R"({"policy": {"prequal": {"removals_per_query": 0}}})");
  CHECK(balancer.ask_for(1).messages<AskLoad>() == 3);
  const std::uint64_t before = balancer.state().policy;
  LoadReport report;
  report.in_flight = 3;
  CHECK(balancer.receive(n3, report).silent());
  CHECK(balancer.state().policy != before);
}

TEST_CASE("options that do not fit the endpoints are known before anything runs") {
  CHECK(config(R"({"weights": [1, 2]})").misfit_with(4) == "weights has 2 weights for 4 endpoints");
  CHECK(config(R"({"policy": {"priority": {"levels": [0]}}})").misfit_with(2) ==
        "policy.priority.levels says something of 1 endpoints, but there are 2");
  CHECK(config(R"({"weights": [1, 2]})").misfit_with(3) == "weights has 2 weights for 3 endpoints");
  CHECK(config("{}").misfit_with(0) ==
        "policy has no endpoint to pick: members names no group but its own");
  CHECK(config("{}").misfit_with(3) == "");
}

}  // namespace
}  // namespace ballast
