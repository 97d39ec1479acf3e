// Faults of disks: each bites as storage_faults.h and condition.h say, and ends as it should.
#include <doctest/doctest.h>

#include "tests/fault/writers.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

Distribution constantly(Duration flush) { return Distribution::constant(flush); }

// Crashes n1 at `at` and restarts it a millisecond later.
Fault crash_at(Duration at) { return fault(at, Crash{only({n1})}, 1_ms); }

}  // namespace

TEST_CASE("a stalled disk completes nothing, and afterwards everything in order") {
  for (const Duration flush : {0_ms, 1_ms}) {
    Writing with({fault(35_ms, DiskStall{only({n1})}, 60_ms)}, 1, 1, constantly(flush));
    Writing without({}, 1, 1, constantly(flush));
    with.run_until(94_ms);
    without.run_until(94_ms);
    CHECK(with.heard() == 3);
    CHECK(without.heard() == 9);
    with.run_until(98_ms);
    CHECK(with.heard() == 9);
    CHECK(with.acted().flushes_stalled == 6);
    CHECK(with.world().durable(n1) == 9);
  }
}

TEST_CASE("what a stalled disk owes is lost in a crash") {
  Writing w({fault(35_ms, DiskStall{only({n1})}, 200_ms), crash_at(95_ms)});
  w.run_until(400_ms);
  CHECK(w.world().counters().records_lost == 6);
  CHECK(w.recovered() == up_to(3));
  CHECK(w.heard() > 9);  // after the stall everything goes on
}

TEST_CASE("stalls that overlap end with the last of them") {
  Writing w(
      {fault(35_ms, DiskStall{only({n1})}, 30_ms), fault(45_ms, DiskStall{only({n1})}, 50_ms)});
  w.run_until(94_ms);
  CHECK(w.heard() == 3);
  w.run_until(97_ms);
  CHECK(w.heard() == 9);
}

TEST_CASE("a lying disk says that a write is durable, and a crash shows that it was not") {
  const auto slow = constantly(30_ms);
  Writing lie({fault(5_ms, LyingDisk{only({n1})}, 500_ms), crash_at(95_ms)}, 1, 1, slow);
  lie.run_until(94_ms);
  CHECK(lie.heard() == 9);  // at once, whatever a flush takes
  lie.run_until(96_ms);
  CHECK(lie.recovered().empty());  // n2 relies on records that do not exist
  CHECK(lie.acted().records_betrayed == 9);
  CHECK(lie.acted().flushes_lied == 9);
  CHECK(lie.fired().outside_model);

  Writing truth({crash_at(95_ms)}, 1, 1, slow);
  truth.run_until(96_ms);
  CHECK(truth.heard() <= truth.recovered().size());
  CHECK(truth.acted().records_betrayed == 0);
  CHECK(!truth.fired().outside_model);

  // What was said becomes true when the lie ends.
  Writing kept({fault(5_ms, LyingDisk{only({n1})}, 80_ms), crash_at(88_ms)});
  kept.run_until(89_ms);
  CHECK(kept.recovered() == up_to(8));
  CHECK(kept.acted().records_betrayed == 0);
}

TEST_CASE("at a write error the node falls, and what was not durable is lost") {
  for (const Duration flush : {0_ms, 15_ms}) {
    Writing w({fault(5_ms, WriteError{only({n1}), 4, 20_ms})}, 1, 1, constantly(flush));
    w.run_until(39_ms);
    CHECK(w.world().is_up(n1));
    w.run_until(40_ms);
    CHECK(!w.world().is_up(n1));
    const std::uint64_t durable = flush == 0_ms ? 3 : 1;  // 25 ms, 40 ms: the faults come first
    w.run_until(59_ms);
    CHECK(!w.world().is_up(n1));
    CHECK(w.heard() <= 3);
    w.run_until(60_ms);
    CHECK(w.world().is_up(n1));
    CHECK(w.recovered().size() >= durable);
    CHECK(w.recovered().size() <= 3);
    CHECK(w.acted().writes_failed == 1);
    w.run_until(500_ms);
    CHECK(w.acted().writes_failed == 1);  // once
    CHECK(w.heard() > 10);
  }
  Writing down({fault(5_ms, WriteError{only({n1}), 1})});
  down.run_until(5_s);
  CHECK(!down.world().is_up(n1));
  Writing never({fault(5_ms, WriteError{only({n1}), 4}, 20_ms)});
  never.run_until(100_ms);
  CHECK(never.world().is_up(n1));  // the fault ended before the fourth write
}

TEST_CASE("a crash by somebody else takes a fallen node over") {
  Writing w(
      {fault(5_ms, WriteError{only({n1}), 1, 20_ms}), fault(15_ms, Crash{only({n1})}, 100_ms)});
  w.run_until(114_ms);
  CHECK(!w.world().is_up(n1));
  w.run_until(115_ms);
  CHECK(w.world().is_up(n1));
  CHECK(w.world().counters().restarts == 1);
}

TEST_CASE("a node whose disk is full falls at each write, and returns when there is room") {
  Writing w({fault(35_ms, DiskFull{only({n1})}, 100_ms), fault(60_ms, Restart{only({n1})})});
  w.run_until(40_ms);
  CHECK(!w.world().is_up(n1));
  CHECK(w.heard() == 3);
  w.run_until(60_ms);
  CHECK(w.world().is_up(n1));
  w.run_until(70_ms);
  CHECK(!w.world().is_up(n1));  // its next write
  CHECK(w.acted().writes_failed == 2);
  w.run_until(134_ms);
  CHECK(!w.world().is_up(n1));
  w.run_until(135_ms);
  CHECK(w.world().is_up(n1));
  CHECK(w.recovered() == up_to(3));
  w.run_until(150_ms);
  CHECK(w.heard() == 4);
}

