#include "sim/check/paxos_checks.h"

#include <doctest/doctest.h>

#include "tests/support/claims.h"
#include "tests/support/print.h"

namespace ballast {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};
constexpr NodeId n4{4};
constexpr NodeId n5{5};
const Group trio{"server", {n1, n2, n3}};
const Group quintet{"server", {n1, n2, n3, n4, n5}};

constexpr Ballot ballot(std::uint64_t round, NodeId proposer) { return {round, proposer}; }
constexpr Ballot b1 = ballot(1, n1);
constexpr Ballot b2 = ballot(2, n2);
constexpr Ballot b3 = ballot(3, n3);

Promised promised(Ballot b) { return {b, {}, {}}; }
AcceptAsked asked(Ballot b, std::uint64_t value) { return {b, {value}}; }
Accepted accepted(Ballot b, std::uint64_t value) { return {b, {value}}; }

// What a run of correct Paxos says: n1 gets 5 accepted by n1 alone, then n2 gets 7 chosen by n2 and
// n3, and n1, in a third ballot, has to take that over.
void tell_correct_run(Claims& claims) {
  claims.state(n1, promised(b1));
  claims.state(n2, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n1, accepted(b1, 5));
  claims.state(n3, promised(b2));
  claims.state(n2, promised(b2));
  claims.state(n2, promised(b2));  // again, for a request that came twice
  claims.state(n2, asked(b2, 7));
  claims.state(n2, accepted(b2, 7));
  claims.crash(n2);
  claims.state(n3, accepted(b2, 7));
  claims.state(n1, promised(ballot(3, n1)));
  claims.state(n2, promised(ballot(3, n1)));
  claims.state(n1, asked(ballot(3, n1), 7));
  claims.state(n1, accepted(ballot(3, n1), 7));
  claims.state(n1, accepted(ballot(3, n1), 7));
  claims.state(n3, accepted(ballot(3, n1), 7));  // without having promised it
}

TEST_CASE("a correct run is not accused by any Paxos check") {
  for (const auto make : {make_one_value_per_ballot, make_votes_safe, make_promise_never_lowered}) {
    Claims claims(make(trio));
    tell_correct_run(claims);
    CHECK(claims.accepted());
  }
}

TEST_CASE("one value per ballot: two values asked for in one ballot") {
  Claims claims(make_one_value_per_ballot(trio));
  claims.state(n1, asked(b1, 5));
  claims.state(n2, asked(b2, 7));
  claims.state(n1, asked(b1, 6));
  const Violation& violation = claims.objection();
  CHECK(violation.property == "one_value_per_ballot");
  CHECK(violation.sentence ==
        "two values in ballot 1.n1: n1 asked for 5 at 0.001 s, n1 asked for 6 at 0.003 s");
  CHECK(violation.witnesses == std::vector<EventId>{{1}, {3}});
}

TEST_CASE("one value per ballot: accepting what was not asked for") {
  Claims claims(make_one_value_per_ballot(trio));
  claims.state(n1, asked(b1, 5));
  claims.state(n2, accepted(b1, 5));
  claims.state(n3, accepted(b1, 6));
  CHECK(claims.objection().sentence ==
        "two values in ballot 1.n1: n1 asked for 5 at 0.001 s, n3 accepted 6 at 0.003 s");
}

TEST_CASE("one value per ballot: without ballots all proposals are in ballot 0") {
  Claims claims(make_one_value_per_ballot(trio));
  claims.state(n1, asked({}, 5));
  claims.state(n2, asked({}, 6));
  CHECK(claims.objection().sentence ==
        "two values in ballot 0: n1 asked for 5 at 0.001 s, n2 asked for 6 at 0.002 s");
}

TEST_CASE("promise never lowered: a promise below a promise") {
  Claims claims(make_promise_never_lowered(trio));
  claims.state(n1, promised(b2));
  claims.state(n3, promised(b1));
  claims.state(n1, promised(b1));
  const Violation& violation = claims.objection();
  CHECK(violation.property == "promise_never_lowered");
  CHECK(violation.sentence ==
        "n1 promised ballot 1.n1 at 0.003 s, although it had promised ballot 2.n2 at 0.001 s");
  CHECK(violation.witnesses == std::vector<EventId>{{1}, {3}});
}

TEST_CASE("promise never lowered: an acceptance below a promise, and a crash is no excuse") {
  Claims claims(make_promise_never_lowered(trio));
  claims.state(n1, promised(b2));
  claims.crash(n1);
  claims.state(n1, accepted(b1, 5));
  CHECK(claims.objection().sentence ==
        "n1 accepted 5 in ballot 1.n1 at 0.002 s, although it had promised ballot 2.n2 at 0.001 s, "
        "before a crash");
}

