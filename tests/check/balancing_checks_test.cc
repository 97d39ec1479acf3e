#include "sim/check/balancing_checks.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/base/random.h"
#include "tests/support/claims.h"
#include "tests/support/print.h"

namespace ballast {
namespace {

using namespace literals;

constexpr NodeId n1{1};  // the balancer
constexpr NodeId n2{2};  // its endpoints
constexpr NodeId n3{3};
constexpr NodeId n4{4};
constexpr NodeId client{9};
const Group balancers{"balancer", {n1}};

RequestId id(std::uint64_t sequence) { return {client, 0, sequence}; }
Admitted admitted(std::uint64_t n) { return {{n}, id(n), 1_s}; }
Routed routed(std::uint64_t n, NodeId endpoint) { return {{n}, id(n), endpoint}; }
Ended ended(std::uint64_t n, Ending ending = Ending::completed) { return {{n}, id(n), ending}; }

// --- Conservation --------------------------------------------------------------------------------

struct Conserved : Claims {
  Conserved() : Claims(make_conservation(balancers)) {}
};

TEST_CASE("conservation: every way in which a request may end") {
  Conserved claims;
  for (std::uint64_t n = 1; n <= 4; ++n) claims.state(n1, admitted(n));
  claims.state(n1, routed(1, n2));
  claims.state(n1, routed(3, n3));
  claims.state(n1, routed(3, n2));  // sent again
  claims.state(n1, routed(4, n3));
  claims.state(n1, ended(4, Ending::lost));
  claims.state(n1, ended(2, Ending::rejected));
  claims.state(n1, ended(1, Ending::completed));
  claims.state(n1, ended(3, Ending::timed_out));
  claims.state(n1, {Admitted{{5}, id(1), 1_s}});  // the same request, arrived again
  claims.state(n1, Ended{{5}, id(1), Ending::rejected});
  claims.finish();
  CHECK(claims.accepted());
}

TEST_CASE("conservation: two endings") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, admitted(2));
  claims.state(n1, routed(2, n3));
  const EventId first = claims.state(n1, ended(2, Ending::lost));
  const EventId second = claims.state(n1, ended(2, Ending::completed));
  CHECK(claims.objection().property == "conservation");
  CHECK(claims.objection().sentence ==
        "n1 ended request 2 of n9 (ticket 2) at 0.005 s as completed, although it had ended "
        "before, as lost at 0.004 s");
  CHECK(claims.objection().witnesses == std::vector<EventId>{first, second});
}

TEST_CASE("conservation: an ending long after the first") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, ended(1, Ending::timed_out));
  claims.state(n1, ended(1, Ending::timed_out));
  CHECK(claims.objection().sentence ==
        "n1 ended request 1 of n9 (ticket 1) at 0.003 s as timed_out, although it had ended long "
        "before");
}

TEST_CASE("conservation: an ending of what was never admitted") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, ended(2, Ending::rejected));
  CHECK(claims.objection().sentence ==
        "n1 ended request 2 of n9 (ticket 2) at 0.002 s as rejected, although it had never "
        "admitted it");
}

TEST_CASE("conservation: an ending under another's ticket") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, Ended{{1}, id(7), Ending::rejected});
  CHECK(claims.objection().sentence ==
        "n1 ended request 7 of n9 (ticket 1) at 0.002 s as rejected, although it had admitted "
        "another request under this ticket");
}

TEST_CASE("conservation: only what was sent to an endpoint is completed or lost") {
  for (const Ending ending : {Ending::completed, Ending::lost}) {
    Conserved claims;
    claims.state(n1, admitted(1));
    claims.state(n1, ended(1, ending));
    CHECK(claims.objection().sentence == "n1 ended request 1 of n9 (ticket 1) at 0.002 s as " +
                                             std::string(name_of(ending)) +
                                             ", although it had sent it to no endpoint");
  }
}

TEST_CASE("conservation: nothing is sent that is not in charge") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, ended(1, Ending::timed_out));
  claims.state(n1, routed(1, n2));
  CHECK(claims.objection().sentence ==
        "n1 sent request 1 of n9 (ticket 1) at 0.003 s to n2, although it is not in charge of it");
}

TEST_CASE("conservation: tickets are given out in order") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, admitted(3));
  CHECK(claims.objection().sentence ==
        "n1 admitted request 3 of n9 (ticket 3) at 0.002 s, although its next ticket is 2");
}

