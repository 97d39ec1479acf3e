#include "sim/history/read.h"

#include <doctest/doctest.h>

namespace ballast::history {
namespace {

History read(std::string_view text, ReadOptions options = {}) {
  Problems problems;
  std::optional<History> history = read_history(text, "h", options, problems);
  INFO(problems.to_text());
  REQUIRE(history);
  return std::move(*history);
}

std::string errors(std::string_view text, ReadOptions options = {}) {
  Problems problems;
  CHECK(!read_history(text, "h", options, problems));
  return problems.to_text();
}

std::string words(const History& history) {
  std::string text;
  for (const Operation& op : history.operations) {
    if (!text.empty()) text += "; ";
    text += std::to_string(op.process) + " " + history.objects[op.object] + ": " +
            say(op, history.values) + " " + std::to_string(op.invoked.ns);
    if (op.known()) text += ".." + std::to_string(op.ended.ns);
  }
  return text;
}

}  // namespace

TEST_CASE("JSON Lines, EDN, and a vector or a list of EDN are one history") {
  const History json = read(R"({"process":0,"type":"invoke","f":"write","value":5,"time":10}
{"process":1,"type":"invoke","f":"read","value":null,"time":11}

{"process":0,"type":"ok","f":"write","value":5,"time":20}
{"process":1,"type":"ok","f":"read","value":5,"time":21}
)");
  const std::string expected = "0 : write 5 10..20; 1 : read -> 5 11..21";
  CHECK(words(json) == expected);
  const std::string edn = R"({:process 0, :type :invoke, :f :write, :value 5, :time 10}
; a comment
#jepsen.history.Op{:process 1, :type :invoke, :f :read, :value nil, :time 11, :more #{1 2}}
{:process 0 :type :ok :f :write :value 5 :time 20}
#_ {:process 9 :type :ok} {:process 1 :type :ok :f :read :value 5 :time 21})";
  CHECK(words(read(edn)) == expected);
  CHECK(words(read("[" + edn + "]")) == expected);
  CHECK(words(read("(" + edn + ")")) == expected);
}

TEST_CASE("what the fast scanner gives up on the library reads") {
  const History history = read(R"({"f":"wr\u0069te","type":"invoke","process":0,"value":"a\nb"}
{"f":"write","type":"ok","process":0,"value":"a\nb","extra":{"deep":[1,{"x":1.5}]}}
)");
  CHECK(words(history) == "0 : write \"a\\nb\" 1..2");
  CHECK(history.unit == TimeUnit::line);
}

TEST_CASE("the history of a run is read: null is nothing, a refused cas is an observation") {
  ReadOptions options;
  options.model = Model::cas_register;
  const History history = read(
      R"({"index":0,"process":0,"type":"invoke","f":"cas","key":7,"value":[null,3],"time":1}
{"process":0,"type":"ok","f":"cas","key":7,"applied":false,"time":2,"event":5}
)",
      options);
  CHECK(words(history) == "0 7: cas nothing -> 3 (refused) 1..2");
}

TEST_CASE("without times the order of the events counts, however they are put on lines") {
  const std::string stale = R"([{"process":0,"type":"invoke","f":"write","value":1}, )"
                            R"({"process":0,"type":"ok","f":"write","value":1}, )"
                            R"({"process":0,"type":"invoke","f":"read"}, )"
                            R"({"process":0,"type":"ok","f":"read","value":null}])";
  const History one_line = read(stale);
  CHECK(one_line.unit == TimeUnit::event);
  CHECK(words(one_line) == "0 : write 1 1..2; 0 : read -> nothing 3..4");
  CHECK(say_time(one_line, one_line.operations[1].invoked) == "event 3");
  // What is not said to be an operation does not count.
  std::string lines = stale;
  for (std::size_t at = 0; (at = lines.find("}, ", at)) != std::string::npos; ++at) {
    lines.replace(at, 3, "},\n\n");
  }
  const History spread = read(lines);
  CHECK(spread.unit == TimeUnit::line);
  CHECK(words(spread) == "0 : write 1 1..3; 0 : read -> nothing 5..7");
}

