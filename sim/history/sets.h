// Linearizability of a set that only grows, without a search.
#pragma once

#include <string>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

// What was found of one object without a search.
struct Finding {
  std::vector<std::uint32_t> witness;   // if it is linearizable
  std::string sentence;                 // if it is not: why
  std::uint32_t at = Operation::never;  // and the operation that shows it
};

// The reads of such a set must form a chain, and each element is added between the last read that
// lacks it and the first that has it; so there is one order up to what does not matter, and it
// is a linearization or there is none. Any number of adds of one element, any number unknown.
Finding check_set(const History& history, const std::vector<std::uint32_t>& operations);

}  // namespace ballast::history
