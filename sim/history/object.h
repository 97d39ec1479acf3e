// The operations on one object as the search wants them: positions of its own, and the places that
// known operations occupy while they are open.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

struct Step {
  std::uint32_t operation = 0;  // index into History::operations
  std::uint32_t called = 0;     // positions among the events of the object
  std::uint32_t returned = Operation::never;
  // A known operation: its place among the open ones. An unknown one: its class; those of a class
  // are identical, so that only how many of them took effect matters, and the earliest do.
  std::uint32_t place = 0;
};

struct Event {
  std::uint32_t step = 0;
  bool is_return = false;
};

// One object. What `drops` says of an operation leaves it out.
struct Object {
  std::vector<Step> steps;    // in the order of their calls
  std::vector<Event> events;  // calls of all, returns of those that are known
  std::uint32_t places = 0;   // how many known operations are open at once at most
};

// `operations`: indices of the operations on the object, by call.
Object make_object(const History& history, const std::vector<std::uint32_t>& operations);

}  // namespace ballast::history