TEST_CASE("true is not 1, and members of a wrong type are mistakes") {
  CHECK(words(read(R"({"process":0,"type":"invoke","f":"write","value":true}
{"process":0,"type":"ok","f":"write","value":true}
{"process":0,"type":"invoke","f":"read"}
{"process":0,"type":"ok","f":"read","value":1})")) ==
        "0 : write \"true\" 1..2; 0 : read -> 1 3..4");
  const std::string begun = R"({"process":0,"type":"invoke","f":"cas","value":[1,2]}
{"process":0,"type":"ok","f":"cas",)";
  ReadOptions cas;
  cas.model = Model::cas_register;
  CHECK(errors(begun + R"("applied":"true"})", cas).find("h:2:1: error: \"applied\"") == 0);
  CHECK(errors(begun + R"("applied":0})", cas).find("h:2:1: error: \"applied\"") == 0);
  CHECK(read(begun + R"("applied":false,"session":"s"})", cas).operations[0].outcome ==
        Outcome::refused);
  ReadOptions counter;
  counter.model = Model::counter;
  for (const std::string sum : {"\"7\"", "-9223372036854775808", "18446744073709551616", "1.5"}) {
    const std::string text = R"({"process":0,"type":"invoke","f":"add","value":1}
{"process":0,"type":"ok","f":"add","value":1,"sum":)" +
                             sum + "}";
    CHECK(errors(text, counter).find("h:2:1: error: the \"sum\"") == 0);
  }
}

TEST_CASE("a failed operation did not happen, unless it is read as an observation") {
  const std::string text = R"({"process":0,"type":"invoke","f":"cas","value":[1,2]}
{"process":0,"type":"fail","f":"cas","value":[1,2]}
{"process":0,"type":"invoke","f":"write","value":1}
{"process":0,"type":"fail","f":"write","value":1}
)";
  ReadOptions options;
  options.model = Model::cas_register;
  CHECK(words(read(text, options)).empty());
  options.fail = FailReading::observed;
  CHECK(words(read(text, options)) == "0 : cas 1 -> 2 (refused) 1..2");
}

TEST_CASE("an operation that ends as info or not at all is unknown; the nemesis is a remark") {
  const History history = read(R"({"process":0,"type":"invoke","f":"write","value":1}
{"process":"nemesis","type":"info","f":"kill","value":"n1"}
{"process":0,"type":"info","f":"write","value":1}
{"process":1,"type":"invoke","f":"write","value":2}
)");
  CHECK(words(history) == "0 : write 1 (unknown) 1; 1 : write 2 (unknown) 4");
  REQUIRE(history.remarks.size() == 1);
  CHECK(history.remarks[0].text == "kill \"n1\"");
}

TEST_CASE("events at one time: calls come before returns") {
  const History history = read(R"({"process":0,"type":"invoke","f":"write","value":1,"time":1}
{"process":0,"type":"ok","f":"write","value":1,"time":5}
{"process":1,"type":"invoke","f":"read","time":5}
{"process":1,"type":"ok","f":"read","value":null,"time":6}
)");
  CHECK(history.operations[1].called < history.operations[0].returned);
}

TEST_CASE("keys are members or the first of a pair") {
  ReadOptions options;
  CHECK(words(read(R"({"process":0,"type":"invoke","f":"write","key":"x","value":1})", options)) ==
        "0 x: write 1 (unknown) 1");
  options.partition = Partition::value;
  CHECK(words(read("{:process 0, :type :invoke, :f :read, :value [3 nil]}"
                   "{:process 0, :type :ok, :f :read, :value [3 7]}",
                   options)) == "0 3: read -> 7 1..2");
}

TEST_CASE("an operation of another model says which model that is") {
  const std::string text = errors(R"({"process":0,"type":"invoke","f":"cas","value":[1,2]})");
  CHECK(text.find("expected one of read, write, or --model cas-register") != std::string::npos);
}

