// Disciplines, illnesses, reports and cancellation of an endpoint.
#include <doctest/doctest.h>

#include <map>

#include "tests/algorithms/endpoint_bench.h"
#include "tests/support/read_text.h"

namespace ballast {
namespace {

using namespace literals;
using balancing::AskLoad;
using balancing::Cancel;
using balancing::Done;
using balancing::Draining;
using balancing::EndpointConfig;
using balancing::EndpointTimer;
using balancing::Failed;
using balancing::Forward;
using balancing::ForwardUrgent;
using balancing::LoadMeter;
using balancing::LoadReport;
using balancing::Probe;
using balancing::ProbeReply;
using balancing::Refused;

class EndpointWithOptions : public Bench<Endpoint> {
 public:
  // Requests take 12 ms unless the options say otherwise.
  explicit EndpointWithOptions(std::string_view options)
      : Bench<Endpoint>(n2, {n2}, config(options)) {
    started = start();
  }
  Result started;

  Result take(std::uint64_t ticket, NodeId from = n1) {
    return receive(from, Forward{{ticket}, id(ticket), 0});
  }
  Result urgent(std::uint64_t ticket, std::uint64_t priority) {
    return receive(n1, ForwardUrgent{{ticket}, id(ticket), 0, priority});
  }
  Result cancel(std::uint64_t ticket) { return receive(n1, Cancel{{ticket}, id(ticket)}); }
  Result finish(Duration clock) {
    set_clock(Time{} + clock);
    return fire(EndpointTimer::done);
  }
  void at(Duration clock) { set_clock(Time{} + clock); }

 private:
  static RequestId id(std::uint64_t sequence) { return {client, 0, sequence}; }
  static EndpointConfig config(std::string_view options) {
    EndpointConfig start;
    start.service = Distribution::constant(12_ms);
    const auto reading = read_text<EndpointConfig>(options, {}, start);
    REQUIRE(reading.problems == "");
    return reading.value;
  }
};

template <class Step>
std::uint64_t done_ticket(const Step& step) {
  REQUIRE(step.template messages<Done>() == 1);
  return step.template message<Done>().ticket.value;
}

// --- Disciplines ---------------------------------------------------------------------------------

TEST_CASE("last in, first out") {
  EndpointWithOptions endpoint(R"({"discipline": "lifo"})");
  for (std::uint64_t i = 1; i <= 3; ++i) endpoint.take(i);
  CHECK(done_ticket(endpoint.finish(12_ms)) == 1);
  CHECK(done_ticket(endpoint.finish(24_ms)) == 3);
  endpoint.take(4);
  CHECK(done_ticket(endpoint.finish(36_ms)) == 2);
  CHECK(done_ticket(endpoint.finish(48_ms)) == 4);
}

TEST_CASE("priority: the lowest number first, in order of arrival among equals") {
  EndpointWithOptions endpoint(R"({"discipline": "priority"})");
  endpoint.urgent(1, 9);
  endpoint.urgent(2, 5);
  endpoint.urgent(3, 0);
  endpoint.urgent(4, 5);
  CHECK(endpoint.state().waiting == 3);
  CHECK(done_ticket(endpoint.finish(12_ms)) == 1);
  CHECK(done_ticket(endpoint.finish(24_ms)) == 3);
  CHECK(done_ticket(endpoint.finish(36_ms)) == 2);
  CHECK(done_ticket(endpoint.finish(48_ms)) == 4);
}

TEST_CASE("processor sharing: all in progress get on at the same rate") {
  EndpointWithOptions endpoint(R"({"discipline": "processor_sharing"})");
  CHECK(endpoint.take(1).timer(EndpointTimer::done)->min == 12_ms);
  endpoint.at(6_ms);  // half of 1 is done; from now on each at half speed
  CHECK(endpoint.take(2).timer(EndpointTimer::done)->min == 12_ms);
  const auto first = endpoint.finish(18_ms);
  CHECK(done_ticket(first) == 1);
  CHECK(first.timer(EndpointTimer::done)->min == 6_ms);  // half of 2 is left, at full speed
  CHECK(done_ticket(endpoint.finish(24_ms)) == 2);
  CHECK(endpoint.state().in_progress == 0);
}

TEST_CASE("processor sharing with two servers slows down from the third request on") {
  EndpointWithOptions endpoint(R"({"discipline": "processor_sharing", "concurrency": 2})");
  endpoint.take(1);
  CHECK(!endpoint.take(2).timer_set(EndpointTimer::done));  // nothing changes for the first
  CHECK(endpoint.take(3).timer(EndpointTimer::done)->min == 18_ms);
  CHECK(endpoint.finish(18_ms).messages<Done>() == 3);
}

TEST_CASE("processor sharing refuses beyond servers and queue limit") {
  EndpointWithOptions endpoint(R"({"discipline": "processor_sharing", "queue_limit": 1})");
  endpoint.take(1);
  endpoint.take(2);
  CHECK(endpoint.take(3).messages<Refused>() == 1);
}

// --- Cancellation --------------------------------------------------------------------------------

TEST_CASE("what is cancelled while it waits is never begun") {
  for (const std::string_view discipline : {"fifo", "lifo"}) {
    EndpointWithOptions endpoint(R"({"queue_limit": 2, "discipline": ")" + std::string(discipline) +
                                 R"("})");
    for (std::uint64_t i = 1; i <= 3; ++i) endpoint.take(i);
    CHECK(endpoint.cancel(2).silent());
    CHECK(endpoint.cancel(2).silent());
    CHECK(endpoint.state().waiting == 1);
    CHECK(endpoint.take(4).silent());  // there is room again
    CHECK(done_ticket(endpoint.finish(12_ms)) == 1);
    const std::uint64_t next = done_ticket(endpoint.finish(24_ms));
    const std::uint64_t last = done_ticket(endpoint.finish(36_ms));
    CHECK(next + last == 7);
    CHECK(endpoint.state().in_progress == 0);
  }
}

