// Fast Paxos by its paper (Lamport, "Fast Paxos", 2006): a test for each of its central sentences,
// in their order, with five acceptors unless it says otherwise. n1 coordinates rounds 1 and 2, n2
// rounds 3 and 4; odd rounds are fast. What the module adds stands in
// tests/algorithms/fast_paxos_*_test.cc.
#include <doctest/doctest.h>

#include <map>

#include "sim/check/paxos_checks.h"
#include "tests/algorithms/fast_paxos_bench.h"
#include "tests/support/claims.h"

using namespace ballast;
using namespace ballast::fast_paxos_bench;

namespace {

// n2 coordinates round 4, a classic one, and hears these reports from a quorum. The value that it
// asks for.
std::int64_t picked(std::initializer_list<PromiseHeard> reports) {
  FastPaxosBench node(n2);
  node.ask(propose(99));
  node.fire(Timer::take_over);
  return node.hear_promises(round(4, n2), reports).message<Accept>().value;
}

Vote in_round(std::uint64_t number, std::int64_t value) { return {round(number), value}; }

const Group quintet{"server", five};

// Five acceptors of which n1 opened round 1: whether v may be asked for in round 4, by votes_safe.
bool is_safe(std::int64_t v, std::map<NodeId, std::int64_t> votes, std::vector<NodeId> promised) {
  Claims claims(make_votes_safe(quintet));
  for (const NodeId node : five) claims.state(node, Promised{round(1), {}, {}});
  claims.state(n1, RoundOpened{round(1), 4});
  for (const auto& [node, value] : votes) {
    claims.state(node, ballast::Accepted{round(1), {static_cast<std::uint64_t>(value)}});
    claims.state(node, Promised{round(2), round(1), {static_cast<std::uint64_t>(value)}});
  }
  for (const NodeId node : promised) claims.state(node, Promised{round(4, n2), {}, {}});
  claims.state(n2, AcceptAsked{round(4, n2), {static_cast<std::uint64_t>(v)}});
  return claims.accepted();
}

}  // namespace

// --- Section 2.2: property CP and what it rests on
// ------------------------------------------------

TEST_CASE("fast paxos 2.2.1, 1a: c starts round i by sending a message to each acceptor") {
  Bench<FastPaxos> node(n1, five);
  const auto step = node.start();
  CHECK(step.messages<Prepare>() == 5);
  CHECK(step.message<Prepare>().ballot == round(1));
  CHECK(step.record<RoundUsed>() == RoundUsed{1});
}

TEST_CASE("fast paxos 2.2.1, 1b: if i > rnd[a], a sets rnd[a] to i and reports vrnd[a], vval[a]") {
  FastPaxosBench node(n3);
  CHECK(node.receive(n1, Prepare{round(1)}).message<Promise>() == Promise{round(1), {}});
  node.receive(n1, any(round(1)));
  node.receive(n5, Propose{7});
  const auto step = node.receive(n2, Prepare{round(4, n2)});
  CHECK(step.message<Promise>() == Promise{round(4, n2), in_round(1, 7)});
  CHECK(step.record<PromiseGiven>() == PromiseGiven{round(4, n2)});
  CHECK(node.receive(n1, Prepare{round(2)}).messages<Promise>() == 0);
}

TEST_CASE("fast paxos 2.2.1, 2b: a votes if i >= rnd[a] and vrnd[a] differs from i") {
  FastPaxosBench node(n3);
  node.receive(n2, Prepare{round(4, n2)});
  SUBCASE("and tells all learners") {
    const auto step = node.receive(n2, Accept{round(4, n2), 7});
    CHECK(step.messages<fast_paxos::Accepted>() == 5);
    CHECK(step.record<Vote>() == Vote{round(4, n2), 7});
  }
  SUBCASE("not if i < rnd[a]") {
    CHECK(node.receive(n1, Accept{round(2), 7}).messages<fast_paxos::Accepted>() == 0);
  }
  SUBCASE("not again if vrnd[a] = i") {
    node.receive(n2, Accept{round(4, n2), 7});
    CHECK(node.receive(n2, Accept{round(4, n2), 8}).stated<ballast::Accepted>() == 0);
    CHECK(node.acceptor().vote->value == 7);
  }
}

