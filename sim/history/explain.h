// Why a history is not linearizable: the least of it that still is not, and a sentence.
#pragma once

#include <string>
#include <vector>

#include "sim/history/check.h"

namespace ballast::history {

struct Explanation {
  std::uint32_t object = 0;
  // The operation by whose return it is certain: up to the return before it, all could be
  // explained.
  std::uint32_t stuck = Operation::never;
  // Operations that cannot be explained together. Relaxing any of them, a read left out, another
  // one that may or may not have taken effect, leaves what can be; so long as `irreducible`. Of a
  // queue, and of a register without cas, all that speaks of other values was left out.
  std::vector<std::uint32_t> core;
  // Operations that may or may not have taken effect, and whose values the core speaks of.
  std::vector<std::uint32_t> maybe;
  bool irreducible = true;  // false if the budget ended first
  std::string sentence;
  // The longest prefix that can be explained, all up to that return: operations as they took
  // effect, and states that were possible where it stops, up to eight.
  std::vector<std::uint32_t> order;
  std::vector<std::string> states;
};

// Explains a verdict `no`. `budget` bounds the work, in configurations and operations, beyond what
// it takes to go through the history sixty times.
// A history up to a time is judged with the operations that were open then as unknown.
Explanation explain(const History& history, Model model, const ObjectVerdict& verdict,
                    std::uint64_t budget = 2'000'000);

// The sentence, and the operations that it names.
struct Because {
  std::string sentence;
  std::vector<std::uint32_t> operations;
};
// What of the operations contradicts the one by whose return it shows. `core` indexes `history`,
// and so does `stuck`; `states` were possible there.
Because reason(const History& history, Model model, const std::vector<std::uint32_t>& all,
               const Explanation& explanation);

}  // namespace ballast::history