TEST_CASE("promise never lowered: to accept is to promise") {
  Claims claims(make_promise_never_lowered(trio));
  claims.state(n1, accepted(b2, 5));
  SUBCASE("nothing is accepted below it") { claims.state(n1, accepted(b1, 5)); }
  SUBCASE("nothing is promised below it") { claims.state(n1, promised(b1)); }
  CHECK(!claims.accepted());
}

TEST_CASE("votes safe: a proposal without promises of a majority") {
  Claims claims(make_votes_safe(trio));
  claims.state(n1, promised(b2));
  SUBCASE("of one acceptor only") {
    claims.state(n2, promised(b1));
    claims.state(n2, asked(b2, 7));
    CHECK(claims.objection().property == "votes_safe");
    CHECK(claims.objection().sentence ==
          "n2 asked for 7 in ballot 2.n2 at 0.003 s, but only n1 has promised that ballot: another "
          "value can still be chosen below it");
  }
  SUBCASE("of none") {
    claims.state(n3, asked(b3, 7));
    CHECK(claims.objection().sentence ==
          "n3 asked for 7 in ballot 3.n3 at 0.002 s, but no acceptor has promised that ballot: "
          "another value can still be chosen below it");
  }
}

TEST_CASE("votes safe: another value is chosen in a lower ballot") {
  Claims claims(make_votes_safe(trio));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n1, accepted(b1, 5));
  claims.state(n2, accepted(b1, 5));
  for (const NodeId node : {n2, n3}) claims.state(node, promised(b2));
  SUBCASE("the same value is safe") {
    claims.state(n2, asked(b2, 5));
    CHECK(claims.accepted());
  }
  SUBCASE("another one is not") {
    claims.state(n2, asked(b2, 7));
    CHECK(claims.objection().sentence ==
          "n2 asked for 7 in ballot 2.n2 at 0.008 s, but 5 is chosen in ballot 1.n1: n1 and n2 "
          "accepted it");
    CHECK(claims.objection().witnesses == std::vector<EventId>{{4}, {5}, {8}});
  }
  SUBCASE("nor if it is accepted without having been asked for") {
    claims.state(n3, accepted(b2, 7));
    CHECK(claims.objection().sentence ==
          "n3 accepted 7 in ballot 2.n2 at 0.008 s, but 5 is chosen in ballot 1.n1: n1 and n2 "
          "accepted it");
  }
  SUBCASE("nor in a ballot far above") {
    for (const NodeId node : {n1, n3}) claims.state(node, promised(ballot(9, n3)));
    claims.state(n3, asked(ballot(9, n3), 7));
    CHECK(!claims.accepted());
  }
}

TEST_CASE("votes safe: another value can still be chosen in a lower ballot") {
  Claims claims(make_votes_safe(trio));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n2, accepted(b1, 5));
  SUBCASE("as long as a majority is free to vote for it") {
    for (const NodeId node : {n2, n3}) claims.state(node, promised(b2));
    claims.state(n2, asked(b2, 7));
    CHECK(claims.objection().sentence ==
          "n2 asked for 7 in ballot 2.n2 at 0.007 s, but 5 can still be chosen in ballot 1.n1: n2 "
          "accepted it, n1 may yet");
    CHECK(claims.objection().witnesses == std::vector<EventId>{{4}, {7}});
  }
  SUBCASE("and not once the others have promised not to") {
    for (const NodeId node : {n1, n3}) claims.state(node, promised(b2));
    claims.state(n2, asked(b2, 7));
    CHECK(claims.accepted());
  }
}

TEST_CASE("votes safe: the value of the highest ballot counts, not the largest value") {
  // n1 alone accepts 9 in ballot 1, n2 and n3 choose 5 in ballot 2; ballot 3 hears from n1 and n2.
  Claims claims(make_votes_safe(trio));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 9));
  claims.state(n1, accepted(b1, 9));
  for (const NodeId node : {n2, n3}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 5));
  claims.state(n2, accepted(b2, 5));
  claims.state(n3, accepted(b2, 5));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b3));
  CHECK(claims.accepted());
  claims.state(n3, asked(b3, 9));
  CHECK(claims.objection().sentence ==
        "n3 asked for 9 in ballot 3.n3 at 0.012 s, but 5 is chosen in ballot 2.n2: n2 and n3 "
        "accepted it");
}

TEST_CASE("votes safe: a late vote below a promise makes a higher proposal unsafe") {
  Claims claims(make_votes_safe(trio));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n1, accepted(b1, 5));
  for (const NodeId node : {n2, n3}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 7));
  CHECK(claims.accepted());
  claims.state(n2, accepted(b1, 5));
  CHECK(claims.objection().sentence ==
        "n2 asked for 7 in ballot 2.n2 at 0.007 s, but now 5 is chosen in ballot 1.n1: n1 and n2 "
        "accepted it");
  CHECK(claims.objection().witnesses == std::vector<EventId>{{4}, {7}, {8}});
}

