// Linearizability of what clients saw (Herlihy and Wing, 1990), for the state machines that clients
// use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/check.h"
#include "sim/protocol/fact.h"

namespace ballast {

// What each key is.
//   register  a register: read, write, cas
//   kv        a register that can also be deleted
//   counter   a counter: add, read
//   queue     a queue, first in, first out: enqueue, dequeue
//   lock      a lock that one session holds: acquire, release
//   consensus one decision, whatever the keys: propose
enum class HistoryModel : std::uint8_t { register_, kv, counter, queue, lock, consensus };
constexpr auto enumerators(HistoryModel) {
  return std::array<std::string_view, 6>{"register", "kv", "counter", "queue", "lock", "consensus"};
}

// Whether a model knows what an operation does. It says nothing about the others.
bool knows(HistoryModel model, Operation operation);
// The first model that knows all of these operations; nothing if there is none, or none of them.
std::optional<HistoryModel> model_that_knows(std::span<const Operation> operations);

// One operation as its client saw it, in true time.
struct SeenOperation {
  Operation operation = Operation::read;
  std::uint64_t key = 0;
  std::int64_t value = 0;     // written, added, enqueued
  std::int64_t expected = 0;  // cas
  std::int64_t result = 0;    // what it returned: see Response
  bool known = false;         // it returned ok; else it may have taken effect, or may yet, or never
  Time invoked;
  Time returned;  // where known
  NodeId client;
  std::uint32_t session = 0;  // of the client
  // Where the log has it, from 1; 0 if that is not known. A hint: with it the answer comes sooner.
  std::uint64_t slot = 0;
};

using history::Linearizability;

struct LinearizabilityResult {
  Linearizability answer = Linearizability::yes;
  std::string sentence;  // no: what cannot be explained, and why; unknown: what was spent
  Time at;               // no: when that operation returned
  NodeId client;         // no: who saw it
};

// Judges each key by itself (the property is local), as `ballast check` does: see sim/history.
// Everything starts empty, free or at 0. `budget` bounds the configurations that the search goes
// through for one key. Operations that failed did not happen and must not be given.
// REQUIRES the model to know every operation.
LinearizabilityResult check_linearizable(const std::vector<SeenOperation>& operations,
                                         std::uint64_t budget,
                                         HistoryModel model = HistoryModel::register_);

}  // namespace ballast