TEST_CASE("what is cancelled in progress makes room for the next at once") {
  EndpointWithOptions endpoint("{}");
  endpoint.take(1);
  endpoint.take(2);
  endpoint.at(4_ms);
  CHECK(endpoint.cancel(1).send.empty());
  CHECK(endpoint.state().waiting == 0);
  const auto early = endpoint.finish(12_ms);  // the timer of the first finds the second
  CHECK(early.send.empty());
  CHECK(early.timer(EndpointTimer::done)->min == 4_ms);
  CHECK(done_ticket(endpoint.finish(16_ms)) == 2);
}

TEST_CASE("only the balancer that sent a request cancels it") {
  EndpointWithOptions endpoint("{}");
  endpoint.take(1);
  endpoint.receive(n3, Cancel{{1}, {client, 0, 1}});
  CHECK(endpoint.state().in_progress == 1);
}

// --- Illness -------------------------------------------------------------------------------------

TEST_CASE("a black hole fails requests at once, while probes find it well") {
  EndpointWithOptions endpoint(
      R"({"illnesses": [{"kind": "black_hole", "from": "1s", "for": "1s"}]})");
  CHECK(endpoint.take(1).send.empty());
  endpoint.at(1_s);
  const auto step = endpoint.take(2);
  CHECK(step.message<Failed>().ticket == Ticket{2});
  CHECK(endpoint.receive(n1, Probe{7}).message<ProbeReply>().round == 7);
  CHECK(endpoint.state().waiting == 0);
  CHECK(endpoint.finish(1012_ms).messages<Done>() == 1);  // what it had before is done well
  endpoint.at(2_s);
  CHECK(endpoint.take(3).send.empty());
}

TEST_CASE("a zombie works on requests and then fails them") {
  EndpointWithOptions endpoint(R"({"illnesses": [{"kind": "zombie"}]})");
  CHECK(endpoint.take(1).timer(EndpointTimer::done)->min == 12_ms);
  CHECK(endpoint.receive(n1, Probe{1}).messages<ProbeReply>() == 1);
  CHECK(endpoint.finish(12_ms).message<Failed>().ticket == Ticket{1});
}

TEST_CASE("a slow endpoint takes its factor longer for what it begins") {
  EndpointWithOptions endpoint(R"({"illnesses": [{"kind": "slow", "factor": 3}]})");
  CHECK(endpoint.take(1).timer(EndpointTimer::done)->min == 36_ms);
}

