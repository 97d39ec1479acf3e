// Histories that papers and the documentation of other checkers use as examples, written down anew
// from what they describe.
#include <doctest/doctest.h>

#include <string>

#include "sim/history/check.h"
#include "sim/history/read.h"

namespace ballast::history {
namespace {

// Of operations such as "A enqueue 1", "A ok", "B dequeue", "B ok 1", one after the other: letters
// are clients, and a client's `ok` is of what it called last.
Linearizability judged(Model model, const std::vector<std::string>& events) {
  std::string text;
  std::vector<std::pair<std::string, std::string>> called;
  for (const std::string& event : events) {
    const std::string process = event.substr(0, 1);
    const std::size_t space = std::min(event.find(' ', 2), event.size());
    const std::string word = event.substr(2, space - 2);
    const std::string value = space < event.size() ? event.substr(space + 1) : "nil";
    const bool ends = word == "ok" || word == "fail" || word == "info";
    std::string f = word;
    for (const auto& [who, what] : called) {
      if (ends && who == process) f = what;
    }
    if (!ends) called.emplace_back(process, word);
    text += "{:process :" + process + " :type :" + (ends ? word : "invoke") + " :f :" + f +
            " :value " + value + "}\n";
  }
  Problems problems;
  ReadOptions options;
  options.model = model;
  const std::optional<History> history = read_history(text, "h", options, problems);
  INFO(text, problems.to_text());
  REQUIRE(history);
  LinearizabilityCheck check(*history, model, {});
  check.finish();
  return check.answer();
}

constexpr Linearizability yes = Linearizability::yes;
constexpr Linearizability no = Linearizability::no;

}  // namespace

// Herlihy and Wing, Linearizability: A Correctness Condition for Concurrent Objects (1990),
// section 1 and figure 1.
TEST_CASE("the queues of Herlihy and Wing") {
  // Two that overlap may be taken in either order, here by one who calls while both are done.
  CHECK(judged(Model::queue, {"A enqueue 1", "B enqueue 2", "A ok", "B ok", "B dequeue", "B ok 1",
                              "A dequeue", "A ok 2", "A enqueue 3", "A ok"}) == yes);
  // One that was enqueued before the other began must be taken before it.
  CHECK(judged(Model::queue,
               {"A enqueue 1", "A ok", "B enqueue 2", "A dequeue", "B ok", "A ok 2"}) == no);
  // What has not returned may have taken effect.
  CHECK(judged(Model::queue, {"A enqueue 1", "B dequeue", "B ok 1"}) == yes);
  // What was enqueued once is not dequeued twice.
  CHECK(judged(Model::queue, {"A enqueue 1", "B enqueue 2", "A ok", "B ok", "A dequeue",
                              "C dequeue", "A ok 2", "C ok 2"}) == no);
}

// The same, figure 2: a register.
TEST_CASE("the registers of Herlihy and Wing") {
  // A read may see a write that has not returned; then those that come after it see it too.
  CHECK(judged(Model::reg, {"A write 0", "A ok", "B write 1", "A read", "A ok 1", "C read",
                            "C ok 1", "B ok"}) == yes);
  CHECK(judged(Model::reg, {"A write 0", "A ok", "B write 1", "A read", "A ok 1", "C read",
                            "C ok 0", "B ok"}) == no);
  CHECK(judged(Model::reg, {"A write 0", "A ok", "B write 1", "A read", "C read", "A ok 1",
                            "C ok 0", "B ok"}) == yes);
}

// Porcupine's introduction: reads of a register while a write is under way.
TEST_CASE("the registers of Porcupine") {
  CHECK(judged(Model::reg, {"A write 100", "B read", "C read", "C ok", "B ok 100", "A ok"}) == yes);
  CHECK(judged(Model::reg, {"A write 200", "B read", "B ok 200", "C read", "C ok", "A ok"}) == no);
}

// Knossos: a register with compare and set, with operations that failed, and that crashed.
TEST_CASE("the registers of Knossos") {
  CHECK(judged(Model::cas_register, {"A write 1", "A ok", "B cas [1 2]", "C read", "B ok", "C ok 2",
                                     "A cas [1 3]", "A fail"}) == yes);
  CHECK(judged(Model::cas_register,
               {"A write 1", "A ok", "B cas [2 3]", "B ok", "C read", "C ok 3"}) == no);
  // It may take effect long after it was given up, but once.
  const std::vector<std::string> crashed{"A write 1", "A ok",   "B write 2", "B info",
                                         "A read",    "A ok 1", "A read",    "A ok 2"};
  CHECK(judged(Model::cas_register, crashed) == yes);
  std::vector<std::string> twice = crashed;
  for (const std::string event : {"A write 1", "A ok", "A read", "A ok 2"}) twice.push_back(event);
  CHECK(judged(Model::cas_register, twice) == no);
  // What failed did not happen.
  CHECK(judged(Model::cas_register,
               {"A write 1", "A ok", "A write 2", "A fail", "B read", "B ok 2"}) == no);
}

// Gibbons and Korach, Testing Shared Memories (1997): what is read must be explained by an order in
// which no cluster of a value lies within another.
TEST_CASE("zones of Gibbons and Korach") {
  const auto history = [](const std::string& last) {
    return std::vector<std::string>{"A write 1", "B write 2", "A ok",   "B ok",
                                    "A read",    "A ok 1",    "B read", "B ok " + last};
  };
  CHECK(judged(Model::reg, history("1")) == yes);
  CHECK(judged(Model::reg, history("2")) == no);
}

}  // namespace ballast::history
