#include <doctest/doctest.h>

#include <string>

#include "algorithms/balancing/balancer.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::BalancerBug;
using balancing::BalancerConfig;
using balancing::BalancerTimer;
using balancing::Done;
using balancing::Forward;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

constexpr NodeId n1{1};  // the balancer
constexpr NodeId n2{2};
constexpr NodeId n3{3};
constexpr NodeId n4{4};
constexpr NodeId client{9};

Request request(std::uint64_t sequence, std::uint64_t work = 0) {
  return {{client, 0, sequence}, {Operation::work, 0, 0, 0, work}};
}
RequestId id(std::uint64_t sequence) { return request(sequence).id; }
Forward forward(std::uint64_t ticket, std::uint64_t work = 0) {
  return {{ticket}, id(ticket), work};
}
Done done(std::uint64_t ticket) { return {{ticket}, id(ticket)}; }
Refused refused(std::uint64_t ticket) { return {{ticket}, id(ticket)}; }

class BalancerBench : public Bench<Balancer> {
 public:
  explicit BalancerBench(BalancerConfig config = {})
      : Bench<Balancer>(n1, {n1, n2, n3, n4}, std::move(config)) {}

  // Asks for the work of this number; tickets are numbered alike.
  Result ask_for(std::uint64_t sequence) { return ask(request(sequence)); }

  // Lets the next round of probes be sent, after these have answered the last one.
  Result probe_round(const std::vector<NodeId>& answering) {
    for (const NodeId node : answering) receive(node, ProbeReply{state().round});
    return fire(BalancerTimer::probe);
  }
};

template <class Result>
Ending only_ending(const Result& step) {
  REQUIRE(step.template stated<Ended>() == 1);
  REQUIRE(step.replies.size() == 1);
  const auto& ended = step.template fact<Ended>();
  CHECK(step.replies[0].request == ended.request);
  const Outcome told = step.replies[0].response.outcome;
  CHECK((told == Outcome::ok) == (ended.ending == Ending::completed));
  CHECK((told == Outcome::failed) == (ended.ending != Ending::completed));
  return ended.ending;
}

TEST_CASE("the options of a balancer are read strictly") {
  const auto reading = read_text<BalancerConfig>(
      R"({"policy": "weighted_random", "weights": [3, 1], "timeout": "2s", "retries": 1})");
  CHECK(reading.problems == "");
  CHECK(reading.value.weights == std::vector<std::uint64_t>{3, 1});
  CHECK(to_json(reading.value) ==
        R"({"policy":"weighted_random","weights":[3,1],"timeout":"2s","retries":1,)"
        R"("probe_interval":"100ms","probe_failures":3,"bug":"none","backoff":null,)"
        R"("per_try_timeout":"0s","retry_budget":null,"hedge":null,"cancel":false,)"
        R"("independent_attempts":false,"reselections":0,)"
        R"("max_in_flight":0,"rate_limit":null,"breaker":null,"throttle":null,"limiter":null,)"
        R"("outlier":null,"slow_start":null,"panic_threshold":"0","autoscale":null,)"
        R"("priority_levels":1})");
  CHECK(problem_of<BalancerConfig>(R"({"weights": [1, 0]})") ==
        "weights[1] is 0; expected a whole number from 1 to 1000000");
  CHECK(problem_of<BalancerConfig>(R"({"policy": "randon"})").find("[random]") !=
        std::string::npos);
}

TEST_CASE("a balancer begins by saying how it picks, from whom, and probes them all") {
  BalancerConfig config;
  config.policy = {"weighted_random"};
  config.weights = {5, 1, 2};
  BalancerBench balancer(config);
  const auto step = balancer.start();
  CHECK(step.fact<PolicySet>().rule == PickRule::weighted_chance);
  REQUIRE(step.stated<WeightSet>() == 3);
  CHECK(step.fact<WeightSet>(0).endpoint == n2);  // it does not count itself
  CHECK(step.fact<WeightSet>(0).weight == 5);
  CHECK(step.fact<WeightSet>(2).endpoint == n4);
  CHECK(step.fact<WeightSet>(2).weight == 2);
  REQUIRE(step.stated<HealthSet>() == 3);
  CHECK(step.fact<HealthSet>(1).up);
  CHECK(step.messages<Probe>() == 3);
  CHECK(step.timer(BalancerTimer::probe)->min == 100_ms);
}

