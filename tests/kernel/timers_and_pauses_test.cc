// The world: timers, pauses, time and memory.
#include <doctest/doctest.h>

#include "sim/kernel/world.h"
#include "tests/support/print.h"
#include "tests/support/stage.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2};
using Steps = Step<Puppet>;

Puppet::Config starting(std::function<void(Puppet&, Steps&)> start) {
  Puppet::Config config;
  config.start = std::move(start);
  return config;
}

// A disk that takes ten milliseconds for each step that writes.
const Distribution slow = Distribution::constant(10_ms);

Fact fact(std::uint64_t number) { return Proposed{{number}}; }

}  // namespace

// --- Timers --------------------------------------------------------------------------------------

TEST_CASE("a timer fires once, after a span that the host draws from the range") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Stage stage({.puppets = {starting(
                     [](Puppet&, Steps& step) { step.set_timer(Bell::first, 3_ns, 5_ns); })},
                 .seed = seed});
    stage.run_until(1_s);
    REQUIRE(stage.world.counters().timers == 1);
    const Time at = stage.log.all.back().at;
    CHECK(at >= Time{3});
    CHECK(at <= Time{5});
  }
}

TEST_CASE("setting a timer again replaces it, later or earlier, and cancelling ends it") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 10_ms);
    step.set_timer(Bell::second, 2_ms);
  });
  puppet.bell = [](Puppet& self, Bell bell, Steps& step) {
    if (bell == Bell::first) return;
    switch (++self.count) {
      case 1:  // at 2 ms: later
        step.set_timer(Bell::first, 20_ms);
        step.set_timer(Bell::second, 10_ms);
        break;
      case 2:  // at 12 ms: earlier
        step.set_timer(Bell::first, 1_ms);
        step.set_timer(Bell::second, 18_ms);
        break;
      case 3:  // at 30 ms: set, and taken back in the same step
        step.set_timer(Bell::first, 1_ms);
        step.cancel_timer(Bell::first);
        break;
    }
  };
  Stage stage({.puppets = {puppet}});
  stage.run_until(1_s);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "2ms n1 fired second\n"
        "12ms n1 fired second\n"
        "13ms n1 fired first\n"
        "30ms n1 fired second\n");
}

TEST_CASE("a timer that was cancelled and set again fires at its new time only") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 5_ms);
    step.set_timer(Bell::second, 1_ms);
  });
  puppet.bell = [](Puppet&, Bell bell, Steps& step) {
    if (bell == Bell::first) return;
    step.cancel_timer(Bell::first);
    step.set_timer(Bell::first, 8_ms);
  };
  Stage stage({.puppets = {puppet}});
  stage.run_until(1_s);
  CHECK(stage.seen() == "0s n1 booted\n1ms n1 fired second\n9ms n1 fired first\n");
}

TEST_CASE("timers do not survive a crash, nor do they disturb those of the next life") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, step.now() == Time{} ? 5_ms : 20_ms);
  });
  Stage stage({.puppets = {puppet}});
  stage.run_until(1_ms);
  stage.world.crash(n1);
  stage.run_until(2_ms);
  stage.world.restart(n1);
  stage.seen();
  stage.run_until(1_s);
  CHECK(stage.seen() == "22ms n1 fired first\n");
}

TEST_CASE("resetting a timer makes nothing grow") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 10_us);
    step.set_timer(Bell::second, 150_ms, 300_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) {
    step.set_timer(Bell::first, 10_us);
    step.set_timer(Bell::second, 150_ms, 300_ms);
  };
  Stage stage({.puppets = {puppet}, .wanted = 0});
  std::uint64_t most = 0;
  for (std::int64_t ms = 1; ms <= 1000; ++ms) {
    stage.run_until({ms * 1'000'000});
    most = std::max(most, stage.world.bytes_held());
  }
  CHECK(stage.world.counters().timers == 100'000);  // the second one never fired
  CHECK(most <= 20 * 64);                           // some 20 entries of the queue
}

