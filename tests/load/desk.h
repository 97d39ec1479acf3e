// One client on a desk: the test is its world.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/load/client.h"
#include "tests/support/print.h"

namespace ballast {

struct Asked {
  NodeId of;
  Request request;
};

// One client, whose timers and messages the test sees to.
class Desk {
 public:
  explicit Desk(Workload w, std::vector<NodeId> targets = {NodeId{1}, NodeId{2}, NodeId{3}},
                std::uint64_t seed = 1, std::uint32_t number = 0, std::uint32_t servers = 3)
      : client(ClientSettings{std::move(w), seed, number, std::move(targets), servers}),
        timers_(client.timer_count(), Time::max()) {
    client.attach(pools_);
    step([&](StepContext& context) { client.start(context); });
  }

  // Lets the timers fire that are due by then, one after the other.
  void run_until(Duration end) {
    for (;;) {
      const auto next = std::min_element(timers_.begin(), timers_.end());
      if (*next > Time{} + end) break;
      now = *next;
      *next = Time::max();
      const auto timer = static_cast<std::uint32_t>(next - timers_.begin());
      step([&](StepContext& context) { client.fire(timer, context); });
    }
    now = Time{} + end;
  }
  void answer(RequestId request, Response response, NodeId from = NodeId{1}) {
    const std::uint32_t slot = pools_.answers().put({request, response});
    step([&](StepContext& context) { client.deliver(from, {Pools::answer_type, slot}, context); });
  }
  void ok(RequestId request, std::int64_t value = 0, NodeId from = NodeId{1}) {
    answer(request, {Outcome::ok, value, {}}, from);
  }
  void crash() {
    client.crash(0);
    timers_.assign(timers_.size(), Time::max());
  }
  void start() {
    step([&](StepContext& context) { client.start(context); });
  }

  // What was asked and stated since the last call.
  std::vector<Asked> asked() { return std::exchange(asked_, {}); }
  std::vector<Returned> returned() { return std::exchange(returned_, {}); }
  std::vector<Invoked> invoked() { return std::exchange(invoked_, {}); }

  Client client;
  Time now;
  std::string broken;

 private:
  template <class Handler>
  void step(Handler handler) {
    Effects effects;
    StepContext context{NodeId{9}, {}, now, nullptr, &pools_, &effects};
    handler(context);
    for (const TimerChange& change : effects.timers) timers_[change.timer] = now + change.min;
    for (const Outgoing& outgoing : effects.sends) {
      REQUIRE(outgoing.payload.type == Pools::request_type);
      asked_.push_back({outgoing.to, pools_.requests()[outgoing.payload.slot]});
      pools_.requests().release(outgoing.payload.slot);
    }
    for (const Fact& fact : effects.facts) {
      if (const auto* one = std::get_if<Invoked>(&fact)) invoked_.push_back(*one);
      if (const auto* one = std::get_if<Returned>(&fact)) returned_.push_back(*one);
    }
    broken = effects.broken_rule;
  }

  Pools pools_;
  std::vector<Time> timers_;
  std::vector<Asked> asked_;
  std::vector<Invoked> invoked_;
  std::vector<Returned> returned_;
};

}  // namespace ballast