TEST_CASE("conservation: a request that is never ended") {
  Conserved claims;
  const EventId admission = claims.state(n1, admitted(1));
  claims.state(n1, routed(1, n2));
  claims.wait(6_s);  // overdue after 4 s and 1 s
  claims.state(n1, admitted(2));
  CHECK(claims.accepted());  // it may have been paused until now, and be about to end it
  SUBCASE("later") { claims.state(n1, HealthSet{n3, true}); }
  SUBCASE("at the end of the run") {
    claims.wait(1_ms);
    claims.finish();
  }
  const Violation& violation = claims.objection();
  CHECK(violation.sentence ==
        "n1 admitted request 1 of n9 at 0.001 s with a deadline of 1s, sent it to n2 and has not "
        "ended it by 6.004 s");
  CHECK(violation.witnesses.front() == admission);
}

TEST_CASE("conservation: a balancer that may be paused is not accused") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.wait(100_s);
  claims.finish();
  CHECK(claims.accepted());
}

TEST_CASE("conservation: a balancer whose clock stood still has all its time again") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.wait(6_s);
  claims.resume(n1);
  claims.state(n1, HealthSet{n3, true});
  claims.wait(4900_ms);
  claims.state(n1, HealthSet{n3, false});
  CHECK(claims.accepted());
  claims.wait(200_ms);
  claims.state(n1, HealthSet{n3, true});
  claims.state(n1, HealthSet{n3, false});
  CHECK(claims.objection().property == "conservation");
}

TEST_CASE("conservation: what is not overdue at the end of the run is nobody's fault") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.wait(4900_ms);
  claims.state(n1, admitted(2));
  claims.wait(1_ms);
  claims.finish();
  CHECK(claims.accepted());
}

TEST_CASE("conservation: a crash ends the duty of a balancer") {
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.state(n1, admitted(2));
  claims.crash(n1);
  claims.wait(10_s);
  claims.state(n1, admitted(1));  // tickets begin anew
  claims.state(n1, ended(1, Ending::rejected));
  claims.finish();
  CHECK(claims.accepted());
  SUBCASE("also the right to end what it was in charge of") {
    claims.state(n1, ended(2, Ending::rejected));
    CHECK(!claims.accepted());
  }
}

// --- Healthy picks -------------------------------------------------------------------------------

TEST_CASE("healthy picks: a pick of an endpoint that is held to be down") {
  Claims claims(make_healthy_picks(balancers));
  claims.state(n1, HealthSet{n2, true});
  claims.state(n1, HealthSet{n3, true});
  claims.state(n1, routed(1, n2));
  const EventId down = claims.state(n1, HealthSet{n2, false});
  claims.state(n1, routed(2, n3));
  claims.state({5}, routed(1, n2));  // another balancer, which believes otherwise
  REQUIRE(claims.accepted());
  SUBCASE("") {
    const EventId pick = claims.state(n1, routed(3, n2));
    CHECK(claims.objection().property == "healthy_picks");
    CHECK(claims.objection().sentence ==
          "n1 sent request 3 of n9 to n2 at 0.007 s, which it has held to be down since 0.004 s");
    CHECK(claims.objection().witnesses == std::vector<EventId>{down, pick});
  }
  SUBCASE("but not once it is up again") {
    claims.state(n1, HealthSet{n2, true});
    claims.state(n1, routed(3, n2));
    CHECK(claims.accepted());
  }
  SUBCASE("nor when a crash has made it forget") {
    claims.crash(n1);
    claims.state(n1, routed(3, n2));
    CHECK(claims.accepted());
  }
}

// --- Picks least loaded --------------------------------------------------------------------------

struct LeastLoaded : Claims {
  explicit LeastLoaded(PickRule rule = PickRule::fewest_active)
      : Claims(make_picks_least_loaded(balancers)) {
    state(n1, PolicySet{rule});
    for (const NodeId endpoint : {n2, n3, n4}) state(n1, HealthSet{endpoint, true});
  }
  void send(std::uint64_t n, NodeId endpoint) {
    state(n1, admitted(n));
    state(n1, routed(n, endpoint));
  }
};

