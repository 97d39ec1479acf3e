// Histories that a sequential execution made, with and without one planted violation, and both
// readings of what was refused; and the shapes that checkers are known to drown in.
#include <doctest/doctest.h>

#include <numeric>
#include <string>

#include "sim/base/describe.h"
#include "sim/history/check.h"
#include "sim/history/read.h"
#include "sim/history/verify.h"
#include "sim/history/witness.h"
#include "tests/history/histories.h"

namespace ballast::history {
namespace {

std::string_view word_of(Action action, Model model) {
  if (model == Model::kv && action == Action::read) return "get";
  return name_of(action);
}

// As Jepsen writes it: what was refused has failed.
std::string in_json_lines(const History& history, Model model) {
  std::vector<std::string> lines(history.events);
  const auto json = [&](Word word) { return history.values.json(word); };
  for (std::size_t i = 0; i < history.operations.size(); ++i) {
    const Operation& op = history.operations[i];
    const bool looks =
        op.action == Action::read || op.action == Action::dequeue || op.action == Action::acquire;
    const std::string argument = op.action == Action::cas
                                     ? "[" + json(op.expected) + "," + json(op.argument) + "]"
                                     : json(op.argument);
    const bool fails =
        op.outcome == Outcome::refused &&
        (op.action == Action::cas || op.action == Action::dequeue || op.action == Action::acquire);
    const auto line = [&](std::uint32_t rank, const std::string& type, const std::string& value) {
      // A delete need not say whether it found something.
      const bool tells =
          op.action == Action::release ||
          (op.action == Action::erase && (op.outcome == Outcome::refused || op.result != nil));
      lines[rank] = "{\"process\":" + std::to_string(i) + ",\"type\":\"" + type + "\",\"f\":\"" +
                    std::string(word_of(op.action, model)) + "\",\"value\":" + value +
                    (tells && op.known() ? std::string(",\"applied\":") +
                                               (op.outcome == Outcome::ok ? "true" : "false")
                                         : "") +
                    ",\"client\":" + std::to_string(op.owner) + "}\n";
    };
    line(op.called, "invoke", looks ? "null" : argument);
    if (!op.known()) continue;
    const bool answers = looks || op.action == Action::propose;
    line(op.returned, fails ? "fail" : "ok",
         answers && op.outcome == Outcome::ok ? json(op.result) : argument);
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

// One known operation that says something says something else.
bool plant(History& history, Stream& dice) {
  std::vector<std::uint32_t> telling;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const Operation& op = history.operations[i];
    const bool tells = op.action == Action::read || op.action == Action::dequeue ||
                       op.action == Action::cas || op.action == Action::acquire ||
                       op.action == Action::release || op.action == Action::propose;
    if (op.known() && tells) telling.push_back(i);
  }
  if (telling.empty()) return false;
  Operation& op = history.operations[telling[dice.below(telling.size())]];
  if (op.action == Action::cas || op.action == Action::acquire || op.action == Action::release) {
    op.outcome = op.outcome == Outcome::ok ? Outcome::refused : Outcome::ok;
    if (op.action == Action::acquire) op.result = op.outcome == Outcome::ok ? 1 : nil;
    return true;
  }
  const Operation& other = history.operations[dice.below(history.operations.size())];
  op.result = other.action == Action::read ? other.result : other.argument;
  op.outcome = Outcome::ok;
  if (op.action != Action::read && op.result == nil) op.result = 1;
  return true;
}

History read_back(const std::string& text, Model model, FailReading fail) {
  Problems problems;
  ReadOptions options;
  options.model = model;
  options.fail = fail;
  std::optional<History> history = read_history(text, "h", options, problems);
  INFO(problems.to_text(), text);
  REQUIRE(history);
  return std::move(*history);
}

void try_model(Model model, const Shape& shape) {
  const std::uint64_t all = rounds() / 8 + 1;  // each is judged in six ways
  std::uint64_t rejected = 0;
  for (std::uint64_t seed = 1; seed <= all; ++seed) {
    Stream dice(seed, Purpose::choice, 0);
    History history = RandomHistory(model, shape, seed).make();
    for (Operation& op : history.operations) op.effect = Operation::never;
    CAPTURE(name_of(model));
    CAPTURE(seed);
    if (model != Model::set) {
      const std::string text = in_json_lines(history, model);
      INFO(text);
      // What took place can be explained, whichever way refusals are read.
      REQUIRE(judge(read_back(text, model, FailReading::observed), model) == Linearizability::yes);
      REQUIRE(judge(read_back(text, model, FailReading::absent), model) == Linearizability::yes);
    }
    REQUIRE(judge(history, model) == Linearizability::yes);
    if (!plant(history, dice)) continue;
    if (model == Model::set) {
      const bool expected = plainly_linearizable(history, model);
      REQUIRE(judge(history, model) == (expected ? Linearizability::yes : Linearizability::no));
      rejected += expected ? 0 : 1;
      continue;
    }
    const std::string text = in_json_lines(history, model);
    INFO(text);
    for (const FailReading fail : {FailReading::observed, FailReading::absent}) {
      const History read = read_back(text, model, fail);
      const bool expected = plainly_linearizable(read, model);
      REQUIRE(judge(read, model) == (expected ? Linearizability::yes : Linearizability::no));
      rejected += expected ? 0 : 1;
    }
  }
  CHECK(rejected > all / 20);
}

// By the search alone if `model` has nothing faster; the configurations that it took.
std::uint64_t cost(const History& history, Model model, Linearizability expected) {
  LinearizabilityCheck check(history, model, {std::uint64_t{512} << 20, 5'000'000});
  check.finish();
  CHECK(check.answer() == expected);
  return check.nodes();
}

History without_log(Model model, const Shape& shape, std::uint64_t seed) {
  History history = RandomHistory(model, shape, seed).make();
  for (Operation& op : history.operations) op.effect = Operation::never;
  return history;
}

}  // namespace

TEST_CASE("what took place is accepted, and one planted mistake as the plain search says") {
  for (const Model model :
       {Model::reg, Model::cas_register, Model::kv, Model::queue, Model::lock, Model::counter,
        Model::set, Model::append_list, Model::fenced_lock, Model::consensus}) {
    Shape shape{9, 4, 3, 6, 0, true, model == Model::fenced_lock};
    try_model(model, shape);
    shape.values = 0;
    const bool unique =
        model == Model::reg || model == Model::cas_register || model == Model::queue;
    if (unique) try_model(model, shape);
  }
}

TEST_CASE("the order of the log explains what took place, whatever it says of what only looks") {
  for (const Model model :
       {Model::reg, Model::cas_register, Model::kv, Model::queue, Model::lock, Model::counter,
        Model::set, Model::append_list, Model::fenced_lock, Model::consensus}) {
    CAPTURE(name_of(model));
    for (std::uint64_t seed = 1; seed <= rounds() / 20; ++seed) {
      CAPTURE(seed);
      const Shape shape{40, 6, 3, 6, 0, true, model == Model::fenced_lock};
      History history = RandomHistory(model, shape, seed).make();
      std::vector<std::uint32_t> all(history.operations.size());
      std::iota(all.begin(), all.end(), 0U);
      REQUIRE(witness_by_log(history, model, all));
      // Without the places of some that look, and with wrong ones for others.
      for (Operation& op : history.operations) {
        const bool looks = op.action == Action::read || op.outcome == Outcome::refused;
        if (looks) op.effect = op.effect % 3 == 0 ? Operation::never : op.effect / 2;
      }
      REQUIRE(witness_by_log(history, model, all));
      // What changed the object has a place, or nothing is said.
      for (Operation& op : history.operations) {
        const bool looks = op.action == Action::read || op.outcome == Outcome::refused;
        if (looks || !op.known()) continue;
        op.effect = Operation::never;
        CHECK_FALSE(witness_by_log(history, model, all));
        break;
      }
    }
  }
}

TEST_CASE("the verifier of linearizations objects to what is none") {
  std::uint64_t disordered = 0;
  for (const Model model : {Model::reg, Model::cas_register, Model::queue, Model::lock,
                            Model::counter, Model::set, Model::append_list}) {
    CAPTURE(name_of(model));
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      CAPTURE(seed);
      const History history = without_log(model, {10, 3, 3, 6, 0, true}, seed);
      LinearizabilityCheck check(history, model, {});
      check.finish();
      if (history.operations.empty()) continue;
      const ObjectVerdict& verdict = check.objects()[0];
      REQUIRE(verdict.answer == Linearizability::yes);
      std::vector<std::uint8_t> marks;
      const auto objection = [&](const std::vector<std::uint32_t>& order) {
        return refute_witness(history, model, verdict.operations, order, marks);
      };
      REQUIRE(objection(verdict.witness).empty());
      for (std::size_t i = 0; i < verdict.witness.size(); ++i) {
        std::vector<std::uint32_t> order = verdict.witness;
        order.push_back(order[i]);
        CHECK(objection(order).find("stands twice") != std::string::npos);
        order = verdict.witness;
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(i));
        if (history.operations[verdict.witness[i]].known()) CHECK(!objection(order).empty());
        if (i == 0) continue;
        // Two neighbours the other way round: wrong if real time or the object says so.
        order = verdict.witness;
        std::swap(order[i - 1], order[i]);
        Machine machine(model, history.values);
        bool legal = true;
        for (const std::uint32_t index : order) {
          legal = legal && machine.apply(history.operations[index]);
        }
        const bool timely =
            history.operations[order[i]].returned > history.operations[order[i - 1]].called;
        CHECK(objection(order).empty() == (legal && timely));
        disordered += legal && !timely ? 1 : 0;
      }
    }
  }
  CHECK(disordered > 100);
}