TEST_CASE("a balancer that was given weights was given one for each endpoint") {
  BalancerConfig config;
  config.weights = {1, 1};
  CHECK(BalancerBench(config).start().broken ==
        "a balancer that is given weights is given one for each of its endpoints");
}

TEST_CASE("a request is admitted, routed as the policy says, and sent on") {
  BalancerBench balancer;
  balancer.start();
  const auto step = balancer.ask(request(1, 77));
  const auto& admitted = step.fact<Admitted>();
  CHECK(admitted.ticket == Ticket{1});
  CHECK(admitted.request == id(1));
  CHECK(admitted.deadline == 1_s);
  CHECK(step.fact<Routed>().endpoint == n2);
  REQUIRE(step.send.size() == 1);
  CHECK(step.send[0].to == n2);
  CHECK(step.message<Forward>() == forward(1, 77));
  CHECK(step.replies.empty());
  CHECK(balancer.ask_for(2).fact<Routed>().endpoint == n3);
  CHECK(balancer.state().endpoints[0].active == 1);
}

TEST_CASE("what an endpoint has done is completed, once") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);
  CHECK(only_ending(balancer.receive(n2, done(1))) == Ending::completed);
  CHECK(balancer.state().endpoints[0].active == 0);
  CHECK(balancer.state().in_charge == 0);
  CHECK(balancer.receive(n2, done(1)).silent());  // the network delivered it twice
}

TEST_CASE("only the endpoint that has a request can end it") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);  // n2 has it
  CHECK(balancer.receive(n3, done(1)).silent());
  CHECK(balancer.receive(n2, done(2)).silent());           // not admitted yet
  CHECK(balancer.receive(n2, Done{{1}, id(5)}).silent());  // a ticket of an earlier life
  CHECK(balancer.receive(n2, Done{Ticket{0}, id(1)}).silent());
  CHECK(balancer.state().in_charge == 1);
}

TEST_CASE("a request that arrives twice is admitted twice") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);
  const auto again = balancer.ask_for(1);
  CHECK(again.fact<Admitted>().ticket == Ticket{2});
  CHECK(only_ending(balancer.receive(n3, Done{{2}, id(1)})) == Ending::completed);
  CHECK(only_ending(balancer.receive(n2, Done{{1}, id(1)})) == Ending::completed);
}

TEST_CASE("a request without an answer times out, and a later answer is ignored") {
  BalancerBench balancer;
  balancer.start();
  CHECK(balancer.ask_for(1).timer(BalancerTimer::timeout)->min == 1_s);
  balancer.set_clock(Time{} + 400_ms);
  CHECK(!balancer.ask_for(2).timer_set(BalancerTimer::timeout));  // the first comes first
  balancer.set_clock(Time{} + 1_s);
  const auto step = balancer.fire(BalancerTimer::timeout);
  CHECK(only_ending(step) == Ending::timed_out);
  CHECK(step.fact<Ended>().ticket == Ticket{1});
  CHECK(step.timer(BalancerTimer::timeout)->min == 400_ms);
  CHECK(balancer.state().endpoints[0].active == 0);
  CHECK(balancer.receive(n2, done(1)).silent());
  balancer.set_clock(Time{} + 1400_ms);
  const auto last = balancer.fire(BalancerTimer::timeout);
  CHECK(only_ending(last) == Ending::timed_out);
  CHECK(!last.timer_set(BalancerTimer::timeout));  // nothing is left to wait for
}

TEST_CASE("the timer of a request that was answered in time finds the next one") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);
  balancer.set_clock(Time{} + 300_ms);
  balancer.ask_for(2);
  balancer.receive(n2, done(1));
  balancer.set_clock(Time{} + 1_s);
  const auto step = balancer.fire(BalancerTimer::timeout);
  CHECK(step.stated<Ended>() == 0);
  CHECK(step.timer(BalancerTimer::timeout)->min == 300_ms);
}

TEST_CASE("a clock that is set back does not keep requests from timing out") {
  BalancerBench balancer;
  balancer.set_clock(Time{} + 10_s);
  balancer.start();
  balancer.ask_for(1);
  balancer.set_clock(Time{} + 2_s);
  balancer.ask_for(2);
  // The timer says that a second has passed, whatever the clock says.
  CHECK(balancer.fire(BalancerTimer::timeout).stated<Ended>() == 2);
  CHECK(balancer.ask_for(3).timer(BalancerTimer::timeout)->min == 1_s);
}