TEST_CASE("least loaded: a pick of an endpoint with more unfinished requests than another") {
  LeastLoaded claims;
  claims.send(1, n2);
  claims.send(2, n4);
  claims.send(3, n3);
  claims.send(4, n3);  // all are equal here
  const EventId end = claims.state(n1, ended(1));
  REQUIRE(claims.accepted());
  claims.send(5, n3);
  CHECK(claims.objection().property == "picks_least_loaded");
  CHECK(claims.objection().sentence ==
        "n1 picks the least loaded, but sent request 5 of n9 at 0.015 s to n3, which had 2 "
        "unfinished, while n2, also up, had 0");
  // Where n3 got its second request, where n2 lost its last, and the pick.
  CHECK(claims.objection().witnesses == std::vector<EventId>{end.previous(), end, {15}});
}

TEST_CASE("least loaded: all endings make room, and so does a retry") {
  LeastLoaded claims;
  claims.send(1, n2);
  claims.send(2, n3);
  claims.send(3, n4);
  claims.state(n1, ended(1, Ending::timed_out));
  claims.send(4, n2);
  claims.state(n1, ended(2, Ending::lost));
  claims.send(5, n3);
  claims.state(n1, routed(3, n4));  // refused, and sent there again: it had no other then
  CHECK(claims.accepted());
}

TEST_CASE("least loaded: endpoints that are down do not count") {
  LeastLoaded claims;
  claims.state(n1, HealthSet{n4, false});
  claims.send(1, n2);
  claims.send(2, n3);
  claims.send(3, n2);
  CHECK(claims.accepted());
  claims.state(n1, HealthSet{n4, true});
  claims.send(4, n3);
  CHECK(!claims.accepted());
}

TEST_CASE("least loaded: other rules are not held to it") {
  LeastLoaded claims(PickRule::turns);
  for (std::uint64_t n = 1; n <= 5; ++n) claims.send(n, n2);
  CHECK(claims.accepted());
}

TEST_CASE("least loaded: a crash ends the account") {
  LeastLoaded claims;
  claims.send(1, n2);
  claims.crash(n1);
  claims.state(n1, PolicySet{PickRule::fewest_active});
  for (const NodeId endpoint : {n2, n3}) claims.state(n1, HealthSet{endpoint, true});
  claims.send(1, n2);
  CHECK(claims.accepted());
}

// --- Weights honoured ----------------------------------------------------------------------------

struct Weights : Claims {
  Weights(PickRule rule, const std::vector<std::uint64_t>& weights)
      : Claims(make_weights_honoured(balancers)) {
    state(n1, PolicySet{rule});
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      state(n1, WeightSet{{2 + i}, weights[i]});
      state(n1, HealthSet{{2 + i}, true});
    }
  }
  // One pick for each letter; a is n2.
  void picks(std::string_view names) {
    for (const char name : names) {
      state(n1, routed(++picked, {2 + static_cast<std::uint32_t>(name - 'a')}));
    }
  }
  std::uint64_t picked = 0;
};

TEST_CASE("weights honoured: turns are equal, to within one pick") {
  Weights claims(PickRule::turns, {5, 1, 1});
  claims.picks("abcabcabcab");
  claims.state(n1, HealthSet{n4, false});
  claims.picks("abababa");
  claims.state(n1, HealthSet{n4, true});
  claims.picks("cabcab");
  REQUIRE(claims.accepted());
  SUBCASE("one too many") {
    claims.picks("cc");
    CHECK(claims.objection().property == "weights_honoured");
    CHECK(claims.objection().sentence ==
          "n1 sent n4 more requests than its share: 4 of 8 since its endpoints last changed, for a "
          "weight of 1 in 3. It is 1.33 ahead; turns never differ by more than 0.66");
  }
  SUBCASE("one left out") {
    claims.picks("abab");
    CHECK(!claims.accepted());
  }
}

TEST_CASE("weights honoured: smooth turns") {
  for (const auto& [weights, round] :
       std::vector<std::pair<std::vector<std::uint64_t>, std::string>>{
           {{5, 1, 1}, "aabacaa"}, {{4, 2, 1}, "abacaba"}, {{3, 3, 1}, "abcabab"}}) {
    Weights claims(PickRule::weighted_turns, weights);
    for (int i = 0; i < 100; ++i) claims.picks(round);
    CHECK(claims.accepted());
  }
}

TEST_CASE("weights honoured: turns that ignore the weights") {
  Weights claims(PickRule::weighted_turns, {5, 1, 1});
  claims.picks("ab");
  CHECK(claims.objection().sentence ==
        "n1 sent n3 more requests than its share: 1 of 2 since its endpoints last changed, for a "
        "weight of 1 in 7. It is 0.71 ahead; turns never differ by more than 0.57");
}

