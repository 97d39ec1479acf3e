// The sequential objects: what a model means, apart from any search for it.
#pragma once

#include <span>
#include <vector>

#include "sim/history/operation.h"

namespace ballast::history {

// One object in some state. A value: copying it forks it.
class Machine {
 public:
  Machine(Model model, const Values& values)
      : model_(model),
        is_one_value_(model == Model::reg || model == Model::cas_register || model == Model::kv ||
                      model == Model::append_list),
        values_(&values) {}

  // What the operation does to the object; false if the object does not allow it, with this result,
  // in this state. An unknown operation may have any result.
  bool apply(const Operation& operation) {
    return is_one_value_ ? apply_to_value(operation) : apply_to_other(operation);
  }

  std::string say() const;

  friend bool operator==(const Machine& a, const Machine& b);
  std::uint64_t fingerprint() const;  // equal machines have equal ones
  std::uint64_t bytes() const { return sizeof(*this) + words_.capacity() * sizeof(Word); }

 private:
  bool apply_to_value(const Operation& operation);
  bool apply_to_other(const Operation& operation);
  bool apply_to_counter(const Operation& operation);
  bool apply_to_consensus(const Operation& operation);
  bool apply_to_queue(const Operation& operation);
  bool apply_to_lock(const Operation& operation);
  bool apply_to_fenced_lock(const Operation& operation);
  bool apply_to_set(const Operation& operation);

  Model model_;
  bool is_one_value_;
  const Values* values_;
  Word value_ = nil;  // of a register, a key, a list, a counter; who holds a lock
  bool held_ = false;
  Word token_ = nil;  // of the grant of a lock; of a fenced lock, the last one
  std::span<const Word> words() const { return std::span(words_).subspan(taken_); }

  std::vector<Word> words_;  // of a queue, in their order; the members of a set, sorted
  std::size_t taken_ = 0;    // so many of them are in the queue no more
};

// Inline, since witnesses of millions of reads and writes are replayed.
inline bool Machine::apply_to_value(const Operation& operation) {
  switch (operation.action) {
    case Action::read:
      return !operation.known() || value_ == operation.result;
    case Action::cas:
      if (operation.outcome == Outcome::refused) return value_ != operation.expected;
      if (value_ != operation.expected) return false;
      value_ = operation.argument;
      return true;
    case Action::write:
      value_ = operation.argument;
      return true;
    case Action::append:
      value_ = values_->appended(value_, operation.argument);
      return true;
    case Action::erase:
      if (operation.outcome == Outcome::refused) return value_ == nil;
      if (operation.known() && operation.result != nil && value_ == nil) return false;
      value_ = nil;
      return true;
    case Action::enqueue:
    case Action::dequeue:
    case Action::acquire:
    case Action::release:
    case Action::add:
    case Action::propose:
      break;
  }
  return false;
}

}  // namespace ballast::history
