// The director: each fault bites as fault.h says, ends as it should, and is written back as it was.
#include <doctest/doctest.h>

#include "tests/fault/play.h"
#include "tests/support/print.h"

using namespace ballast;

// --- Links ---------------------------------------------------------------------------------------

TEST_CASE("a partition cuts the links between its groups, both ways, and no others") {
  Play play({fault(1_s, Partition{{only({n1, n2}), only({n3}), only({n4})}}, 2_s)});
  play.run_until(1_s - 1_ns);
  CHECK(play.cuts().empty());
  play.run_until(1_s);
  CHECK(play.cuts() == "1-3 1-4 2-3 2-4 3-4");  // n5 and the client keep all their links
  play.run_until(3_s - 1_ns);
  CHECK(play.cuts() == "1-3 1-4 2-3 2-4 3-4");
  play.run_until(3_s);
  CHECK(play.cuts().empty());
}

TEST_CASE("in a partition of roles a node belongs to the first group that means it") {
  Play play({fault(1_s, Partition{{by_role({Role::leader}), by_role({Role::all})}})});
  play.elect(n3, 1);
  play.run_until(1_s);
  CHECK(play.cuts() == "1-3 2-3 3-4 3-5");
}

TEST_CASE("an isolated node reaches nobody, another isolated node and clients included") {
  Play play({fault(1_s, Isolate{only({n2, n4})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1-2 1-4 2-3 2-4 2-5 2-6 3-4 4-5 4-6");
  play.run_until(2_s);
  CHECK(play.cuts().empty());
}

TEST_CASE("a cut works in one direction") {
  Play play({fault(1_s, Cut{only({n3}), only({n1, n4})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1<3 3>4");
  play.run_until(2_s);
  CHECK(play.cuts().empty());
}

TEST_CASE("a bridge is the only way between the halves of its group") {
  Play play({fault(1_s, Bridge{only({n2})}, 1_s)});
  play.run_until(1_s);
  CHECK(play.cuts() == "1-4 1-5 3-4 3-5");  // 1 and 3; 2; 4 and 5
  play.run_until(2_s);
  CHECK(play.cuts().empty());
}

TEST_CASE("a flapping link is cut and whole by turns until the fault ends") {
  for (const bool ends_cut : {true, false}) {
    Play play(
        {fault(1_s, Flap{{only({n1}), only({n2})}, 30_ms, 20_ms}, ends_cut ? 120_ms : 100_ms)});
    std::string states;
    for (std::int64_t ms = 995; ms < 1200; ms += 10) {
      play.run_until(ms * 1_ms);
      states += play.cuts() == "1-2" ? 'x' : '.';
    }
    CHECK(states == (ends_cut ? ".xxx..xxx..xx........" : ".xxx..xxx............"));
    CHECK(play.cuts().empty());
  }
}

TEST_CASE("a link under two faults is whole when both are over") {
  Play play({fault(1_s, Partition{{only({n1}), only({n2})}}, 4_s),
             fault(2_s, Isolate{only({n1})}, 1_s), fault(4_s, Cut{only({n1}), only({n2})}, 4_s)});
  play.run_until(3_s);
  CHECK(play.cuts() == "1-2");
  play.run_until(5_s);
  CHECK(play.cuts() == "1>2");
  play.run_until(8_s);
  CHECK(play.cuts().empty());
}

// --- Nodes ---------------------------------------------------------------------------------------

TEST_CASE("a crash lasts as long as it says, or until a restart") {
  Play play({fault(1_s, Crash{only({n1})}, 500_ms), fault(1_s, Crash{only({n2, n3})}),
             fault(3_s, Restart{only({n2, n4})})});
  play.run_until(1_s);
  CHECK(!play.world().is_up(n1));
  CHECK(!play.world().is_up(n3));
  play.run_until(1500_ms);
  CHECK(play.world().is_up(n1));
  CHECK(!play.world().is_up(n2));
  play.run_until(10_s);
  CHECK(play.world().is_up(n2));
  CHECK(!play.world().is_up(n3));
  CHECK(play.world().life(n4) == Life{1});
}

TEST_CASE("a node that two crashes hold down restarts when the later one ends") {
  Play play({fault(1_s, Crash{only({n1})}, 2_s), fault(2_s, Crash{only({n1, n2})}, 2_s),
             fault(4_s, Crash{only({n1})}, 1_s)});
  play.run_until(3_s);
  CHECK(!play.world().is_up(n1));
  // At 4 s the second one ends and the third begins: n1 boots and is down again.
  play.seen();
  play.run_until(4_s);
  CHECK(play.seen() == "4s n1 crashed 0\n");
  CHECK(play.world().life(n1) == Life{2});
  CHECK(play.world().is_up(n2));
  play.run_until(5_s);
  CHECK(play.world().is_up(n1));
}

TEST_CASE("a restart undoes a crash for good") {
  Play play({fault(1_s, Crash{only({n1})}, 5_s), fault(2_s, Restart{only({n1})}),
             fault(3_s, Crash{only({n1})}, 2_s)});
  play.run_until(2_s);
  CHECK(play.world().is_up(n1));
  play.run_until(5_s);
  CHECK(play.world().is_up(n1));  // the second crash is over, the first was undone
  play.run_until(10_s);
  CHECK(play.world().life(n1) == Life{3});
}

TEST_CASE("a paused node stands still for as long as it says") {
  Play play({fault(1_s, Pause{only({n1})}, 1_s), fault(1500_ms, Pause{only({n1})}, 2_s)});
  play.run_until(1_s);
  CHECK(play.world().is_paused(n1));
  play.run_until(2_s);
  CHECK(play.world().is_paused(n1));
  play.run_until(3500_ms);
  CHECK(!play.world().is_paused(n1));
}

TEST_CASE("the end of a pause that a crash cut short does not end another one") {
  Play play({fault(1_s, Pause{only({n1})}, 4_s), fault(2_s, Crash{only({n1})}, 1_s),
             fault(2500_ms, Pause{only({n1})}, 4_s),  // while it is down: of no effect
             fault(4_s, Pause{only({n1})}, 6_s)});
  play.run_until(4_s);
  CHECK(play.world().is_paused(n1));
  play.run_until(9_s);
  CHECK(play.world().is_paused(n1));
  play.run_until(10_s);
  CHECK(!play.world().is_paused(n1));
}

// --- Disks and clocks ----------------------------------------------------------------------------

TEST_CASE("a slow disk takes the given time until the fault ends") {
  Puppet::Config writer;
  writer.start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 1_s); };
  writer.bell = [](Puppet&, Bell, Step<Puppet>& step) {
    step.persist(Kept{1});
    step.observe(Proposed{{1}});
    step.set_timer(Bell::first, 1_s);
  };
  Play play({fault(1500_ms, SlowDisk{only({n1}), Distribution::constant(40_ms)}, 1_s)}, 1,
            {writer, {}, {}, {}, {}, {}});
  play.run_until(3_s);
  CHECK(play.seen() ==
        "1s n1 fired first\n1s n1 persisted 1\n1s n1 stated 1\n"
        "2s n1 fired first\n2s n1 persisted 1\n2040ms n1 flushed\n2040ms n1 stated 1\n"
        "3s n1 fired first\n3s n1 persisted 1\n3s n1 stated 1\n");
}

TEST_CASE("of overlapping slow disks and drifts the last begun is in force, and none remains") {
  const auto slow = [](std::int64_t ms) { return Distribution::constant({ms * 1'000'000}); };
  // 1 to 5, 2 to 10 and 3 to 4; the other way round for drift.
  Play play({fault(1_s, SlowDisk{only({n1, n2}), slow(10)}, 4_s),
             fault(2_s, SlowDisk{only({n1}), slow(20)}, 8_s),
             fault(3_s, SlowDisk{only({n2, n1}), slow(30)}, 1_s),
             fault(1_s, ClockDrift{only({n1}), 100}, 9_s),
             fault(2_s, ClockDrift{only({n1}), 200}, 1_s)});
  World& world = play.world();
  const auto flush = [&](NodeId node) { return world.flush(node).at(0); };
  play.run_until(3_s);
  CHECK(flush(n1) == 30_ms);
  CHECK(flush(n2) == 30_ms);
  CHECK(world.clock_drift(n1) == 100'000);
  play.run_until(4_s);
  CHECK(flush(n1) == 20_ms);
  CHECK(flush(n2) == 10_ms);
  play.run_until(5_s);
  CHECK(flush(n1) == 20_ms);
  CHECK(flush(n2) == Duration{});
  play.run_until(10_s);
  CHECK(flush(n1) == Duration{});
  CHECK(world.clock_drift(n1) == 0);
}

TEST_CASE("clocks jump once, forward or back, and drift for as long as the fault lasts") {
  Play play({fault(1_s, ClockJump{only({n1}), 5_s}), fault(2_s, ClockJump{only({n1, n2}), -3_s}),
             fault(4_s, ClockDrift{only({n3}), -1000}, 2_s)});
  play.run_until(3_s);
  CHECK(play.world().local_time(n1) == Time{} + 5_s);
  CHECK(play.world().local_time(n2) == Time{});
  play.run_until(8_s);
  CHECK(play.world().local_time(n3) == Time{} + 8_s - 2_ms);
}

// --- Whom ----------------------------------------------------------------------------------------

TEST_CASE("the leader is whoever was elected in the highest term, is up and has not stepped down") {
  Play play({});
  const Nodes servers{n1, n2, n3, n4, n5};
  const auto leader = [&] { return play.director.standing().leader(servers); };
  CHECK(leader() == NodeId{});
  play.elect(n1, 3);
  play.elect(n2, 5);
  play.elect(n3, 4);  // its word was late
  CHECK(leader() == n2);
  play.step_down(n2, 4);  // of an earlier term
  CHECK(leader() == n2);
  play.step_down(n2, 5);
  CHECK(leader() == n3);
  play.director.crashed(n3);
  CHECK(leader() == n1);
  CHECK(play.director.standing().leader({n4, n5}) == NodeId{});
}

TEST_CASE("a fault waits for a node in the role that it wants, and then is where it happened") {
  Play play({fault(1_s, Crash{by_role({Role::leader})}, 1_s)});
  play.run_until(3_s);
  CHECK(play.director.is_waiting());
  CHECK(play.director.fired().empty());
  CHECK(play.director.healed_at() == std::nullopt);
  play.elect(n4, 1);
  play.run_until(3_s);
  REQUIRE(play.director.fired().size() == 1);
  const FiredFault& fired = play.director.fired().front();
  CHECK(fired.fired);
  CHECK(fired.fault.at == Time{} + 3_s);
  CHECK(crashed_by(fired) == Nodes{n4});
  CHECK(!play.world().is_up(n4));
  play.run_until(4_s);
  CHECK(play.world().is_up(n4));
  CHECK(play.director.healed_at() == Time{} + 4_s);
}

TEST_CASE("a fault that waits too long, or for the rest of the run, counts as not fired") {
  Play play({fault(1_s, Crash{by_role({Role::leader})}, 1_s),
             fault(4_s, Pause{by_role({Role::follower})}, 1_s)});
  play.run_until(6_s);
  REQUIRE(play.director.fired().size() == 1);
  CHECK(!play.director.fired().front().fired);
  play.elect(n1, 1);
  play.director.act(play.world());
  CHECK(play.world().is_up(n1));
  REQUIRE(play.director.fired().size() == 2);
  CHECK(play.director.fired().back().fired);

  // Whether somebody looked while it waited makes no difference.
  Play unwatched({fault(1_s, Crash{by_role({Role::leader})}, 1_s)});
  unwatched.run_until(2_s);
  unwatched.stage.run_until(6_s);
  unwatched.elect(n1, 1);
  unwatched.director.act(unwatched.world());
  CHECK(unwatched.world().is_up(n1));

  Play cut_short({fault(1_s, Crash{by_role({Role::leader})}, 1_s)});
  cut_short.run_until(2_s);
  cut_short.director.give_up();
  REQUIRE(cut_short.director.fired().size() == 1);
  CHECK(!cut_short.director.fired().front().fired);
}

TEST_CASE("a random node is one that is up, or to be restarted one that is down") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Play play({fault(1_s, Crash{only({n1, n3})}), fault(2_s, Crash{by_role({Role::any})}),
               fault(3_s, Restart{by_role({Role::any})})},
              seed);
    play.run_until(2_s);
    const NodeId victim = crashed_by(play.director.fired()[1]).front();
    CHECK((victim == n2 || victim == n4 || victim == n5));
    CHECK(!play.world().is_up(victim));
    play.run_until(3_s);
    int up = 0;
    for (const NodeId node : {n1, n2, n3, n4, n5}) up += play.world().is_up(node);
    CHECK(up == 3);
  }
}

TEST_CASE("a follower is not the leader, and there is none without a leader") {
  Play leaderless({fault(1_s, Crash{by_role({Role::follower})})});
  leaderless.run_until(2_s);
  CHECK(leaderless.director.is_waiting());
  std::vector<bool> hit(6);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Play play({fault(1_s, Crash{by_role({Role::follower})})}, seed);
    play.elect(n2, 1);
    play.run_until(1_s);
    hit[crashed_by(play.director.fired().front()).front().value] = true;
  }
  CHECK(hit == std::vector<bool>{false, true, false, true, true, true});
}

TEST_CASE("two random nodes of one selector are two") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Play play({fault(1_s, Crash{by_role({Role::any, Role::any, Role::any})})}, seed);
    play.run_until(1_s);
    CHECK(crashed_by(play.director.fired().front()).size() == 3);
  }
}

TEST_CASE("a name stands for the nodes of a group, and all for those of the first one") {
  Play play({fault(1_s, Pause{group("client")}), fault(1_s, Crash{by_role({Role::all})})});
  play.run_until(1_s);
  CHECK(play.world().is_paused(c1));
  CHECK(play.world().is_up(c1));
  for (const NodeId node : {n1, n2, n3, n4, n5}) CHECK(!play.world().is_up(node));
}

TEST_CASE("a fault hits the same nodes whether or not there are faults at other times") {
  const auto victims = [](bool before, std::uint64_t seed) {
    std::vector<Fault> schedule;
    if (before) schedule.push_back(fault(500_ms, Pause{by_role({Role::any})}, 1_ms));
    schedule.push_back(fault(1_s, Crash{by_role({Role::any})}));
    schedule.push_back(fault(1_s, Crash{by_role({Role::any})}));
    Play play(schedule, seed);
    play.run_until(2_s);
    Nodes nodes;
    for (const FiredFault& fired : play.director.fired()) {
      if (std::holds_alternative<Crash>(fired.fault.action)) {
        nodes.push_back(crashed_by(fired).front());
      }
    }
    return nodes;
  };
  bool differ = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CHECK(victims(true, seed) == victims(false, seed));
    differ |= victims(false, seed) != victims(false, seed + 1);
  }
  CHECK(differ);
}

// --- Order, ends and replay ----------------------------------------------------------------------

TEST_CASE("a fault acts before the events of its instant") {
  Puppet::Config ringer;
  ringer.start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 1_s); };
  Play play({fault(1_s, Crash{only({n1})})}, 1, {ringer, ringer, {}, {}, {}, {}});
  play.run_until(1_s);
  CHECK(play.seen() == "1s n1 crashed 0\n1s n2 fired first\n");
}

