// A violation tells its story: the facts that clash, what led to them, what was lost on the way.
#include "sim/report/story.h"

#include <algorithm>

#include "sim/report/subjects.h"
#include "sim/report/words.h"
#include "tests/report/helpers.h"

using namespace ballast;

namespace {

struct Told {
  RunOutcome outcome;
  Story story;
  std::string text;
};

Told tell(const Scenario& scenario) {
  StoryTeller teller(scenario);
  Told told;
  told.outcome = run(scenario, {&teller, true, nullptr});
  REQUIRE(told.outcome.verdict == Verdict::violated);
  told.story = teller.tell(told.outcome);
  told.text = violation_md(scenario, told.story);
  return told;
}

bool says(const Told& told, std::string_view words) {
  return told.text.find(words) != std::string::npos;
}

Names three_nodes() { return Names(scenario_of(small_raft)); }

}  // namespace

TEST_CASE("a forgotten vote is seen: two votes, the crash between them, and nothing on disk") {
  const Told told = tell(shipped("bugs/raft_vote_not_persisted.json"));
  CHECK(told.story.property == "vote_once_per_term");
  CHECK(says(told, "A node votes for one candidate in a term"));
  const auto clashing = std::count_if(told.story.rows.begin(), told.story.rows.end(),
                                      [](const StoryRow& row) { return row.clashes; });
  CHECK(clashing == 2);
  CHECK(says(told, "n3 voted for n1 in term 1 at"));
  CHECK(says(told, "n3 voted for n2 in term 1 at"));
  CHECK(says(told, "on receiving RequestVote (term 1"));
  CHECK(says(told, "when its timer \"election\" fired"));
  CHECK(says(told, "n3 crashed at 0.187 s"));
  CHECK(says(told, "n3 started again at 0.191 s with term 1, voted_for 0"));
  CHECK(says(told, "fault: partition, groups [1, 2], for 1s"));
}

TEST_CASE(
    "every planted mistake in reach tells a story of clashing facts, in order and in bounds") {
  for (const char* file :
       {"raft_append_without_previous_check", "raft_truncate_on_commit", "paxos_largest_value",
        "paxos_promise_not_persisted", "paxos_no_ballots", "balancing_crashed_requests_vanish"}) {
    CAPTURE(file);
    const Told told = tell(shipped("bugs/" + std::string(file) + ".json"));
    const std::vector<StoryRow>& rows = told.story.rows;
    CHECK(rows.size() >= 5);
    CHECK(rows.size() <= StoryTeller::most_rows);
    CHECK(std::any_of(rows.begin(), rows.end(), [](const StoryRow& r) { return r.clashes; }));
    CHECK(std::is_sorted(rows.begin(), rows.end(),
                         [](const StoryRow& a, const StoryRow& b) { return a.event < b.event; }));
    CHECK_FALSE(told.story.causes.empty());
    CHECK_FALSE(told.story.states.empty());
    CHECK(in_short(told.story).size() <= 10);
  }
}

TEST_CASE("what the scenario did not check is told as well, if it explains the violation") {
  const Scenario scenario = shipped("bugs/paxos_no_ballots.json", {R"(check=["agreement"])"});
  const Told told = tell(scenario);
  CHECK(told.story.property == "agreement");
  const auto& before = told.story.before;
  CHECK(std::any_of(before.begin(), before.end(), [](const std::string& sentence) {
    return sentence.starts_with("one_value_per_ballot at ");
  }));
}

