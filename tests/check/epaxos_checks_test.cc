#include "sim/check/epaxos_checks.h"

#include <doctest/doctest.h>

#include "tests/support/claims.h"
#include "tests/support/print.h"

namespace ballast::epaxos_checks_test {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};
const Group trio{"server", {n1, n2, n3}};
constexpr Instance first{n1, 1};
constexpr Instance second{n2, 1};
constexpr Ballot later{1, n3};
constexpr Ballot latest{2, n2};

InstanceCommitted committed(Instance instance, std::uint64_t value, std::uint64_t attributes = 5,
                            Ballot ballot = {}) {
  return {instance, ballot, {value}, attributes};
}
InstanceAccepted accepted(Instance instance, std::uint64_t value, std::uint64_t attributes = 5,
                          Ballot ballot = {}) {
  return {instance, ballot, {value}, attributes};
}
InstanceExecuted changed(Instance instance, std::uint64_t value, std::uint64_t key = 1) {
  return {instance, {value}, key, false};
}
InstanceExecuted read(Instance instance, std::uint64_t value, std::uint64_t key = 1) {
  return {instance, {value}, key, true};
}

// n1 commits its first instance on the fast path and crashes. n3 recovers that of n2, of which it
// accepts what n2 had accepted, and everybody executes both, n1 once more after its crash.
void tell_correct_run(Claims& claims) {
  claims.state(n1, Proposed{{10}});
  claims.state(n2, Proposed{{20}});
  claims.state(n1, committed(first, 10));
  claims.state(n1, changed(first, 10));
  claims.crash(n1);
  claims.state(n2, accepted(second, 20));
  claims.state(n2, BallotJoined{second, later});
  claims.state(n3, BallotJoined{second, later});
  claims.state(n3, accepted(second, 20, 5, later));
  claims.state(n2, accepted(second, 20, 5, later));
  claims.state(n3, committed(second, 20, 5, later));
  claims.state(n3, committed({n1, 2}, 0, 6, later));
  for (const NodeId node : {n2, n3, n1}) {
    claims.state(node, committed(first, 10));
    claims.state(node, changed(first, 10));
    claims.state(node, committed(second, 20, 5, later));
    claims.state(node, changed(second, 20));
  }
}

TEST_CASE("a correct run is not accused by any check of EPaxos") {
  for (const auto make :
       {make_nontriviality, make_stability, make_consistency, make_execution_consistency,
        make_ballot_monotonic, make_committed_is_final}) {
    Claims claims(make(trio));
    tell_correct_run(claims);
    CHECK(claims.accepted());
  }
}

TEST_CASE("nontriviality: a command that nobody proposed; a no-op is none") {
  Claims claims(make_nontriviality(trio));
  claims.state(n1, Proposed{{10}});
  claims.state(n2, committed(first, 10));
  claims.state(n2, committed(second, 0));
  CHECK(claims.accepted());
  claims.state(n2, committed({n3, 1}, 11));
  CHECK(claims.objection().sentence ==
        "n2 committed 11 in instance n3.1 at 0.004 s, which nobody had proposed");
}

TEST_CASE("stability: a replica commits something else, or accepts again, after a crash") {
  Claims claims(make_stability(trio));
  const EventId before = claims.state(n1, committed(first, 10));
  claims.state(n2, accepted(first, 10));
  claims.crash(n1);
  claims.state(n1, committed(first, 10));
  CHECK(claims.accepted());
  const EventId after = claims.state(n1, accepted(first, 10, 5, later));
  CHECK(claims.objection().witnesses == std::vector{before, after});
  Claims others(make_stability(trio));
  others.state(n1, committed(first, 10));
  others.state(n1, committed(first, 10, 6));
  CHECK_FALSE(others.accepted());
}

