// Linearizability of what clients saw (Herlihy and Wing, 1990), for registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/protocol/fact.h"

namespace ballast {

// One operation on a register as its client saw it, in true time.
struct RegisterOperation {
  Operation operation = Operation::read;
  std::uint64_t key = 0;
  std::int64_t value = 0;     // written
  std::int64_t expected = 0;  // cas
  std::int64_t result = 0;    // read: what it returned; cas: 1 if it wrote
  bool known = false;         // it returned ok; else it may have taken effect, or may yet, or never
  Time invoked;
  Time returned;  // where known
  NodeId client;
};

enum class Linearizability : std::uint8_t { yes, no, unknown };

struct LinearizabilityResult {
  Linearizability answer = Linearizability::yes;
  std::string
      sentence;   // no: which operation cannot be explained, and why; unknown: what was spent
  Time at;        // no: when that operation returned
  NodeId client;  // no: who saw it
};

// Judges each key by itself (the property is local). Wing and Gong's search with Lowe's memory of
// configurations (G. Lowe, "Testing for linearizability", 2017), branching only where an operation
// must return; a register starts as 0. `budget` bounds the search steps for one key. Operations
// that failed did not happen and must not be given.
LinearizabilityResult check_linearizable(const std::vector<RegisterOperation>& operations,
                                         std::uint64_t budget);

}  // namespace ballast