TEST_CASE("fast paxos 2.2.1: a learner learns v if a quorum has voted for v in one round") {
  FastPaxosBench node(n5);
  SUBCASE("three of five in a classic round") {
    CHECK(node.hear_votes(round(2), {7, 7}).stated<Decided>() == 0);
    CHECK(node.hear_votes(round(2), {0, 0, 7}).fact<Decided>().value == ValueDigest{7});
  }
  SUBCASE("four of five in a fast one") {
    CHECK(node.hear_votes(round(1), {7, 7, 7}).stated<Decided>() == 0);
    CHECK(node.hear_votes(round(1), {0, 0, 0, 7}).fact<Decided>().value == ValueDigest{7});
  }
  SUBCASE("not in two rounds together") {
    CHECK(node.hear_votes(round(2), {7, 7}).stated<Decided>() == 0);
    CHECK(node.hear_votes(round(4, n2), {0, 0, 7, 7}).stated<Decided>() == 0);
  }
}

TEST_CASE(
    "fast paxos, observation 1: a value has been or might be chosen in round j only if there is a "
    "quorum of which each acceptor has rnd[a] <= j or has voted for it in round j") {
  // n4 and n5 have promised nothing, n1 and n2 have voted for 7: these four are a fast quorum.
  CHECK_FALSE(is_safe(8, {{n1, 7}, {n2, 7}}, {n1, n2, n3}));
  CHECK(is_safe(7, {{n1, 7}, {n2, 7}}, {n1, n2, n3}));
  // n2 has not voted for it, and never will.
  CHECK(is_safe(8, {{n1, 7}}, {n1, n2, n3}));
}

TEST_CASE(
    "fast paxos, observation 2: if a quorum has rnd[a] > j and has not voted in round j, no value "
    "has been or ever might be chosen in it") {
  CHECK(is_safe(7, {}, {n1, n2, n3}));
  CHECK(is_safe(8, {}, {n1, n2, n3}));
  CHECK_FALSE(is_safe(8, {}, {n1}));  // of four others nothing is known
}

TEST_CASE(
    "fast paxos, observation 3: if a quorum has rnd[a] > j and has voted for v or not at all in "
    "round j, no value other than v has been or ever might be chosen in it") {
  CHECK(is_safe(7, {{n1, 7}}, {n1, n2, n3}));
  CHECK(is_safe(7, {{n1, 7}, {n2, 7}, {n3, 7}}, {n1, n2, n3}));
  // The hypotheses could be satisfied by two values, and then neither is.
  CHECK(is_safe(7, {{n1, 7}, {n2, 8}}, {n1, n2, n3, n4}));
  CHECK(is_safe(8, {{n1, 7}, {n2, 8}}, {n1, n2, n3, n4}));
}

// --- Section 3.1: the basic algorithm ------------------------------------------------------------

TEST_CASE("fast paxos 3.1: in the normal case of a fast round c sends a phase 2a any message") {
  FastPaxosBench node;
  const auto step = node.open();
  CHECK(step.messages<AcceptAny>() == 5);
  CHECK(step.message<AcceptAny>().ballot == round(1));
  CHECK(step.fact<RoundOpened>().quorum == 4);
  CHECK(step.messages<Accept>() == 0);
}

TEST_CASE("fast paxos 3.1: an acceptor treats the first proposal as an ordinary phase 2a message") {
  FastPaxosBench node(n3);
  SUBCASE("that it receives after any") {
    node.receive(n1, any(round(1)));
    const auto step = node.receive(n5, Propose{7});
    CHECK(step.messages<fast_paxos::Accepted>() == 5);
    CHECK(step.record<Vote>() == in_round(1, 7));
  }
  SUBCASE("that it has received before") {
    CHECK(node.receive(n5, Propose{7}).messages<fast_paxos::Accepted>() == 0);
    node.receive(n4, Propose{8});
    CHECK(node.receive(n1, any(round(1))).record<Vote>() == in_round(1, 7));
  }
}