TEST_CASE("a crash shows the records that it takes along, and only these") {
  const Scenario scenario = scenario_of(
      small_raft, {"disk.flush=20ms", R"(faults=[{"at":"700ms","crash":"leader","for":"100ms"},)"
                                      R"({"at":"1300ms","crash":"leader","for":"100ms"}])"});
  Moments moments(scenario);
  run(scenario, {&moments, true, nullptr});
  std::vector<std::vector<std::string>> journals(4);  // by node, as JSON
  std::uint64_t lost = 0;
  for (const Moment& moment : moments.all()) {
    if (moment.what != Sight::persisted && moment.what != Sight::crashed) continue;
    std::vector<std::string>& journal = journals[moment.node.value];
    std::vector<std::string> records;
    for (const Value& record : tree_of(moment.json).children) {
      JsonWriter w(records.emplace_back());
      write_json(w, record);
    }
    if (moment.what == Sight::persisted) {
      journal.insert(journal.end(), records.begin(), records.end());
    } else {
      REQUIRE(records.size() == moment.lost);
      CHECK(std::equal(records.begin(), records.end(), journal.end() - std::ssize(records)));
      journal.resize(journal.size() - records.size());
      lost += moment.lost;
    }
  }
  CHECK(lost > 2);
}

TEST_CASE("clients go by their own names") {
  const Names names = three_nodes();
  CHECK(names.of(NodeId{3}) == "n3");
  CHECK(names.of(NodeId{4}) == "c1");
  CHECK(names.in("request 7 of n5 went to n2, n14x, run4") ==
        "request 7 of c2 went to n2, n14x, run4");
}

TEST_CASE("a sentence is about the terms, entries, ballots, requests and nodes that it names") {
  Subjects s;
  s.add_sentence("two leaders in term 7: n1 (elected at 1.121 s) and n4, entry 3 of term 2");
  CHECK(s.terms == std::set<Term>{{7}});
  CHECK(s.entry_terms == std::set<Term>{{2}});
  CHECK(s.entries == std::set<std::uint64_t>{3});
  CHECK(s.nodes == std::set<NodeId>{{1}, {4}});
  CHECK(s.concern(VoteGranted{{7}, {2}}));
  CHECK_FALSE(s.concern(VoteGranted{{2}, {2}}));
  CHECK(s.concern(Elected{{2}}));
  CHECK(s.concern(Appended{{3}, {9}, {}}));

  Subjects t;
  t.add_sentence("n2 accepted 5 in ballot 3.n2; request 9 of session 2 of n6 (ticket 12), key 4");
  CHECK(t.ballots == std::set<Ballot>{{3, {2}}});
  CHECK(t.requests == std::set<RequestId>{{{6}, 2, 9}});
  CHECK(t.tickets == std::set<Ticket>{{12}});
  CHECK(t.keys == std::set<std::uint64_t>{4});
}

TEST_CASE("JSON reads as words") {
  const Names names = three_nodes();
  CHECK(members_in_words(R"({"term":7,"vote":"granted","to":null,"list":[1,2],"none":[]})",
                         names) == "term 7, vote granted, to none, list [1, 2], none none");
  CHECK(members_in_words(R"({"ballot":{"round":3,"proposer":2},"phase":{"Idle":{}}})", names) ==
        "ballot 3.n2, phase Idle");
  CHECK(message_in_words("AppendEntries", R"({"entries":[{"a":1},{"a":2}]})", names) ==
        "AppendEntries (entries of 2)");
  CHECK(message_in_words(
            "Request",
            R"({"id":{"client":4,"session":0,"sequence":2},)"
            R"("command":{"operation":"write","key":3,"value":9,"expected":0,"work":0}})",
            names) == "request 2 of c1 (write 9, key 3)");
  CHECK(records_in_words(R"([{"Vote":{"term":1}},{"Cut":{"last":2}}])", names) ==
        "Vote (term 1), Cut (last 2)");
  CHECK(members_in_words(R"({"long":")" + std::string(500, 'x') + R"("})", names).size() == 110);
}

TEST_CASE("digests and times are cut to what tells them apart") {
  CHECK(readable("#00c3aaaaaaaaaaaa and #00c3bbbbbbbbbbbb at 0.183117142 s, 1.5 s") ==
        "#00c3a and #00c3b at 0.183117 s, 1.5 s");
  CHECK(readable("#12 and 0.123456789s") == "#12 and 0.123456789s");
}