TEST_CASE("a timer on a clock that runs fast or slow fires when that clock says so") {
  const auto ring = starting([](Puppet&, Steps& step) { step.set_timer(Bell::first, 100_ms); });
  Puppet::Config waiter = ring;
  // The usual way to wait for a time on one's own clock.
  waiter.bell = [](Puppet& self, Bell, Steps& step) {
    ++self.count;
    if (step.now() >= Time{} + 100_ms) return;
    step.set_timer(Bell::first, Time{} + 100_ms - step.now());
  };
  for (const std::int64_t ppb :
       std::initializer_list<std::int64_t>{-900'000'000, -123'457, -1, 1, 77'777, 10'000'000'000}) {
    Stage stage({.puppets = {waiter}, .clocks = {Clock({}, ppb)}});
    stage.run_until(2_s);
    CHECK(stage.puppet(n1).count == 1);
    const Time at = stage.log.all.back().at;
    const Clock clock({}, ppb);
    CHECK(clock.local(at) >= Time{} + 100_ms);
    CHECK(clock.local({at.ns - 1}) < Time{} + 100_ms);
  }
}

TEST_CASE("a timer as long as time never fires and breaks nothing") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                 step.set_timer(Bell::first, Duration::max());
                 step.set_timer(Bell::second, -5_ms);
               })},
               .clocks = {Clock({}, -900'000'000)}});
  stage.run_until(1_s);
  CHECK(stage.seen() == "0s n1 booted\n0s n1 fired second\n");
}

// --- Pauses --------------------------------------------------------------------------------------

// n1 sends a note each millisecond, five in all. n2 takes 10 ms for each step from 0.5 ms on.
Stage slow_stage() {
  Puppet::Config sender = starting([](Puppet&, Steps& step) { step.set_timer(Bell::first, 1_ms); });
  sender.bell = [](Puppet& self, Bell, Steps& step) {
    step.send(n2, Note{++self.count});
    if (self.count < 5) step.set_timer(Bell::first, 1_ms);
  };
  Puppet::Config slowed = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 4500_us);
    step.set_timer(Bell::second, 5500_us);
  });
  slowed.note = [](Puppet&, NodeId, std::uint64_t number, Steps& step) {
    if (number == 1) step.set_timer(Bell::second, 100_ms);  // at 12 ms, while it waits
  };
  return Stage({.puppets = {sender, slowed}, .wanted = sight(Sight::received)});
}

TEST_CASE("when a node is slow no more, all that waits is handled at once, in order") {
  Stage stage = slow_stage();
  stage.run_until(500_us);
  const ConditionId condition =
      stage.world.impose(n2, condition::SlowSteps{Distribution::constant(10_ms)});
  stage.run_until(25_ms);
  CHECK(stage.seen() == "12ms n2 received 1 from n1\n22ms n2 received 2 from n1\n");
  const std::uint64_t timers = stage.world.counters().timers;
  stage.world.lift(condition);
  stage.run_until(25_ms);
  CHECK(stage.seen() ==
        "25ms n2 received 3 from n1\n"
        "25ms n2 received 4 from n1\n"
        "25ms n2 received 5 from n1\n");
  CHECK(stage.world.counters().timers == timers + 1);  // the first one, between 3 and 4
  CHECK(stage.world.pools().in_use() == 0);
  // The second was set anew while it waited, and nothing comes twice.
  stage.run_until(112_ms - 1_ns);
  CHECK(stage.world.counters().timers == timers + 1);
  stage.run_until(1_s);
  CHECK(stage.world.counters().timers == timers + 2);
  CHECK(stage.seen() == "");
}