TEST_CASE("an illness may befall a share of the requests only") {
  EndpointWithOptions endpoint(
      R"({"illnesses": [{"kind": "black_hole", "share": "25%"}], "service": "0s"})");
  int failed = 0;
  for (std::uint64_t i = 1; i <= 4'000; ++i) {
    failed += endpoint.take(i).messages<Failed>() == 1;
    endpoint.fire(EndpointTimer::done);
  }
  CHECK(failed > 1'000 - 110);  // four standard deviations of a binomial count
  CHECK(failed < 1'000 + 110);
}

TEST_CASE("a client that asks directly is told of failures") {
  EndpointWithOptions endpoint(R"({"illnesses": [{"kind": "black_hole"}]})");
  const auto step = endpoint.ask({{client, 0, 1}, {Operation::work, 0, 0, 0, 0}});
  REQUIRE(step.replies.size() == 1);
  CHECK(step.replies[0].response.outcome == Outcome::failed);
}

TEST_CASE("a draining endpoint says so, and finishes what it has") {
  EndpointWithOptions endpoint(R"({"drain": {"from": "1s", "for": "1s"}})");
  CHECK(endpoint.receive(n1, Probe{1}).messages<ProbeReply>() == 1);
  endpoint.at(1_s);
  endpoint.take(1);
  CHECK(endpoint.receive(n1, Probe{2}).message<Draining>().round == 2);
  CHECK(done_ticket(endpoint.finish(1012_ms)) == 1);
  endpoint.at(2_s);
  CHECK(endpoint.receive(n1, Probe{3}).messages<ProbeReply>() == 1);
}

// --- Reports -------------------------------------------------------------------------------------

TEST_CASE("an endpoint that is asked says how many requests it has") {
  EndpointWithOptions endpoint("{}");
  endpoint.take(1);
  endpoint.take(2);
  CHECK(endpoint.receive(n1, AskLoad{}).message<LoadReport>().in_flight == 2);
  endpoint.take(3);  // from now on it looks at its load
  endpoint.finish(12_ms);
  endpoint.finish(24_ms);
  CHECK(done_ticket(endpoint.finish(36_ms)) == 3);
  CHECK(endpoint.receive(n1, AskLoad{}).message<LoadReport>().latency == 36_ms);
}

TEST_CASE("reports with answers") {
  EndpointWithOptions endpoint(R"({"reports": {"when": "with_answers"}})");
  endpoint.take(1);
  const auto step = endpoint.finish(12_ms);
  CHECK(step.message<LoadReport>().in_flight == 0);
  CHECK(step.message<LoadReport>().latency == 12_ms);
  CHECK(done_ticket(step) == 1);
}

TEST_CASE("reports every interval, to all balancers that were heard") {
  EndpointWithOptions endpoint(R"({"reports": {"when": "periodic", "interval": "50ms"}})");
  CHECK(endpoint.started.timer(EndpointTimer::report)->min == 50_ms);
  endpoint.receive(n3, Probe{1});
  endpoint.take(1);
  endpoint.at(50_ms);
  const auto step = endpoint.fire(EndpointTimer::report);
  CHECK(step.messages<LoadReport>() == 2);
  CHECK(step.message_to<LoadReport>(n1) != nullptr);
  CHECK(step.message_to<LoadReport>(n3) != nullptr);
  CHECK(step.timer_set(EndpointTimer::report));
}

TEST_CASE("reports when idle, to one of the balancers") {
  EndpointWithOptions endpoint(R"({"reports": {"when": "idle"}})");
  endpoint.receive(n3, Probe{1});
  endpoint.take(1);
  endpoint.take(2);
  CHECK(endpoint.finish(12_ms).messages<LoadReport>() == 0);
  CHECK(endpoint.finish(24_ms).messages<LoadReport>() == 1);
}

TEST_CASE("utilization and rates are those of the last whole window") {
  LoadMeter meter(1_s, 2);
  const auto at = [](Duration since) { return Time{} + since; };
  meter.busy(1, at(0_s));
  meter.busy(2, at(500_ms));
  for (int i = 0; i < 30; ++i) meter.ended(i >= 10, 5_ms, 1, at(600_ms));
  const LoadReport report = meter.report(4, at(1200_ms));
  CHECK(report.utilization == 750'000);  // of two servers
  CHECK(report.rate == 20'000);
  CHECK(report.errors == 10'000);
  CHECK(meter.report(0, at(3600_s)).utilization == 1'000'000);
  CHECK(meter.report(0, at(3600_s)).rate == 0);
}

TEST_CASE("latency is the median of those that found about as many in flight") {
  LoadMeter meter;
  for (const Duration latency : {1_ms, 2_ms, 3_ms}) meter.ended(true, latency, 1, {});
  for (const Duration latency : {50_ms, 60_ms, 70_ms}) meter.ended(true, latency, 20, {});
  CHECK(meter.report(1, {}).latency == 2_ms);
  CHECK(meter.report(16, {}).latency == 60_ms);
  CHECK(meter.report(1'000, {}).latency > 0_ms);  // of all, for want of better ones
}

}  // namespace
}  // namespace ballast
