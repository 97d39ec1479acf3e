// The history: what clients saw, in Jepsen's convention.
#include "sim/load/history.h"

#include <doctest/doctest.h>

#include "tests/support/print.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId c1{8}, c2{9};

// Lets clients state what happens, a millisecond apart, and writes down the lines.
class Story {
 public:
  explicit Story(bool keep = true) : history(keep) {}

  void invoke(RequestId id, Operation operation, std::uint64_t key = 0, std::int64_t value = 0,
              std::int64_t expected = 0) {
    hear(id.client, Invoked{id, operation, key, value, expected});
  }
  void end(RequestId id, Returning outcome, std::int64_t value = 0) {
    hear(id.client, Returned{id, outcome, value});
  }
  void hear(NodeId node, Fact fact) {
    at += 1_ms;
    event = event.next();
    const HistoryLine line = history.hear({&fact, event, {}, at, node, {1}});
    processes.push_back(line.operation->process);
    lines.push_back({});
    JsonWriter w(lines.back());
    write_json(w, line, lines.size() - 1, node == c1 ? "c1" : "c2");
  }

  History history;
  std::vector<std::string> lines;
  std::vector<std::uint64_t> processes;
  Time at;
  EventId event;
};

}  // namespace

TEST_CASE("who writes 0 writes nothing, which is what is read then") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::write, 7, 0);
  story.end({c1, 0, 1}, Returning::ok);
  story.invoke({c1, 0, 2}, Operation::cas, 7, 0, 5);
  story.end({c1, 0, 2}, Returning::ok, 1);
  CHECK(story.lines[0].find(R"("f":"write","key":7,"value":null)") != std::string::npos);
  CHECK(story.lines[1].find(R"("f":"write","key":7,"value":null)") != std::string::npos);
  CHECK(story.lines[3].find(R"("f":"cas","key":7,"value":[5,null])") != std::string::npos);
}

TEST_CASE("an operation is a line when it is invoked and another one when it returns") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::write, 7, 5);
  story.invoke({c2, 0, 1}, Operation::read, 7);
  story.end({c1, 0, 1}, Returning::ok);
  story.end({c2, 0, 1}, Returning::ok, 5);
  REQUIRE(story.lines.size() == 4);
  CHECK(story.lines[0] == R"({"index":0,"process":0,"type":"invoke","f":"write","key":7,"value":5,)"
                          R"("time":1000000,"client":"c1","session":0,"event":1})");
  CHECK(story.lines[1] ==
        R"({"index":1,"process":1,"type":"invoke","f":"read","key":7,"value":null,)"
        R"("time":2000000,"client":"c2","session":0,"event":2})");
  CHECK(story.lines[2] == R"({"index":2,"process":0,"type":"ok","f":"write","key":7,"value":5,)"
                          R"("time":3000000,"client":"c1","session":0,"event":3})");
  CHECK(story.lines[3] == R"({"index":3,"process":1,"type":"ok","f":"read","key":7,"value":5,)"
                          R"("time":4000000,"client":"c2","session":0,"event":4})");
}

TEST_CASE("a register that was never written reads as null, and a refused cas is an observation") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::read);
  story.end({c1, 0, 1}, Returning::ok, 0);
  CHECK(story.lines.back().find(R"("type":"ok","f":"read","key":0,"value":null)") !=
        std::string::npos);
  story.invoke({c1, 0, 2}, Operation::cas, 0, 6, 0);
  CHECK(story.lines.back().find(R"("value":[null,6])") != std::string::npos);
  CHECK(story.lines.back().find("applied") == std::string::npos);
  story.end({c1, 0, 2}, Returning::ok, 0);
  CHECK(story.lines.back().find(
            R"("type":"ok","f":"cas","key":0,"value":[null,6],"applied":false)") !=
        std::string::npos);
  story.invoke({c1, 0, 3}, Operation::cas, 0, 7, 6);
  story.end({c1, 0, 3}, Returning::ok, 1);
  CHECK(story.lines.back().find(R"("value":[6,7],"applied":true)") != std::string::npos);
}