TEST_CASE("a queue is empty once enough unknown dequeues may have been, and not before") {
  const auto judged = [](std::int64_t until, std::size_t takers) {
    History history;
    history.objects = {""};
    const auto add = [&](Action action, Word value, std::int64_t from, std::int64_t to) {
      Operation op;
      op.action = action;
      op.argument = value;
      op.process = from;
      op.invoked = Time{from};
      op.ended = to == 0 ? Time::max() : Time{to};
      op.outcome = to == 0 ? Outcome::unknown : Outcome::ok;
      history.operations.push_back(op);
    };
    add(Action::enqueue, 1, 1, 2);
    add(Action::enqueue, 2, 3, 4);
    add(Action::dequeue, nil, 5, until);
    history.operations.back().outcome = Outcome::refused;
    for (std::size_t i = 0; i < takers; ++i)
      add(Action::dequeue, nil, 10 + static_cast<std::int64_t>(i), 0);
    put_in_order(history);
    return judge(history, Model::queue);
  };
  CHECK(judged(20, 2) == Linearizability::yes);
  CHECK(judged(20, 1) == Linearizability::no);
  CHECK(judged(10, 2) == Linearizability::no);  // the second began too late
}

TEST_CASE("an acquire is refused only while somebody may hold the lock") {
  const auto answer = [](Model model, std::int64_t from, std::int64_t to) {
    History history;
    history.objects = {""};
    const auto add = [&](std::int64_t who, Action action, std::int64_t called, std::int64_t ended) {
      Operation op;
      op.process = op.owner = who;
      op.action = action;
      op.outcome = who == 1 ? Outcome::ok : Outcome::refused;
      op.result = who == 1 && action == Action::acquire ? 1 : nil;
      op.invoked = Time{called};
      op.ended = Time{ended};
      history.operations.push_back(op);
    };
    add(1, Action::acquire, 10, 20);
    add(1, Action::release, 30, 40);
    add(2, Action::acquire, from, to);
    put_in_order(history);
    return judge(history, model);
  };
  for (const Model model : {Model::lock, Model::fenced_lock}) {
    CHECK(answer(model, 1, 9) == Linearizability::no);
    CHECK(answer(model, 1, 10) == Linearizability::yes);
    CHECK(answer(model, 22, 25) == Linearizability::yes);
    CHECK(answer(model, 40, 50) == Linearizability::yes);
    CHECK(answer(model, 41, 50) == Linearizability::no);
  }
}

