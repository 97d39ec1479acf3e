#include "sim/check/consensus_checks.h"

#include <doctest/doctest.h>

#include "sim/check/digest_set.h"
#include "sim/check/slot_table.h"
#include "tests/support/claims.h"
#include "tests/support/print.h"

namespace ballast {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};
const Group trio{"server", {n1, n2, n3}};

Decided decided(std::uint64_t slot, std::uint64_t value) { return {{slot}, {value}}; }

TEST_CASE("agreement: nodes that decide the same are not accused") {
  Claims claims(make_agreement(trio));
  for (std::uint64_t slot = 1; slot <= 1000; ++slot) {
    for (const NodeId node : {n1, n2, n3}) claims.state(node, decided(slot, slot * 7));
  }
  claims.crash(n2);
  claims.state(n2, decided(1, 7));
  CHECK(claims.accepted());
}

TEST_CASE("agreement: two nodes that decide differently for one slot are named") {
  Claims claims(make_agreement(trio));
  claims.state(n1, decided(1, 5));
  const EventId first = claims.state(n1, decided(2, 6));
  claims.state(n3, decided(1, 5));
  const EventId second = claims.state(n3, decided(2, 8));
  const Violation& violation = claims.objection();
  CHECK(violation.property == "agreement");
  CHECK(violation.sentence ==
        "two values are decided for slot 2: n1 decided 6 at 0.002 s, n3 decided 8 at 0.004 s");
  CHECK(violation.witnesses == std::vector<EventId>{first, second});
  CHECK(violation.node == n3);
  CHECK(violation.at == Time{4'000'000});
}

TEST_CASE("agreement: it lasts over all time, also from one life of a node to the next") {
  Claims claims(make_agreement(trio));
  claims.state(n1, decided(1, 5));
  claims.crash(n1);
  claims.state(n1, decided(1, 6));
  CHECK(claims.objection().sentence ==
        "two values are decided for slot 1: n1 decided 5 at 0.001 s in its life 1, n1 decided 6 at "
        "0.002 s in its life 2");
}

TEST_CASE("agreement: slots may be skipped, come late, or lie far ahead") {
  Claims claims(make_agreement(trio));
  for (const std::uint64_t slot : {3u, 1u, 5'000u, 4'000'000'000u, 200u}) {
    claims.state(n1, decided(slot, slot));
  }
  for (std::uint64_t slot = 1; slot <= 6000; ++slot) claims.state(n2, decided(slot, slot));
  CHECK(claims.accepted());
  claims.state(n3, decided(4'000'000'000u, 1));
  CHECK(!claims.accepted());
}

TEST_CASE("agreement: a copy of the checker remembers what the original heard") {
  Claims claims(make_agreement(trio));
  claims.state(n1, decided(1, 5));
  claims.fork();
  claims.state(n2, decided(1, 6));
  CHECK(claims.objection().witnesses == std::vector<EventId>{{1}, {2}});
}

TEST_CASE("validity: what was proposed may be decided, by any node and again") {
  Claims claims(make_validity(trio));
  for (std::uint64_t value = 0; value <= 1000; ++value) claims.state(n1, Proposed{{value}});
  for (std::uint64_t value = 0; value <= 1000; ++value) {
    claims.state(n2, decided(value + 1, value));
    claims.state(n3, decided(value + 1, value));
  }
  CHECK(claims.accepted());
}

TEST_CASE("validity: a value that nobody proposed may not be decided") {
  Claims claims(make_validity(trio));
  claims.state(n1, Proposed{{5}});
  claims.state(n2, decided(1, 5));
  SUBCASE("a small one, which is the value itself") {
    claims.state(n3, decided(1, 6));
    CHECK(claims.objection().sentence ==
          "n3 decided 6 for slot 1 at 0.003 s, which nobody had proposed");
  }
  SUBCASE("zero") { claims.state(n3, decided(1, 0)); }
  SUBCASE("a hash, which is shown as one") {
    claims.state(n3, decided(1, 0xABCDEF0123456789u));
    CHECK(claims.objection().sentence ==
          "n3 decided #abcdef0123456789 for slot 1 at 0.003 s, which nobody had proposed");
  }
  SUBCASE("a negative one") {
    claims.state(n3, decided(1, static_cast<std::uint64_t>(-4)));
    CHECK(claims.objection().sentence ==
          "n3 decided -4 for slot 1 at 0.003 s, which nobody had proposed");
  }
  CHECK(claims.objection().property == "validity");
}

TEST_CASE("validity: to be proposed later is too late") {
  Claims claims(make_validity(trio));
  claims.state(n1, decided(1, 5));
  claims.state(n1, Proposed{{5}});
  CHECK(!claims.accepted());
}

TEST_CASE("integrity: a node decides a slot once in each life") {
  Claims claims(make_integrity(trio));
  for (std::uint64_t slot = 1; slot <= 100; ++slot) claims.state(n1, decided(slot, slot));
  claims.state(n2, decided(1, 99));  // two nodes that differ are the business of agreement
  claims.crash(n1);
  for (std::uint64_t slot = 1; slot <= 150; ++slot) claims.state(n1, decided(slot, slot));
  CHECK(claims.accepted());
}

TEST_CASE("integrity: deciding a slot twice in one life is objected to, even the same value") {
  Claims claims(make_integrity(trio));
  claims.state(n2, decided(3, 5));
  claims.state(n2, decided(4, 5));
  claims.state(n2, decided(3, 5));
  const Violation& violation = claims.objection();
  CHECK(violation.property == "integrity");
  CHECK(violation.sentence == "n2 decided slot 3 twice in one life: 5 at 0.001 s, 5 at 0.003 s");
  CHECK(violation.witnesses == std::vector<EventId>{{1}, {3}});
}

TEST_CASE("integrity: a node may not change its decision in a later life") {
  Claims claims(make_integrity(trio));
  claims.state(n2, decided(3, 5));
  claims.crash(n2);
  claims.state(n2, decided(3, 5));
  claims.crash(n2);
  claims.state(n2, decided(3, 6));
  CHECK(claims.objection().sentence ==
        "n2 decided slot 3 differently in two lives: 5 at 0.002 s, 6 at 0.003 s");
  CHECK(claims.objection().witnesses == std::vector<EventId>{{2}, {3}});
}

TEST_CASE("a digest set holds what was put in and nothing else, through all its growth") {
  DigestSet set;
  CHECK(!set.contains({0}));
  CHECK(!set.contains({1}));
  for (std::uint64_t i = 0; i < 5000; ++i) {
    set.insert({i * i});
    set.insert({i * i});
  }
  for (std::uint64_t i = 1; i < 5000; ++i) {
    CHECK(set.contains({i * i}));
    CHECK(!set.contains({i * i + 1}));  // no two squares but 0 and 1 are neighbours
  }
  CHECK(set.contains({0}));
}

TEST_CASE("a slot table keeps every element, in whatever order slots come") {
  SlotTable<std::uint64_t> table;
  const std::uint64_t slots[] = {70, 2, 64, 1'000'000'000'000, 130, 129, 1, 0};
  for (const std::uint64_t slot : slots) table[{slot}] = slot + 1;
  for (std::uint64_t slot = 1; slot <= 300; ++slot) CHECK(table[{slot}] <= slot + 1);
  for (const std::uint64_t slot : slots) CHECK(table[{slot}] == slot + 1);
}

}  // namespace
}  // namespace ballast
