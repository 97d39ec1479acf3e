// Every reduction of the search against the plain search, with all kinds of operations switched on:
// each reduction that was ever wrong was wrong for one kind only, and seldom.
#include <doctest/doctest.h>

#include <numeric>
#include <set>
#include <string>

#include "sim/base/describe.h"
#include "sim/history/check.h"
#include "sim/history/direct.h"
#include "sim/history/verify.h"
#include "tests/history/histories.h"

namespace ballast::history {
namespace {

std::string in_words(const History& history) {
  std::string text;
  for (const Operation& op : history.operations) {
    text += "  " + std::to_string(op.invoked.ns) + ".." +
            (op.known() ? std::to_string(op.ended.ns) : "") + " by " + std::to_string(op.owner) +
            ": " + say(op, history.values) + "\n";
  }
  return text;
}

// By the search alone, even where something faster would decide.
Linearizability searched(const History& history, Model model) {
  if (model == Model::set) return judge(history, model);
  std::vector<std::uint32_t> all(history.operations.size());
  std::iota(all.begin(), all.end(), 0U);
  const std::unique_ptr<AnySearch> search = make_search(history, model, all);
  if (search->run(~std::uint64_t{0} >> 1, std::uint64_t{1} << 30) == Answer::no) {
    return Linearizability::no;
  }
  std::vector<std::uint8_t> marks;
  REQUIRE(refute_witness(history, model, all, search->witness(), marks).empty());
  return Linearizability::yes;
}

// Does the last piece first.
class Backwards final : public Workers {
 public:
  std::size_t count() const override { return 3; }
  void all(std::size_t pieces, Work& work) override {
    for (std::size_t i = pieces; i-- > 0;) work.piece(i, i % 3);
  }
};

History without_log(History history) {
  for (Operation& op : history.operations) op.effect = Operation::never;
  return history;
}
History with_another_log(History history, std::uint64_t seed) {
  if (history.operations.empty()) return history;
  Stream dice(seed, Purpose::key, 0);
  Operation& one = history.operations[dice.below(history.operations.size())];
  Operation& other = history.operations[dice.below(history.operations.size())];
  std::swap(one.effect, other.effect);
  return history;
}

void compare(Model model, const Shape& shape, std::uint64_t first) {
  std::uint64_t accepted = 0;
  const std::uint64_t all = rounds() / 4;
  for (std::uint64_t seed = first; seed < first + all; ++seed) {
    const History told = RandomHistory(model, shape, seed).make();
    const bool linearizable = plainly_linearizable(told, model);
    accepted += linearizable ? 1 : 0;
    INFO("seed ", seed, "\n", in_words(told));
    const Linearizability truth = linearizable ? Linearizability::yes : Linearizability::no;
    // Without a log, with one, and with one that is wrong.
    REQUIRE(judge(without_log(told), model) == truth);
    REQUIRE(judge(told, model) == truth);
    REQUIRE(searched(told, model) == truth);
    REQUIRE(judge(with_another_log(told, seed), model) == truth);
  }
  // Both verdicts must have been put to the test.
  CHECK(accepted > all / 20);
  CHECK(accepted < all - all / 20);
}

// Of 200 such histories, those that only a search can judge.
std::uint64_t undecided(Model model, const Shape& shape) {
  std::uint64_t count = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const History history = RandomHistory(model, shape, seed).make();
    std::vector<std::uint32_t> all(history.operations.size());
    std::iota(all.begin(), all.end(), 0U);
    count += decide_directly(history, model, all).answer == Answer::running ? 1 : 0;
  }
  return count;
}

// Operations at random times, of which reads return what `read` makes up.
template <class Read>
History made_up(std::uint64_t seed, std::size_t operations, Action change, const Read& read) {
  Stream dice(seed, Purpose::operation, 0);
  History history;
  history.objects = {""};
  for (std::size_t i = 0; i < operations; ++i) {
    Operation op;
    op.process = static_cast<Word>(i);
    op.invoked = Time{static_cast<std::int64_t>(dice.below(20))};
    op.ended = op.invoked + Duration{1 + static_cast<std::int64_t>(dice.below(8))};
    op.outcome = Outcome::ok;
    if (dice.below(2) == 0) {
      op.result = read(history.values, dice);
    } else {
      op.action = change;
      const auto number = static_cast<Word>(i) + 1;
      op.argument = change == Action::append || dice.below(3) > 0 ? number : -number;
      if (dice.below(3) == 0) op.outcome = Outcome::unknown;
    }
    history.operations.push_back(op);
  }
  put_in_order(history);
  return history;
}

template <class Read>
void compare_made_up(Model model, Action change, const Read& read) {
  std::uint64_t accepted = 0;
  for (std::uint64_t seed = 1; seed <= rounds(); ++seed) {
    const History history = made_up(seed, 6, change, read);
    const bool linearizable = plainly_linearizable(history, model);
    accepted += linearizable ? 1 : 0;
    INFO("seed ", seed, "\n", in_words(history));
    const Linearizability truth = linearizable ? Linearizability::yes : Linearizability::no;
    REQUIRE(judge(history, model) == truth);
    REQUIRE(searched(history, model) == truth);
  }
  CHECK(accepted > rounds() / 50);
  CHECK(accepted < rounds() - rounds() / 50);
}

void compare(Model model) {
  Shape shape;
  compare(model, shape, 1);
  shape.refusals = false;
  compare(model, shape, 1'000'000);
  shape.values = 0;
  compare(model, shape, 2'000'000);
  shape = {9, 5, 2, 2, 2, true};
  compare(model, shape, 3'000'000);
  shape = {8, 4, 3, 4, 8, true, true};
  compare(model, shape, 4'000'000);
}

}  // namespace

