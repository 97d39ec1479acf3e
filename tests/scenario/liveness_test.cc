// The second phase: a healed core, a frozen periphery, and progress that is asked for.
#include "sim/scenario/liveness.h"

#include <doctest/doctest.h>

#include <set>

#include "sim/report/repro.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"
#include "sim/scenario/run.h"
#include "tests/scenario/read.h"

using namespace ballast;
using namespace literals;

namespace {

Scenario scenario(const std::string& faults, const std::string& more = "") {
  const std::string text = R"({ "name": "liveness", "duration": "3s",
    "nodes": { "server": { "count": 5, "algorithm": "raft" } },
    "workload": { "clients": 2, "arrivals": { "poisson": "20/s" } },
    "check": [ "liveness" ], "faults": [)" +
                           faults + "]" + more + "}";
  return scenario_from(text);
}

}  // namespace

TEST_CASE("a cluster that was broken for good comes back once a quorum is healed") {
  for (const char* fault :
       {R"({ "at": "1s", "crash": "all" })", R"({ "at": "1s", "pause": "majority" })",
        R"({ "at": "1s", "split": { "sizes": "halves", "into": 3 } })",
        R"({ "at": "1s", "clog": "leader" })", R"({ "at": "1s", "disk_stall": "all" })",
        R"({ "at": "1s", "loss": "100%" })",
        R"({ "at": "1s", "clock_drift": { "nodes": "all", "ppm": -900000 } })"}) {
    CAPTURE(fault);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      Scenario s = scenario(fault);
      s.seed = seed;
      const RunOutcome outcome = run(s);
      CHECK(outcome.verdict == Verdict::held);
      REQUIRE(outcome.recovery.has_value());
      CHECK(*outcome.recovery < 5_s);
      CHECK(outcome.ended > Time{} + 3_s);
    }
  }
}

TEST_CASE("the core is a quorum of any size, and what is outside stays as it was") {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Scenario s = scenario(R"({ "at": "1s", "crash": "all" })");
    s.seed = seed;
    World world = build_world(s);
    world.boot();
    for (std::uint32_t node = 1; node <= 5; ++node) world.crash({node});
    const Core core = choose_core(s, world);
    REQUIRE(core.excuse.empty());
    sizes.insert(core.nodes.size() - 2);
    world.cut({1}, {6});
    world.cut({7}, {2});
    heal(core.nodes, 5, true, world);
    // Whoever is outside may lead: clients reach it.
    CHECK_FALSE(world.network().is_cut({1}, {6}));
    CHECK_FALSE(world.network().is_cut({7}, {2}));
    for (std::uint32_t node = 1; node <= 7; ++node) {
      const bool inside =
          std::find(core.nodes.begin(), core.nodes.end(), NodeId{node}) != core.nodes.end();
      CHECK(world.is_up({node}) == inside);
    }
  }
  CHECK(sizes == std::set<std::size_t>{3, 4, 5});
}

TEST_CASE("an algorithm that makes no progress is accused, and told apart from one that cannot") {
  // Heartbeats are slower than every timeout can stand once clocks of the followers run fast: no
  // leader lasts. Fast clocks are the scenario's own, and no fault that could be healed.
  Scenario s = scenario("");
  s.network.latency = Distribution::constant(400_ms);
  s.check.liveness->patience = 20;
  const RunOutcome outcome = run(s);
  REQUIRE(outcome.verdict == Verdict::violated);
  CHECK(outcome.violations.front().property == "liveness");
  const std::string& sentence = outcome.violations.front().sentence;
  CAPTURE(sentence);
  CHECK(sentence.find("none for 6s") != std::string::npos);
  CHECK(sentence.find("livelock") != std::string::npos);
}

TEST_CASE("no quorum that can start, waived liveness and idle clients are excuses with a reason") {
  Scenario rotten = scenario(
      R"({ "at": "1s", "bit_rot": { "nodes": [1, 2, 3], "bounded": false } },
         { "at": "2s", "crash": [1, 2, 3], "for": "100ms" })");
  const RunOutcome waived = run(rotten);
  REQUIRE_FALSE(waived.notes.empty());
  CHECK(waived.notes.front().find("left the fault model") != std::string::npos);

  Scenario idle = scenario(R"({ "at": "1s", "pause": "any", "for": "100ms" })");
  idle.workload->stop = 2_s;
  const RunOutcome outcome = run(idle);
  CHECK(outcome.verdict == Verdict::inconclusive);
  REQUIRE_FALSE(outcome.reasons.empty());
  CHECK(outcome.reasons.front().find("no operation was begun") != std::string::npos);
}

