// The trace can be judged by somebody else: it is in order, every record names what it follows
// from, and messages and states are those of the run.
#include <map>
#include <set>

#include "tests/report/helpers.h"

using namespace ballast;

namespace {

Written full() { return write_down(scenario_of(small_raft), {TraceLevel::full, 1'000'000}); }

std::map<std::string, std::uint64_t> counts(const std::vector<Value>& trace) {
  std::map<std::string, std::uint64_t> seen;
  for (const Value& record : trace) ++seen[text_at(record, "what")];
  return seen;
}

}  // namespace

TEST_CASE("records are numbered without a gap, in the order of events and of time") {
  const Written run = full();
  REQUIRE(run.trace.size() > 1000);
  std::uint64_t seq = 0;
  std::uint64_t event = 0;
  std::uint64_t time = 0;
  for (const Value& record : run.trace) {
    CHECK(number_at(record, "seq") == ++seq);
    CHECK(number_at(record, "event") >= event);
    CHECK(number_at(record, "time") >= time);
    CHECK(number_at(record, "cause") <= number_at(record, "event"));
    event = number_at(record, "event");
    time = number_at(record, "time");
  }
  CHECK(number_at(run.about, "records") == seq);
  CHECK(number_at(run.about, "left_out") == 0);
  CHECK(text_at(run.about, "level") == "full");
}

TEST_CASE("the trace counts what the run counted") {
  const Written run = full();
  auto seen = counts(run.trace);
  const Counters& counters = run.outcome.counters;
  CHECK(seen["sent"] == counters.sent);
  CHECK(seen["received"] == counters.received);
  CHECK(seen["dropped"] == counters.all_dropped());
  CHECK(seen["stated"] == counters.facts);
  CHECK(seen["fired"] == counters.timers);
  CHECK(seen["flushed"] == counters.flushes);
  CHECK(seen["crashed"] == 1);
  CHECK(seen["booted"] == 6);  // three nodes, two clients, and the one that came back
}

TEST_CASE("a message arrives as it was sent, from the event in which it was sent") {
  const Written run = full();
  std::map<std::uint64_t, const Value*> sent;
  std::uint64_t arrivals = 0;
  for (const Value& record : run.trace) {
    const std::uint64_t message = number_at(record, "message");
    if (text_at(record, "what") == "sent") {
      CHECK(sent.emplace(message, &record).second);
    } else if (text_at(record, "what") == "received") {
      ++arrivals;
      REQUIRE(sent.contains(message));
      const Value& sending = *sent[message];
      CHECK(number_at(record, "cause") == number_at(sending, "event"));
      CHECK(text_at(record, "node") == text_at(sending, "peer"));
      CHECK(text_at(record, "peer") == text_at(sending, "node"));
      CHECK(text_at(record, "name") == text_at(sending, "name"));
      std::string arrived;
      std::string left;
      JsonWriter a(arrived);
      JsonWriter b(left);
      write_json(a, *record.find("fields"));
      write_json(b, *sending.find("fields"));
      CHECK(arrived == left);
    }
  }
  CHECK(arrivals > 500);
}

TEST_CASE("every step names its start, and what follows from it names the step") {
  const Written run = full();
  std::set<std::uint64_t> steps;
  for (const Value& record : run.trace) {
    const std::string what = text_at(record, "what");
    const std::uint64_t event = number_at(record, "event");
    if (what == "received" || what == "fired" || what == "booted") {
      steps.insert(event);
    } else if (what == "stated" || what == "sent" || what == "persisted" || what == "flushed") {
      CHECK(steps.contains(number_at(record, "cause")));
    }
  }
}

TEST_CASE("records of Raft carry term, vote, role, last index and commit index") {
  const Written run = write_down(scenario_of(small_raft), {TraceLevel::messages, 1'000'000});
  bool was_before = false;
  for (std::size_t i = 0; i < run.trace.size(); ++i) {
    const Value& record = run.trace[i];
    if (!text_at(record, "node").starts_with("n")) continue;
    const std::string what = text_at(record, "what");
    if (what == "crashed" || what == "dropped") continue;
    const Value* state = record.find("state");
    REQUIRE(state != nullptr);
    for (const char* key :
         {"term", "voted_for", "role", "last_index", "last_term", "commit_index"}) {
      CHECK(state->find(key) != nullptr);
    }
    // Before the step on arrival, after it on all others.
    if (what == "received" && text_at(record, "name") == "RequestVote" &&
        number_at(*record.find("fields"), "term") > number_at(*state, "term")) {
      was_before = true;
    }
    if (what == "stated" && text_at(record, "name") == "vote_granted") {
      const Value& fields = *record.find("fields");
      CHECK(number_at(*state, "term") >= number_at(fields, "term"));
    }
  }
  CHECK(was_before);
}

