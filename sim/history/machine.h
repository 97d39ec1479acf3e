// The sequential objects: what a model means, apart from any search for it.
#pragma once

#include <deque>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

// One object in some state. A value: copying it forks it.
class Machine {
 public:
  Machine(Model model, const Values& values) : model_(model), values_(&values) {}

  // What the operation does to the object; false if the object does not allow it, with this result,
  // in this state. An unknown operation may have any result.
  bool apply(const Operation& operation);

  std::string say() const;

 private:
  bool apply_to_value(const Operation& operation);
  bool apply_to_queue(const Operation& operation);
  bool apply_to_lock(const Operation& operation);
  bool apply_to_fenced_lock(const Operation& operation);
  bool apply_to_set(const Operation& operation);

  Model model_;
  const Values* values_;
  Word value_ = nil;  // of a register, a key, a list, a counter; who holds a lock
  bool held_ = false;
  Word token_ = nil;  // of the grant of a lock; of a fenced lock, the last one
  std::deque<Word> queue_;
  std::vector<Word> members_;  // of a set, sorted
};

}  // namespace ballast::history