TEST_CASE("the world is healed when the last fault has ended") {
  Play play({fault(1_s, Crash{only({n1})}, 1_s), fault(1500_ms, ClockJump{only({n1}), 1_s}),
             fault(3_s, Isolate{only({n2})}, 2_s)});
  play.run_until(2_s);
  CHECK(play.director.healed_at() == std::nullopt);
  play.run_until(4_s);
  CHECK(play.director.healed_at() == std::nullopt);
  play.run_until(6_s);
  CHECK(play.director.healed_at() == Time{} + 5_s);
  CHECK(Play({}).director.healed_at() == Time{});
}

TEST_CASE("a world with a fault for good is never healed, unless a restart undoes it") {
  Play play({fault(1_s, Crash{only({n1, n2})}), fault(2_s, Restart{only({n1})}),
             fault(3_s, Restart{only({n2})})});
  play.run_until(2_s);
  CHECK(play.director.healed_at() == std::nullopt);
  play.run_until(5_s);
  CHECK(play.director.healed_at() == Time{} + 3_s);

  Play broken({fault(1_s, Isolate{only({n1})})});
  broken.run_until(10_s);
  CHECK(broken.director.healed_at() == std::nullopt);
}

TEST_CASE("the schedule as it happened makes the same run again, to the bit") {
  // Nodes that talk all the time, so that every event out of place would show.
  Puppet::Config talker;
  const auto talk = [](Puppet& self, Step<Puppet>& step) {
    step.send(step.members()[step.choose(step.members().size())], Note{++self.count});
    step.set_timer(Bell::first, 1_ms, 9_ms);
  };
  talker.start = talk;
  talker.bell = [=](Puppet& self, Bell, Step<Puppet>& step) { talk(self, step); };
  const std::vector<Puppet::Config> talkers(6, talker);
  const std::vector<Fault> schedule{
      fault(100_ms, Crash{by_role({Role::leader})}, 50_ms),
      fault(120_ms, Partition{{by_role({Role::any, Role::any}), by_role({Role::all})}}, 100_ms),
      fault(130_ms, Pause{by_role({Role::leader})}, 20_ms),
      fault(150_ms, Crash{by_role({Role::follower})}, 50_ms),
      fault(150_ms, Isolate{by_role({Role::any})}, 50_ms)};

  // Somebody is elected in the middle of an instant, by the 300th event.
  const auto run = [&](const std::vector<Fault>& faults) {
    Play play(faults, 9, talkers);
    bool elected = false;
    World& world = play.world();
    for (Time pause;
         (pause = std::min(play.director.next_at(), Time{} + 400_ms)) < Time{} + 400_ms;) {
      bool earlier = false;
      while (!earlier && world.step(pause - 1_ns)) {
        if (!elected && world.last_event().value >= 300) {
          play.elect(n3, 1);
          elected = true;
        }
        if (play.director.is_waiting()) play.director.act(world);
        earlier = play.director.next_at() < pause;
      }
      if (earlier) continue;
      world.advance(pause);
      play.director.act(world);
    }
    play.stage.run_until(400_ms);
    return std::pair(world.fingerprint(), play.director.fired());
  };
  const auto first = run(schedule);
  REQUIRE(first.second.size() == 5);
  std::vector<Fault> explicit_schedule;
  for (const FiredFault& fired : first.second) {
    CHECK(fired.fired);
    for_each_selector(fired.fault.action, [](const Selector& selector) {
      for (const Selector::Part& part : selector.parts) CHECK(part.node != NodeId{});
    });
    explicit_schedule.push_back(fired.fault);
  }
  const auto again = run(explicit_schedule);
  CHECK(again.first == first.first);
  CHECK(run({schedule.begin() + 1, schedule.end()}).first != first.first);
}

TEST_CASE("a copy of the director goes its own way") {
  Play play({fault(1_s, Crash{only({n1})}, 1_s), fault(3_s, Crash{only({n2})})});
  play.run_until(1500_ms);
  Director copy = play.director;
  World fork = play.world();
  play.run_until(4_s);
  CHECK(copy.fired().size() == 1);
  fork.advance(Time{} + 2_s);
  copy.act(fork);
  CHECK(fork.is_up(n1));
  CHECK(copy.next_at() == Time{} + 3_s);
}
