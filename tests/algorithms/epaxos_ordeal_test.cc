// EPaxos in a world that does its worst: correct code is never accused, and planted mistakes are
// caught within a stated number of steps.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/epaxos.h"
#include "sim/check/epaxos_checks.h"
#include "tests/support/effort.h"
#include "tests/support/ordeal.h"
#include "tests/support/print.h"

using namespace ballast;
using epaxos::Bug;
using epaxos::FastQuorum;

namespace {

// Four sessions read and add to two counters; each repeats its last request now and then.
Request some_use_of_a_counter(std::uint64_t number, Stream& random) {
  Request request = some_addition(number, random);
  request.command.key %= 2;
  if (random.below(3) == 0) request.command = {Operation::read, request.command.key, 0, 0, 0};
  return request;
}

Ordeal<Epaxos>::Settings settings_of_epaxos(std::uint64_t seed, Bug bug) {
  Ordeal<Epaxos>::Settings all;
  all.seed = seed;
  all.nodes = seed % 7 == 0 ? 7 : seed % 2 == 0 ? 5 : 3;
  all.config.bug = bug;
  all.config.fast_quorum = seed % 5 == 0 ? FastQuorum::simple : FastQuorum::optimized;
  all.config.machine = MachineKind::counter;
  all.checkers = {make_nontriviality,         make_stability,        make_consistency,
                  make_execution_consistency, make_ballot_monotonic, make_committed_is_final};
  all.request = some_use_of_a_counter;
  return all;
}

std::string epaxos_caught(Bug bug, std::uint64_t budget) {
  return first_broken<Epaxos>([&](std::uint64_t seed) { return settings_of_epaxos(seed, bug); },
                              budget);
}

}  // namespace

TEST_CASE("epaxos: correct code is never accused, and goes on once nothing goes wrong any more") {
  std::uint64_t committed = 0;
  std::uint64_t executed = 0;
  std::uint64_t ballots = 0;
  for (std::uint64_t seed = 1; seed <= tries(150); ++seed) {
    CAPTURE(seed);
    Ordeal<Epaxos> ordeal(settings_of_epaxos(seed, Bug::none));
    ordeal.run(1000);
    committed += ordeal.heard<InstanceCommitted>();
    executed += ordeal.heard<InstanceExecuted>();
    ballots += ordeal.heard<BallotJoined>();
    // All replicas have executed the same commands, and more than before.
    const std::uint64_t before = ordeal.heard<InstanceExecuted>();
    const bool recovered = ordeal.recovers(6000, [&](Ordeal<Epaxos>& group) {
      for (const NodeId node : group.nodes()) group.ask(node);
      const epaxos::State first = group.state(NodeId{1});
      return group.heard<InstanceExecuted>() > before &&
             std::all_of(group.nodes().begin(), group.nodes().end(), [&](NodeId node) {
               const epaxos::State state = group.state(node);
               return state.executed == first.executed && state.executed + 10 > state.known;
             });
    });
    if (!ordeal.objections().empty()) FAIL(ordeal.objections().all().front().sentence);
    CHECK(recovered);
  }
  // The runs must have been worth something.
  CHECK(committed > tries(2000));
  CHECK(executed > tries(1000));
  CHECK(ballots > tries(500));
}

TEST_CASE("epaxos: planted mistakes are caught within a stated number of steps" *
          doctest::skip(sanitized)) {
  CHECK_FALSE(epaxos_caught(Bug::vote_ballot_after_restart, 50'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::commit_not_durable, 200'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::ballot_not_durable, 50'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::accept_below_ballot, 50'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::execute_before_commit, 10'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::execute_without_waiting, 10'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::cycle_in_found_order, 200'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::conflicts_not_recorded, 50'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::reads_do_not_interfere, 20'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::deps_not_merged, 20'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::fast_path_with_others, 20'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::preaccepted_ignored, 300'000).empty());
  CHECK_FALSE(epaxos_caught(Bug::deps_lost_in_recovery, 300'000).empty());
}

TEST_CASE("epaxos: a sequence number that is left as it is is no mistake") {
  CHECK(epaxos_caught(Bug::seq_not_updated, 100'000).empty());
}
