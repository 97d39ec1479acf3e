// Faults of processes: each bites as process_faults.h says, and ends as it should.
#include <doctest/doctest.h>

#include <set>

#include "tests/fault/writers.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

// n1 starts a write every 10 ms, and its disk takes 100 ms for each: at 95 ms nine are under way.
Writing crashed_with(Unflushed unflushed, Torn torn, std::uint64_t seed) {
  Crash crash{only({n1})};
  crash.unflushed = unflushed;
  crash.torn = torn;
  Writing w({fault(95_ms, crash, 1_ms)}, seed, 1, Distribution::constant(100_ms));
  w.run_until(96_ms);
  return w;
}

std::vector<Duration> crash_times(Play& play, Duration end) {
  std::vector<Duration> times;
  play.run_until(end);
  for (const Occurrence& seen : play.stage.log.all) {
    if (seen.what == Sight::crashed) times.push_back(seen.at - Time{});
  }
  return times;
}

}  // namespace

TEST_CASE("what was not durable is lost, or survives as far as the crash says") {
  CHECK(crashed_with(Unflushed::lost, Torn::no, 1).recovered().empty());
  CHECK(crashed_with(Unflushed::all, Torn::no, 1).recovered() == up_to(9));
  std::set<std::size_t> prefixes;
  std::size_t empty_subsets = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Writing prefix = crashed_with(Unflushed::prefix, Torn::no, seed);
    CHECK(prefix.recovered() == up_to(prefix.recovered().size()));
    prefixes.insert(prefix.recovered().size());
    Writing subset = crashed_with(Unflushed::subset, Torn::no, seed);
    CHECK(subset.recovered() == up_to(subset.recovered().size()));
    CHECK(subset.acted().records_survived == subset.recovered().size());
    empty_subsets += subset.recovered().empty();
  }
  CHECK(prefixes.size() == 10);  // each number from 0 to 9
  CHECK(empty_subsets > 70);     // the first record is missing from every second subset
  CHECK(empty_subsets < 130);
}

TEST_CASE("what n2 hears is durable however much survives") {
  Crash crash{only({n1})};
  crash.unflushed = Unflushed::subset;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Writing w({fault(95_ms, crash, 1_ms)}, seed, 2, Distribution::uniform(1_ms, 30_ms));
    w.run_until(96_ms);
    CHECK(w.heard() <= w.recovered().size());
  }
}

TEST_CASE("a torn record ends the journal, unless nobody checks it") {
  Writing detected = crashed_with(Unflushed::lost, Torn::detected, 1);
  CHECK(detected.recovered().empty());
  CHECK(detected.acted().records_torn == 1);
  CHECK(!detected.fired().outside_model);

  Writing undetected = crashed_with(Unflushed::lost, Torn::undetected, 1);
  REQUIRE(undetected.recovered().size() == 1);
  CHECK(undetected.recovered()[0] != 1);
  CHECK(undetected.acted().records_mutated == 1);
  CHECK(undetected.fired().outside_model);

  // Nothing is lost, so nothing is torn.
  CHECK(crashed_with(Unflushed::all, Torn::undetected, 1).recovered() == up_to(9));
}

TEST_CASE("a node crashes before, between or after the records of a step") {
  for (const Duration flush : {0_ms, 3_ms}) {
    for (const std::uint64_t keep : {0u, 1u, 3u, 99u}) {
      CrashAtWrite crash{only({n1}), 2, keep, 15_ms};
      Writing w({fault(1_ms, crash)}, 1, 3, Distribution::constant(flush));
      w.run_until(34_ms);
      CHECK(!w.world().is_up(n1));
      CHECK(w.heard() == 3);  // the second step, at 20 ms, says nothing
      w.run_until(35_ms);
      CHECK(w.world().is_up(n1));
      CHECK(w.recovered() == up_to(3 + std::min<std::uint64_t>(keep, 3)));
      CHECK(w.acted().crashes_on_write == 1);
      w.run_until(1_s);
      CHECK(w.acted().crashes_on_write == 1);
    }
  }
}

TEST_CASE("what was written before the step that crashes is durable, and unsaid") {
  Writing w({fault(1_ms, CrashAtWrite{only({n1}), 3, 0, 1_ms})}, 1, 1, Distribution::constant(1_s));
  w.run_until(31_ms);
  CHECK(w.recovered() == up_to(2));
  CHECK(w.heard() == 0);
}

TEST_CASE("nodes crash one after the other if the fault is staggered, as it writes down") {
  Crash crash{only({n1, n2, n3, n4, n5})};
  crash.stagger = 100_ms;
  Play play({fault(1_s, crash, 500_ms)}, 3);
  const std::vector<Duration> times = crash_times(play, 2_s);
  REQUIRE(times.size() == 5);
  CHECK(times.front() >= 1_s);
  CHECK(times.back() <= 1100_ms);
  CHECK(times.front() < times.back());
  CHECK(play.world().life(n3) == Life{2});

  // The replay uses no dice.
  Fault again = play.director.fired().front().fault;
  CHECK(std::get<Crash>(again.action).offsets.size() == 5);
  again.after_event.reset();
  Play replay({again}, 3);
  CHECK(crash_times(replay, 2_s) == times);
  CHECK(replay.world().fingerprint() == play.world().fingerprint());

  crash.stagger = {};
  Play at_once({fault(1_s, crash, 500_ms)}, 3);
  CHECK(crash_times(at_once, 2_s) == std::vector<Duration>(5, 1_s));
}