TEST_CASE("sums that no additions come to are refused without a search") {
  History history;
  history.objects = {""};
  const auto add = [&](Action action, Word value, std::int64_t from, std::int64_t to) {
    Operation op;
    op.action = action;
    (action == Action::read ? op.result : op.argument) = value;
    op.process = from;
    op.invoked = Time{from};
    op.ended = Time{to};
    op.outcome = Outcome::ok;
    history.operations.push_back(op);
  };
  // Forty numbers have more sums than anybody can try.
  for (std::int64_t i = 0; i < 40; ++i) add(Action::add, 1000 + i * i, 1 + i, 200 + i);
  add(Action::add, -7, 100, 150);
  add(Action::read, 0, 110, 160);
  put_in_order(history);
  cost(history, Model::counter, Linearizability::yes);
  for (const Word sum : {40'000 + 20'541, -8}) {
    history.operations.back().result = sum;
    put_in_order(history);
    CHECK(cost(history, Model::counter, Linearizability::no) == 0);
  }
}

TEST_CASE("five values and thirty clients do not drown the search") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const Shape shape{2000, 30, 5, 0, 0, true};
    CHECK(cost(without_log(Model::reg, shape, seed), Model::reg, Linearizability::yes) < 1'000'000);
  }
}

TEST_CASE("hundreds of unknown operations are decided") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    for (const Model model : {Model::reg, Model::cas_register, Model::append_list}) {
      const Shape shape{1200, 8, 5, 4, 0, true};
      const History history = without_log(model, shape, seed);
      const auto unknown = std::count_if(history.operations.begin(), history.operations.end(),
                                         [](const Operation& op) { return !op.known(); });
      CHECK(unknown > 200);
      CHECK(cost(history, model, Linearizability::yes) < 2'000'000);
    }
  }
}

