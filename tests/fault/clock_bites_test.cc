// Faults of clocks and timers: each bites as clock_faults.h says, and ends as it should.
#include <doctest/doctest.h>

#include "tests/fault/play.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

// How far n1's clock is from the truth, in milliseconds, at each multiple of `every` until `end`.
std::vector<std::int64_t> offsets(Play& play, Duration every, Duration end) {
  std::vector<std::int64_t> all;
  for (Duration at = every; at <= end; at = at + every) {
    play.run_until(at);
    all.push_back((play.world().local_time(n1) - play.world().now()).ns / 1'000'000);
  }
  return all;
}

// n1 rings every 10 ms and counts.
std::vector<Puppet::Config> ringers() {
  std::vector<Puppet::Config> puppets(6);
  puppets[0].start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 10_ms); };
  puppets[0].bell = [](Puppet& self, Bell, Step<Puppet>& step) {
    ++self.count;
    step.set_timer(Bell::first, 10_ms);
  };
  return puppets;
}

}  // namespace

TEST_CASE("a strobe throws the clock to and fro and leaves it as it was") {
  Play even({fault(15_ms, ClockStrobe{only({n1}), 7_s, 10_ms}, 40_ms)});
  CHECK(offsets(even, 10_ms, 70_ms) == std::vector<std::int64_t>{0, 7000, 0, 7000, 0, 0, 0});
  Play odd({fault(15_ms, ClockStrobe{only({n1}), -7_s, 10_ms}, 25_ms)});
  CHECK(offsets(odd, 10_ms, 50_ms) == std::vector<std::int64_t>{0, -7000, 0, 0, 0});
  CHECK(odd.world().counters().misfortunes.clocks_set == 4);
  CHECK(odd.world().local_time(n2) == odd.world().now());
}

TEST_CASE("a frozen clock stands, then catches up or stays behind; timers do not mind") {
  for (const bool catch_up : {true, false}) {
    Play play({fault(15_ms, ClockFreeze{only({n1}), catch_up}, 30_ms)}, 1, ringers());
    play.run_until(40_ms);
    CHECK(play.world().local_time(n1) == Time{} + 15_ms);
    CHECK(play.stage.puppet(n1).count == 4);
    CHECK(play.world().counters().misfortunes.clocks_frozen == 3);
    play.run_until(100_ms);
    CHECK(play.world().local_time(n1) == Time{} + (catch_up ? 100_ms : 70_ms));
    CHECK(play.stage.puppet(n1).count == 10);
  }
}

TEST_CASE("a clock that is set while it stands shows it when it goes on") {
  Play play({fault(10_ms, ClockFreeze{only({n1})}, 40_ms), fault(20_ms, ClockJump{only({n1}), 5_s}),
             fault(30_ms, ClockFreeze{only({n1})}, 50_ms)});
  play.run_until(60_ms);
  CHECK(play.world().local_time(n1) == Time{} + 10_ms);  // until the second freeze is over
  play.run_until(80_ms);
  CHECK(play.world().local_time(n1) == Time{} + 5080_ms);
}

TEST_CASE("late timers fire late, never early, and only those that are set meanwhile") {
  Play late({fault(15_ms, LateTimers{only({n1}), Distribution::constant(25_ms)}, 100_ms)}, 1,
            ringers());
  late.run_until(19_ms);
  CHECK(late.stage.puppet(n1).count == 1);
  late.run_until(20_ms);
  CHECK(late.stage.puppet(n1).count == 2);  // set before
  late.run_until(54_ms);
  CHECK(late.stage.puppet(n1).count == 2);
  late.run_until(55_ms);
  CHECK(late.stage.puppet(n1).count == 3);
  late.run_until(125_ms);
  CHECK(late.stage.puppet(n1).count == 5);  // 90 and 125 ms, set before the end
  late.run_until(135_ms);
  CHECK(late.stage.puppet(n1).count == 6);
  CHECK(late.world().counters().misfortunes.timers_late == 3);

  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Play drawn({fault(1_ms, LateTimers{only({n1}), Distribution::uniform({}, 90_ms)})}, seed,
               ringers());
    drawn.run_until(5_s);
    const std::uint64_t rung = drawn.stage.puppet(n1).count;
    CHECK(rung > 75);  // 500 without, 90 with the mean delay
    CHECK(rung < 110);
  }
}

TEST_CASE("whether a pause shows in the clock is up to the fault") {
  for (const bool jump : {true, false}) {
    Play play(
        {fault(10_ms, ClockJump{only({n1}), 1_s}), fault(20_ms, Pause{only({n1}), jump}, 30_ms)});
    play.run_until(100_ms);
    CHECK(play.world().local_time(n1) == Time{} + (jump ? 1100_ms : 1070_ms));
  }
  // A node that crashed meanwhile is not set back.
  Play crashed({fault(20_ms, Pause{only({n1}), false}, 30_ms), fault(30_ms, Crash{only({n1})})});
  crashed.run_until(100_ms);
  CHECK(crashed.world().local_time(n1) == Time{} + 100_ms);
}

TEST_CASE("a disturbance makes a timer fire out of turn") {
  std::vector<Puppet::Config> puppets(6);
  puppets[0].start = [](Puppet&, Step<Puppet>& step) {
    step.set_timer(Bell::first, 1_s);
    step.set_timer(Bell::second, 2_s);
  };
  Play by_name({fault(10_ms, Disturb{only({n1, n2}), "first"})}, 1, puppets);
  by_name.run_until(3_s);
  CHECK(by_name.seen() == "10ms n1 fired first\n2s n1 fired second\n");
  CHECK(by_name.world().counters().misfortunes.timers_forced == 1);
  CHECK(std::get<Disturb>(by_name.director.fired().front().fault.action).nodes == only({n1}));

  Play last({fault(10_ms, Disturb{only({n1})})}, 1, puppets);
  last.run_until(3_s);
  CHECK(last.seen() == "10ms n1 fired second\n1s n1 fired first\n");

  Play nobody({fault(10_ms, Disturb{only({n2})})}, 1, puppets);
  nobody.run_until(6_s);
  REQUIRE(nobody.director.fired().size() == 1);
  CHECK(!nobody.director.fired().front().fired);
}