TEST_CASE("fast paxos 3.1: it may execute its round i phase 2b action only once") {
  FastPaxosBench node(n3);
  node.receive(n1, any(round(1)));
  node.receive(n5, Propose{7});
  CHECK(node.receive(n4, Propose{8}).stated<ballast::Accepted>() == 0);
  CHECK(node.receive(n1, any(round(1))).stated<ballast::Accepted>() == 0);
  node.crash_and_recover();
  node.receive(n1, any(round(1)));
  CHECK(node.receive(n4, Propose{8}).stated<ballast::Accepted>() == 0);
  CHECK(*node.acceptor().vote == in_round(1, 7));
}

TEST_CASE("fast paxos 3.1: an acceptor that has begun a higher round votes for no proposal") {
  FastPaxosBench node(n3);
  node.receive(n1, any(round(1)));
  node.receive(n2, Prepare{round(4, n2)});
  CHECK(node.receive(n5, Propose{7}).stated<ballast::Accepted>() == 0);
}

TEST_CASE("fast paxos, figure 2: if k = 0, v is any proposed value") {
  CHECK(picked({{n1, {}}, {n2, {}}, {n3, {}}}) == 99);
}

TEST_CASE("fast paxos, figure 2: if V contains a single element, v equals it") {
  CHECK(picked({{n1, in_round(1, 7)}, {n2, {}}, {n3, {}}}) == 7);
  CHECK(picked({{n1, in_round(1, 7)}, {n2, in_round(1, 7)}, {n3, {}}}) == 7);
  // k is the largest round, and V is of that round.
  CHECK(picked({{n1, in_round(1, 7)}, {n2, in_round(2, 8)}, {n3, in_round(1, 7)}}) == 8);
}

TEST_CASE(
    "fast paxos, observation 4: a value might have been chosen in round k only if there is a "
    "k-quorum R such that all of R n Q voted for it in round k") {
  // Of n1, n2 and n3 two voted for 8: with n4 and n5 they may be a fast quorum. One is too few.
  CHECK(picked({{n1, in_round(1, 7)}, {n2, in_round(1, 8)}, {n3, in_round(1, 8)}}) == 8);
  CHECK(picked({{n1, in_round(1, 8)}, {n2, in_round(1, 7)}, {n3, in_round(1, 7)}}) == 7);
}

TEST_CASE("fast paxos, figure 2: if no value of V satisfies O4, v is any proposed value") {
  const std::int64_t v = picked({{n1, in_round(1, 7)}, {n2, in_round(1, 8)}, {n3, {}}});
  CHECK((v == 7 || v == 8));
  // Two of three who voted alike are no sign of a choice if one of Q has not voted.
  CHECK(is_safe(7, {{n1, 7}, {n2, 8}}, {n1, n2, n3}));
  CHECK(is_safe(8, {{n1, 7}, {n2, 8}}, {n1, n2, n3}));
}

TEST_CASE("fast paxos 3.1: the Quorum Requirement makes it impossible that two values satisfy O4") {
  // All that three of five acceptors may report of round 1, with fast quorums of four, judged by
  // what a value needs: at most one has two votes.
  for (std::int64_t a = 0; a < 4; ++a) {
    for (std::int64_t b = 0; b < 4; ++b) {
      for (std::int64_t c = 0; c < 4; ++c) {
        std::map<NodeId, std::int64_t> votes;
        if (a != 0) votes[n1] = a;
        if (b != 0) votes[n2] = b;
        if (c != 0) votes[n3] = c;
        const auto vote = [](std::int64_t v) {
          return v == 0 ? std::nullopt : std::optional<Vote>(in_round(1, v));
        };
        CHECK(is_safe(picked({{n1, vote(a)}, {n2, vote(b)}, {n3, vote(c)}}), votes, {n1, n2, n3}));
      }
    }
  }
}