TEST_CASE("ten requests that timed out at the end cost nothing") {
  History history;
  history.objects = {""};
  const auto add = [&](Action action, Word value, std::int64_t from, std::int64_t to) {
    Operation op;
    op.action = action;
    (action == Action::read ? op.result : op.argument) = value;
    op.process = from;
    op.invoked = Time{from};
    op.ended = to == 0 ? Time::max() : Time{to};
    op.outcome = to == 0 ? Outcome::unknown : Outcome::ok;
    history.operations.push_back(op);
  };
  for (std::int64_t i = 0; i < 3000; ++i)
    add(i % 2 == 0 ? Action::write : Action::read, i / 2 % 7, i * 4, i * 4 + 7);
  for (std::int64_t i = 0; i < 10; ++i) add(Action::write, 100 + i % 3, 12'100 + i, 0);
  for (std::int64_t i = 0; i < 20; ++i)
    add(Action::read, i % 2 == 0 ? 100 : 101, 12'200 + i * 2, 12'201 + i * 2);
  put_in_order(history);
  // Each of the three values has three or four writes, and the reads want ten changes of two.
  CHECK(cost(history, Model::reg, Linearizability::no) < 100'000);
}

TEST_CASE("many orders that all fail are gone through once") {
  // Twelve overlapping swaps in a ring, and a read of what none of their orders leaves.
  History history;
  history.objects = {""};
  for (std::int64_t i = 0; i < 12; ++i) {
    Operation op;
    op.action = Action::cas;
    op.expected = i == 0 ? nil : i;
    op.argument = i + 1;
    op.process = i;
    op.invoked = Time{1 + i};
    op.ended = Time{100 + i};
    op.outcome = Outcome::ok;
    history.operations.push_back(op);
  }
  Operation read;
  read.result = 5;
  read.process = 20;
  read.invoked = Time{200};
  read.ended = Time{210};
  read.outcome = Outcome::ok;
  history.operations.push_back(read);
  put_in_order(history);
  CHECK(cost(history, Model::cas_register, Linearizability::no) < 10'000);
}

}  // namespace ballast::history
