// Fast Paxos in a world that does its worst: correct code is never accused, and each planted
// mistake is caught by the checks within a stated number of steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/fast_paxos.h"
#include "sim/check/consensus_checks.h"
#include "sim/check/paxos_checks.h"
#include "tests/support/effort.h"
#include "tests/support/ordeal.h"
#include "tests/support/print.h"

using namespace ballast;
using fast_paxos::Bug;
using fast_paxos::Recovery;

namespace {

// Each client proposes once; many propose the same.
Request some_proposal(std::uint64_t number, Stream& random) {
  const auto session = static_cast<std::uint32_t>(number);
  const auto value = static_cast<std::int64_t>(1 + random.below(9));
  return {{NodeId{99}, session, 1}, {Operation::propose, 0, value, 0, 0}};
}

struct Options {
  Bug bug = Bug::none;
  Recovery recovery = Recovery::coordinated;
  std::uint64_t fast_turns = 1;
  std::uint32_t nodes = 0;  // 0: four to seven
};

Ordeal<FastPaxos>::Settings settings(std::uint64_t seed, const Options& options) {
  Ordeal<FastPaxos>::Settings all;
  all.seed = seed;
  all.nodes = options.nodes != 0 ? options.nodes : static_cast<std::uint32_t>(3 + seed % 5);
  all.config.bug = options.bug;
  all.config.recovery = options.recovery;
  all.config.fast_turns = options.fast_turns;
  all.request = some_proposal;
  all.checkers = {make_agreement,           make_validity,
                  make_integrity,           make_one_value_per_ballot,
                  make_one_vote_per_ballot, make_promise_never_lowered,
                  make_votes_safe};
  return all;
}

std::string caught(const Options& options, std::uint64_t budget) {
  return first_broken<FastPaxos>([&](std::uint64_t seed) { return settings(seed, options); },
                                 budget);
}

}  // namespace

TEST_CASE(
    "fast paxos: correct code is never accused, and every node learns the decision once nothing "
    "goes wrong any more") {
  std::uint64_t opened = 0;
  std::uint64_t decisions = 0;
  for (std::uint64_t seed = 1; seed <= tries(3000); ++seed) {
    CAPTURE(seed);
    const auto recovery = static_cast<Recovery>(seed % 3);
    Ordeal<FastPaxos> ordeal(settings(seed, {Bug::none, recovery, seed / 3 % 4, 0}));
    ordeal.run(1000);
    const bool recovered = ordeal.recovers(3000, [](Ordeal<FastPaxos>& group) {
      const auto knows = [&](NodeId node) { return group.state(node).learner.decided.has_value(); };
      const auto busy = [&](NodeId node) { return group.state(node).proposer.own.has_value(); };
      const auto& nodes = group.nodes();
      if (std::none_of(nodes.begin(), nodes.end(), busy)) group.ask(nodes.front());
      return std::all_of(nodes.begin(), nodes.end(), knows);
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
    opened += ordeal.heard<RoundOpened>();
    decisions += ordeal.heard<Decided>();
  }
  // The runs must have been worth something: fast rounds opened, and nodes decided anew in later
  // lives.
  CHECK(opened > tries(1500));
  CHECK(decisions > tries(18'000));
}

TEST_CASE("fast paxos: every planted mistake is caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  const auto finds = [](const Options& options, std::uint64_t budget) {
    const std::string property = caught(options, budget);
    CAPTURE(static_cast<int>(options.bug));
    CHECK_FALSE(property.empty());
  };
  finds({Bug::second_vote}, 10'000);
  finds({Bug::accept_below_promise}, 100'000);
  finds({Bug::late_vote}, 3'000'000);
  finds({Bug::recovery_in_same_round}, 100'000);
  finds({Bug::promise_not_persisted}, 100'000);
  finds({Bug::vote_not_persisted}, 1'000'000);
  finds({Bug::round_not_persisted, Recovery::coordinated, 0, 3}, 10'000'000);
  finds({Bug::any_over_votes, Recovery::coordinated, 100}, 3'000'000);
  finds({Bug::largest_value}, 1'000'000);
  finds({Bug::highest_round_ignored, Recovery::coordinated, 100}, 1'000'000);
  finds({Bug::recovery_without_quorum}, 100'000);
  finds({Bug::recovery_in_later_round}, 1'000'000);
  finds({Bug::own_pick_in_classic_round, Recovery::uncoordinated}, 1'000'000);
  finds({Bug::promises_counted_twice}, 1'000'000);
  finds({Bug::fast_majority, Recovery::coordinated, 1, 5}, 1'000'000);
  finds({Bug::votes_counted_twice}, 1'000'000);
}

TEST_CASE("fast paxos: the value with most votes is the one that satisfies O4, if any does") {
  CHECK(caught({Bug::most_votes}, 300'000).empty());
  CHECK(caught({Bug::most_votes, Recovery::uncoordinated, 100}, 300'000).empty());
}
