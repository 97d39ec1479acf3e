// Where runs part, when a failure was bound to come, and what a shrunk failure leaves behind.
#include <filesystem>

#include "sim/report/parting.h"
#include "sim/report/repro.h"
#include "sim/report/shrunk.h"
#include "sim/scenario/fork.h"
#include "tests/report/helpers.h"
#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

const std::string lost_vote = "bugs/raft_vote_not_persisted.json";

TEST_CASE("equal runs do not part, and others at the first event that differs") {
  const Scenario a = scenario_of(small_raft);
  CHECK(parting(a, a, 3).same);
  Scenario b = a;
  b.faults.push_back(a.faults.front());
  b.faults.back().at = Time{} + 1600_ms;
  b.faults.back().action = Pause{Selector::of({NodeId{2}})};
  const Parting late = parting(a, b, 3);
  CHECK_FALSE(late.same);
  CHECK(late.before.size() == 3);
  REQUIRE_FALSE(late.b.empty());
  CHECK(late.b.front().what == "paused");
  CHECK(late.b.front().node == "n2");
  CHECK(late.b.front().at == Time{} + 1600_ms);
  CHECK(late.b.front().event.value == late.event);
  CHECK(late.before.back().event.value < late.event);
  // The longer of two runs that are otherwise the same goes on where the other is over.
  Scenario shorter = a;
  shorter.end_at(1500_ms);
  const Parting end = parting(shorter, a, 2);
  CHECK(end.a.empty());
  CHECK(end.b.size() == 3);
}

TEST_CASE("a run goes on as it was until all chance comes from another seed") {
  const Scenario scenario = scenario_of(small_raft, {"duration=6s"});
  const RunOutcome plain = run(scenario);
  const auto reseeded = [&](std::uint64_t after, std::uint64_t seed) {
    return run(scenario, {nullptr, true, nullptr, Reseed{after, seed}});
  };
  CHECK(reseeded(plain.counters.events, 77).fingerprint == plain.fingerprint);
  CHECK(reseeded(2000, 77).fingerprint != plain.fingerprint);
  CHECK(reseeded(2000, 77).fingerprint != reseeded(2000, 78).fingerprint);
  CHECK(reseeded(2000, 77).fingerprint == reseeded(2000, 77).fingerprint);
  CHECK(reseeded(0, 77).fingerprint != plain.fingerprint);
  const PrefixHashes kept = reseeded(1100, 77).prefixes;
  REQUIRE(kept.hashes.size() >= 2);
  CHECK(kept.hashes[0] == plain.prefixes.hashes[0]);
  CHECK(kept.hashes[1] != plain.prefixes.hashes[1]);
}

TEST_CASE("the second vote is bound to come once the other candidate has asked for it") {
  const Scenario scenario = shipped(lost_vote);
  const RunOutcome outcome = run(scenario);
  Trials trials(1, 0);
  Forks forks(scenario, outcome, 40, trials);
  const auto turning = forks.turning_point();
  REQUIRE(turning.has_value());
  CHECK(turning->nearly_all());
  CHECK(turning->after_event < forks.violation());
  CHECK_FALSE(forks.after(turning->after_event - 1).nearly_all());
  bool asked = false;
  for (const Happening& each : happenings_of(scenario, turning->after_event)) {
    asked = asked || (each.node == "n2" && each.what.starts_with("sent RequestVote"));
  }
  CHECK(asked);
  CHECK(forks.at(Time{}).violated < 40);
  const std::vector<ForkPoint> curve = forks.curve(6);
  CHECK(curve.front().violated < curve.back().violated);
}

TEST_CASE("a shrunk failure is written beside it: scenario, repro and story") {
  const Scenario scenario = shipped(lost_vote);
  const Shrunk shrunk = shrink(scenario, run(scenario), {1, 0, nullptr, true});
  const ShrunkFiles files = shrunk_files(shrunk, "here/shrunk");
  CHECK(run(scenario_of(files.scenario)).fingerprint == shrunk.outcome.fingerprint);
  Problems problems;
  const auto repro = read_repro({"shrunk.repro.json", files.repro}, problems);
  REQUIRE_MESSAGE(repro.has_value(), problems.to_text());
  CHECK(compare(*repro, run(repro->scenario)).same_fingerprint);
  CHECK(files.story.find("Smallest schedule found (2 of 2 faults") != std::string::npos);
  CHECK(files.story.find("crash nodes 3 at 0.187 s for 4ms") != std::string::npos);
  CHECK(files.story.find("\"crash\": 3, \"for\": \"4ms\" }` | holds |") != std::string::npos);
  CHECK(files.story.find("ballast replay here/shrunk.repro.json") != std::string::npos);
  CHECK(files.story.find("## How it came about") != std::string::npos);
  CHECK(files.id == failure_id("vote_once_per_term", shrunk.scenario));

  const auto folder = std::filesystem::temp_directory_path() / "ballast-shrunk-test";
  ResultDirectory directory(folder.string(), "test");
  record_shrunk(shrunk, directory, "failures/x/", "here/failures/x");
  CHECK(std::filesystem::exists(directory.place("failures/x/shrunk.json")));
  CHECK(std::filesystem::exists(directory.place("failures/x/shrunk.repro.json")));
  CHECK(std::filesystem::exists(directory.place("failures/x/violation.md")));
}

TEST_CASE("what is needed is told in words") {
  CHECK(in_words(Necessity{"x", Necessity::Answer::holds, "", {}}) == "holds");
  CHECK(in_words(Necessity{"x", Necessity::Answer::another, "agreement", {}}) ==
        "violates agreement instead");
  CHECK(in_words(Necessity{"x", Necessity::Answer::violated, "", {"y", "z"}}) ==
        "still violated, but not without y or z");
}

}  // namespace