TEST_CASE("consistency: two commands in an instance, or two sets of attributes") {
  Claims claims(make_consistency(trio));
  claims.state(n1, committed(first, 10));
  claims.state(n2, committed(second, 20));
  claims.state(n3, committed(first, 10));
  CHECK(claims.accepted());
  claims.state(n2, committed(first, 0));
  CHECK(claims.objection().sentence ==
        "two commands are committed in instance n1.1: n1 committed 10 at 0.001 s, n2 committed a "
        "no-op at 0.004 s");
  Claims attributes(make_consistency(trio));
  attributes.state(n1, committed(first, 10, 5));
  attributes.state(n2, committed(first, 10, 6));
  CHECK_FALSE(attributes.accepted());
}

TEST_CASE("execution consistency: two changes of a key in two orders") {
  Claims claims(make_execution_consistency(trio));
  claims.state(n1, committed(first, 10));
  claims.state(n1, committed(second, 20));
  claims.state(n1, changed(first, 10));
  claims.state(n2, changed(first, 10));
  claims.state(n1, changed(second, 20));
  claims.state(n3, changed(first, 10));
  CHECK(claims.accepted());
  // From the beginning after a crash, and in the same order.
  claims.crash(n1);
  claims.state(n1, changed(first, 10));
  CHECK(claims.accepted());
  claims.state(n1, changed(first, 10));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("execution consistency: a read among changes, and what does not interfere") {
  Claims claims(make_execution_consistency(trio));
  for (std::uint64_t i = 1; i <= 3; ++i) claims.state(n1, committed({n1, i}, i));
  claims.state(n1, changed({n1, 1}, 1, 1));
  claims.state(n1, changed({n1, 2}, 2, 2));
  claims.state(n1, read({n1, 3}, 3, 1));
  claims.state(n2, changed({n1, 2}, 2, 2));
  CHECK(claims.accepted());
  claims.state(n2, read({n1, 3}, 3, 1));
  CHECK(claims.objection().sentence ==
        "two orders for key 1: n1 executed instance n1.3 at 0.006 s after 1 change of it, n2 "
        "executed instance n1.3 at 0.008 s after 0 changes of it");
}

TEST_CASE("execution consistency: what is not committed, or not as it is executed") {
  Claims claims(make_execution_consistency(trio));
  claims.state(n1, changed(first, 10));
  CHECK_FALSE(claims.accepted());
  Claims others(make_execution_consistency(trio));
  others.state(n1, committed(first, 0));
  others.state(n1, changed(first, 10));
  CHECK_FALSE(others.accepted());
}

TEST_CASE("ballot monotonic: a replica goes back to a lower ballot, for one instance") {
  Claims claims(make_ballot_monotonic(trio));
  claims.state(n1, BallotJoined{first, latest});
  claims.state(n1, BallotJoined{second, later});
  claims.state(n2, BallotJoined{first, later});
  claims.state(n1, accepted(first, 10, 5, latest));
  CHECK(claims.accepted());
  claims.crash(n1);
  claims.state(n1, accepted(first, 10, 5, later));
  CHECK(claims.objection().sentence ==
        "n1 accepted 10 in ballot 1.n3 at 0.005 s for instance n1.1, although it had accepted 10 "
        "in ballot 2.n2 at 0.004 s, before a crash");
}

TEST_CASE(
    "committed is final: something else is accepted above a commitment, whichever is heard "
    "first") {
  Claims claims(make_committed_is_final(trio));
  claims.state(n1, accepted(first, 11, 5));  // below
  claims.state(n1, committed(first, 10, 5, later));
  claims.state(n2, accepted(first, 10, 5, latest));
  CHECK(claims.accepted());
  claims.state(n2, accepted(first, 10, 6, latest));
  CHECK_FALSE(claims.accepted());
  Claims others(make_committed_is_final(trio));
  others.state(n2, accepted(first, 11, 5, latest));
  CHECK(others.accepted());
  others.state(n1, committed(first, 10, 5, later));
  CHECK(others.objection().witnesses.size() == 2);
}

}  // namespace ballast::epaxos_checks_test
