// The world: the write-ahead rule, messages, crashes and broken rules.
#include "sim/kernel/world.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"
#include "tests/support/stage.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3};
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

// --- The write-ahead rule ------------------------------------------------------------------------

TEST_CASE("the facts and messages of a step leave when its records are durable") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                             step.send(n2, Note{7});
                             step.observe(fact(5));
                             step.persist(Kept{1});
                           }),
                           {}},
               .flush = slow});
  stage.run_until(20_ms);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n1 persisted 1\n"
        "0s n2 booted\n"
        "10ms n1 flushed\n"
        "10ms n1 stated 5\n"
        "10ms n1 sent 7 to n2\n"
        "11ms n2 received 7 from n1\n");
}

TEST_CASE("a step that writes nothing waits behind earlier writes that are not durable") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.persist(Kept{1});
    step.set_timer(Bell::first, 4_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) { step.send(n2, Note{8}); };
  Stage stage({.puppets = {puppet, {}}, .flush = slow});
  stage.run_until(20_ms);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n1 persisted 1\n"
        "0s n2 booted\n"
        "4ms n1 fired first\n"
        "10ms n1 flushed\n"
        "10ms n1 flushed\n"
        "10ms n1 sent 8 to n2\n"
        "11ms n2 received 8 from n1\n");
}

TEST_CASE("a disk makes one step durable after the other") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.persist(Kept{1});
    step.persist(Kept{2});
    step.set_timer(Bell::first, 4_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) {
    step.persist(Kept{3});
    step.send(n2, Note{9});
  };
  Stage stage({.puppets = {puppet, {}}, .flush = slow});
  stage.run_until(30_ms);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n1 persisted 2\n"
        "0s n2 booted\n"
        "4ms n1 fired first\n"
        "4ms n1 persisted 1\n"
        "10ms n1 flushed\n"
        "20ms n1 flushed\n"
        "20ms n1 sent 9 to n2\n"
        "21ms n2 received 9 from n1\n");
}

TEST_CASE("a disk without latency makes a step durable at once") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                             step.persist(Kept{1});
                             step.send(n2, Note{7});
                           }),
                           {}}});
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n1 persisted 1\n"
        "0s n1 sent 7 to n2\n"
        "0s n2 booted\n");
  stage.world.crash(n1);
  stage.world.restart(n1);
  CHECK(stage.puppet(n1).recovered == std::vector<std::uint64_t>{1});
}

TEST_CASE("a crash before the flush loses the records and the messages") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                             if (step.now() > Time{}) return;
                             step.persist(Kept{1});
                             step.observe(fact(5));
                             step.send(n2, Note{7});
                           }),
                           {}},
               .flush = slow});
  stage.run_until(9_ms);
  stage.seen();
  stage.world.crash(n1);
  stage.world.restart(n1);
  stage.run_until(50_ms);
  CHECK(stage.seen() == "9ms n1 crashed 1\n9ms n1 booted\n");
  CHECK(stage.puppet(n1).recovered.empty());
  CHECK(stage.world.counters().records_lost == 1);
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a restart recovers the durable records, all of them, in order") {
  Puppet::Config puppet = starting([](Puppet& self, Steps& step) {
    if (!self.recovered.empty()) return;
    for (std::uint64_t i = 1; i <= 3; ++i) step.persist(Kept{i});
    step.set_timer(Bell::first, 1_ms);
  });
  puppet.bell = [](Puppet& self, Bell, Steps& step) {
    step.persist(Kept{10 + ++self.count});
    step.set_timer(Bell::first, 1_ms);
  };
  Stage stage({.puppets = {puppet}, .flush = slow});
  stage.run_until(35_ms);  // durable at 10, 20 and 30 ms
  stage.world.crash(n1);
  CHECK(stage.puppet(n1).count == 0);  // nothing volatile is left
  stage.world.restart(n1);
  CHECK(stage.puppet(n1).recovered == std::vector<std::uint64_t>{1, 2, 3, 11, 12});
  stage.world.crash(n1);
  stage.world.restart(n1);
  CHECK(stage.puppet(n1).recovered == std::vector<std::uint64_t>{1, 2, 3, 11, 12});
}

TEST_CASE("a flush of an earlier life makes nothing of the next one durable") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                             step.persist(Kept{1});
                             step.send(n2, Note{7});
                           }),
                           {}},
               .flush = slow});
  stage.run_until(4_ms);
  stage.world.crash(n1);
  stage.world.restart(n1);
  stage.seen();
  stage.run_until(30_ms);
  CHECK(stage.seen() == "14ms n1 flushed\n14ms n1 sent 7 to n2\n15ms n2 received 7 from n1\n");
}

