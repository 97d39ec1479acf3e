// Anomalies of transactions: the histories of the literature, each anomaly planted, and Adya's
// definitions tried in every way on small histories.
#include "sim/history/transactions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>

#include "sim/base/describe.h"
#include "sim/base/random.h"

namespace ballast::history {
namespace {

TransactionHistory transactions(std::string_view text, TransactionModel model) {
  Problems problems;
  std::optional<TransactionHistory> history = read_transactions(text, "h", model, problems);
  INFO(problems.to_text());
  REQUIRE(history);
  return std::move(*history);
}

std::string mistakes(std::string_view text, TransactionModel model) {
  Problems problems;
  CHECK(!read_transactions(text, "h", model, problems));
  return problems.to_text();
}

// "a x 1, r y [1 2]" one transaction after the other, each by the process before the colon; those
// that begin with + overlap the next; "fail" and "info" end as that.
struct Spoken {
  int process = 0;
  std::string micros;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::string type = "ok";
};

std::string edn_of(const std::vector<Spoken>& all) {
  std::vector<std::pair<std::int64_t, std::string>> lines;
  for (const Spoken& each : all) {
    const std::string head = "{:process " + std::to_string(each.process) + ", :f :txn, :value [" +
                             each.micros + "], :type :";
    lines.emplace_back(each.begin * 2,
                       head + "invoke, :time " + std::to_string(each.begin) + "}\n");
    lines.emplace_back(each.end * 2 + 1,
                       head + each.type + ", :time " + std::to_string(each.end) + "}\n");
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [at, line] : lines) text += line;
  return text;
}

std::set<std::string> found(const TransactionVerdict& verdict) {
  std::set<std::string> names;
  for (const Anomaly& each : verdict.anomalies) names.insert(in_words(each.kind, each.besides));
  return names;
}

// Each of them is told, and has a section of the page.
std::set<std::string> anomalies(const std::vector<Spoken>& all,
                                TransactionModel model = TransactionModel::list_append) {
  const TransactionHistory history = transactions(edn_of(all), model);
  const Isolation wanted = Isolation::strict_serializable;
  const TransactionVerdict verdict = judge_transactions(history, model, wanted);
  const std::string text = as_text(history, model, wanted, verdict);
  const std::string page = as_html(history, model, wanted, verdict, "history");
  for (std::size_t i = 0; i < verdict.anomalies.size(); ++i) {
    const std::string name = in_words(verdict.anomalies[i].kind, verdict.anomalies[i].besides);
    CHECK(text.find(name) != std::string::npos);
    CHECK(page.find("anomaly " + std::to_string(i + 1) + ", " + name) != std::string::npos);
  }
  return found(verdict);
}

using Names = std::set<std::string>;
constexpr TransactionModel list = TransactionModel::list_append;
constexpr TransactionModel reg = TransactionModel::rw_register;

}  // namespace

TEST_CASE("what is serial has no anomaly, whatever is unknown or aborted") {
  CHECK(anomalies({{0, "[:append :x 1] [:r :x [1]]", 1, 2},
                   {1, "[:append :x 2] [:append :y 1]", 3, 4, "info"},
                   {2, "[:append :x 9]", 3, 4, "fail"},
                   {0, "[:r :x [1 2]] [:r :y [1]]", 5, 6}})
            .empty());
  CHECK(anomalies(
            {{0, "[:w :x 1]", 1, 2}, {1, "[:r :x 1] [:w :x 2]", 3, 4}, {0, "[:r :x 2]", 5, 6}}, reg)
            .empty());
}

TEST_CASE("G0: writes of two transactions interleave") {
  CHECK(anomalies({{0, "[:append :x 1] [:append :y 1]", 1, 9},
                   {1, "[:append :x 2] [:append :y 2]", 1, 9},
                   {2, "[:r :x [1 2]] [:r :y [2 1]]", 10, 11}}) == Names{"G0"});
}

TEST_CASE("G1a, G1b and G1c: reads of what was aborted, replaced, and round in a circle") {
  CHECK(anomalies({{0, "[:append :x 1]", 1, 2, "fail"}, {1, "[:r :x [1]]", 3, 4}}) == Names{"G1a"});
  CHECK(anomalies({{0, "[:w :x 1]", 1, 2, "fail"}, {1, "[:r :x 1]", 3, 4}}, reg) == Names{"G1a"});
  CHECK(anomalies({{0, "[:append :x 1] [:append :x 2]", 1, 9}, {1, "[:r :x [1]]", 3, 4}})
            .count("G1b") == 1);
  CHECK(anomalies({{0, "[:w :x 1] [:w :x 2]", 1, 9}, {1, "[:r :x 1]", 3, 4}}, reg) == Names{"G1b"});
  CHECK(anomalies({{0, "[:append :x 1] [:r :y [1]]", 1, 9},
                   {1, "[:append :y 1] [:r :x [1]]", 1, 9}}) == Names{"G1c"});
  CHECK(anomalies({{0, "[:w :x 1] [:r :y 1]", 1, 9}, {1, "[:w :y 1] [:r :x 1]", 1, 9}}, reg) ==
        Names{"G1c"});
}

TEST_CASE("what was aborted hides nothing of what was read before it") {
  CHECK(anomalies({{0, "[:append :x 1] [:r :y [4]]", 1, 9},
                   {1, "[:append :x 2]", 1, 9, "fail"},
                   {2, "[:append :y 4] [:r :x [1 2]]", 1, 9}}) == Names{"G1a", "G1c"});
}

TEST_CASE("G-single: read skew; with one key a lost update") {
  CHECK(anomalies({{0, "[:append :x 1] [:append :y 1]", 1, 9},
                   {1, "[:r :x []] [:r :y [1]]", 1, 9}}) == Names{"G-single"});
  CHECK(anomalies({{0, "[:w :x 1] [:w :y 1]", 1, 9}, {1, "[:r :x nil] [:r :y 1]", 1, 9}}, reg) ==
        Names{"G-single"});
  CHECK(anomalies({{0, "[:r :x []] [:append :x 1]", 1, 9},
                   {1, "[:r :x []] [:append :x 2]", 1, 9},
                   {2, "[:r :x [1 2]]", 10, 11}}) == Names{"G-single", "lost-update"});
}

TEST_CASE("G2: write skew, which snapshot isolation allows") {
  const std::vector<Spoken> skew{{0, "[:r :x []] [:append :y 1]", 1, 9},
                                 {1, "[:r :y []] [:append :x 1]", 1, 9},
                                 {2, "[:r :x [1]] [:r :y [1]]", 10, 11}};
  CHECK(anomalies(skew) == Names{"G2-item"});
  const TransactionHistory history = transactions(edn_of(skew), list);
  const TransactionVerdict verdict =
      judge_transactions(history, list, Isolation::snapshot_isolation);
  CHECK(verdict.answer == Holds::yes);
  CHECK(verdict.strongest == std::vector<Isolation>{Isolation::snapshot_isolation});
  CHECK(judge_transactions(history, list, Isolation::serializable).answer == Holds::no);
  CHECK(anomalies({{0, "[:r :x nil] [:w :y 1]", 1, 9}, {1, "[:r :y nil] [:w :x 1]", 1, 9}}, reg) ==
        Names{"G2-item"});
}

TEST_CASE("G-nonadjacent: a long fork, which snapshot isolation forbids") {
  // Two writes, and two readers who see them in different orders (Cerone and Gotsman).
  CHECK(anomalies({{0, "[:append :x 1]", 1, 9},
                   {1, "[:append :y 1]", 1, 9},
                   {2, "[:r :x [1]] [:r :y []]", 1, 9},
                   {3, "[:r :x []] [:r :y [1]]", 1, 9}}) == Names{"G-nonadjacent"});
}

TEST_CASE("cycles that need the order of a process or real time have a name of their own") {
  CHECK(
      anomalies({{0, "[:append :x 1]", 1, 2}, {0, "[:r :x []]", 3, 4}, {1, "[:r :x [1]]", 5, 6}}) ==
      Names{"G-single-process"});
  CHECK(
      anomalies({{0, "[:append :x 1]", 1, 2}, {1, "[:r :x []]", 3, 4}, {2, "[:r :x [1]]", 5, 6}}) ==
      Names{"G-single-realtime"});
  // It was never seen, but it had committed before the read began.
  CHECK(anomalies({{0, "[:append :x 1]", 1, 2}, {1, "[:r :x []]", 3, 4}}) ==
        Names{"G-single-realtime"});
}

TEST_CASE("what needs no cycle: internal, garbage, duplicates, incompatible orders") {
  CHECK(anomalies({{0, "[:append :x 1] [:r :x []]", 1, 2}}).count("internal") == 1);
  CHECK(anomalies({{0, "[:w :x 1] [:r :x 2]", 1, 2}, {1, "[:w :x 2]", 1, 2}}, reg)
            .count("internal") == 1);
  CHECK(anomalies({{0, "[:r :x [7]]", 1, 2}}) == Names{"garbage-read"});
  CHECK(anomalies({{0, "[:r :x 7]", 1, 2}}, reg) == Names{"garbage-read"});
  CHECK(anomalies({{0, "[:append :x 1]", 1, 2}, {1, "[:r :x [1 1]]", 3, 4}})
            .count("duplicate-elements") == 1);
  CHECK(anomalies({{0, "[:append :x 1]", 1, 9},
                   {1, "[:append :x 2]", 1, 9},
                   {2, "[:r :x [1 2]]", 1, 9},
                   {3, "[:r :x [2]]", 1, 9}})
            .count("incompatible-order") == 1);
  CHECK(anomalies({{0, "[:append :x 1]", 1, 9},
                   {1, "[:append :x 2]", 1, 9},
                   {2, "[:r :x [1]] [:r :x [2]]", 1, 9}})
            .count("incompatible-order") == 1);
}

TEST_CASE("a value that was written twice leaves a doubt and accuses nobody") {
  const TransactionHistory history = transactions(
      edn_of({{0, "[:append :x 1]", 1, 2}, {1, "[:append :x 1]", 3, 4}, {2, "[:r :x [1]]", 5, 6}}),
      list);
  const TransactionVerdict verdict =
      judge_transactions(history, list, Isolation::strict_serializable);
  CHECK(verdict.answer == Holds::unknown);
  CHECK(verdict.doubts.size() == 1);
}

TEST_CASE("a cycle is told transaction by transaction") {
  const TransactionHistory history = transactions(
      edn_of({{0, "[:append :x 1] [:append :y 1]", 1, 9}, {1, "[:r :x []] [:r :y [1]]", 1, 9}}),
      list);
  const std::string text = as_text(history, list, Isolation::serializable,
                                   judge_transactions(history, list, Isolation::serializable));
  const auto says = [&](const char* sentence) {
    INFO(text);
    CHECK(text.find(sentence) != std::string::npos);
  };
  says("serializable violated: 2 transactions on 2 keys as list-append");
  says("what was found still allows read-committed");
  says("T1 < T2 (wr): it appended 1 to key y, which the other read as [1]");
  says("T2 < T1 (rw): it read key x as nothing, without the 1 that the other appended");
}

TEST_CASE("a page of transactions draws each cycle among those that met it") {
  const TransactionHistory history =
      transactions(edn_of({{0, "[:append :x 1] [:append :y 1]", 1, 9},
                           {1, "[:r :x []] [:r :y [1]]", 1, 9},
                           {2, "[:append :x 2]", 3, 5},
                           {3, "[:append :z 2]", 3, 5},
                           {4, "[:append :x 3]", 20, 25}}),
                   list);
  const TransactionVerdict verdict = judge_transactions(history, list, Isolation::serializable);
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].sentence ==
        "T1 appended 1 to key y, which T2 read as [1], but T2 read key x as nothing, without the 1 "
        "that T1 appended");
  const std::string page = as_html(history, list, Isolation::serializable, verdict, "txn <s>");
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (auto at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++found;
    return found;
  };
  CHECK(count("<h1>txn &lt;s&gt;</h1>") == 1);
  CHECK(count("<h2>anomaly 1, G-single</h2>") == 1);
  CHECK(count(verdict.anomalies[0].sentence) == 1);
  CHECK(count("<g class=\"op core\">") == 2);
  CHECK(count("<g class=\"op\">") == 1);  // of another key, and a later one, there is nothing
  CHECK(count("<g class=\"arrow") == 3);  // with that of the legend
  CHECK(count(">T1 append x 1, append y 1") > 0);
}