TEST_CASE("weights honoured: turns that come in a row instead of being spread") {
  Weights claims(PickRule::weighted_turns, {5, 1, 1});
  claims.picks("aa");
  CHECK(claims.accepted());
  claims.picks("a");
  CHECK(!claims.accepted());
}

TEST_CASE("weights honoured: a heavy endpoint that waits for all the light ones") {
  Weights claims(
      PickRule::weighted_turns,
      std::vector<std::uint64_t>{20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  claims.picks("abcdefghijklmnopqrst");  // none of them has got more than its share
  CHECK(claims.accepted());
  claims.picks("u");
  CHECK(claims.objection().sentence ==
        "n1 sent n2 fewer requests than its share: 1 of 21 since its endpoints last changed, for a "
        "weight of 20 in 40. It is 9.50 behind; turns never differ by more than 2.62");
}

TEST_CASE("weights honoured: smooth turns carry over from one set of endpoints to the next") {
  Weights claims(PickRule::weighted_turns, {5, 1, 1});
  claims.picks("aa");
  claims.state(n1, HealthSet{n2, false});
  claims.picks("bcbc");
  claims.state(n1, HealthSet{n2, true});
  claims.picks("bacaaaabacaa");
  CHECK(claims.accepted());
}

TEST_CASE("weights honoured: a new weight counts from then on") {
  Weights claims(PickRule::weighted_turns, {1, 1});
  claims.picks("abab");
  claims.state(n1, WeightSet{n2, 3});
  claims.picks("abaaabaaabaa");
  REQUIRE(claims.accepted());
  claims.picks("bb");
  CHECK(!claims.accepted());
}

std::string drawn(std::uint64_t seed, const std::string& urn, int count) {
  Stream stream(seed, Purpose::choice, 1);
  std::string names;
  for (int i = 0; i < count; ++i) names += urn[stream.below(urn.size())];
  return names;
}

TEST_CASE("weights honoured: chance by weight, and without") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Weights weighted(PickRule::weighted_chance, {5, 2, 1});
    weighted.picks(drawn(seed, "aaaaabbc", 20'000));
    weighted.finish();
    CHECK(weighted.accepted());
    Weights even(PickRule::chance, {5, 2, 1});
    even.picks(drawn(seed, "abc", 20'000));
    even.finish();
    CHECK(even.accepted());
  }
}

TEST_CASE("weights honoured: chance that is not what the weights say") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Weights claims(PickRule::weighted_chance, {5, 1, 1});
    claims.picks(drawn(seed, "abc", 500));
    CHECK(!claims.accepted());
    Weights even(PickRule::chance, {5, 1, 1});
    even.picks(drawn(seed, "aaaaabc", 500));
    CHECK(!even.accepted());
  }
}

TEST_CASE("weights honoured: chance whose mistake comes late is judged by all of the past") {
  Weights claims(PickRule::chance, {1, 1, 1});
  claims.picks(drawn(3, "abc", 3'000));
  claims.state(n1, HealthSet{n4, false});
  claims.picks(drawn(4, "ab", 3'000));
  REQUIRE(claims.accepted());
  claims.picks(drawn(5, "aab", 6'000));
  CHECK(claims.objection().sentence ==
        "n1 sent n3 fewer requests than its share: 2703 of 6656 since its endpoints last changed, "
        "for a weight of 1 in 2. It is 601.00 behind; chance exceeds this in less than one run in "
        "10^9: 600.00");
}

TEST_CASE("weights honoured: the end of the run is judged too") {
  Weights claims(PickRule::chance, {1, 1, 1});
  claims.picks(std::string(143, 'a'));
  CHECK(claims.accepted());  // looked at every 48 picks
  claims.finish();
  CHECK(!claims.accepted());
}

TEST_CASE("weights honoured: rules that promise no shares are not held to any") {
  for (const PickRule rule : {PickRule::nothing, PickRule::fewest_active}) {
    Weights claims(rule, {1, 1, 1});
    claims.picks(std::string(1'000, 'a'));
    claims.finish();
    CHECK(claims.accepted());
  }
}

TEST_CASE("a copy of a check judges alike") {
  Weights weights(PickRule::turns, {1, 1});
  weights.picks("ab");
  weights.fork();
  weights.picks("aa");
  CHECK(!weights.accepted());
  Conserved claims;
  claims.state(n1, admitted(1));
  claims.fork();
  claims.state(n1, ended(1, Ending::rejected));
  CHECK(claims.accepted());
}

}  // namespace
}  // namespace ballast