TEST_CASE("in a restart storm a node dies so many times, and then stays up") {
  Play play(
      {fault(1_s, CrashLoop{only({n1, n2}), 3, 20_ms, 5_ms}), fault(2_s, Crash{only({n3})}, 1_s)});
  play.run_until(1_s);
  CHECK(!play.world().is_up(n1));
  play.run_until(1022_ms);
  CHECK(play.world().is_up(n1));
  play.run_until(1027_ms);
  CHECK(!play.world().is_up(n2));
  CHECK(play.director.healed_at() == std::nullopt);
  play.run_until(1999_ms);
  CHECK(play.world().life(n1) == Life{4});
  CHECK(play.world().is_up(n1));
  play.run_until(5_s);
  CHECK(play.director.healed_at() == Time{} + 3_s);

  // Its end comes first.
  Play cut_short({fault(1_s, CrashLoop{only({n1}), 1000, 20_ms, 5_ms}, 30_ms)});
  cut_short.run_until(2_s);
  CHECK(cut_short.world().is_up(n1));
  CHECK(cut_short.world().life(n1) == Life{3});
  CHECK(cut_short.director.healed_at() == Time{} + 1030_ms);
}

TEST_CASE("a slow node handles what arrives one after the other, in order") {
  std::vector<Puppet::Config> puppets(6);
  puppets[0].start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 10_ms); };
  puppets[0].bell = [](Puppet&, Bell, Step<Puppet>& step) {
    for (std::uint64_t i = 1; i <= 4; ++i) step.send(n2, Note{i});
  };
  puppets[1].start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 12_ms); };
  puppets[1].note = [](Puppet&, NodeId, std::uint64_t number, Step<Puppet>& step) {
    step.send(n3, Note{number});
  };
  const auto seen = [&](std::vector<Fault> schedule) {
    Play play(std::move(schedule), 1, puppets);
    play.run_until(100_ms);
    std::string text;
    for (const Occurrence& each : play.stage.log.all) {
      if (each.node != n2 || each.what == Sight::imposed || each.what == Sight::lifted) continue;
      text +=
          std::to_string((each.at - Time{}).ns / 1'000'000) + std::string(name_of(each.what)) + " ";
    }
    return std::pair(text, play.world().counters().misfortunes.steps_slowed);
  };
  CHECK(seen({}).first ==
        "11received 11sent 11received 11sent 11received 11sent 11received 11sent 12fired ");
  const auto slow = [](Duration service, Duration lasts) {
    return fault(5_ms, SlowNode{only({n2}), Distribution::constant(service)}, lasts);
  };
  const auto whole = seen({slow(3_ms, 90_ms)});
  CHECK(whole.first ==
        "14received 14sent 17received 17sent 20received 20sent 23received 23sent 26fired ");
  CHECK(whole.second == 5);
  // What still waits when the fault ends, at 15.5 ms, is handled then.
  CHECK(seen({slow(3_ms, 10'500_us)}).first ==
        "14received 14sent 15received 15sent 15received 15sent 15received 15sent 15fired ");
  CHECK(seen({slow(0_ms, 90_ms)}) == seen({}));
  // A crash empties the queue.
  CHECK(seen({slow(3_ms, 90_ms), fault(15_ms, Crash{only({n2})}, 1_ms)}).first ==
        "14received 14sent 15crashed 31fired ");
}

TEST_CASE("a wiped disk is empty, and a rolled back one is older") {
  Writing wiped({fault(95_ms, Wipe{only({n1})}, 2_ms)});
  wiped.run_until(98_ms);
  CHECK(wiped.heard() == 9);
  CHECK(wiped.recovered().empty());
  CHECK(wiped.acted().records_rolled_back == 9);
  CHECK(wiped.fired().outside_model);

  Rollback rollback{only({n1})};
  rollback.share = {1, 3};
  Writing third({fault(95_ms, rollback, 2_ms)});
  third.run_until(98_ms);
  CHECK(third.recovered() == up_to(6));
  CHECK(third.fired().outside_model);

  rollback.records = 1;
  Writing one({fault(95_ms, rollback, 2_ms)});
  one.run_until(98_ms);
  CHECK(one.recovered() == up_to(8));

  rollback.records = 0;
  rollback.share = {0, 1};
  Writing none({fault(95_ms, rollback, 2_ms)});
  Writing crash({fault(95_ms, Crash{only({n1})}, 2_ms)});
  none.run_until(200_ms);
  crash.run_until(200_ms);
  CHECK(none.world().fingerprint() == crash.world().fingerprint());
  CHECK(!none.fired().outside_model);
}

TEST_CASE("a node that a wipe and a crash hold down starts when the later one ends") {
  Play play({fault(1_s, Wipe{only({n1})}, 2_s), fault(2_s, Crash{only({n1})}, 3_s),
             fault(3500_ms, CrashLoop{only({n1}), 2, 100_ms, 100_ms})});
  play.run_until(4_s);
  CHECK(!play.world().is_up(n1));
  play.run_until(5_s);
  CHECK(play.world().is_up(n1));
  CHECK(play.world().life(n1) == Life{2});
}

TEST_CASE("a copy of a troubled world goes the same way") {
  std::vector<Fault> schedule{fault(15_ms, SlowNode{only({n2}), Distribution::uniform(1_ms, 9_ms)}),
                              fault(20_ms, LateTimers{only({n1}), Distribution::uniform({}, 9_ms)}),
                              fault(30_ms, DiskStall{only({n1})}, 60_ms)};
  Writing w(schedule, 4);
  w.run_until(50_ms);
  World copy = w.world();
  Director director = w.play.director;
  w.run_until(85_ms);
  while (copy.step(Time{} + 85_ms)) {
  }
  CHECK(copy.fingerprint() == w.world().fingerprint());
}
