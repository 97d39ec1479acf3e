// Mutual exclusion and fencing tokens against the plain comparison of each pair of holdings.
#include <doctest/doctest.h>

#include "sim/history/consistency.h"
#include "sim/history/read.h"
#include "tests/history/weak_histories.h"

namespace ballast::history {
namespace {

// Each pair of holdings by itself.
bool plainly_excluded(const History& history) {
  bool holds = true;
  struct Span {
    const Operation* acquire;
    std::uint32_t end;
  };
  std::vector<Span> spans;
  for (std::size_t i = 0; i < history.operations.size(); ++i) {
    const Operation& op = history.operations[i];
    if (op.action != Action::acquire) continue;
    const auto given_again = [&](const Operation& other) {
      return other.owner == op.owner && other.action == Action::acquire &&
             other.result == op.result;
    };
    std::size_t before = i;
    while (before > 0 && history.operations[before - 1].owner != op.owner) --before;
    if (before > 0 && given_again(history.operations[before - 1])) continue;
    spans.push_back({&op, op.returned});
    for (std::size_t j = i + 1; j < history.operations.size(); ++j) {
      const Operation& other = history.operations[j];
      if (other.owner != op.owner || given_again(other)) continue;
      if (other.action == Action::release) spans.back().end = other.called;
      break;
    }
  }
  for (const Span& a : spans) {
    for (const Span& b : spans) {
      if (a.acquire == b.acquire) continue;
      if (a.acquire->result == b.acquire->result) holds = false;
      if (a.acquire->returned < b.acquire->called && a.acquire->result > b.acquire->result) {
        holds = false;
      }
      if (a.acquire->returned < b.acquire->returned && a.end > b.acquire->returned) holds = false;
    }
  }
  return holds;
}

}  // namespace

TEST_CASE("a lock is never held twice and its tokens rise") {
  const auto judge = [](const std::string& text) {
    return judge_exclusion(parsed(text, Model::lock));
  };
  const std::string good = R"({"process":0,"type":"invoke","f":"acquire"}
{"process":0,"type":"ok","f":"acquire","value":1}
{"process":1,"type":"invoke","f":"acquire"}
{"process":0,"type":"invoke","f":"release"}
{"process":1,"type":"ok","f":"acquire","value":2}
{"process":0,"type":"info","f":"release"}
)";
  CHECK(judge(good).answer == Holds::yes);
  const std::string overlap = R"({"process":0,"type":"invoke","f":"acquire"}
{"process":0,"type":"ok","f":"acquire","value":1}
{"process":1,"type":"invoke","f":"acquire"}
{"process":1,"type":"ok","f":"acquire","value":2}
{"process":0,"type":"invoke","f":"release"}
{"process":0,"type":"ok","f":"release"}
)";
  const ConsistencyVerdict both = judge(overlap);
  REQUIRE(both.answer == Holds::no);
  CHECK(both.breaches[0].sentence ==
        "process 1 got the lock by line 4, when process 0 had it from line 2 and did not begin to "
        "release it before line 5");
  // The first holder crashed: its session may have expired.
  const std::string crashed =
      overlap.substr(0, overlap.find("{\"process\":0,\"type\":\"invoke\",\"f\":\"release"));
  const ConsistencyVerdict expired = judge(crashed);
  CHECK(expired.answer == Holds::yes);
  CHECK(expired.notes.size() == 1);
  std::string falling = crashed;
  falling.replace(falling.find("\"value\":2"), 9, "\"value\":1");
  CHECK(judge(falling).answer == Holds::no);
  CHECK(judge(falling).breaches[0].sentence.find("was given the token 1, but process 0") !=
        std::string::npos);
  const std::string equal = R"({"process":0,"type":"invoke","f":"acquire"}
{"process":1,"type":"invoke","f":"acquire"}
{"process":0,"type":"ok","f":"acquire","value":4}
{"process":1,"type":"ok","f":"acquire","value":4}
)";
  CHECK(judge(equal).breaches[0].sentence.find("both given the token 4") != std::string::npos);
}

TEST_CASE("holdings are compared as each pair says") {
  std::uint64_t held = 0;
  const std::uint64_t all = trials();
  for (std::uint64_t seed = 1; seed <= all; ++seed) {
    Stream dice(seed, Purpose::operation, 1);
    History history;
    history.objects = {""};
    std::vector<std::int64_t> free_at(3, 1);
    for (int i = 0; i < 4; ++i) {
      const std::uint64_t who = dice.below(3);
      std::int64_t at = free_at[who] + static_cast<std::int64_t>(dice.below(12));
      const auto add = [&](Action action, Outcome outcome) {
        Operation op;
        op.action = action;
        op.outcome = outcome;
        op.process = static_cast<std::int64_t>(who);
        op.owner = op.process;
        op.invoked = Time{at};
        at += 1 + static_cast<std::int64_t>(dice.below(3));
        op.ended = Time{at++};
        if (action == Action::acquire) op.result = at / 5 + 1;
        history.operations.push_back(op);
      };
      add(Action::acquire, Outcome::ok);
      if (dice.below(4) > 0) {
        at += static_cast<std::int64_t>(dice.below(4));
        add(Action::release, dice.below(3) == 0 ? Outcome::unknown : Outcome::ok);
      }
      free_at[who] = at + 1;
    }
    put_in_order(history);
    const bool holds = plainly_excluded(history);
    held += holds ? 1 : 0;
    INFO("seed ", seed, "\n", words_of(history));
    REQUIRE(judge_exclusion(history).answer == (holds ? Holds::yes : Holds::no));
  }
  CHECK(held > all / 20);
  CHECK(held < all - all / 20);
}

}  // namespace ballast::history