TEST_CASE("what a slow node has yet to handle when it is paused waits, and comes once") {
  Stage stage = slow_stage();
  stage.run_until(500_us);
  const ConditionId condition =
      stage.world.impose(n2, condition::SlowSteps{Distribution::constant(10_ms)});
  stage.run_until(15_ms);
  stage.world.pause(n2);
  stage.run_until(35_ms);  // 2 and 3 have come up meanwhile
  stage.seen();
  stage.world.lift(condition);
  stage.run_until(40_ms);
  CHECK(stage.seen() == "");
  stage.world.impose(n2, condition::SlowSteps{Distribution::constant(10_ms)});
  stage.world.resume(n2);
  stage.run_until(1_s);
  CHECK(stage.seen() ==
        "40ms n2 received 2 from n1\n"
        "40ms n2 received 3 from n1\n"
        "40ms n2 received 4 from n1\n"
        "40ms n2 received 5 from n1\n");
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a slow node that crashes loses what it has yet to handle") {
  Stage stage = slow_stage();
  stage.run_until(500_us);
  const ConditionId condition =
      stage.world.impose(n2, condition::SlowSteps{Distribution::constant(10_ms)});
  stage.run_until(15_ms);
  stage.world.crash(n2);
  stage.run_until(16_ms);
  stage.world.restart(n2);
  stage.world.lift(condition);
  stage.seen();
  stage.run_until(1_s);
  CHECK(stage.seen() == "");
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("what waited for a paused node is handled in order when it resumes, before all else") {
  Puppet::Config sender = starting([](Puppet&, Steps& step) { step.set_timer(Bell::first, 1_ms); });
  sender.bell = [](Puppet& self, Bell, Steps& step) {
    step.send(n2, Note{++self.count});
    step.set_timer(Bell::first, 1_ms);
  };
  Puppet::Config sleeper = starting([](Puppet&, Steps& step) {
    step.persist(Kept{1});
    step.observe(fact(5));
    step.set_timer(Bell::first, 4500_us);
  });
  for (const Ties ties : {Ties::fifo, Ties::shuffled}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Stage stage({.puppets = {sender, sleeper},
                   .flush = Distribution::constant(3500_us),
                   .seed = seed,
                   .ties = ties,
                   .wanted = all_sights & ~sight(Sight::sent)});
      stage.run_until(1500_us);
      stage.world.pause(n2);
      stage.run_until(5_ms - 1_ns);
      stage.world.advance(Time{} + 5_ms);
      stage.seen();
      stage.world.resume(n2);
      stage.run_until(5_ms);
      // Message 4 is due at the very instant, as is the timer of its sender.
      std::string seen = stage.seen();
      const std::string other = "5ms n1 fired first\n";
      seen.erase(seen.find(other), other.size());
      CHECK(seen ==
            "5ms n2 resumed\n"
            "5ms n2 received 1 from n1\n"
            "5ms n2 received 2 from n1\n"
            "5ms n2 flushed\n"
            "5ms n2 stated 5\n"
            "5ms n2 received 3 from n1\n"
            "5ms n2 fired first\n"
            "5ms n2 received 4 from n1\n");
    }
  }
}

TEST_CASE("a node that was paused twice resumes when both pauses are over") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) { step.set_timer(Bell::first, 1_ms); });
  Stage stage({.puppets = {puppet}});
  stage.world.pause(n1);
  stage.world.pause(n1);
  stage.run_until(5_ms);
  stage.world.resume(n1);
  stage.run_until(6_ms);
  CHECK(stage.world.counters().timers == 0);
  stage.world.resume(n1);
  stage.run_until(7_ms);
  CHECK(stage.world.counters().timers == 1);
}

TEST_CASE("a paused node's clock goes on") {
  Stage stage({.puppets = {{}}});
  stage.world.pause(n1);
  stage.run_until(5_ms);
  stage.world.resume(n1);
  CHECK(stage.world.local_time(n1) == Time{} + 5_ms);
}

