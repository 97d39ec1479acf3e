// Linearizability of stores, counters, queues and locks: every answer against all orders, tried out
// on the machines that the algorithms replicate.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "algorithms/consensus/machine.h"
#include "sim/base/random.h"
#include "sim/check/linearizable.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

using Operations = std::vector<SeenOperation>;

Request request_of(const SeenOperation& op, std::uint64_t sequence) {
  return {{op.client, op.session, sequence}, {op.operation, op.key, op.value, op.expected, 0}};
}

// The definition: some order of all known operations and some of the unknown ones keeps to real
// time, and the machine answers as the clients saw.
bool some_order(const Operations& operations, const Machine& machine, std::uint32_t done = 0,
                std::uint64_t sequence = 1) {
  const auto pending = [&](std::size_t i) { return (done >> i & 1) == 0; };
  bool complete = true;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    complete &= !operations[i].known || !pending(i);
  }
  if (complete) return true;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!pending(i)) continue;
    bool may_be_next = true;
    for (std::size_t k = 0; k < operations.size(); ++k) {
      const bool before = operations[k].known && operations[k].returned < operations[i].invoked;
      may_be_next &= !(pending(k) && before);
    }
    if (!may_be_next) continue;
    Machine after = machine;
    const Response response = *after.apply(request_of(operations[i], sequence));
    if (operations[i].known && response.value != operations[i].result) continue;
    if (some_order(operations, after, done | 1u << i, sequence + 1)) return true;
  }
  return false;
}

std::int64_t below(std::int64_t n, Stream& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
}

// What a real machine answered, with a lie in every other history.
Operations random_history(MachineKind kind, Stream& random) {
  const auto served = operations_of(kind);
  Operations all;
  const std::int64_t count = 2 + below(5, random);
  for (std::int64_t i = 0; i < count; ++i) {
    SeenOperation op;
    op.operation = served[random.below(served.size())];
    op.value = kind == MachineKind::queue ? i + 1 : below(4, random);
    op.expected = below(4, random);
    op.client = {9};
    op.session = static_cast<std::uint32_t>(below(2, random));
    op.known = below(4, random) != 0;
    op.invoked = {below(8, random)};
    op.returned = op.known ? op.invoked + Duration{below(5, random)} : Time::max();
    all.push_back(op);
  }
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int64_t last = all[i].known ? all[i].returned.ns : 16;
    order.emplace_back(all[i].invoked.ns + below(last - all[i].invoked.ns + 1, random), i);
  }
  std::sort(order.begin(), order.end());
  Machine machine(kind);
  std::uint64_t sequence = 0;
  for (const auto& [at, i] : order) {
    if (!all[i].known && below(2, random) == 0) continue;  // it never takes effect
    const std::int64_t value = machine.apply(request_of(all[i], ++sequence))->value;
    if (all[i].known) all[i].result = value;
  }
  if (below(2, random) == 0) return all;
  SeenOperation& liar = all[random.below(all.size())];
  // What a write or an enqueue is answered says nothing.
  const bool says_something =
      liar.operation != Operation::write && liar.operation != Operation::enqueue;
  const bool yes_or_no = liar.operation == Operation::cas || liar.operation == Operation::delete_ ||
                         liar.operation == Operation::release;
  if (liar.known && says_something) liar.result = below(yes_or_no ? 2 : 4, random);
  return all;
}

std::string story(const Operations& operations) {
  std::string text;
  for (const SeenOperation& o : operations) {
    text += std::string(name_of(o.operation)) + " " + std::to_string(o.value) + " over " +
            std::to_string(o.expected) + " by " + std::to_string(o.session) + " result " +
            std::to_string(o.result) + " from " + std::to_string(o.invoked.ns) +
            (o.known ? " to " + std::to_string(o.returned.ns) : " unknown") + "\n";
  }
  return text;
}

SeenOperation seen(Operation operation, std::int64_t value, std::int64_t result, std::int64_t from,
                   std::int64_t to, std::uint32_t session = 0) {
  SeenOperation op;
  op.operation = operation;
  op.value = value;
  op.result = result;
  op.known = true;
  op.invoked = {from};
  op.returned = {to};
  op.client = {9};
  op.session = session;
  return op;
}

std::string objection(const Operations& operations, HistoryModel model) {
  return check_linearizable(operations, 1'000'000, model).sentence;
}

}  // namespace