TEST_CASE("what a run with a second phase came to replays bit for bit") {
  Scenario s = scenario(R"({ "at": "1s", "crash": "leader" }, { "at": "2s", "isolate": "any" })");
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    s.seed = seed;
    const RunOutcome first = run(s);
    CHECK(run(as_it_happened(s, first)).fingerprint == first.fingerprint);
  }
}

// Found by a sweep: a leader outside the core goes on leading over links of 400 ms, one entry at a
// time, and clients who ask more than that are all answered too late. Asked less, it keeps up.
TEST_CASE("a leader outside the core that limps is not taken for one that is stuck") {
  const std::string text = R"({ "name": "limp", "duration": "6s",
    "nodes": { "server": { "count": 3, "algorithm": "raft",
      "config": { "election_timeout": ["1s", "2s"], "heartbeat": "50ms",
                  "max_entries_per_message": 1, "pre_vote": true, "check_quorum": true } } },
    "workload": { "clients": 2, "arrivals": { "poisson": "20/s" } },
    "faults": [ { "at": "3s", "latency": { "add": "400ms" } } ],
    "check": [ { "liveness": { "patience": 100 } } ] })";
  Scenario limping = scenario_from(text);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {  // 4 is one whose core is the other two
    CAPTURE(seed);
    limping.seed = seed;
    CHECK(run(limping).verdict == Verdict::held);
  }
}

// Found by a sweep of a correct Raft over links of seconds: one answer comes in time, and then none
// for as long as everybody asks more than the leader can do.
TEST_CASE("a leader that limps may have answered once") {
  const std::string text = R"({ "name": "limp", "duration": "4s",
    "nodes": { "server": { "count": 5, "algorithm": "raft",
      "config": { "snapshot_after": 5, "snapshot_chunk": 4 } } },
    "disk": { "flush": { "uniform": ["200us", "2ms"] } },
    "workload": { "clients": 2, "arrivals": { "poisson": "50/s" }, "keys": 2,
      "operations": { "read": 1, "write": 1 } },
    "check": [ { "linearizable": "register" } ] })";
  CHECK(run(with_misfortune(scenario_from(text), *find_profile("default"), 2785)).verdict ==
        Verdict::held);
}

// Found by a sweep of correct code: a link of 2,388 bytes a second had taken 64 messages, and what
// was sent after the healing had to wait for them, half a minute, because links were fifo.
TEST_CASE("a fifo link that was thin delivers first what it has taken") {
  const std::string text = R"({ "name": "thin", "duration": "10s",
    "nodes": { "server": { "count": 3, "algorithm": "viewstamped_replication",
      "config": { "checkpoint_every": 20, "view_change_timeout": ["100ms", "120ms"],
                  "batch": 2 } } },
    "workload": { "clients": 1, "arrivals": { "poisson": "20/s" }, "keys": 2,
      "operations": { "read": 1, "write": 1 } } })";
  CHECK(run(with_misfortune(scenario_from(text), *find_profile("default"), 844'170)).verdict ==
        Verdict::held);
}

// Found likewise: voters were changed just after a core had been chosen without one of them.
TEST_CASE("who asks for other members may have them later") {
  const std::string text = R"({ "name": "members", "duration": "4s",
    "nodes": { "server": { "count": 5, "algorithm": "multi_paxos",
      "config": { "window": 5, "checkpoint_every": 1, "lease": "50ms", "heartbeat": "20ms" } } },
    "workload": { "clients": 2, "arrivals": { "poisson": "20/s" }, "keys": 2, "timeout": "300ms",
      "operations": { "read": 1, "write": 1 } },
    "faults": [
      { "at": "200ms", "every": { "uniform": ["10ms", "400ms"] }, "optional": true,
        "administer": { "nodes": "leader", "what": "set_voters", "who": [1, 4, 5] } },
      { "at": "300ms", "every": { "uniform": ["10ms", "400ms"] }, "optional": true,
        "administer": { "nodes": "leader", "what": "set_voters", "who": [1, 2, 3] } },
      { "at": "200ms", "every": { "uniform": ["10ms", "400ms"] }, "optional": true,
        "administer": { "nodes": "leader", "what": "remove", "who": 3 } },
      { "at": "200ms", "every": { "uniform": ["10ms", "400ms"] }, "optional": true,
        "administer": { "nodes": "leader", "what": "add_voter", "who": 4 } } ] })";
  CHECK(run(with_misfortune(scenario_from(text), *find_profile("default"), 193'007)).verdict ==
        Verdict::held);
}

// Found likewise: EPaxos had thousands of instances to commit first, and decides no slots.
TEST_CASE("instances that are committed are work that piled up") {
  const std::string text = R"({ "name": "piled up", "duration": "4s",
    "nodes": { "server": { "count": 5, "algorithm": "epaxos",
      "config": { "fast_quorum": "simple", "resend_interval": "20ms" } } },
    "disk": { "flush": { "uniform": ["200us", "2ms"] } },
    "workload": { "clients": 5, "arrivals": { "poisson": "60/s" }, "keys": 2,
      "operations": { "read": 1, "write": 1 } },
    "check": [ { "liveness": { "patience": 4 } } ] })";
  CHECK(run(with_misfortune(scenario_from(text), *find_profile("default"), 2)).verdict ==
        Verdict::held);
}