TEST_CASE("each level holds all records of the one before, and nothing writes nothing") {
  const Scenario scenario = scenario_of(small_raft);
  std::uint64_t before = 0;
  for (const TraceLevel level : {TraceLevel::facts, TraceLevel::messages, TraceLevel::full}) {
    const Written run = write_down(scenario, {level, 1'000'000});
    CHECK(run.trace.size() > before);
    before = run.trace.size();
    auto seen = counts(run.trace);
    CHECK(seen["stated"] == run.outcome.counters.facts);
    CHECK((seen["sent"] > 0) == (level != TraceLevel::facts));
    CHECK((seen["fired"] > 0) == (level == TraceLevel::full));
    CHECK((run.trace.front().find("state") != nullptr) == (level != TraceLevel::facts));
  }
  CHECK(write_down(scenario, {TraceLevel::none, 1'000'000}).trace.empty());
}

TEST_CASE("a cap keeps the last records and says how many went before") {
  const Scenario scenario = scenario_of(small_raft);
  const Written whole = write_down(scenario, {TraceLevel::full, 1'000'000});
  for (const std::uint64_t cap : {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{999}}) {
    const Written run = write_down(scenario, {TraceLevel::full, cap});
    REQUIRE(run.trace.size() == cap);
    CHECK(number_at(run.about, "records") == cap);
    CHECK(number_at(run.about, "left_out") == whole.trace.size() - cap);
    CHECK(number_at(run.trace.front(), "seq") == whole.trace.size() - cap + 1);
    CHECK(number_at(run.trace.back(), "seq") == whole.trace.size());
    // What waited for the disk since before the first record has its state all the same.
    CHECK(whole.text.ends_with(run.text.substr(run.text.find('\n') + 1)));
  }
}

TEST_CASE("a cap far below the length of a run still keeps exactly the last records") {
  const Scenario scenario = scenario_of(small_raft, {"duration=20s"});
  const Written run = write_down(scenario, {TraceLevel::full, 3'000});
  CHECK(run.trace.size() == 3'000);
  CHECK(number_at(run.trace.front(), "seq") == number_at(run.about, "left_out") + 1);
}

TEST_CASE("recording a run does not change it") {
  const Scenario scenario = scenario_of(small_raft);
  const std::uint64_t bare = run(scenario).fingerprint;
  for (const TraceLevel level : {TraceLevel::none, TraceLevel::facts, TraceLevel::full}) {
    CHECK(write_down(scenario, {level, 10}).outcome.fingerprint == bare);
  }
}

TEST_CASE("history and metrics add up to the summary") {
  const Written run = write_down(scenario_of(small_raft), {TraceLevel::facts, 10});
  std::map<std::string, std::uint64_t> types;
  for (std::size_t i = 0; i < run.history.size(); ++i) {
    const Value& line = run.history[i];
    CHECK(number_at(line, "index") == i);
    CHECK(text_at(line, "client").starts_with("c"));
    ++types[text_at(line, "type")];
  }
  CHECK(types["invoke"] == run.outcome.invoked);
  CHECK(types["ok"] == run.outcome.ok);

  std::istringstream csv(run.metrics);
  std::string header;
  std::getline(csv, header);
  CHECK(header.starts_with("from_ns,to_ns,invoked,ok,"));
  std::uint64_t invoked = 0;
  std::uint64_t last_to = 0;
  for (std::string row; std::getline(csv, row);) {
    std::istringstream cells(row);
    std::vector<std::uint64_t> numbers;
    for (std::string cell; std::getline(cells, cell, ',');) numbers.push_back(std::stoull(cell));
    REQUIRE(numbers.size() == 17);
    CHECK(numbers[0] == last_to);
    last_to = numbers[1];
    invoked += numbers[2];
  }
  CHECK(last_to == static_cast<std::uint64_t>(run.outcome.ended.ns));
  CHECK(invoked == run.outcome.invoked);
}