TEST_CASE("health: an endpoint that leaves three probes in a row unanswered is down") {
  BalancerBench balancer;
  balancer.start();
  balancer.probe_round({n2, n3, n4});
  CHECK(balancer.probe_round({n2, n4}).stated<HealthSet>() == 0);
  CHECK(balancer.probe_round({n2, n4}).stated<HealthSet>() == 0);
  const auto step = balancer.probe_round({n2, n4});
  REQUIRE(step.stated<HealthSet>() == 1);
  CHECK(step.fact<HealthSet>().endpoint == n3);
  CHECK(!step.fact<HealthSet>().up);
  CHECK(step.messages<Probe>() == 3);  // it is probed all the same
  CHECK(balancer.ask_for(1).fact<Routed>().endpoint == n2);
  CHECK(balancer.ask_for(2).fact<Routed>().endpoint == n4);
  CHECK(balancer.ask_for(3).fact<Routed>().endpoint == n2);
}

TEST_CASE("health: an answer in between starts the count again") {
  BalancerBench balancer;
  balancer.start();
  for (int round = 0; round < 5; ++round) {
    balancer.probe_round({n2, n4});
    balancer.probe_round({n2, n4});
    CHECK(balancer.probe_round({n2, n3, n4}).stated<HealthSet>() == 0);
  }
}

TEST_CASE("health: an endpoint is up again when it answers a probe that was sent since") {
  BalancerBench balancer;
  balancer.start();
  for (int round = 0; round < 3; ++round) balancer.probe_round({n3, n4});
  REQUIRE(!balancer.state().endpoints[0].up);
  const std::uint64_t round = balancer.state().round;
  CHECK(balancer.receive(n2, ProbeReply{round - 1}).silent());  // it may have crashed after that
  CHECK(balancer.receive(n2, ProbeReply{round + 1}).silent());  // an answer to an earlier life
  const auto step = balancer.receive(n2, ProbeReply{round});
  REQUIRE(step.stated<HealthSet>() == 1);
  CHECK(step.fact<HealthSet>().endpoint == n2);
  CHECK(step.fact<HealthSet>().up);
  CHECK(balancer.ask_for(1).fact<Routed>().endpoint == n2);
}

TEST_CASE("the requests of an endpoint that is found down are lost, those of others are not") {
  BalancerBench balancer;
  balancer.start();
  for (std::uint64_t i = 1; i <= 6; ++i) balancer.ask_for(i);  // n2 has 1 and 4
  balancer.receive(n2, done(4));
  balancer.probe_round({n3, n4});
  balancer.probe_round({n3, n4});
  const auto step = balancer.probe_round({n3, n4});
  CHECK(only_ending(step) == Ending::lost);
  CHECK(step.fact<Ended>().request == id(1));
  CHECK(balancer.state().in_charge == 4);
  CHECK(balancer.state().endpoints[1].active == 2);
  CHECK(balancer.receive(n2, done(1)).silent());  // it was only cut off, and worked on
  balancer.receive(n2, ProbeReply{balancer.state().round});
  CHECK(balancer.state().endpoints[0].active == 0);
  CHECK(balancer.state().endpoints[1].active == 2);
}

TEST_CASE("a request is rejected when no endpoint is up") {
  BalancerBench balancer;
  balancer.start();
  for (int round = 0; round < 3; ++round) balancer.probe_round({});
  const auto step = balancer.ask_for(1);
  CHECK(step.stated<Admitted>() == 1);
  CHECK(step.stated<Routed>() == 0);
  CHECK(only_ending(step) == Ending::rejected);
  CHECK(balancer.ask_for(2).fact<Admitted>().ticket == Ticket{2});
}

TEST_CASE("a request that an endpoint refuses is rejected") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);
  CHECK(only_ending(balancer.receive(n2, refused(1))) == Ending::rejected);
  CHECK(balancer.receive(n2, refused(1)).silent());
  CHECK(balancer.state().endpoints[0].active == 0);
}