TEST_CASE("votes safe: an acceptor that took back its promise is still held to it") {
  Claims claims(make_votes_safe(trio));
  for (const NodeId node : {n1, n2}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n1, accepted(b1, 5));
  for (const NodeId node : {n2, n3}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 7));
  claims.state(n2, promised(b1));
  CHECK(claims.accepted());
  claims.state(n2, accepted(b1, 5));
  CHECK(!claims.accepted());
}

TEST_CASE("votes safe: to accept is to promise") {
  Claims claims(make_votes_safe(quintet));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  claims.state(n1, accepted(b1, 5));
  for (const NodeId node : {n2, n3, n4, n5}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 7));
  claims.state(n2, accepted(b2, 7));  // without having promised it
  claims.state(n3, accepted(b1, 5));  // below its promise, but n1 and n3 are no majority
  CHECK(claims.accepted());
  claims.state(n2, accepted(b1, 5));
  CHECK(claims.objection().sentence ==
        "n2 asked for 7 in ballot 2.n2 at 0.009 s, but now 5 is chosen in ballot 1.n1: n1, n2 and "
        "n3 accepted it");
}

TEST_CASE("votes safe: all lower ballots count, not only the next one") {
  Claims claims(make_votes_safe(quintet));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, accepted(b1, 5));
  for (const NodeId node : {n2, n3, n4, n5}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 5));
  claims.state(n4, accepted(b2, 5));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, promised(b3));
  claims.state(n3, asked(b3, 7));
  CHECK(claims.objection().sentence ==
        "n3 asked for 7 in ballot 3.n3 at 0.016 s, but 5 is chosen in ballot 1.n1: n1, n2 and n3 "
        "accepted it");
}

TEST_CASE("votes safe: facts that come late from slow disks accuse nobody") {
  // n1 was outside both majorities. What it did in ballot 1 is told after ballot 2 was asked for.
  Claims claims(make_votes_safe(quintet));
  for (const NodeId node : {n2, n3, n4}) claims.state(node, promised(b1));
  claims.state(n1, asked(b1, 5));
  for (const NodeId node : {n2, n3, n4, n5}) claims.state(node, promised(b2));
  claims.state(n2, asked(b2, 7));
  claims.state(n1, accepted(b1, 5));
  claims.state(n2, accepted(b1, 5));
  claims.state(n5, accepted(b2, 7));
  claims.state(n4, accepted(b2, 7));
  claims.state(n3, accepted(b2, 7));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, promised(b3));
  claims.state(n3, asked(b3, 7));
  CHECK(claims.accepted());
}

TEST_CASE("votes safe: in a group of four two promises bar a lower majority of three") {
  const Group quartet{"server", {n1, n2, n3, n4}};
  Claims claims(make_votes_safe(quartet));
  claims.state(n1, promised(b2));
  SUBCASE("two are enough") {
    claims.state(n2, promised(b2));
    claims.state(n2, asked(b2, 7));
    CHECK(claims.accepted());
  }
  SUBCASE("one is not") {
    claims.state(n2, asked(b2, 7));
    CHECK(!claims.accepted());
  }
}

TEST_CASE("votes safe: a copy of the checker remembers what the original heard") {
  Claims claims(make_votes_safe(trio));
  claims.state(n1, promised(b2));
  claims.fork();
  claims.state(n2, promised(b2));
  claims.state(n2, asked(b2, 7));
  CHECK(claims.accepted());
}

TEST_CASE("votes safe: in each slot those count who have a say there") {
  const auto in_slot = [](std::uint64_t slot, Ballot b, std::uint64_t value) {
    return SlotAccepted{Slot{slot}, b, {value}};
  };
  // 5 is chosen in the slot by n1 and n2 if these and n3 have a say, and all but n1 have promised
  // more.
  const auto tell = [&](Claims& claims, std::uint64_t slot) {
    claims.state(n1, VotersChanged{Slot{0}, 0b00111});
    claims.state(n1, VotersChanged{Slot{10}, 0b11111});
    for (const NodeId node : quintet.nodes) claims.state(node, promised(b1));
    claims.state(n1, in_slot(slot, b1, 5));
    claims.state(n2, in_slot(slot, b1, 5));
    for (const NodeId node : {n2, n3, n4, n5}) claims.state(node, promised(b2));
    claims.state(n2, SlotAsked{Slot{slot}, b2, {7}});
  };
  Claims before(make_votes_safe(quintet));
  tell(before, 9);
  REQUIRE_FALSE(before.accepted());
  CHECK(before.objection().sentence.find("is chosen in ballot") != std::string::npos);
  Claims after(make_votes_safe(quintet));
  tell(after, 10);
  CHECK(after.accepted());
}

}  // namespace
}  // namespace ballast
