// Paxos in a world that does its worst: correct code is never accused, and each planted mistake is
// caught by the checks within a stated number of runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/paxos.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/paxos_checks.h"
#include "tests/support/effort.h"
#include "tests/support/ordeal.h"
#include "tests/support/print.h"

using namespace ballast;
using paxos::Bug;

namespace {

// Each client proposes once; many propose the same.
Request some_request(std::uint64_t number, Stream& random) {
  const auto session = static_cast<std::uint32_t>(number);
  const auto value = static_cast<std::int64_t>(1 + random.below(9));
  return {{NodeId{99}, session, 1}, {Operation::propose, 0, value, 0, 0}};
}

enum class Checks { all, agreement_only };

Ordeal<Paxos>::Settings settings(std::uint64_t seed, Bug bug, Checks checks) {
  Ordeal<Paxos>::Settings all;
  all.seed = seed;
  all.nodes = static_cast<std::uint32_t>(seed % 3 == 0 ? 4 + seed / 3 % 2 : 3);
  all.config.bug = bug;
  all.request = some_request;
  if (checks == Checks::agreement_only) {
    all.checkers = {make_agreement};
  } else {
    all.checkers = {make_agreement,
                    make_validity,
                    make_integrity,
                    make_one_value_per_ballot,
                    make_promise_never_lowered,
                    make_votes_safe};
  }
  return all;
}

// The property that is first seen broken in runs of 1,000 steps from the first seed to the last;
// empty if none is.
std::string caught(Bug bug, Checks checks, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Ordeal<Paxos> ordeal(settings(seed, bug, checks));
    ordeal.run(1000);
    if (!ordeal.objections().empty()) return ordeal.objections().all().front().property;
  }
  return {};
}

}  // namespace

TEST_CASE(
    "paxos: correct code is never accused, and every node learns the decision once nothing "
    "goes wrong any more") {
  std::uint64_t refused = 0;
  std::uint64_t decisions = 0;
  for (std::uint64_t seed = 1; seed <= tries(3000); ++seed) {
    CAPTURE(seed);
    Ordeal<Paxos> ordeal(settings(seed, Bug::none, Checks::all));
    ordeal.run(1000);
    const bool recovered = ordeal.recovers(2000, [](Ordeal<Paxos>& group) {
      // What is not learnt from the votes is learnt with the next proposal (section 2.3).
      const auto knows = [&](NodeId node) { return group.state(node).learner.decided.has_value(); };
      const auto busy = [&](NodeId node) { return group.state(node).proposer.own.has_value(); };
      const auto& nodes = group.nodes();
      if (std::none_of(nodes.begin(), nodes.end(), busy)) group.ask(nodes.front());
      return std::all_of(nodes.begin(), nodes.end(), knows);
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
    refused += ordeal.heard<Prepared>() > ordeal.heard<Proposed>() ? 1 : 0;
    decisions += ordeal.heard<Decided>();
  }
  // The runs must have been worth something: proposers outbid each other, and nodes decided anew in
  // later lives.
  CHECK(refused > tries(500));
  CHECK(decisions > tries(15'000));
}

TEST_CASE("paxos: every planted mistake is caught within a stated number of runs" *
          doctest::skip(sanitized)) {
  CHECK(caught(Bug::accept_above_accepted, Checks::all, 1, 5) == "promise_never_lowered");
  CHECK(caught(Bug::promise_overwritten, Checks::all, 1, 5) == "promise_never_lowered");
  CHECK(caught(Bug::largest_value, Checks::all, 1, 1000) == "votes_safe");
  CHECK(caught(Bug::promise_not_persisted, Checks::all, 1, 20) == "promise_never_lowered");
  CHECK(caught(Bug::no_ballots, Checks::all, 1, 5) == "one_value_per_ballot");
  CHECK_FALSE(caught(Bug::accept_below_promise, Checks::all, 1, 5).empty());
  CHECK_FALSE(caught(Bug::own_value_kept, Checks::all, 1, 100).empty());
  CHECK_FALSE(caught(Bug::first_heard_value, Checks::all, 1, 3000).empty());
  CHECK_FALSE(caught(Bug::promise_counted_twice, Checks::all, 1, 3000).empty());
  CHECK_FALSE(caught(Bug::votes_counted_twice, Checks::all, 1, 3000).empty());
  CHECK_FALSE(caught(Bug::vote_not_persisted, Checks::all, 1, 3000).empty());
  CHECK_FALSE(caught(Bug::round_not_persisted, Checks::all, 1, 1000).empty());
  CHECK_FALSE(caught(Bug::shared_ballots, Checks::all, 1, 100).empty());
}

TEST_CASE("paxos: half a mistake that breaks nothing is not accused") {
  CHECK(caught(Bug::shared_ballots_once, Checks::all, 1, 300).empty());
}

// The checks of Paxos see a mistake long before it does harm. That it does harm shows in the
// decisions alone, in far fewer runs.
TEST_CASE("paxos: every planted mistake lets two nodes decide differently" *
          doctest::skip(sanitized)) {
  CHECK(caught(Bug::accept_above_accepted, Checks::agreement_only, 1, 1000) == "agreement");
  CHECK(caught(Bug::promise_overwritten, Checks::agreement_only, 1, 1000) == "agreement");
  CHECK(caught(Bug::largest_value, Checks::agreement_only, 1, 3000) == "agreement");
  CHECK(caught(Bug::promise_not_persisted, Checks::agreement_only, 1, 30'000) == "agreement");
  CHECK(caught(Bug::no_ballots, Checks::agreement_only, 1, 10) == "agreement");
}