// --- Section 3.2: collision recovery -------------------------------------------------------------

TEST_CASE(
    "fast paxos 3.2: an acceptor's round i phase 2b message carries the same information as its "
    "round i + 1 phase 1b message") {
  FastPaxosBench node(n3);
  node.receive(n1, any(round(1)));
  const auto step = node.receive(n5, Propose{7});
  CHECK(step.fact<Promised>().ballot == round(2));
  CHECK(step.fact<Promised>().accepted == round(1));
  CHECK(step.fact<Promised>().value == ValueDigest{7});
  node.crash_and_recover();
  CHECK(node.acceptor().promised == round(2));
}

TEST_CASE(
    "fast paxos 3.2: c treats the phase 2b messages of an (i + 1)-quorum as round i + 1 phase 1b "
    "messages and executes phase 2a of round i + 1") {
  FastPaxosBench node;
  node.open();
  // 8 may still be chosen, by n3, n4 and n5 with n2.
  CHECK(node.hear_votes(round(1), {7, 8, 8}).messages<Accept>() == 0);
  const auto step = node.receive(n4, fast_paxos::Accepted{round(1), 7});
  CHECK(step.messages<Accept>() == 5);
  CHECK(step.message<Accept>().ballot == round(2));
  CHECK(step.messages<Prepare>() == 0);
  CHECK(node.in<Asking>());
}

TEST_CASE("fast paxos 3.2: it uses the rule of figure 2 to choose the value") {
  FastPaxosBench node;
  node.open();
  node.hear_votes(round(1), {9, 8, 8});
  node.fire(Timer::retransmit);  // it has waited long enough for n4 and n5, who may have voted 8
  CHECK(node.in<Asking>());
  CHECK(std::get<Asking>(node.state().coordinator.phase).value == 8);
}

TEST_CASE(
    "fast paxos 3.2: the obvious way to recover is to begin a new round, sending phase 1a messages "
    "to all acceptors") {
  Config config;
  config.recovery = Recovery::new_round;
  FastPaxosBench node(n1, config);
  node.open();
  const auto step = node.hear_votes(round(1), {7, 8, 7, 8});
  CHECK(step.messages<Prepare>() == 5);
  CHECK(step.message<Prepare>().ballot == round(2));
  CHECK(step.messages<Accept>() == 0);
}

TEST_CASE(
    "fast paxos 3.2: in uncoordinated recovery each acceptor picks a value as the coordinator "
    "would, and executes phase 2b for round i + 1") {
  FastPaxosBench node(n3, uncoordinated());
  node.receive(n1, any(round(1)));
  node.receive(n3, Propose{7});
  CHECK(node.hear_votes(round(1), {8, 8, 7}).stated<ballast::Accepted>() == 0);
  const auto step = node.receive(n4, fast_paxos::Accepted{round(1), 7});
  CHECK(step.record<Vote>() == in_round(2, 7));
  CHECK(step.fact<RoundOpened>().ballot == round(2));
  CHECK(step.messages<fast_paxos::Accepted>() == 5);
}

TEST_CASE("fast paxos 3.2: since i + 1 is fast, a higher-numbered round can still choose a value") {
  FastPaxosBench node(n1, uncoordinated());
  node.open();
  node.hear_votes(round(1), {8, 8, 7, 7});
  // Round 2 has collided as well: the coordinator goes on with round 3, which is classic.
  const auto step = node.hear_votes(round(2), {8, 8, 7, 7});
  CHECK(step.message<Accept>().ballot == round(3));
}

// --- Section 3.3: progress -----------------------------------------------------------------------

