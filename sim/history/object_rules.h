// What the search must know of queues, locks and counters; see register_rules.h for what the
// functions mean.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/history/object.h"

namespace ballast::history {

// What most models say where there is nothing to gain.
class PlainRules {
 public:
  std::uint32_t initial() const { return 0; }
  std::uint32_t canonical(std::uint32_t state, std::uint32_t) const { return state; }
  bool may_go(std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) const { return true; }
  bool overwrites(std::uint32_t) const { return false; }
  bool absorbed(std::uint32_t, std::uint32_t) const { return false; }
  bool useless(std::uint32_t, std::uint32_t) const { return false; }
  bool only_itself(std::uint32_t) const { return false; }
  std::uint32_t useful_until(std::uint32_t) const { return Operation::never; }
  std::uint32_t awaited(std::uint32_t, std::uint32_t) const { return Operation::never; }
  bool knows_kinds() const { return false; }
  std::span<const std::uint32_t> kinds_at(std::uint32_t) const { return {}; }

 protected:
  explicit PlainRules(const History& history) : history_(history) {}
  const Operation& operation(std::uint32_t step) const {
    return history_.operations[steps_[step].operation];
  }

  const History& history_;
  std::vector<Step> steps_;
};

// A queue is what was ever enqueued, a node of a tree, and how much of it was taken.
class QueueRules : public PlainRules {
 public:
  QueueRules(const History& history, const std::vector<std::uint32_t>& operations);

  bool drops(const Operation& operation) const;
  void prepare(const Object& object);
  bool pure(std::uint32_t step) const { return operation(step).outcome == Outcome::refused; }
  bool apply(std::uint32_t step, std::uint32_t& state);
  // With values that are all different and no unknown dequeue: nothing is enqueued behind a value
  // that is dequeued strictly later.
  bool may_go(std::uint32_t from, std::uint32_t to, std::uint32_t step, std::uint32_t) const;
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const;
  std::uint64_t bytes() const;
  std::string say(std::uint32_t state) const;

 private:
  struct Node {
    Word value = nil;
    std::uint32_t parent = 0;
    std::uint32_t jump = 0;  // an ancestor further up, for the way to the front
    std::uint32_t depth = 0;
    std::uint32_t latest = 0;  // when the last of these that is dequeued begins to be
  };
  struct State {
    std::uint32_t node = 0;
    std::uint32_t front = 0;  // the first that is still there; 0 if it is empty
  };
  struct Taken {
    std::uint32_t called = Operation::never;
    std::uint32_t returned = Operation::never;
  };

  std::uint32_t enqueued(std::uint32_t state, Word value);
  std::uint32_t dequeued(std::uint32_t state);
  std::uint32_t state_of(State state);
  std::uint32_t ancestor(std::uint32_t node, std::uint32_t depth) const;
  Taken taken(Word value) const;

  WordTable values_;          // that are known to be dequeued
  std::vector<Taken> taken_;  // by value
  bool ordered_ = true;       // whether may_go has something to say
  std::vector<Node> nodes_{Node{}};
  PairTable children_;
  std::vector<State> states_{State{}};
  PairTable state_numbers_;
};

// A lock is who holds it and under which token, or nobody.
class LockRules : public PlainRules {
 public:
  LockRules(const History& history, const std::vector<std::uint32_t>& operations);

  bool drops(const Operation&) const { return false; }
  void prepare(const Object& object);
  bool pure(std::uint32_t step) const { return operation(step).outcome == Outcome::refused; }
  bool apply(std::uint32_t step, std::uint32_t& state);
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const {
    return step == returning ? 0 : steps_[step].returned;
  }
  std::uint64_t bytes() const {
    return owners_.bytes() + holders_.capacity() * 4 + states_.capacity() * sizeof(State) +
           state_numbers_.bytes();
  }
  std::string say(std::uint32_t state) const;

 protected:
  struct State {
    std::uint32_t holder = 0;  // 0: nobody
    Word token = nil;
  };
  std::uint32_t state_of(State state);
  bool release(std::uint32_t step, std::uint32_t& state, State freed);

  std::vector<std::uint32_t> holders_;  // by step
  std::vector<State> states_{State{}};

 private:
  WordTable owners_;
  PairTable state_numbers_;
};

// Nobody or its holder, and the last token that was given out.
class FencedLockRules : public LockRules {
 public:
  using LockRules::LockRules;
  bool apply(std::uint32_t step, std::uint32_t& state);
};

// 0 while nothing is decided, else what is. Only the operation that decides changes anything.
class ConsensusRules : public PlainRules {
 public:
  ConsensusRules(const History& history, const std::vector<std::uint32_t>& operations);

  bool drops(const Operation& operation) const;
  void prepare(const Object& object);
  bool pure(std::uint32_t) const { return false; }
  bool apply(std::uint32_t step, std::uint32_t& state) const;
  bool useless(std::uint32_t step, std::uint32_t to) const { return to != proposed_[step]; }
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const {
    return step == returning ? 0 : steps_[step].returned;
  }
  std::uint64_t bytes() const { return values_.bytes() + proposed_.capacity() * 8; }
  std::string say(std::uint32_t state) const;

 private:
  WordTable values_;                     // state and one
  std::vector<std::uint32_t> proposed_;  // by step: the state that it would decide on
  std::vector<std::uint32_t> told_;      // by step: the state that it returned, or 0
};

// 0 once nobody sees it any more, else a sum. Additions commute: one that returns needs no other
// before it, unless a read is waiting for a sum on the way, or additions return sums.
class CounterRules : public PlainRules {
 public:
  CounterRules(const History& history, const std::vector<std::uint32_t>& operations);

  bool drops(const Operation& operation) const;
  void prepare(const Object& object);
  std::uint32_t initial() const { return 1; }
  bool pure(std::uint32_t step) const { return operation(step).action == Action::read; }
  bool apply(std::uint32_t step, std::uint32_t& state);
  std::uint32_t canonical(std::uint32_t state, std::uint32_t position) const {
    return last_read_ < position ? 0 : state;
  }
  bool only_itself(std::uint32_t step) const {
    return !adds_see_ && operation(step).action == Action::add;
  }
  std::uint32_t useful_until(std::uint32_t) const { return last_read_; }
  std::uint32_t urgency(std::uint32_t step, std::uint32_t returning) const {
    return step == returning ? 0 : steps_[step].returned;
  }
  std::uint64_t bytes() const { return sums_.bytes(); }
  std::string say(std::uint32_t state) const;

 private:
  WordTable sums_;               // state and one
  std::uint32_t last_read_ = 0;  // when the last operation returns that sees the sum
  bool adds_see_ = false;        // whether an addition returned the sum
};

}  // namespace ballast::history