TEST_CASE("one bad key among many is found, and limits make verdicts unknown, never wrong") {
  History history;
  for (std::uint32_t key = 0; key < 2000; ++key) {
    history.objects.push_back(std::to_string(key));
    for (const std::int64_t at : {1, 3, 5}) {
      Operation op;
      op.action = at == 5 ? Action::read : Action::write;
      op.object = key;
      op.outcome = Outcome::ok;
      op.argument = 1;
      op.result = key == 1234 ? nil : 1;
      op.invoked = Time{at};
      op.ended = op.invoked + Duration{1};
      history.operations.push_back(op);
    }
  }
  put_in_order(history);
  LinearizabilityCheck check(history, Model::reg, {});
  check.finish();
  CHECK(check.answer() == Linearizability::no);
  CHECK(check.objects()[1234].answer == Linearizability::no);
  CHECK(check.objects()[1233].answer == Linearizability::yes);
  LinearizabilityCheck bounded(history, Model::reg, {1 << 30, 1});
  bounded.finish();
  CHECK(bounded.answer() == Linearizability::unknown);
}

TEST_CASE("verdicts and their cost do not depend on who does which object when") {
  History many;
  for (std::uint32_t key = 0; key < 150; ++key) {
    // Few values and many clients: some need a search of thousands of configurations.
    const Shape shape{60, 9, 2, 6, key % 3 == 0 ? 40U : 0U, true};
    History one = without_log(RandomHistory(Model::cas_register, shape, key + 1).make());
    many.objects.push_back(std::to_string(key));
    for (Operation& op : one.operations) {
      op.object = key;
      many.operations.push_back(op);
    }
  }
  put_in_order(many);
  for (const std::uint64_t bytes : {std::uint64_t{1} << 30, std::uint64_t{1} << 14}) {
    LinearizabilityCheck forward(many, Model::cas_register, {bytes, 0});
    forward.finish();
    LinearizabilityCheck backward(many, Model::cas_register, {bytes, 0});
    Backwards workers;
    while (backward.advance(1 << 14, workers)) {
    }
    CHECK(forward.nodes() == backward.nodes());
    std::set<Linearizability> answers;
    for (std::uint32_t key = 0; key < 150; ++key) {
      REQUIRE(forward.objects()[key].answer == backward.objects()[key].answer);
      REQUIRE(forward.objects()[key].witness == backward.objects()[key].witness);
      answers.insert(forward.objects()[key].answer);
    }
    CHECK(answers.contains(Linearizability::yes));
    CHECK(answers.contains(Linearizability::no));
    CHECK(answers.contains(Linearizability::unknown) == (bytes < (1 << 20)));
  }
}