TEST_CASE("for every machine, every answer is the one that trying all orders gives") {
  for (std::size_t i = 0; i < enumerators(MachineKind{}).size(); ++i) {
    const auto kind = static_cast<MachineKind>(i);
    CAPTURE(name_of(kind));
    const auto model = static_cast<HistoryModel>(i);
    REQUIRE(name_of(kind) == name_of(model));
    Stream random(i, Purpose::choice, 1);
    int yes = 0;
    int no = 0;
    for (int trial = 0; trial < 2500; ++trial) {
      const Operations operations = random_history(kind, random);
      const bool expected = some_order(operations, Machine(kind));
      CAPTURE(story(operations));
      const LinearizabilityResult found = check_linearizable(operations, 1'000'000, model);
      REQUIRE(found.answer == (expected ? Linearizability::yes : Linearizability::no));
      ++(expected ? yes : no);
    }
    CHECK(yes > 200);
    CHECK(no > 200);
  }
}

TEST_CASE("a model knows exactly what the machine of its name serves") {
  // What decides once is no machine behind a log.
  for (std::size_t i = 0; i < enumerators(MachineKind{}).size(); ++i) {
    for (std::size_t o = 0; o < enumerators(Operation{}).size(); ++o) {
      const auto operation = static_cast<Operation>(o);
      CHECK(knows(static_cast<HistoryModel>(i), operation) ==
            serves(static_cast<MachineKind>(i), operation));
    }
  }
}

TEST_CASE("0 is a value that can be decided") {
  const auto decided = [](std::int64_t first, std::int64_t second) {
    return check_linearizable({seen(Operation::propose, 0, first, 0, 1),
                               seen(Operation::propose, 3, second, 2, 3)},
                              1'000'000, HistoryModel::consensus)
        .answer;
  };
  CHECK(decided(0, 0) == Linearizability::yes);
  CHECK(decided(0, 3) == Linearizability::no);
  CHECK(decided(3, 3) == Linearizability::no);  // nobody had proposed it yet
}

TEST_CASE("an objection says what was seen, in the words of the machine") {
  CHECK(objection({seen(Operation::add, 5, 5, 0, 1), seen(Operation::read, 0, 4, 2, 3)},
                  HistoryModel::counter) ==
        "key 0: read -> 4 (0.000000002 s to 0.000000003 s) returned 4, but what was added "
        "by then comes to 5");
  CHECK(objection({seen(Operation::enqueue, 5, 0, 0, 1), seen(Operation::dequeue, 0, 5, 2, 3),
                   seen(Operation::dequeue, 0, 5, 4, 5)},
                  HistoryModel::queue) ==
        "key 0: dequeue -> 5 (0.000000002 s to 0.000000003 s) and dequeue -> 5 "
        "(0.000000004 s to 0.000000005 s) both took 5, which was enqueued once");
  CHECK(
      objection({seen(Operation::acquire, 0, 1, 0, 1, 1), seen(Operation::acquire, 0, 2, 2, 3, 2)},
                HistoryModel::lock) ==
      "key 0: acquire -> 2 (0.000000002 s to 0.000000003 s) cannot be explained by any "
      "order of the operations around it; before it the object could be held by "
      "\"session 1 of n9\" under token 1");
  CHECK(
      objection({seen(Operation::acquire, 0, 1, 0, 1, 1), seen(Operation::acquire, 0, 2, 2, 3, 1)},
                HistoryModel::lock) ==
      "key 0: acquire -> 2 (0.000000002 s to 0.000000003 s) cannot be explained by any "
      "order of the operations around it; before it the object could be held by "
      "\"session 1 of n9\" under token 1");
  CHECK(objection({seen(Operation::write, 5, 0, 0, 1), seen(Operation::delete_, 0, 0, 2, 3)},
                  HistoryModel::kv) ==
        "key 0: delete (found nothing) (0.000000002 s to 0.000000003 s) returned nothing, "
        "but nothing had left the object empty again, and write 5 (0.000 s to 0.000000001 "
        "s) came after that and had completed before the read began at 0.000000002 s");
  CHECK(objection({seen(Operation::write, 5, 0, 0, 1), seen(Operation::delete_, 0, 1, 2, 3),
                   seen(Operation::delete_, 0, 1, 4, 5)},
                  HistoryModel::kv) ==
        "key 0: delete (found something) (0.000000004 s to 0.000000005 s) cannot be "
        "explained by any order of the operations around it; before it the object could "
        "be nothing");
}