TEST_CASE("retries: a refused request is sent elsewhere, as often as allowed") {
  BalancerConfig config;
  config.retries = 2;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  const auto second = balancer.receive(n2, refused(1));
  CHECK(second.stated<Ended>() == 0);
  CHECK(second.fact<Routed>().endpoint == n3);
  CHECK(second.message<Forward>() == forward(1));
  CHECK(balancer.state().endpoints[0].active == 0);
  CHECK(balancer.receive(n2, refused(1)).silent());  // n3 has it now
  CHECK(balancer.receive(n3, refused(1)).fact<Routed>().endpoint == n4);
  CHECK(only_ending(balancer.receive(n4, refused(1))) == Ending::rejected);
}

TEST_CASE("retries: what is lost with an endpoint is sent to one that is up") {
  BalancerConfig config;
  config.retries = 1;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  for (int round = 0; round < 2; ++round) balancer.probe_round({n3, n4});
  const auto step = balancer.probe_round({n3, n4});
  CHECK(step.stated<Ended>() == 0);
  CHECK(step.fact<Routed>().endpoint == n3);
  CHECK(only_ending(balancer.receive(n3, done(1))) == Ending::completed);
  SUBCASE("but not when none is") {
    balancer.ask_for(2);
    balancer.probe_round({});
    balancer.probe_round({});
    CHECK(only_ending(balancer.probe_round({})) == Ending::lost);
  }
}

TEST_CASE("retries: endpoints that are found down together do not take over from each other") {
  BalancerConfig config;
  config.retries = 1;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  balancer.ask_for(2);
  for (int round = 0; round < 2; ++round) balancer.probe_round({n4});
  const auto step = balancer.probe_round({n4});
  CHECK(step.stated<Ended>() == 0);
  REQUIRE(step.stated<Routed>() == 2);
  CHECK(step.fact<Routed>(0).endpoint == n4);
  CHECK(step.fact<Routed>(1).endpoint == n4);
}

TEST_CASE("retries do not move the deadline") {
  BalancerConfig config;
  config.retries = 5;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  balancer.set_clock(Time{} + 900_ms);
  CHECK(!balancer.receive(n2, refused(1)).timer_set(BalancerTimer::timeout));
  balancer.set_clock(Time{} + 1_s);
  CHECK(only_ending(balancer.fire(BalancerTimer::timeout)) == Ending::timed_out);
}

TEST_CASE("a balancer that crashed knows nothing, and takes no answer for another's") {
  BalancerBench balancer;
  balancer.start();
  balancer.ask_for(1);
  CHECK(balancer.crash_and_recover().stated<HealthSet>() == 3);
  CHECK(balancer.state().in_charge == 0);
  CHECK(balancer.receive(n2, done(1)).silent());
  CHECK(balancer.receive(n2, ProbeReply{2}).silent());
  CHECK(balancer.ask_for(7).fact<Admitted>().ticket == Ticket{1});
  CHECK(balancer.receive(n2, done(1)).silent());
  CHECK(balancer.state().in_charge == 1);
}

TEST_CASE("a balancer handles only answers of its endpoints") {
  BalancerBench balancer;
  balancer.start();
  CHECK(balancer.receive(n2, Probe{1}).broken == "a balancer is only sent answers of endpoints");
  CHECK(balancer.receive(client, ProbeReply{1}).broken == "only endpoints answer probes");
}

TEST_CASE("bug crashed_requests_vanish: lost requests end without a word") {
  BalancerConfig config;
  config.bug = BalancerBug::crashed_requests_vanish;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  balancer.probe_round({n3, n4});
  balancer.probe_round({n3, n4});
  const auto step = balancer.probe_round({n3, n4});
  CHECK(step.stated<HealthSet>() == 1);
  CHECK(step.stated<Ended>() == 0);
  CHECK(step.replies.empty());
  CHECK(balancer.state().in_charge == 0);
}

TEST_CASE("bug never_counts_completions: load only ever grows") {
  BalancerConfig config;
  config.bug = BalancerBug::never_counts_completions;
  BalancerBench balancer(config);
  balancer.start();
  balancer.ask_for(1);
  CHECK(only_ending(balancer.receive(n2, done(1))) == Ending::completed);
  CHECK(balancer.state().endpoints[0].active == 1);
}

}  // namespace
}  // namespace ballast