TEST_CASE("a history whose log is known needs no search") {
  for (const Model model : {Model::reg, Model::cas_register, Model::queue, Model::lock,
                            Model::counter, Model::append_list, Model::fenced_lock}) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Shape shape{200, 8, 5, 6, 0, true, model != Model::lock};
      const History history = RandomHistory(model, shape, seed).make();
      CAPTURE(name_of(model));
      CAPTURE(seed);
      LinearizabilityCheck check(history, model, {});
      check.finish();
      REQUIRE(check.answer() == Linearizability::yes);
      CHECK(check.nodes() == 0);
    }
  }
}
TEST_CASE("registers are judged as the plain search judges them") { compare(Model::reg); }
TEST_CASE("registers with cas are judged as the plain search judges them") {
  compare(Model::cas_register);
}
TEST_CASE("keys are judged as the plain search judges them") { compare(Model::kv); }
TEST_CASE("queues are judged as the plain search judges them") {
  compare(Model::queue);
  // Different values: of these none needs the search.
  for (const Shape& shape : {Shape{9, 4, 0, 0, 3, true}, Shape{10, 5, 0, 3, 4, true},
                             Shape{10, 3, 0, 2, 4, true}, Shape{8, 8, 0, 4, 3, true}}) {
    compare(Model::queue, shape, 5'000'000);
    CHECK(undecided(Model::queue, shape) == 0);
  }
}
TEST_CASE("locks are judged as the plain search judges them") {
  compare(Model::lock);
  // Everything is known: nor do these.
  for (const std::uint64_t clients : {3u, 4u, 6u}) {
    const Shape shape{10, clients, 3, 0, 6, true, true, 1};
    compare(Model::lock, shape, 5'000'000);
    CHECK(undecided(Model::lock, shape) == 0);
  }
}
TEST_CASE("locks with tokens are judged as the plain search judges them") {
  compare(Model::fenced_lock, {8, 4, 3, 4, 8, true, true}, 1);
  compare(Model::fenced_lock, {9, 3, 2, 2, 8, true, true}, 1'000'000);
  const Shape known{10, 4, 3, 0, 6, true, true, 1};
  compare(Model::fenced_lock, known, 5'000'000);
  CHECK(undecided(Model::fenced_lock, known) == 0);
}
TEST_CASE("decisions are judged as the plain search judges them") {
  compare(Model::consensus, {8, 4, 3, 4, 8, true}, 1);
  compare(Model::consensus, {9, 5, 0, 2, 8, true}, 1'000'000);
}
TEST_CASE("counters are judged as the plain search judges them") { compare(Model::counter); }
TEST_CASE("sets are judged as the plain search judges them") { compare(Model::set); }
TEST_CASE("appended lists are judged as the plain search judges them") {
  compare(Model::append_list);
}

TEST_CASE("elements that are appended once each are read at random, twice in a list too") {
  compare_made_up(Model::append_list, Action::append, [](Values& values, Stream& dice) {
    Word list = nil;
    for (std::uint64_t length = dice.below(4); length > 0; --length) {
      list = values.extended(list, static_cast<Word>(dice.below(6)) + 1);
    }
    return list;
  });
}

TEST_CASE("sums are read at random, of additions that raise and of some that lower") {
  compare_made_up(Model::counter, Action::add,
                  [](Values&, Stream& dice) { return static_cast<Word>(dice.below(14)) - 4; });
}

}  // namespace ballast::history
