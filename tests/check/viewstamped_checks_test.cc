#include "sim/check/viewstamped_checks.h"

#include <doctest/doctest.h>

#include "tests/support/claims.h"
#include "tests/support/print.h"

namespace ballast {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};
const Group trio{"server", {n1, n2, n3}};

constexpr Term v1{1};
constexpr Term v2{2};

ViewEntered entered(Term view, bool leads = false) { return {view, leads}; }
Logged logged(std::uint64_t slot, std::uint64_t value, Term view = v1) {
  return {Slot{slot}, {value}, view};
}
LogCut cut(std::uint64_t last_kept, Term view = v2) { return {Slot{last_kept}, view, false}; }
CommitAdvanced committed(std::uint64_t slot, Term view = v1) { return {Slot{slot}, view}; }

// n1 commits two requests of view 1 with n2, and crashes with a third that it alone has logged. n2
// and n3 go to view 2 without that. n1 recovers, and a request of view 2 takes its place.
void tell_correct_run(Claims& claims) {
  for (const NodeId node : {n1, n2, n3}) claims.state(node, entered(v1));
  claims.state(n1, entered(v1, true));
  for (const NodeId node : {n1, n2}) {
    claims.state(node, logged(1, 10));
    claims.state(node, logged(2, 20));
  }
  claims.state(n1, committed(2));
  claims.state(n1, logged(3, 30));
  claims.crash(n1);
  claims.state(n2, entered(v2));
  claims.state(n2, entered(v2, true));
  claims.state(n3, logged(1, 10, v2));
  claims.state(n3, logged(2, 20, v2));
  claims.state(n3, entered(v2));
  claims.state(n2, logged(3, 31, v2));
  claims.state(n1, LogCut{});
  claims.state(n1, LogCut{Slot{2}, v2, true});
  claims.state(n1, committed(2, v2));
  claims.state(n1, logged(3, 31, v2));
  claims.state(n1, entered(v2));
  claims.state(n2, committed(3, v2));
}

TEST_CASE("a correct run is not accused by any check of Viewstamped Replication") {
  for (const auto make :
       {make_no_log_divergence, make_log_grows_in_view, make_acknowledged_write_not_lost,
        make_acknowledged_writes_exist_on_majority, make_commit_number_never_higher}) {
    Claims claims(make(trio));
    tell_correct_run(claims);
    CHECK(claims.accepted());
  }
}

TEST_CASE("no log divergence: two requests at one slot of one view") {
  Claims claims(make_no_log_divergence(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n1, logged(2, 20));
  claims.state(n2, logged(1, 10));
  CHECK(claims.accepted());
  claims.state(n2, logged(2, 21));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("no log divergence: a log that is brought into a view must be of that view") {
  Claims claims(make_no_log_divergence(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n2, logged(1, 11, v2));
  claims.state(n2, entered(v2));
  CHECK(claims.accepted());
  claims.state(n1, entered(v2));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("no log divergence: a log has no gaps") {
  Claims claims(make_no_log_divergence(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n1, logged(3, 30));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("acknowledged write not lost: a primary without what an earlier view has committed") {
  Claims claims(make_acknowledged_write_not_lost(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n2, logged(1, 10));
  claims.state(n1, committed(1));
  claims.state(n3, entered(v1, true));
  claims.state(n2, entered(v2, true));
  CHECK(claims.accepted());
  SUBCASE("it has nothing") { claims.state(n3, entered(v2, true)); }
  SUBCASE("it has something else") {
    claims.state(n3, logged(1, 11));
    claims.state(n3, entered(v2, true));
  }
  SUBCASE("it has lost it in a crash") {
    claims.state(n2, LogCut{});
    claims.state(n2, entered(Term{3}, true));
  }
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("log grows in view: nothing of a view is removed in it") {
  Claims claims(make_log_grows_in_view(trio));
  claims.state(n1, entered(v1));
  claims.state(n1, logged(1, 10));
  claims.state(n1, logged(2, 20));
  SUBCASE("for another view it may be") {
    claims.state(n1, cut(1, v2));
    claims.state(n1, entered(v2));
    CHECK(claims.accepted());
    claims.state(n1, logged(2, 21, v2));
    claims.state(n1, cut(1, v2));
  }
  SUBCASE("in its own it may not") { claims.state(n1, cut(1, v1)); }
  SUBCASE("nor may it come back from a crash without it") {
    claims.crash(n1);
    claims.state(n1, LogCut{});
    claims.state(n1, logged(1, 10));
    CHECK(claims.accepted());
    claims.state(n1, entered(v1));
  }
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("log grows in view: what is committed is not removed for a later view either") {
  Claims claims(make_log_grows_in_view(trio));
  for (const NodeId node : {n1, n2, n3}) claims.state(node, entered(v1));
  for (const NodeId node : {n1, n2}) claims.state(node, logged(1, 10));
  claims.state(n3, logged(1, 11));
  claims.state(n1, committed(1));
  claims.state(n3, cut(0));
  CHECK(claims.accepted());
  claims.state(n2, cut(0));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE(
    "acknowledged writes exist on majority: a minority is too few, and a crash takes nothing") {
  Claims claims(make_acknowledged_writes_exist_on_majority(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n2, logged(1, 10));
  claims.crash(n2);  // it has a say no sooner than it knows again what it knew
  claims.state(n1, committed(1));
  CHECK(claims.accepted());
  claims.state(n1, logged(2, 20));
  claims.state(n3, logged(1, 10));
  claims.state(n3, logged(2, 21));
  claims.state(n1, committed(2));
  CHECK_FALSE(claims.accepted());
}

TEST_CASE("commit number: beyond the log, or of another log") {
  Claims claims(make_commit_number_never_higher(trio));
  claims.state(n1, logged(1, 10));
  claims.state(n1, committed(1));
  claims.state(n2, logged(1, 11));
  CHECK(claims.accepted());
  SUBCASE("beyond") { claims.state(n1, committed(2)); }
  SUBCASE("another") { claims.state(n2, committed(1)); }
  CHECK_FALSE(claims.accepted());
}

}  // namespace
}  // namespace ballast