TEST_CASE("what has arrived at a paused node no cut can stop, what has not it can") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.send(n2, Note{1});
    step.set_timer(Bell::first, 3_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) { step.send(n2, Note{2}); };
  Stage stage({.puppets = {puppet, {}}});
  stage.world.pause(n2);
  stage.run_until(3_ms);  // 1 has arrived, 2 is under way
  stage.world.cut(n1, n2);
  stage.run_until(10_ms);
  stage.seen();
  stage.world.resume(n2);
  stage.run_until(20_ms);
  CHECK(stage.seen() == "10ms n2 resumed\n10ms n2 received 1 from n1\n");
  CHECK(stage.world.counters().dropped[static_cast<std::size_t>(DropReason::cut)] == 1);
}

TEST_CASE("a crash ends a pause, and what had waited is not for the next life") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    if (step.self() == n1) step.send(n2, Note{1});
    if (step.self() == n2 && step.now() == Time{}) step.set_timer(Bell::first, 2_ms);
  });
  Stage stage({.puppets = {puppet, puppet}});
  stage.world.pause(n2);
  stage.run_until(5_ms);
  stage.seen();
  stage.world.crash(n2);
  CHECK(!stage.world.is_paused(n2));
  stage.world.restart(n2);
  stage.world.resume(n2);  // nothing is left to resume
  stage.run_until(20_ms);
  CHECK(stage.seen() == "5ms n2 crashed 0\n5ms n2 booted\n5ms n1 dropped 1 to n2: down\n");
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a node that is down cannot be paused, and one that is up not be restarted") {
  Stage stage({.puppets = {{}}});
  stage.world.restart(n1);
  stage.world.crash(n1);
  stage.world.crash(n1);
  stage.world.pause(n1);
  stage.world.restart(n1);
  CHECK(stage.seen() == "0s n1 booted\n0s n1 crashed 0\n0s n1 booted\n");
  CHECK(!stage.world.is_paused(n1));
  CHECK(stage.world.life(n1) == Life{2});
}

// --- Time and memory -----------------------------------------------------------------------------

TEST_CASE("step() executes nothing after its limit, and now() never passes it") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) { step.set_timer(Bell::first, 5_ms); });
  Stage stage({.puppets = {puppet}});
  CHECK(!stage.world.step(Time{} + 5_ms - 1_ns));
  CHECK(stage.world.now() < Time{} + 5_ms);
  CHECK(stage.world.step(Time{} + 5_ms));
  CHECK(stage.world.now() == Time{} + 5_ms);
  CHECK(!stage.world.step(Time::max()));
}

TEST_CASE("faults may strike right after entries of the queue that came to nothing") {
  // The timer was pushed back: its old entry comes up and nothing happens.
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.set_timer(Bell::first, 5_ms);
    step.send(step.self(), Note{1});
  });
  puppet.note = [](Puppet&, NodeId, std::uint64_t, Steps& step) {
    step.set_timer(Bell::first, 50_ms);
    step.set_timer(Bell::second, 1_ms);
  };
  Stage stage({.puppets = {puppet}});
  stage.world.step({});
  stage.world.pause(n1);
  while (stage.world.step(Time{} + 20_ms)) {
  }
  stage.world.resume(n1);
  stage.run_until(1_s);
  CHECK(stage.world.counters().timers == 2);
}

TEST_CASE("what a run holds counts messages under way and those that wait for a disk, once") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    if (step.self() != n1) return;
    step.persist(Kept{1});
    step.broadcast(Note{7});
  });
  Stage stage({.puppets = {puppet, puppet, puppet}, .flush = slow, .wanted = 0});
  // A journal record of 2 words (which kind, which number), a message of 2, and a flush to come.
  CHECK(stage.world.bytes_held() == 16 + 16 + 64);
  stage.run_until(10_ms);
  CHECK(stage.world.bytes_held() == 16 + 16 + 2 * 64);  // one message, two arrivals
  stage.run_until(20_ms);
  CHECK(stage.world.bytes_held() == 16);
  stage.world.crash(n1);
  CHECK(stage.world.bytes_held() == 16);
}