TEST_CASE(
    "fast paxos 3.3, CA4: if crnd[c] remains a fast round number, c must eventually begin a new "
    "classic round") {
  FastPaxosBench node;
  node.open();
  node.ask(propose(7));
  node.receive(n1, fast_paxos::Accepted{round(1), 7});
  CHECK(node.fire(Timer::retransmit).messages<AcceptAny>() == 5);
  CHECK(node.fire(Timer::retransmit).message<Prepare>().ballot == round(12));
}

TEST_CASE(
    "fast paxos 3.3: each coordinator is the coordinator for infinitely many classic rounds") {
  const Rounds rounds{five, 2};
  for (std::uint64_t number = 1; number <= 40; ++number) {
    const Ballot ballot = rounds.at(number);
    CHECK(ballot.proposer == five[(number - 1) / 2 % 5]);
    if (Config{}.is_fast(ballot)) CHECK(rounds.at(number + 1).proposer == ballot.proposer);
  }
}

TEST_CASE(
    "fast paxos 2.3.2, CA1: an acceptor tells the coordinator that a higher round was begun") {
  FastPaxosBench node(n3);
  node.receive(n2, Prepare{round(4, n2)});
  const Refused refused{round(2), round(4, n2)};
  CHECK(node.receive(n1, Accept{round(2), 7}).message<Refused>() == refused);
  CHECK(node.receive(n1, Prepare{round(2)}).message<Refused>() == refused);
}

// --- Section 3.4: quorums ------------------------------------------------------------------------

TEST_CASE("fast paxos 3.4.1: maximizing F yields E = floor(N / 4): three quarters are a quorum") {
  for (std::size_t n = 1; n <= 100; ++n) {
    CHECK(least_fast_quorum(quorum::Majority{}, n) == (3 * n + 3) / 4);
    CHECK(n - least_fast_quorum(quorum::Majority{}, n) == n / 4);
  }
}

TEST_CASE("fast paxos 3.4.1: maximizing E yields E = F = ceil(N / 3) - 1") {
  for (std::uint32_t n = 1; n <= 100; ++n) {
    const std::uint32_t f = (n + 2) / 3 - 1;
    CHECK(least_fast_quorum(quorum::Sizes{n - f, n - f}, n) == n - f);
    // One failure more is too many.
    if (f > 0) CHECK(least_fast_quorum(quorum::Sizes{n - f - 1, n - f - 1}, n) > n - f - 1);
  }
}

TEST_CASE("fast paxos 3.4.1: (a) N > 2F and (b) N > 2E + F, or the options are refused") {
  Config config;
  config.fast_quorum = 4;
  CHECK(config.misfit(5).empty());
  config.fast_quorum = 3;
  CHECK(config.misfit(5) ==
        "fast_quorum: two fast quorums of 3 and a third quorum need not share a member: beside "
        "these classic quorums it takes 4 of 5; \"unsafe_quorums\": true shows what then happens");
  config.unsafe_quorums = true;
  CHECK(config.misfit(5).empty());
  config.fast_quorum = 6;
  CHECK(config.misfit(5) == "fast_quorum: takes 6 members; there are 5");
}

TEST_CASE("fast paxos 3.4.2: any names the quorum to be used for uncoordinated recovery") {
  FastPaxosBench coordinator(n1, uncoordinated());
  CHECK(coordinator.open().message<AcceptAny>().recovery == std::vector{n1, n2, n3, n4});
  FastPaxosBench node(n5, uncoordinated());
  node.receive(n1, any(round(1)));
  // With n5, who is not of them, 8 would have more votes; and n4 must be waited for.
  CHECK(node.receive(n5, fast_paxos::Accepted{round(1), 8}).stated<ballast::Accepted>() == 0);
  CHECK(node.hear_votes(round(1), {8, 7, 9}).stated<ballast::Accepted>() == 0);
  CHECK(node.receive(n4, fast_paxos::Accepted{round(1), 9}).record<Vote>() == in_round(2, 7));
}
