// Sequential consistency (Lamport, "How to make a multiprocessor computer that correctly executes
// multiprocess programs", 1979): all operations have one order, which is legal for each object and
// in which those of each session stand as that session called them. Not local: objects are searched
// together. To decide it is NP-complete (Gibbons and Korach, "Testing shared memories", 1997).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history/causality.h"
#include "sim/history/consistency.h"
#include "sim/history/identity.h"
#include "sim/history/machine.h"
#include "sim/history/search.h"

namespace ballast::history {

// The states that objects have been in, numbered, and what operations do to them.
class MachineStates {
 public:
  static constexpr std::uint32_t illegal = 0xFFFFFFFE;

  MachineStates(const History& history, Model model);
  std::uint32_t initial() const { return 0; }
  // The state after the operation, or `illegal`.
  std::uint32_t after(std::uint32_t state, std::uint32_t operation);
  std::uint64_t bytes() const;

 private:
  std::uint32_t intern(Machine machine);

  const History& history_;
  std::vector<Machine> machines_;
  std::uint64_t machine_bytes_ = 0;
  std::vector<std::uint32_t> next_same_;  // by state: another one with the same fingerprint
  PairTable by_fingerprint_;
  PairTable steps_;
};

// Depth first over the heads of the sessions, with a memory of where it has been.
class SequentialSearch {
 public:
  // `causality` may hold what must come before what; it has been counted.
  SequentialSearch(const History& history, Model model, const ReadsFrom& reads,
                   const Causality& causality);

  // Goes on for so many more configurations.
  Answer run(std::uint64_t nodes, std::uint64_t bytes);
  std::uint64_t nodes() const { return nodes_; }
  std::vector<std::uint32_t> order() const;  // REQUIRES the answer yes
  std::vector<std::uint32_t> stuck_heads() const { return deepest_heads_; }
  std::size_t deepest() const { return deepest_; }  // operations that could be put in order

 private:
  struct Taken {
    std::uint32_t operation = 0;
    std::uint32_t state = 0;   // of its object, before
    std::uint32_t writer = 0;  // of that state
  };
  struct Frame {
    std::size_t path = 0;
    std::size_t candidates = 0;  // begin; the end is that of the array
    std::size_t next = 0;
  };

  bool settle();
  bool arrive();
  bool may_take(std::uint32_t operation, std::uint32_t& state);
  void take(std::uint32_t operation, std::uint32_t state);
  void undo();
  bool visit();
  std::uint32_t head(std::uint32_t session) const;
  std::uint64_t bytes() const;

  const History& history_;
  const ReadsFrom& reads_;
  MachineStates states_;
  std::vector<std::vector<std::uint32_t>> sessions_;
  std::vector<std::uint32_t> session_of_;
  std::vector<std::vector<std::uint32_t>> after_;  // by operation: what must come later
  std::vector<std::uint32_t> waits_;     // by operation: how much that must come before is missing
  std::vector<std::uint32_t> unread_;    // by node: reads of this write that are missing
  std::vector<std::uint32_t> position_;  // by session
  std::vector<std::uint32_t> state_;     // by object
  std::vector<std::uint32_t> writer_;    // by object: node
  std::size_t missing_ = 0;              // known operations
  Identity where_;                       // positions and states
  std::vector<bool> visited_;            // by the number of that
  std::vector<Taken> path_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> candidates_;
  Answer answer_ = Answer::running;
  bool begun_ = false;
  std::uint64_t nodes_ = 0;
  std::size_t deepest_ = 0;
  std::vector<std::uint32_t> deepest_heads_;
};

// A history that is not sequentially consistent: operations that contradict each other, where any
// fewer can be ordered. Relaxing one means: a read is left out, of another one nobody knows whether
// and when it happened. All of them if the limits are too narrow to leave any out.
std::vector<std::uint32_t> sequential_core(const History& history, Model model,
                                           const SearchLimits& limits);

// Empty if the order is sequentially consistent: known operations once each, sessions in order,
// each operation legal where it stands. Else what is wrong. Knows nothing of the search.
std::string refute_order(const History& history, Model model,
                         const std::vector<std::uint32_t>& order);

}  // namespace ballast::history
