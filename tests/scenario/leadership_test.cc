// How long a group was without a leader, and until when somebody had yet to hear of the new one.
#include "sim/scenario/leadership.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId leader_a{1};
constexpr NodeId leader_b{2};
constexpr NodeId third{3};

Time at(std::int64_t ms) { return Time{} + Duration{ms * 1'000'000}; }

// Node 1 leads in term 1 from 10 ms on, and all have heard from it at 12 ms.
Leadership led_by_the_first() {
  Leadership group;
  group.elected(Term{1}, leader_a, at(10), EventId{100}, {leader_b, third});
  group.received(leader_b, leader_a, EventId{100}, at(11));
  group.received(third, leader_a, EventId{100}, at(12));
  return group;
}

}  // namespace

TEST_CASE("leadership: the first leader of a run is waited for from its start") {
  const Leadership group = led_by_the_first();
  REQUIRE(group.longest());
  CHECK(group.longest()->elected == 10_ms);
  CHECK(group.longest()->followed == 12_ms);
  CHECK(group.longest()->term == Term{1});
  CHECK_FALSE(group.awaits());
}

TEST_CASE("leadership: after a crash it counts from the crash") {
  Leadership group = led_by_the_first();
  group.crashed(leader_a, at(100));
  CHECK(group.since() == Time::max());
  group.elected(Term{2}, leader_b, at(250), EventId{200}, {third});
  CHECK(group.awaits());
  group.received(third, leader_b, EventId{200}, at(253));
  CHECK(group.longest()->elected == 150_ms);
  CHECK(group.longest()->followed == 153_ms);
  CHECK(group.longest()->term == Term{2});
}

TEST_CASE("leadership: what a leader sent before it was one tells nobody of it") {
  Leadership group = led_by_the_first();
  group.stepped_down(Term{1}, leader_a, at(100));
  group.elected(Term{2}, leader_b, at(250), EventId{200}, {third});
  group.received(third, leader_b, EventId{199}, at(251));
  group.received(third, leader_a, EventId{201}, at(252));
  CHECK(group.awaits());
}

TEST_CASE("leadership: a leader that is deposed before all have heard from it ends no wait") {
  Leadership group = led_by_the_first();
  group.crashed(leader_a, at(100));
  group.elected(Term{2}, leader_b, at(250), EventId{200}, {third});
  group.stepped_down(Term{2}, leader_b, at(251));
  CHECK_FALSE(group.awaits());
  group.elected(Term{3}, third, at(400), EventId{300}, {leader_b});
  group.received(leader_b, third, EventId{300}, at(402));
  CHECK(group.longest()->elected == 300_ms);
  CHECK(group.longest()->followed == 302_ms);
}

TEST_CASE("leadership: of several changes the longest is kept") {
  Leadership group = led_by_the_first();
  group.stepped_down(Term{1}, leader_a, at(100));
  group.elected(Term{2}, leader_b, at(105), EventId{200}, {third});
  group.received(third, leader_b, EventId{200}, at(106));
  CHECK(group.longest()->term == Term{1});
  CHECK(group.since() == at(105));
}

TEST_CASE("leadership: nobody waits for a node that crashes") {
  Leadership group = led_by_the_first();
  group.crashed(leader_a, at(100));
  group.elected(Term{2}, leader_b, at(250), EventId{200}, {third});
  group.crashed(third, at(260));
  CHECK(group.longest()->followed == 160_ms);
}

TEST_CASE("leadership: taking over from a leader in office ends no wait that anybody saw begin") {
  Leadership group = led_by_the_first();
  group.elected(Term{2}, leader_b, at(250), EventId{200}, {third});
  CHECK(group.since() == at(250));
  CHECK_FALSE(group.awaits());
  group.stepped_down(Term{1}, leader_a, at(300));
  CHECK(group.since() == at(250));
  CHECK(group.longest()->term == Term{1});
}

TEST_CASE("leadership: a leader of an earlier term is none") {
  Leadership group = led_by_the_first();
  group.elected(Term{1}, leader_b, at(20), EventId{120}, {third});
  CHECK(group.since() == at(10));
}

TEST_CASE("leadership: a leader without others needs nobody to hear of it") {
  Leadership group;
  group.elected(Term{1}, leader_a, at(10), EventId{100}, {});
  CHECK(group.longest()->followed == 10_ms);
}
