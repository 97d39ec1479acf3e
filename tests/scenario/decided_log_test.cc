// Where the log has what clients asked: by this a history is judged without a search.
#include "sim/scenario/decided_log.h"

#include <doctest/doctest.h>

#include <vector>

#include "sim/scenario/misfortune.h"
#include "sim/scenario/run.h"
#include "tests/scenario/read.h"

using namespace ballast;
using namespace literals;

namespace {

ClientOperation asked(std::uint64_t sequence) {
  ClientOperation op;
  op.request = {{4}, 1, sequence};
  op.operation = Operation::add;
  op.value = 1;
  return op;
}

ValueDigest value_of(const ClientOperation& op) {
  return {digest(Request{op.request, {op.operation, op.key, op.value, op.expected, 0}})};
}

SeenOperation seen(bool known, Time invoked, std::uint64_t slot, std::uint32_t session = 1) {
  SeenOperation op;
  op.known = known;
  op.invoked = invoked;
  op.slot = slot;
  op.session = session;
  return op;
}

}  // namespace

TEST_CASE("what is decided twice took effect the first time, and so did what is executed twice") {
  DecidedLog decided;
  decided.decide({{2}, value_of(asked(1))});
  decided.decide({{1}, value_of(asked(2))});
  decided.decide({{3}, value_of(asked(2))});
  CHECK(decided.places().slot_of(asked(1)) == 2);
  CHECK(decided.places().slot_of(asked(2)) == 1);
  CHECK(decided.places().slot_of(asked(3)) == 0);

  DecidedLog executed;
  for (const std::uint64_t sequence : {3U, 1U, 3U, 2U, 1U}) {
    executed.execute({{{1}, 1}, value_of(asked(sequence)), 0, false});
  }
  CHECK(executed.places().slot_of(asked(3)) == 1);
  CHECK(executed.places().slot_of(asked(1)) == 2);
  CHECK(executed.places().slot_of(asked(2)) == 3);
}

TEST_CASE("a request that comes after a later one of its session has no place") {
  const Time early = Time{} + 1_s;
  const Time late = Time{} + 2_s;
  std::vector<SeenOperation> operations = {seen(false, early, 5),    seen(true, late, 3),
                                           seen(false, early, 4, 2), seen(false, late, 6, 2),
                                           seen(true, early, 8, 3),  seen(true, late, 7, 3)};
  pass_over_late(operations);
  CHECK(operations[0].slot == 0);
  CHECK(operations[1].slot == 3);
  CHECK(operations[2].slot == 4);
  CHECK(operations[3].slot == 6);
  CHECK(operations[4].slot == 8);  // it was answered: for a search to decide
  CHECK(operations[5].slot == 7);
}

TEST_CASE("a protocol without a log is judged by the order of execution") {
  // A search spent its 2,000,000 steps on the sums of 136 operations of unknown outcome.
  const Scenario scenario = scenario_from(R"({ "name": "counters", "duration": "10s",
    "nodes": { "server": { "count": 5, "algorithm": "epaxos",
      "config": { "machine": "counter", "recovery_timeout": ["100ms", "150ms"] } } },
    "workload": { "clients": 1, "arrivals": { "poisson": "20/s" }, "keys": 2 } })");
  for (const std::uint64_t seed : {956'360U, 956'361U}) {
    const RunOutcome outcome = run(with_misfortune(scenario, *find_profile("default"), seed));
    CHECK(outcome.reasons.empty());
  }
}