TEST_CASE("a decision is what a proposal returns, and a failed read has no value") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::propose, 0, 3);
  story.end({c1, 0, 1}, Returning::ok, 8);
  CHECK(story.lines[0].find(R"("value":3)") != std::string::npos);
  CHECK(story.lines[1].find(R"("value":8)") != std::string::npos);
  story.invoke({c1, 0, 2}, Operation::read);
  story.end({c1, 0, 2}, Returning::fail, 99);
  CHECK(story.lines[3].find(R"("type":"fail","f":"read","key":0,"value":null)") !=
        std::string::npos);
}

TEST_CASE("a session is one process until an operation of it ends unknown") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::write, 0, 1);
  story.end({c1, 0, 1}, Returning::ok);
  story.invoke({c1, 0, 2}, Operation::write, 0, 2);
  story.end({c1, 0, 2}, Returning::fail);
  story.invoke({c1, 0, 3}, Operation::write, 0, 3);
  story.end({c1, 0, 3}, Returning::info);
  story.invoke({c1, 0, 4}, Operation::write, 0, 4);
  story.invoke({c1, 1, 1}, Operation::write, 0, 5);
  CHECK(story.processes == std::vector<std::uint64_t>{0, 0, 0, 0, 0, 0, 1, 2});
}

TEST_CASE("the open operations of a crashed client end unknown, and only they") {
  Story story;
  story.invoke({c1, 0, 1}, Operation::write, 0, 1);
  story.end({c1, 0, 1}, Returning::ok);
  story.invoke({c1, 1, 1}, Operation::write, 0, 2);
  story.invoke({c1, 2, 1}, Operation::write, 0, 3);
  story.invoke({c2, 0, 1}, Operation::write, 0, 4);
  const auto cut_short = story.history.crashed(c1, story.at);
  REQUIRE(cut_short.size() == 2);
  CHECK(cut_short[0].value == 2);
  CHECK(cut_short[1].value == 3);
  CHECK(cut_short[1].outcome == Returning::info);
  CHECK(cut_short[1].returned == story.at);
  CHECK(story.history.open() == 1);
  CHECK(story.history.ended(Returning::info) == 2);
  CHECK(story.history.crashed(NodeId{3}, story.at).empty());  // not a client
  CHECK(story.history.crashed(NodeId{300}, story.at).empty());
}

TEST_CASE("operations are counted, and those that were answered ok are timed") {
  Story story(false);
  story.invoke({c1, 0, 1}, Operation::read);
  story.invoke({c1, 1, 1}, Operation::read);
  story.end({c1, 0, 1}, Returning::ok);
  story.end({c1, 1, 1}, Returning::fail);
  story.invoke({c1, 0, 2}, Operation::read);
  const History& history = story.history;
  CHECK(history.invoked() == 3);
  CHECK(history.open() == 1);
  CHECK(history.ended(Returning::ok) == 1);
  CHECK(history.ended(Returning::fail) == 1);
  CHECK(history.latencies().count() == 1);
  CHECK(history.latencies().max() == 2_ms);
  CHECK(history.last_ok() == Time{} + 3_ms);
}

TEST_CASE("the operations that were kept come in the order of invocation, open ones among them") {
  Story story;
  story.invoke({c2, 0, 1}, Operation::write, 1, 10);
  story.invoke({c1, 0, 1}, Operation::read, 2);
  story.invoke({c1, 1, 1}, Operation::cas, 3, 30, 20);
  story.end({c1, 1, 1}, Returning::ok, 1);
  story.end({c1, 0, 1}, Returning::fail);
  const auto all = story.history.take();
  REQUIRE(all.size() == 3);
  CHECK(all[0].key == 1);
  CHECK(all[0].outcome == Returning::info);
  CHECK(all[0].returned == Time::max());
  CHECK(all[1].key == 2);
  CHECK(all[1].outcome == Returning::fail);
  CHECK(all[2].key == 3);
  CHECK(all[2].expected == 20);
  CHECK(all[2].result == 1);
  CHECK(all[2].invoked == Time{} + 3_ms);
  CHECK(all[2].returned == Time{} + 4_ms);
  // They are given away, and what follows is only counted.
  story.end({c2, 0, 1}, Returning::ok);
  story.invoke({c2, 0, 2}, Operation::write, 1, 11);
  CHECK(story.history.take().empty());
  CHECK(story.history.invoked() == 4);
}
