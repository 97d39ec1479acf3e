// What a sweep draws besides faults: how long its runs are, and its delays.
#include "sim/scenario/misfortune.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"
#include "tests/scenario/read.h"

using namespace ballast;
using namespace literals;

namespace {

Scenario swept(const std::string& more) {
  const std::string text = R"({ "name": "misfortune", "duration": "10s",
    "nodes": { "server": { "count": 3, "algorithm": "raft" } })" +
                           more + "}";
  return scenario_from(text);
}

const std::string with_clients =
    R"(, "workload": { "clients": 2, "arrivals": { "poisson": "20/s" } })";

// The lengths that so many seeds draw, and nothing else of the profile.
std::set<std::int64_t> drawn_lengths(const Scenario& base, Ratio shorter = {1, 1}) {
  Profile profile = *find_profile("default");
  profile.knobs = profile.network = {0, 1};
  profile.shorter = shorter;
  std::set<std::int64_t> all;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    all.insert(with_misfortune(base, profile, seed).duration.ns);
  }
  return all;
}

const std::set<std::int64_t> as_the_scenario_says{(10_s).ns};

}  // namespace

TEST_CASE("the longest times there are leave room for what is drawn around them") {
  const Profile profile = *find_profile("default");
  Scenario s = swept(R"(, "network": { "latency": { "uniform": "9223372036854775807ns" } },
    "workload": { "arrivals": { "poisson": "20/s" } })");
  CHECK(patience_of(s) < 1'000'000'000_s);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Scenario drawn = with_misfortune(s, profile, seed);
    CHECK(patience_of(drawn) > Duration{});
    CHECK(patience_of(drawn) < 100'000'000_s);
    for (const Fault& fault : drawn.faults) CHECK(fault.at >= Time{});
  }
}

TEST_CASE("drawn delays leave clients the time to be answered") {
  // Seeds 20 and 64 were accused of liveness: nothing could be answered within 100 ms.
  const Scenario impatient = scenario_from(R"({ "name": "impatient", "duration": "10s",
    "nodes": { "server": { "count": 3, "algorithm": "epaxos" } },
    "workload": { "clients": 3, "arrivals": { "poisson": "20/s" }, "timeout": "100ms" } })");
  const Profile profile = *find_profile("default");
  std::set<std::int64_t> longest;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Scenario drawn = with_misfortune(impatient, profile, seed);
    longest.insert(drawn.network.latency.at(~std::uint64_t{0}).ns);
  }
  CHECK(*longest.rbegin() <= (5_ms).ns);
  CHECK(*longest.rbegin() > (4_ms).ns);
  for (const std::uint64_t seed : {20U, 64U}) {
    CHECK(run(with_misfortune(impatient, profile, seed)).verdict == Verdict::held);
  }
}

TEST_CASE("runs of a sweep end early, from twice the patience on, over orders of magnitude") {
  const Scenario base = swept(with_clients);
  const std::set<std::int64_t> all = drawn_lengths(base);
  REQUIRE(all.size() > 100);
  CHECK(*all.begin() >= (600_ms).ns);  // the longest election timeout is 300 ms
  CHECK(*all.begin() < (800_ms).ns);
  CHECK(*all.rbegin() <= (10_s).ns);
  CHECK(*all.rbegin() > (8_s).ns);
  CHECK(drawn_lengths(base, {0, 1}) == as_the_scenario_says);
  CHECK(drawn_lengths(base, {1, 2}).count((10_s).ns) == 1);
}

TEST_CASE("a run that ends early leaves the scenario's own faults and its clients their time") {
  const Scenario faulty = swept(with_clients + R"(, "faults": [ { "at": "1s", "crash": 1 },
                               { "at": "2s", "isolate": "leader", "for": "3s" } ])");
  CHECK(*drawn_lengths(faulty).begin() >= (5'600_ms).ns);
  Profile profile = *find_profile("default");
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Scenario drawn = with_misfortune(faulty, profile, seed);
    REQUIRE(drawn.faults.size() >= 2);
    CHECK(drawn.faults[0].at == Time{} + 1_s);
    CHECK(drawn.faults[1].at == Time{} + 2_s);
  }
  const Scenario late =
      swept(R"(, "workload": { "clients": 2, "arrivals": { "poisson": "20/s" }, "start": "4s" })");
  CHECK(*drawn_lengths(late).begin() >= (4'600_ms).ns);
}

TEST_CASE("runs whose length is what they are about keep it") {
  CHECK(drawn_lengths(swept("")) == as_the_scenario_says);  // no client that could see anything
  CHECK(drawn_lengths(swept(with_clients + R"(, "check": [ "availability" ])")) ==
        as_the_scenario_says);
  CHECK(drawn_lengths(swept(with_clients + R"(, "statistics": {})")) == as_the_scenario_says);
  CHECK(drawn_lengths(swept(R"(, "workload": { "clients": 1, "arrivals": { "curve": { "points": [
          { "at": "0s", "rate": "10/s" }, { "at": "9s", "rate": "50/s" } ] } } })")) ==
        as_the_scenario_says);
  CHECK(drawn_lengths(swept(R"(, "workload": { "clients": 1, "arrivals": { "poisson": "20/s" },
          "stop": "9s" })")) == as_the_scenario_says);
}

TEST_CASE("however early a run ends, it is judged as a whole: it heals and must answer") {
  Profile profile = *find_profile("default");
  profile.shorter = {1, 1};
  std::uint64_t brief = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const Scenario drawn = with_misfortune(swept(with_clients), profile, seed);
    const RunOutcome outcome = run(drawn);
    CHECK(outcome.violations.empty());
    if (drawn.duration > 2_s || outcome.verdict != Verdict::held) continue;
    ++brief;
    CHECK(outcome.recovery.has_value());
    CHECK(outcome.ended - Time{} > drawn.duration);
  }
  CHECK(brief > 5);
}