TEST_CASE("a disk that becomes faster does not let a step overtake an earlier one") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.persist(Kept{1});
    step.set_timer(Bell::first, 2_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) {
    step.persist(Kept{2});
    step.send(n2, Note{7});
  };
  Stage stage({.puppets = {puppet, {}}, .flush = slow});
  stage.world.impose(n1, condition::SlowFlush{Distribution::constant({})});
  stage.run_until(20_ms);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n1 persisted 1\n"
        "0s n2 booted\n"
        "2ms n1 fired first\n"
        "2ms n1 persisted 1\n"
        "10ms n1 flushed\n"
        "10ms n1 flushed\n"
        "10ms n1 sent 7 to n2\n"
        "11ms n2 received 7 from n1\n");
}

TEST_CASE("what waits for a slow disk is written at the old speed when it is slow no more") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.persist(Kept{1});
    step.set_timer(Bell::first, 2_ms);
  });
  puppet.bell = [](Puppet&, Bell bell, Steps& step) {
    step.persist(Kept{2});
    step.send(n2, Note{7});
    if (bell == Bell::first) step.set_timer(Bell::second, 1_ms);
  };
  Stage stage({.puppets = {puppet, {}}, .flush = slow});
  const ConditionId trouble =
      stage.world.impose(n1, condition::SlowFlush{Distribution::constant(5000_ms)});
  stage.run_until(5_ms);
  stage.seen();
  stage.world.lift(trouble);
  stage.run_until(60_s);
  CHECK(stage.seen() ==
        "10ms n1 flushed\n"
        "20ms n1 flushed\n"
        "20ms n1 sent 7 to n2\n"
        "21ms n2 received 7 from n1\n"
        "30ms n1 flushed\n"
        "30ms n1 sent 7 to n2\n"
        "31ms n2 received 7 from n1\n");
}

// --- Messages ------------------------------------------------------------------------------------

TEST_CASE("a message to a node that is down is dropped, one in flight when it restarts arrives") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    step.send(n2, Note{1});
    step.set_timer(Bell::first, 2_ms);
  });
  puppet.bell = [](Puppet&, Bell, Steps& step) { step.send(n2, Note{2}); };
  Stage stage({.puppets = {puppet, {}}, .link = {Distribution::constant(10_ms), {}, {}, false}});
  stage.world.crash(n2);
  stage.run_until(11_ms);
  stage.world.restart(n2);
  stage.seen();
  stage.run_until(20_ms);
  CHECK(stage.seen() == "12ms n2 received 2 from n1\n");
  CHECK(stage.world.counters().dropped[static_cast<std::size_t>(DropReason::down)] == 1);
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a message is lost in a cut that it meets when it leaves or when it arrives") {
  Puppet::Config puppet;
  puppet.start = [](Puppet&, Steps& step) {
    step.send(n2, Note{1});
    step.set_timer(Bell::first, 5_ms);
  };
  puppet.bell = [](Puppet&, Bell bell, Steps& step) {
    step.send(n2, Note{bell == Bell::first ? 2u : 3u});
    if (bell == Bell::first) step.set_timer(Bell::second, 10_ms);
  };
  Stage stage({.puppets = {puppet, {}}, .link = {Distribution::constant(10_ms), {}, {}, false}});
  stage.run_until(3_ms);
  stage.world.cut(n1, n2);
  stage.run_until(12_ms);
  stage.world.heal(n1, n2);
  stage.seen();
  stage.run_until(30_ms);
  // 1 was to arrive at 10 ms, 2 left at 5 ms, 3 left after the link was healed.
  CHECK(stage.seen() ==
        "15ms n1 fired second\n"
        "15ms n1 sent 3 to n2\n"
        "25ms n2 received 3 from n1\n");
  CHECK(stage.world.counters().dropped[static_cast<std::size_t>(DropReason::cut)] == 2);
}

TEST_CASE("a message that was sent before a cut and arrives after it gets through") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) { step.send(n2, Note{1}); }), {}},
               .link = {Distribution::constant(10_ms), {}, {}, false}});
  stage.run_until(3_ms);
  stage.world.cut(n1, n2);
  stage.run_until(7_ms);
  stage.world.heal(n1, n2);
  stage.run_until(20_ms);
  CHECK(stage.world.counters().received == 1);
}

TEST_CASE("both copies of a duplicate carry the number of one message") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) { step.send(n2, Note{7}); }), {}},
               .link = {Distribution::uniform(1_ms, 9_ms), {}, {1, 1}, false}});
  stage.run_until(20_ms);
  std::vector<std::uint64_t> numbers;
  for (const Occurrence& seen : stage.log.all) {
    if (seen.what == Sight::received) numbers.push_back(seen.message);
  }
  CHECK(numbers == std::vector<std::uint64_t>{1, 1});
  CHECK(stage.world.counters().duplicated == 1);
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a message to oneself is an event of its own, at the same instant") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) { step.send(step.self(), Note{7}); });
  puppet.note = [](Puppet& self, NodeId, std::uint64_t, Steps&) { ++self.count; };
  Stage stage({.puppets = {puppet}});
  CHECK(stage.puppet(n1).count == 0);
  stage.run_until({});
  CHECK(stage.puppet(n1).count == 1);
  CHECK(stage.seen() == "0s n1 booted\n0s n1 sent 7 to n1\n0s n1 received 7 from n1\n");
}