TEST_CASE("bad histories of transactions have every mistake with its place") {
  const std::string text = mistakes(R"({"process":0,"type":"invoke","f":"read","value":[]}
{"process":1,"type":"invoke","f":"txn","value":7}
{"process":2,"type":"invoke","f":"txn","value":[["apend","x",1]]}
{"process":3,"type":"invoke","f":"txn","value":[["append","x",1]]}
{"process":3,"type":"ok","f":"txn","value":[["append","x",2]]}
{"process":4,"type":"invoke","f":"txn","value":[["r","x",null]]}
{"process":4,"type":"ok","f":"txn","value":[["r","x",3]]}
)",
                                    list);
  const auto says = [&](const char* sentence) {
    INFO(text);
    CHECK(text.find(sentence) != std::string::npos);
  };
  says("h:1:1: error: expected the operation \"txn\", not \"read\"");
  says("h:2:1: error: the value of a transaction is a list of [f, key, value]");
  says("h:3:1: error: a transaction of list-append has no operation \"apend\"");
  says("h:5:1: error: process 3 completes another transaction than it had invoked in line 4");
  says("h:7:1: error: key x was read as 3, which is no list");
}

TEST_CASE("an element that was appended twice may be read twice") {
  CHECK(anomalies({{0, "[:append :x 1] [:append :x 1]", 1, 2}, {0, "[:r :x [1 1]]", 3, 4}}) ==
        Names{});
  CHECK(anomalies({{0, "[:append :x 1]", 1, 2},
                   {1, "[:append :x 1]", 3, 4},
                   {0, "[:r :x [1 1]]", 5, 6},
                   {1, "[:append :x 2] [:r :x [1 1 2]]", 7, 8}}) == Names{});
  CHECK(anomalies({{0, "[:append :x 1]", 1, 2}, {0, "[:r :x [1 1]]", 3, 4}}) ==
        Names{"duplicate-elements"});
}

TEST_CASE("JSON Lines and EDN of transactions are one history") {
  const TransactionHistory json = transactions(
      R"({"process":0,"type":"invoke","f":"txn","value":[["append","x",1],["r","y",null]],"time":1}
{"process":0,"type":"ok","f":"txn","value":[["append","x",1],["r","y",[3,4]]],"time":2}
)",
      list);
  const TransactionHistory edn = transactions(
      "{:process 0 :type :invoke :f :txn :value [[:append :x 1] [:r :y nil]] :time 1}"
      "{:process 0 :type :ok :f :txn :value [[:append :x 1] [:r :y [3 4]]] :time 2}",
      list);
  CHECK(say(json, json.transactions[0]) == "append x 1, read y -> [3 4]");
  CHECK(say(json, json.transactions[0]) == say(edn, edn.transactions[0]));
  const TransactionHistory registers = transactions(
      "[{:process 0 :type :invoke :f :txn :value [[:w :x 1]]}"
      "{:process 0 :type :ok :f :txn :value [[:w :x 1]]}]",
      TransactionModel::rw_register);
  CHECK(say(registers, registers.transactions[0]) == "write x 1");
}

}  // namespace ballast::history
