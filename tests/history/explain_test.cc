#include <doctest/doctest.h>

#include <set>

#include "sim/history/chart.h"
#include "sim/history/read.h"
#include "sim/history/report.h"
#include "tests/history/histories.h"

namespace ballast::history {
namespace {

// "A write 1 10..20": one operation a line, in the order of their calls; without an end it is
// unknown.
struct Builder {
  explicit Builder(Model m) : model(m) { history.objects = {""}; }

  Builder& add(std::int64_t who, Action action, Word word, std::int64_t from, std::int64_t to,
               Outcome outcome = Outcome::ok) {
    Operation op;
    op.process = who;
    op.owner = who;
    op.action = action;
    const bool told =
        action == Action::read || action == Action::dequeue || action == Action::acquire;
    (told ? op.result : op.argument) = word;
    op.invoked = Time{from};
    op.ended = to == 0 ? Time::max() : Time{to};
    op.outcome = to == 0 ? Outcome::unknown : outcome;
    history.operations.push_back(op);
    return *this;
  }
  Builder& write(Word word, std::int64_t from, std::int64_t to) {
    return add(1, Action::write, word, from, to);
  }
  Builder& read(Word word, std::int64_t from, std::int64_t to) {
    return add(2, Action::read, word, from, to);
  }

  // The sentence about why it is not linearizable; empty if it is.
  Explanation explain() {
    put_in_order(history);
    LinearizabilityCheck check(history, model, {});
    check.finish();
    if (check.answer() != Linearizability::no) return {};
    return history::explain(history, model, check.objects()[0]);
  }