// Found likewise: a client that asks every eight seconds, and gives up after one attempt, is judged
// by thirty of them.
TEST_CASE("where a third of the messages is lost more than a few requests are waited for") {
  const std::string text = R"({ "name": "losses", "duration": "2s",
    "nodes": { "acceptor": { "count": 7, "algorithm": "paxos",
      "config": { "retransmit": ["20ms", "60ms"], "back_off": ["1ms", "20ms"] } } },
    "network": { "latency": { "uniform": ["1ms", "20ms"] }, "loss": "30%" },
    "workload": { "clients": 1, "arrivals": { "closed": { "think": "1s" } }, "timeout": "100ms",
      "operations": { "propose": 1 } } })";
  const auto judged = [&](std::uint64_t seed) {
    return run(with_misfortune(scenario_from(text), *find_profile("default"), seed));
  };
  for (const std::uint64_t seed : {36U, 54U, 60U}) CHECK(judged(seed).verdict == Verdict::held);
  const RunOutcome unlucky = judged(294);
  CHECK(unlucky.verdict == Verdict::inconclusive);
  REQUIRE(unlucky.reasons.size() == 1);
  CHECK(unlucky.reasons[0] == "liveness: too few operations were begun to tell from losses");
}

TEST_CASE("availability is asked for while faults stand, if a connected majority does") {
  Scenario minority =
      scenario(R"({ "at": "1s", "split": { "sizes": "minority", "with": "leader" } })");
  minority.check.liveness.reset();
  minority.check.availability = Availability{20};
  minority.duration = 20_s;
  CHECK(run(minority).verdict == Verdict::held);

  // Everybody hears only part of the others: no majority is connected, and nothing is asked.
  Scenario chain = scenario(R"({ "at": "1s", "chain": {} })");
  chain.check.liveness.reset();
  chain.check.availability = Availability{20};
  chain.duration = 20_s;
  CHECK(run(chain).violations.empty());

  // Everybody is connected, and answers take longer than every election timeout: no leader lasts.
  Scenario slow = minority;
  slow.faults.clear();
  slow.network.latency = Distribution::constant(400_ms);
  const RunOutcome outcome = run(slow);
  REQUIRE(outcome.verdict == Verdict::violated);
  CHECK(outcome.violations.front().property == "availability");
}

TEST_CASE("a sweep's scenario is explicit, and its misfortune that of the seed alone") {
  const Scenario base = scenario("");
  const Profile profile = *find_profile("storm");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Scenario chaos = with_misfortune(base, profile, seed);
    Problems problems;
    const std::optional<Value> value = parse_json(resolved_json(chaos), "resolved", problems);
    const std::optional<Scenario> again = value ? read_scenario(*value, problems) : std::nullopt;
    INFO(problems.to_text());
    REQUIRE(again.has_value());
    CHECK(resolved_json(*again) == resolved_json(chaos));
    const RunOutcome outcome = run(*again);
    CHECK(outcome.fingerprint == run(chaos).fingerprint);
    const std::optional<Value> happened =
        parse_json(resolved_json(as_it_happened(chaos, outcome)), "happened", problems);
    const std::optional<Scenario> replay =
        happened ? read_scenario(*happened, problems) : std::nullopt;
    REQUIRE(replay.has_value());
    CHECK(run(*replay).fingerprint == outcome.fingerprint);
    CHECK(outcome.violations.empty());
  }
}