TEST_CASE("nothing is neither enqueued nor proposed, and counters have their limits") {
  ReadOptions options;
  const auto says = [&](Model model, const char* line, const char* sentence) {
    options.model = model;
    const std::string text = errors(line, options);
    INFO(text);
    CHECK(text.find(sentence) != std::string::npos);
  };
  says(Model::queue, R"({"process":0,"type":"invoke","f":"enqueue","value":null})",
       "h:1:1: error: an operation that enqueues nothing");
  says(Model::consensus, R"({"process":0,"type":"invoke","f":"propose"})",
       "h:1:1: error: an operation that proposes nothing");
  says(Model::counter, R"({"process":0,"type":"invoke","f":"add","value":2305843009213693952})",
       "h:1:1: error: the value of add to a counter is not a whole number of less than 2^61");
}

TEST_CASE("every mistake is shown at once, with its place") {
  const std::string text = errors(R"({"process":0,"type":"invoke","f":"raed"}
{"process":1,"type":"ok","f":"read","value":1}
{"process":0,"type":"invoke","f":"write","value":1}
{"process":0,"type":"okay","f":"write","value":1}
not json
{"type":"invoke","f":"read"}
{"process":0,"type":"info","f":"read"}
{"process":0,"type":"invoke","f":"read"}
[1]
{"process":2,"type":"invoke","f":"write","value":1e400}
)");
  const auto says = [&](const char* sentence) {
    INFO(text);
    CHECK(text.find(sentence) != std::string::npos);
  };
  says("h:1:1: error: a register has no operation \"raed\"; expected one of read, write");
  says("did you mean \"read\"?");
  says("h:2:1: error: process 1 completes an operation that it has not invoked");
  says("h:3:1: error: process 0 has two operations open; the other began in line 1");
  says("h:4:1: error: unknown type \"okay\"; expected invoke, ok, fail or info");
  says("h:5:1: error: this is not JSON");
  says("h:6:1: error: an operation without \"process\"");
  says("h:8:1: error: process 0 is retired: its operation of line 7 ended as info");
  says("h:9:1: error: a line of a history is a JSON object");
  says("h:10:1: error: this is not JSON: a number this large fits no value");
}

TEST_CASE("times run forwards and stand everywhere or nowhere") {
  const std::string text = errors(R"({"process":0,"type":"invoke","f":"read","time":9}
{"process":0,"type":"ok","f":"read","time":8}
{"process":0,"type":"invoke","f":"read"}
)");
  INFO(text);
  CHECK(text.find("h:2:1: error: the operation of process 0 ends before it began, in line 1") !=
        std::string::npos);
  CHECK(text.find("h:3:1: error: an operation without \"time\"") != std::string::npos);
}

TEST_CASE("EDN that ends too early or makes no sense has a place") {
  CHECK(errors("[{:process 0, :type :invoke, :f :read").find("h:1:38: error: the text ends") !=
        std::string::npos);
  CHECK(errors("{:process 0\n :type}").find("h:2:8: error: a map with a key that has no value") !=
        std::string::npos);
  CHECK(errors("[1 2]").find("h:1:2: error: an operation is a map") != std::string::npos);
}

TEST_CASE("texts and lists grow by what is appended") {
  Values values;
  const Word list = values.list(std::vector<Word>{1, 2, 3});
  CHECK(values.appended(values.list(std::vector<Word>{1, 2}), 3) == list);
  CHECK(values.appended(nil, 1) == values.list(std::vector<Word>{1}));
  CHECK(values.appended(list, 4) == unreadable);
  CHECK(values.appended(7, 1) == unreadable);
  const Word abc = values.text("abc");
  CHECK(values.appended(values.text("a"), values.text("bd")) == unreadable);
  values.text("bc");
  CHECK(values.appended(values.text("ab"), values.text("c")) == abc);
  CHECK(values.say(list) == "[1 2 3]");
  CHECK(values.json(abc) == "\"abc\"");
}

}  // namespace ballast::history