  Model model;
  History history;
};

void says(const std::string& sentence, const char* part) {
  INFO(sentence);
  CHECK(sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a stale read is explained by what had overwritten its value") {
  const Explanation why =
      Builder(Model::reg).write(3, 1, 2).write(5, 3, 4).write(6, 3, 9).read(3, 5, 7).explain();
  says(why.sentence,
       "read -> 3 (0.000000005 s to 0.000000007 s) returned 3, but write 3 (0.000000001 s to "
       "0.000000002 s) was the last that could leave this value, and write 5 (0.000000003 s to "
       "0.000000004 s) came after that and had completed before the read began at 0.000000005 s");
  CHECK(why.core.size() == 3);
  CHECK(why.irreducible);
}

TEST_CASE("a lost write is explained: the object was still empty") {
  const Explanation why = Builder(Model::reg).write(3, 1, 2).read(nil, 5, 7).explain();
  says(why.sentence, "returned nothing, but nothing had left the object empty again, and write 3");
}

TEST_CASE("values from nowhere and from the future are named") {
  says(Builder(Model::reg).write(3, 1, 2).read(4, 5, 7).explain().sentence,
       "returned what nobody wrote");
  says(Builder(Model::reg).read(4, 1, 2).write(4, 5, 7).explain().sentence,
       "was over before write 4");
}

TEST_CASE("a value that comes back between two reads of another is named") {
  const Explanation why = Builder(Model::reg)
                              .write(1, 1, 30)
                              .add(3, Action::write, 2, 1, 30)
                              .read(1, 3, 5)
                              .read(2, 7, 9)
                              .read(1, 11, 13)
                              .explain();
  says(why.sentence, "says that the value was still 1, as it was by the end of read -> 1");
  says(why.sentence, "in between it must have been 2");
}

TEST_CASE("queues, locks, counters and sets have their own words") {
  says(Builder(Model::queue)
           .add(1, Action::enqueue, 1, 1, 2)
           .add(1, Action::enqueue, 2, 3, 4)
           .add(2, Action::dequeue, 2, 5, 6)
           .explain()
           .sentence,
       "and no dequeue that took 1 had begun by 0.000000006 s");
  says(
      Builder(Model::fenced_lock).add(1, Action::acquire, 2, 1, 2).explain().sentence,
      "was given token 2, but by 0.000000002 s the lock can have been granted no more than 1 time");
  says(Builder(Model::fenced_lock)
           .add(1, Action::acquire, 1, 1, 2)
           .add(1, Action::release, nil, 3, 4)
           .add(2, Action::acquire, 1, 5, 6)
           .explain()
           .sentence,
       "were both given token 1");
  says(Builder(Model::queue)
           .add(1, Action::enqueue, 1, 1, 2)
           .add(1, Action::enqueue, 2, 3, 4)
           .add(2, Action::dequeue, 2, 5, 6)
           .add(2, Action::dequeue, 1, 7, 8)
           .explain()
           .sentence,
       "enqueue 1 (0.000000001 s to 0.000000002 s) was over before enqueue 2");
  says(Builder(Model::queue)
           .add(1, Action::enqueue, 1, 1, 2)
           .add(2, Action::dequeue, 1, 5, 6)
           .add(2, Action::dequeue, 1, 7, 8)
           .explain()
           .sentence,
       "both took 1, which was enqueued once");
  says(Builder(Model::lock)
           .add(1, Action::acquire, nil, 1, 2)
           .add(2, Action::acquire, nil, 3, 4)
           .explain()
           .sentence,
       "by 2 got the lock, but 1 had it since acquire (0.000000001 s to 0.000000002 s)");
  says(Builder(Model::counter)
           .add(1, Action::add, 1, 1, 2)
           .add(1, Action::add, 1, 3, 9)
           .add(2, Action::read, 3, 5, 8)
           .explain()
           .sentence,
       "returned 3, but what was added by then comes to 1 to 2");
  says(Builder(Model::counter)
           .add(1, Action::add, 2, 1, 2)
           .add(1, Action::add, 3, 3, 9)
           .add(2, Action::read, 5, 4, 5)
           .add(3, Action::read, 2, 6, 8)
           .explain()
           .sentence,
       "read -> 2 (0.000000006 s to 0.000000008 s) returned 2, but read -> 5 (0.000000004 s to "
       "0.000000005 s) was over before it began and had returned 5, and what was added in between "
       "comes to 0 to 3");
  Builder decided(Model::consensus);
  decided.add(1, Action::propose, 1, 1, 5).add(2, Action::propose, 2, 6, 7);
  decided.history.operations[0].result = 1;
  decided.history.operations[1].result = 2;
  says(decided.explain().sentence,
       "propose 2 -> 2 (0.000000006 s to 0.000000007 s) was told that 2 is decided, and propose 1 "
       "-> 1 (0.000000001 s to 0.000000005 s) had been told 1");
  Builder set(Model::set);
  const Word both = set.history.values.list(std::vector<Word>{1, 2});
  set.add(1, Action::add, 1, 1, 2).add(2, Action::read, both, 3, 4);
  says(set.explain().sentence, "nobody ever added 2");
}

TEST_CASE("every core fails by itself, and nothing can be taken from it") {
  for (const Model model : {Model::reg, Model::kv, Model::queue, Model::counter, Model::lock}) {
    Shape shape;
    shape.operations = 16;
    shape.values = 0;
    std::size_t failed = 0;
    std::size_t longest = 0;
    for (std::uint64_t seed = 1; seed < 100; ++seed) {
      const History history = RandomHistory(model, shape, seed).make();
      LinearizabilityCheck check(history, model, {});
      check.finish();
      if (check.answer() != Linearizability::no) continue;
      ++failed;
      const Explanation why = explain(history, model, check.objects()[0]);
      if (!why.irreducible) continue;
      INFO("seed ", seed, ": ", why.sentence);
      REQUIRE(!why.core.empty());
      REQUIRE(!why.sentence.empty());
      longest = std::max(longest, why.core.size());
      // The core as it stands, everything else relaxed, and of queues and registers left out what
      // speaks of other values.
      const auto value = [](const Operation& op) {
        return op.action == Action::read || op.action == Action::dequeue ? op.result : op.argument;
      };
      std::set<Word> spoken_of{nil};
      for (const std::uint32_t i : why.core) spoken_of.insert(value(history.operations[i]));
      const bool by_value = model == Model::reg || model == Model::queue;
      History part = history;
      std::vector<std::uint32_t> rest;
      for (std::uint32_t i = 0; i < part.operations.size(); ++i) {
        Operation& op = part.operations[i];
        if (std::find(why.core.begin(), why.core.end(), i) == why.core.end()) {
          if (op.action == Action::read || op.outcome == Outcome::refused) continue;
          if (by_value && op.known() && spoken_of.count(value(op)) == 0) continue;
          op.outcome = Outcome::unknown;
          op.returned = Operation::never;
        }
        rest.push_back(i);
      }
      const auto fails = [&](const std::vector<std::uint32_t>& operations) {
        return make_search(part, model, operations)->run(1'000'000, 1 << 30) == Answer::no;
      };
      REQUIRE(fails(rest));
      for (const std::uint32_t needed : why.core) {
        const Operation saved = part.operations[needed];
        std::vector<std::uint32_t> fewer = rest;
        if (saved.action == Action::read || saved.outcome == Outcome::refused) {
          std::erase(fewer, needed);
        } else {
          part.operations[needed].outcome = Outcome::unknown;
          part.operations[needed].returned = Operation::never;
        }
        REQUIRE(!fails(fewer));
        part.operations[needed] = saved;
      }
    }
    CHECK(failed > 20);
    CHECK(longest < 14);
  }
}

TEST_CASE("two dequeues out of turn among thousands of operations are a handful") {
  std::uint64_t longest = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Shape shape;
    shape.operations = 1000;
    shape.clients = 6;
    shape.values = 0;
    shape.wrong = 0;
    shape.unknown = 0;
    shape.refusals = false;
    History history = RandomHistory(Model::queue, shape, seed).make();
    Operation* first = nullptr;
    for (Operation& op : history.operations) {
      op.effect = Operation::never;
      if (op.action != Action::dequeue || op.outcome != Outcome::ok) continue;
      if (first == nullptr && op.called > history.events / 3) first = &op;
      if (first == nullptr || op.called < history.events * 2 / 3) continue;
      std::swap(op.result, first->result);
      break;
    }
    REQUIRE(first != nullptr);
    LinearizabilityCheck check(history, Model::queue, {});
    check.finish();
    REQUIRE(check.answer() == Linearizability::no);
    const Explanation why = explain(history, Model::queue, check.objects()[0]);
    CHECK(why.irreducible);
    longest = std::max<std::uint64_t>(longest, why.core.size());
  }
  CHECK(longest <= 4);
}

TEST_CASE("what operations did that were still open makes a core small") {
  // When 9 has come out, any of four open dequeues may have taken 1; later it is known that none
  // did.
  Builder builder(Model::queue);
  for (Word value = 1; value <= 5; ++value) {
    builder.add(value, Action::enqueue, value, value * 2, value * 2 + 1);
  }
  builder.add(9, Action::enqueue, 9, 20, 21);
  for (Word value = 2; value <= 5; ++value) {
    builder.add(value, Action::dequeue, value, 30 + value, 50 + value);
  }
  builder.add(9, Action::dequeue, 9, 40, 41).add(1, Action::dequeue, 1, 60, 61);
  const Explanation why = builder.explain();
  CHECK(why.stuck == 10);
  CHECK(why.core == std::vector<std::uint32_t>{0, 10});
  CHECK(why.irreducible);
  says(why.sentence,
       "but dequeue -> 9 (0.00000004 s to 0.000000041 s) was over before dequeue -> 1");
}

TEST_CASE("the prefix is the shortest also where a search waits for another operation") {
  // 3 cannot be left while it is still to be read, twice; the second read is over first. Before
  // both, 8 is read that nobody wrote.
  const Explanation why = Builder(Model::cas_register)
                              .write(3, 1, 2)
                              .write(5, 3, 4)
                              .read(8, 5, 6)
                              .read(3, 7, 12)
                              .add(4, Action::read, 3, 8, 9)
                              .add(5, Action::cas, 6, 10, 11, Outcome::refused)
                              .explain();
  CHECK(why.stuck == 2);
  const Explanation later = Builder(Model::cas_register)
                                .write(3, 1, 2)
                                .write(5, 3, 4)
                                .read(5, 5, 6)
                                .read(3, 7, 12)
                                .add(4, Action::read, 3, 8, 9)
                                .add(5, Action::cas, 6, 10, 11, Outcome::refused)
                                .explain();
  CHECK(later.stuck == 4);
  CHECK(later.order == std::vector<std::uint32_t>{0, 1, 2});
}

TEST_CASE("the longest prefix is all that came before the return that nothing explains") {
  // The leave rule makes a search stop much earlier: it knows that 3 is still to be read.
  const Explanation why = Builder(Model::reg)
                              .write(3, 1, 2)
                              .write(5, 3, 4)
                              .read(5, 5, 6)
                              .write(6, 7, 8)
                              .read(3, 9, 10)
                              .explain();
  CHECK(why.order == std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(why.states == std::vector<std::string>{"6"});
  CHECK(why.stuck == 4);
  CHECK(why.core == std::vector<std::uint32_t>{0, 1, 4});
}

TEST_CASE("a page shades what nemeses and runs say of faults, and draws every operation") {
  Builder builder(Model::reg);
  builder.write(3, 10, 20).write(5, 30, 40).read(3, 50, 70).write(9, 80, 0);
  put_in_order(builder.history);
  builder.history.remarks = {{Time{15}, "start-partition \"majority\""},
                             {Time{16}, "start-partition \"done\""},
                             {Time{45}, "stop-partition"},
                             {Time{47}, "stop-partition"},
                             {Time{60}, "bump-clock"},
                             {Time{65}, "kill \"n1\""}};
  const std::vector<Band> bands = bands_of(builder.history);
  REQUIRE(bands.size() == 3);
  CHECK(bands[0].from == Time{15});
  CHECK(bands[0].to == Time{47});
  CHECK(bands[1].from == bands[1].to);
  CHECK(bands[2].to == Time::max());
  LinearizabilityCheck check(builder.history, Model::reg, {});
  check.finish();
  Page page{&builder.history, "faults", {}, {}, {{Time{5}, Time{25}, "crash, nodes <n2>"}}};
  add_to(page, judge(builder.history, Model::reg, check, 5));
  const std::string html = as_html(page);
  const auto count = [&](const std::string& part) {
    std::size_t found = 0;
    for (auto at = html.find(part); at != std::string::npos; at = html.find(part, at + 1)) ++found;
    return found;
  };
  CHECK(count("<g class=\"band\">") == 4);
  CHECK(count("crash, nodes &lt;n2&gt;</text>") == 1);
  CHECK(count("<g class=\"op") == 3);  // the fourth was called after the failure
  CHECK(count("to take effect: ") == 2);
}

TEST_CASE("reports are whole: text, JSON and a page that loads nothing") {
  Builder builder(Model::reg);
  builder.write(3, 1, 2).write(5, 3, 4).read(3, 5, 7).write(9, 8, 0);
  put_in_order(builder.history);
  LinearizabilityCheck check(builder.history, Model::reg, {});
  check.finish();
  const Judgement judgement = judge(builder.history, Model::reg, check, 5);
  says(as_text(judgement), "not linearizable: 4 operations on 1 object as register");
  says(as_text(judgement), "3 operations of 4 that cannot be explained together; any fewer can");
  says(as_json(judgement), "\"verdict\": \"not linearizable\"");
  says(as_json(judgement), "\"stuck\": {");
  Page drawn{&builder.history, "a <history>", {}, {}};
  add_to(drawn, judgement);
  const std::string page = as_html(drawn);
  says(page, "<h1>a &lt;history&gt;</h1>");
  says(page, "not linearizable: 4 operations on 1 object, a register");
  says(page, "class=\"op core stuck\"");
  says(page, "read -&gt; 3 cannot return here");
  CHECK(page.find("http") == std::string::npos);
  CHECK(page.find("src=") == std::string::npos);
}

}  // namespace ballast::history
