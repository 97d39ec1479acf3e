// The example algorithm, by its name and from outside, as a scenario uses it.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "sim/protocol/register.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3}, client{9};
constexpr std::uint32_t retry = 0;

// Three echo nodes, whose messages the test carries, or loses.
class EchoGroup {
 public:
  EchoGroup() {
    const AlgorithmInfo* echo = find_algorithm("echo");
    REQUIRE(echo != nullptr);
    for (const NodeId node : members_) {
      processes_.push_back(echo->make(echo->config.defaults));
      processes_.back()->attach(pools_);
      step(node, [](Process& process, StepContext& context) { process.start(context); });
    }
  }

  const Effects& ask(NodeId node, const Request& request) {
    return deliver(node, client, {Pools::request_type, pools_.requests().put(request)});
  }
  const Effects& deliver(NodeId to, NodeId from, PayloadRef payload) {
    return step(to, [&](Process& process, StepContext& context) {
      process.deliver(from, payload, context);
    });
  }
  const Effects& fire(NodeId node) {
    return step(node, [](Process& process, StepContext& context) { process.fire(retry, context); });
  }
  // Of the journal the first `durable` records survive.
  const Effects& crash(NodeId node, std::uint64_t durable) {
    at(node).crash(durable);
    return step(node, [](Process& process, StepContext& context) { process.start(context); });
  }
  // Carries one message there and its echo back; returns what the asker does then.
  const Effects& echo(NodeId asker, Outgoing asked) {
    const Outgoing echoed = deliver(asked.to, asker, asked.payload).sends.at(0);
    CHECK(name_of(echoed) == "Echo");
    CHECK(echoed.to == asker);
    return deliver(asker, asked.to, echoed.payload);
  }

  Process& at(NodeId node) { return *processes_[node.value - 1]; }
  std::string_view name_of(Outgoing sent) const {
    return pools_[sent.payload].message_name(sent.payload.slot);
  }
  Answer answer(Outgoing sent) {
    REQUIRE(sent.payload.type == Pools::answer_type);
    return pools_.answers()[sent.payload.slot];
  }

 private:
  template <class Handler>
  const Effects& step(NodeId node, Handler handler) {
    effects_.clear();
    StepContext context{node, members_, {}, &choices_, &pools_, &effects_};
    handler(at(node), context);
    return effects_;
  }

  const std::vector<NodeId> members_ = {n1, n2, n3};
  std::vector<std::unique_ptr<Process>> processes_;
  Pools pools_;
  Stream choices_{1, Purpose::choice, 1};
  Effects effects_;
};

Request work(std::uint64_t sequence, std::uint64_t amount) {
  return {{client, 1, sequence}, {Operation::work, 0, 0, 0, amount}};
}

TEST_CASE("echo: work is taken in charge, echoed by a member, and answered") {
  EchoGroup group;
  const Effects taken = group.ask(n1, work(1, 42));
  CHECK(taken.records == 1);
  CHECK(group.at(n1).record_name(0) == "Taken");
  REQUIRE(taken.facts.size() == 1);
  CHECK(std::holds_alternative<Proposed>(taken.facts[0]));
  REQUIRE(taken.sends.size() == 1);
  CHECK(group.name_of(taken.sends[0]) == "Ask");
  REQUIRE(taken.timers.size() == 1);
  CHECK(taken.timers[0].min == 50_ms);

  const Effects done = group.echo(n1, taken.sends[0]);
  CHECK(group.at(n1).record_name(1) == "Answered");
  REQUIRE(done.sends.size() == 1);
  CHECK(done.sends[0].to == client);
  CHECK(group.answer(done.sends[0]).request == RequestId{client, 1, 1});
  CHECK(group.answer(done.sends[0]).response == Response{Outcome::ok, 42, {}});
  REQUIRE(done.timers.size() == 1);
  CHECK(done.timers[0].cancel);
}

TEST_CASE("echo: a lost message is made good by the timer") {
  EchoGroup group;
  group.ask(n1, work(1, 42));
  const Effects again = group.fire(n1);
  REQUIRE(again.sends.size() == 1);
  CHECK(again.timers.size() == 1);
  CHECK(again.records == 0);
  CHECK(group.echo(n1, again.sends[0]).sends.at(0).to == client);
}

TEST_CASE("echo: a request or an echo that comes twice is one") {
  EchoGroup group;
  const Outgoing asked = group.ask(n1, work(1, 42)).sends.at(0);
  CHECK(group.ask(n1, work(1, 42)).sends.empty());
  CHECK(group.echo(n1, asked).sends.size() == 1);
  const Effects second = group.echo(n1, asked);
  CHECK(second.sends.empty());
  CHECK(second.records == 0);
}

TEST_CASE("echo: the timer runs for as long as anything is open") {
  EchoGroup group;
  const Outgoing first = group.ask(n1, work(1, 42)).sends.at(0);
  group.ask(n1, work(2, 43));
  CHECK(group.echo(n1, first).timers.empty());
  const Effects rest = group.fire(n1);
  REQUIRE(rest.sends.size() == 1);
  CHECK(group.answer(group.echo(n1, rest.sends[0]).sends.at(0)).response.value == 43);
}

TEST_CASE("echo: a crash loses neither what was taken nor what was answered") {
  EchoGroup group;
  const Outgoing first = group.ask(n1, work(1, 42)).sends.at(0);
  group.ask(n1, work(2, 43));
  group.echo(n1, first);
  SUBCASE("what was open is asked for again") {
    const Effects boot = group.crash(n1, 3);
    REQUIRE(boot.sends.size() == 1);
    CHECK(group.answer(group.echo(n1, boot.sends[0]).sends.at(0)).response.value == 43);
  }
  SUBCASE("an answer that was not durable was not sent, and is given again") {
    CHECK(group.crash(n1, 2).sends.size() == 2);
  }
  SUBCASE("a request that was not durable is forgotten, as its client expects") {
    const Effects boot = group.crash(n1, 0);
    CHECK(boot.sends.empty());
    CHECK(boot.timers.empty());
  }
}

}  // namespace