TEST_CASE("a broadcast reaches every member but the sender") {
  const auto shout = starting([](Puppet&, Steps& step) {
    if (step.self() == n2) step.broadcast(Note{7});
  });
  Stage stage({.puppets = {shout, shout, shout}});
  stage.run_until(5_ms);
  CHECK(stage.seen() ==
        "0s n1 booted\n"
        "0s n2 booted\n"
        "0s n2 sent 7 to n1\n"
        "0s n2 sent 7 to n3\n"
        "0s n3 booted\n"
        "1ms n1 received 7 from n2\n"
        "1ms n3 received 7 from n2\n");
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("every message is given back once, however it ends") {
  const auto shout = [](Puppet&, Steps& step) {
    step.broadcast(Note{1});
    step.persist(Kept{1});
    step.send(n2, Note{2});
    step.set_timer(Bell::first, 500_us, 3_ms);
  };
  Puppet::Config puppet = starting(shout);
  puppet.bell = [=](Puppet& self, Bell, Steps& step) { shout(self, step); };
  puppet.note = [](Puppet& self, NodeId from, std::uint64_t number, Steps& step) {
    if (++self.count % 3 == 0) step.send(from, Note{number});
  };
  Stage stage({.puppets = {puppet, puppet, puppet},
               .flush = Distribution::uniform(1_ms, 6_ms),
               .link = {Distribution::uniform(100_us, 5_ms), {1, 10}, {1, 5}, false},
               .wanted = 0});
  World& world = stage.world;
  for (std::int64_t ms = 0; ms < 300; ms += 10) {
    stage.run_until({ms * 1'000'000});
    switch (ms / 10 % 6) {
      case 0:
        world.pause(n2);
        break;
      case 1:
        world.crash(n2);
        world.cut(n1, n3);
        break;
      case 2:
        world.restart(n2);
        world.pause(n3);
        break;
      case 3:
        world.heal(n1, n3);
        world.crash(n1);
        break;
      case 4:
        world.resume(n3);
        break;
      case 5:
        world.restart(n1);
        break;
    }
  }
  CHECK(world.pools().in_use() > 0);
  CHECK(world.pools().bytes() > 0);
  for (const NodeId node : {n1, n2, n3}) world.crash(node);
  stage.run_until(1_s);
  CHECK(world.pools().in_use() == 0);
  CHECK(world.pools().bytes() == 0);
}

TEST_CASE("a record of what follows from what goes with every event") {
  Puppet::Config puppet = starting([](Puppet&, Steps& step) {
    if (step.self() == n1) step.send(n2, Note{1});
  });
  puppet.note = [](Puppet&, NodeId, std::uint64_t, Steps& step) {
    step.set_timer(Bell::first, 1_ms);
  };
  Stage stage({.puppets = {puppet, puppet}});
  stage.run_until(5_ms);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> causes;
  for (const Occurrence& seen : stage.log.all) {
    causes.emplace_back(seen.event.value, seen.cause.value);
  }
  // n1 boots, and sends in that event; n2 boots; it receives because of event 1; its timer fires
  // because of event 3.
  using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  CHECK(causes == Pairs{{1, 0}, {1, 1}, {2, 0}, {3, 1}, {4, 3}});
}

// --- Broken rules --------------------------------------------------------------------------------

TEST_CASE("nothing that a step said leaves the node if the step breaks a rule") {
  Stage stage({.puppets = {starting([](Puppet&, Steps& step) {
                             step.send(n2, Note{7});
                             step.set_timer(Bell::first, 1_ms);
                             ensure(false, "puppets are silent");
                           }),
                           {}}});
  stage.run_until(5_ms);
  CHECK(stage.seen() == "0s n1 booted\n0s n1 broke_rule puppets are silent\n0s n2 booted\n");
  CHECK(stage.world.pools().in_use() == 0);
}

TEST_CASE("a message to a node that does not exist breaks a rule") {
  for (const NodeId nobody : {NodeId{}, NodeId{3}, NodeId{4'000'000'000}}) {
    Stage stage(
        {.puppets = {starting([=](Puppet&, Steps& step) { step.send(nobody, Note{7}); }), {}}});
    CHECK(stage.seen() ==
          "0s n1 booted\n0s n1 broke_rule a message is sent to a node that exists\n0s n2 booted\n");
    CHECK(stage.world.pools().in_use() == 0);
  }
}