TEST_CASE("a node that finds a rotten record refuses to start, for good") {
  Writing w(
      {fault(55_ms, BitRot{only({n1})}), crash_at(95_ms), fault(200_ms, Restart{only({n1})})});
  w.run_until(94_ms);
  CHECK(w.heard() == 9);  // nobody has noticed
  CHECK(w.acted().records_unreadable == 0);
  w.run_until(300_ms);
  CHECK(!w.world().is_up(n1));
  CHECK(w.world().refuses_to_start(n1));
  CHECK(w.acted().starts_refused == 2);
  CHECK(!w.fired().outside_model);
  // Which record it was is written down.
  const auto& rot = std::get<BitRot>(w.fired().fault.action);
  REQUIRE(rot.records.size() == 1);
  CHECK(rot.records[0] < 5);
}

TEST_CASE("a rotten record ends the journal, or comes back changed") {
  const auto rotted = [](Finding finding) {
    return Writing({fault(55_ms, BitRot{only({n1}), finding, {2}}), crash_at(95_ms)});
  };
  Writing truncated = rotted(Finding::truncate);
  truncated.run_until(96_ms);
  CHECK(truncated.recovered() == up_to(2));
  CHECK(truncated.acted().records_rolled_back == 7);
  CHECK(truncated.fired().outside_model);

  Writing changed = rotted(Finding::undetected);
  changed.run_until(96_ms);
  REQUIRE(changed.recovered().size() == 9);
  CHECK(changed.recovered()[2] != 3);
  CHECK(changed.recovered()[1] == 2);
  CHECK(changed.recovered()[3] == 4);
  CHECK(changed.acted().records_mutated == 1);
  CHECK(changed.fired().outside_model);
}

TEST_CASE("a rotten record that a crash loses anyway hurts nobody") {
  Writing w({fault(55_ms, BitRot{only({n1}), Finding::refuse, {3}}),
             fault(60_ms, Wipe{only({n1})}, 1_ms)});
  w.run_until(70_ms);
  CHECK(w.world().is_up(n1));
  CHECK(w.acted().starts_refused == 0);
}

TEST_CASE("bit rot waits for a durable record") {
  Writing w({fault(5_ms, BitRot{only({n1, n3})})});
  w.run_until(9_ms);
  CHECK(w.play.director.is_waiting());
  w.run_until(10_ms);
  REQUIRE(!w.play.director.is_waiting());
  const auto& rot = std::get<BitRot>(w.fired().fault.action);
  CHECK(rot.nodes == only({n1}));
  CHECK(rot.records == std::vector<std::uint64_t>{0});
}

TEST_CASE("a misdirected write damages two records") {
  const auto misdirected = [](Finding finding) {
    return Writing(
        {fault(75_ms, MisdirectedWrite{only({n1}), finding, {4}, {1}}), crash_at(95_ms)});
  };
  Writing refused = misdirected(Finding::refuse);
  refused.run_until(100_ms);
  CHECK(!refused.world().is_up(n1));
  CHECK(refused.acted().starts_refused == 1);

  Writing truncated = misdirected(Finding::truncate);
  truncated.run_until(96_ms);
  CHECK(truncated.recovered() == up_to(1));

  Writing swapped = misdirected(Finding::undetected);
  swapped.run_until(96_ms);
  CHECK(swapped.recovered() == std::vector<std::uint64_t>{1, 5, 3, 4});
  CHECK(swapped.fired().outside_model);

  Writing drawn({fault(15_ms, MisdirectedWrite{only({n1})})});
  drawn.run_until(19_ms);
  CHECK(drawn.play.director.is_waiting());  // one record has no place to go to
  drawn.run_until(20_ms);
  const auto& write = std::get<MisdirectedWrite>(drawn.fired().fault.action);
  CHECK(write.onto == std::vector<std::uint64_t>{0});
  CHECK(write.records == std::vector<std::uint64_t>{1});
}

TEST_CASE("bounded damage hits a minority and never more in one run") {
  std::vector<Fault> schedule;
  for (const NodeId node : {n3, n4, n5, n3}) {
    const auto at = static_cast<std::int64_t>(schedule.size() + 1) * 100_ms;
    schedule.push_back(fault(at, Wipe{only({node})}, 10_ms));
  }
  schedule.push_back(fault(600_ms, LyingDisk{only({n1, n4})}, 10_ms));
  schedule.push_back(fault(700_ms, Wipe{only({n1}), false}, 10_ms));
  Play play(schedule);
  play.run_until(1_s);
  REQUIRE(play.director.fired().size() == 6);
  const auto& fired = play.director.fired();
  CHECK(fired[0].fired);
  CHECK(fired[1].fired);
  CHECK(!fired[2].fired);
  CHECK(!fired[2].why.empty());
  CHECK(play.world().life(n5) == Life{1});
  CHECK(fired[3].fired);  // it is damaged already
  CHECK(std::get<LyingDisk>(fired[4].fault.action).nodes == only({n4}));
  CHECK(fired[5].fired);
  CHECK(play.world().life(n1) == Life{2});
  CHECK(play.director.healed_at() == Time{} + 710_ms);
}

TEST_CASE("a slow disk is slow while the fault lasts") {
  Writing w({fault(25_ms, SlowDisk{only({n1}), constantly(100_ms)}, 40_ms)});
  w.run_until(64_ms);
  CHECK(w.heard() == 2);
  CHECK(w.acted().flushes_slowed == 4);  // one after the other: it would take until 430 ms
  w.run_until(66_ms);
  CHECK(w.heard() == 6);  // but the disk is as fast as before
  w.run_until(106_ms);
  CHECK(w.heard() == 10);
}
