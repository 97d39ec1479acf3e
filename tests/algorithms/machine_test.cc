// The state machines behind replicated logs: what each operation does, sessions, and that a copy is
// a snapshot.
#include "algorithms/consensus/machine.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/print.h"

using namespace ballast;

namespace {

// Each request is a session's next one.
struct User {
  Machine machine;
  std::uint64_t sequence = 0;

  Response ask(Operation operation, std::int64_t value = 0, std::int64_t expected = 0,
               std::uint32_t session = 0, std::uint64_t key = 7) {
    const std::optional<Response> answer =
        machine.apply({{NodeId{9}, session, ++sequence}, {operation, key, value, expected, 0}});
    REQUIRE(answer.has_value());
    return *answer;
  }
};

constexpr Response ok(std::int64_t value) { return {Outcome::ok, value, {}}; }

}  // namespace

TEST_CASE("a key-value store reads, writes, compares and deletes") {
  User user{Machine(MachineKind::kv)};
  CHECK(user.ask(Operation::delete_) == ok(0));
  CHECK(user.ask(Operation::cas, 5, 0) == ok(1));
  CHECK(user.ask(Operation::cas, 6, 0) == ok(0));
  CHECK(user.ask(Operation::read) == ok(5));
  CHECK(user.ask(Operation::delete_) == ok(1));
  CHECK(user.ask(Operation::read) == ok(0));
  CHECK(user.ask(Operation::write, 8) == ok(0));
  CHECK(user.ask(Operation::read, 0, 0, 0, 6) == ok(0));  // another key
}

TEST_CASE("a counter answers an addition with the sum") {
  User user{Machine(MachineKind::counter)};
  CHECK(user.ask(Operation::add, 5) == ok(5));
  CHECK(user.ask(Operation::add, -7) == ok(-2));
  CHECK(user.ask(Operation::read) == ok(-2));
}

TEST_CASE("a queue gives out what came first, and nothing when it is empty") {
  User user{Machine(MachineKind::queue)};
  CHECK(user.ask(Operation::dequeue) == ok(0));
  CHECK(user.ask(Operation::enqueue, 5) == ok(0));
  CHECK(user.ask(Operation::enqueue, 6) == ok(0));
  CHECK(user.ask(Operation::dequeue) == ok(5));
  CHECK(user.ask(Operation::dequeue) == ok(6));
  CHECK(user.ask(Operation::dequeue) == ok(0));
}

TEST_CASE("a lock is held by one session, and each grant has a greater token") {
  User user{Machine(MachineKind::lock)};
  CHECK(user.ask(Operation::release, 0, 0, 1) == ok(0));
  CHECK(user.ask(Operation::acquire, 0, 0, 1) == ok(1));
  CHECK(user.ask(Operation::acquire, 0, 0, 1) == ok(1));  // it holds it already
  CHECK(user.ask(Operation::acquire, 0, 0, 2) == ok(0));
  CHECK(user.ask(Operation::release, 0, 0, 2) == ok(0));
  CHECK(user.ask(Operation::release, 0, 0, 1) == ok(1));
  CHECK(user.ask(Operation::acquire, 0, 0, 2) == ok(2));
}

TEST_CASE("a machine serves its own operations only") {
  for (const std::string_view word : enumerators(MachineKind{})) {
    CAPTURE(word);
    const auto words = enumerators(MachineKind{});
    const auto kind =
        static_cast<MachineKind>(std::find(words.begin(), words.end(), word) - words.begin());
    for (std::size_t i = 0; i < enumerators(Operation{}).size(); ++i) {
      const auto operation = static_cast<Operation>(i);
      CAPTURE(name_of(operation));
      User user{Machine(kind)};
      CHECK((user.ask(operation).outcome == Outcome::ok) == serves(kind, operation));
    }
  }
  CHECK(machine_for(Operation::dequeue) == "with \"machine\": \"queue\" it would");
  CHECK(machine_for(Operation::propose).empty());
}

TEST_CASE("Raft 8: a request that was executed is answered again, but not executed again") {
  Machine machine(MachineKind::counter);
  const Request add{{NodeId{9}, 0, 1}, {Operation::add, 0, 5, 0, 0}};
  CHECK(machine.apply(add) == ok(5));
  CHECK(machine.apply(add) == ok(5));
  CHECK(machine.look(0) == 5);
  const Request next{{NodeId{9}, 0, 2}, {Operation::add, 0, 5, 0, 0}};
  CHECK(machine.apply(next) == ok(10));
  CHECK_FALSE(machine.apply(add).has_value());
}

TEST_CASE("a copy of a machine is a snapshot, sessions included") {
  Machine machine(MachineKind::queue);
  const Request enqueue{{NodeId{9}, 0, 1}, {Operation::enqueue, 0, 5, 0, 0}};
  const Request dequeue{{NodeId{9}, 0, 2}, {Operation::dequeue, 0, 0, 0, 0}};
  machine.apply(enqueue);
  Machine copy = machine;
  CHECK(copy == machine);
  CHECK(digest(copy) == digest(machine));
  CHECK(machine.apply(dequeue) == ok(5));
  CHECK(copy != machine);
  CHECK(digest(copy) != digest(machine));
  CHECK_FALSE(machine.apply(enqueue).has_value());  // the copy knows what the original knew
  CHECK(copy.apply(enqueue) == ok(0));
  CHECK(copy.apply(dequeue) == ok(5));
  CHECK(copy == machine);
  CHECK(to_json(copy).find("\"items\":[[0,[]]]") != std::string::npos);
}
