// The pending-event set: what will happen, in the order in which it will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/ring.h"
#include "sim/base/time.h"
#include "sim/kernel/pending.h"
#include "sim/kernel/tournament.h"
#include "sim/kernel/wheel.h"

namespace ballast {

// A priority queue of events in the total order (at, tie, sequence). It holds keys only; `slot` is
// the caller's name for the payload. There is no erase: a timer that was pushed back or cancelled
// stays until it comes up, and its owner then pushes it again or drops it.
//
// A value: a copy pops the same sequence. An empty queue owns no memory, and a queue that has once
// held as much as it will hold allocates nothing. Up to some 2,000 events live in a tournament;
// more of them wait in a wheel and come out in sorted runs, at a cost that hardly grows with their
// number and depends little on the distribution of their times. tests/bench/event_queue_bench.cc
// measures it beside std::priority_queue.
class EventQueue {
 public:
  static constexpr unsigned tie_bits = 20;
  static constexpr unsigned sequence_bits = 44;

  // REQUIRES: `at` not earlier than what was popped last; `tie` below 2^20 and `sequence` below
  // 2^44 (17 million million events); no two pending events equal in all three.
  void push(Time at, std::uint32_t tie, std::uint64_t sequence, std::uint32_t slot) {
    put(entry_of(at, tie, sequence, slot));
  }
  // The same, for what is mostly pushed in the order in which it comes up, such as messages that
  // are all equally long under way: as long as that is so, it waits in a plain queue.
  [[gnu::always_inline]] inline void push_in_order(Time at, std::uint32_t tie,
                                                   std::uint64_t sequence, std::uint32_t slot) {
    const Pending entry = entry_of(at, tie, sequence, slot);
    if (in_order_.empty() || in_order_.back() < entry) {
      Pending& last = in_order_.push();
      last.at = entry.at;
      last.order = entry.order;
      last.handle = entry.handle;
    } else {
      put(entry_of(at, tie, sequence, slot));
    }
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return in_order_.size() + near_.size() + run_.size() + wheel_.size(); }

  struct Popped {
    Time at;
    std::uint32_t tie = 0;
    std::uint64_t sequence = 0;
    std::uint32_t slot = 0;
  };

  // Takes the first event out, unless there is none or it comes after `limit`. It is the first of
  // three: of what came in order, of the tournament and of the run.
  [[gnu::always_inline]] inline bool pop(Time limit, Popped& first) {
    if (near_.size() == 0 && run_.empty() && wheel_.size() > 0) refill();
    enum { nowhere, in_order, near, run } where = nowhere;
    const Pending* next = nullptr;
    if (!in_order_.empty()) {
      next = &in_order_.front();
      where = in_order;
    }
    if (near_.size() > 0 && (where == nowhere || near_.top() < *next)) {
      next = &near_.top();
      where = near;
    }
    if (!run_.empty() && (where == nowhere || run_.back() < *next)) {
      next = &run_.back();
      where = run;
    }
    if (where == nowhere || time_of(*next) > limit) return false;
    now_ = time_of(*next);
    first = {now_, static_cast<std::uint32_t>(next->order >> sequence_bits),
             next->order & ((std::uint64_t{1} << sequence_bits) - 1), next->slot()};
    if (where == in_order) {
      in_order_.pop();
    } else if (where == near) {
      near_.drop_top();
    } else {
      run_.pop_back();
    }
    return true;
  }
  // Takes the first event out. REQUIRES !empty().
  Popped pop() {
    Popped first;
    SIM_ASSERT(pop(Time::max(), first), "an event is taken from a queue that holds one");
    return first;
  }

 private:
  // Measured on the hold model: where the tournament starts to be slower than the wheel, how much
  // of it then stays, and between which lengths a run is cheap.
  static constexpr std::size_t tournament_limit = 2048;
  static constexpr std::size_t tournament_share = 512;
  static constexpr std::size_t shortest_run_limit = 64;
  static constexpr std::size_t longest_run_limit = 4096;

  Pending entry_of(Time at, std::uint32_t tie, std::uint64_t sequence, std::uint32_t slot) const {
    SIM_ASSERT(at >= now_, "an event is never scheduled in the past");
    SIM_ASSERT(tie >> tie_bits == 0, "a tie key has at most 20 bits");
    SIM_ASSERT(sequence >> sequence_bits == 0, "a run has fewer than 2^44 events");
    return {static_cast<std::uint64_t>(at.ns), std::uint64_t{tie} << sequence_bits | sequence,
            slot};
  }
  static Time time_of(const Pending& entry) { return {static_cast<std::int64_t>(entry.at)}; }
  void put(Pending entry) {
    if (bound_ < entry) {
      wheel_.put(entry);
    } else {
      if (near_.size() == crowd_) return spill(entry);
      near_.push(entry);
    }
  }
  void spill(Pending entry);
  void refill();

  Ring<Pending> in_order_;  // what was pushed in order and has not come up

  // Of the others, what is not later than the bound is in `run_`, if it came from the wheel, or in
  // `near_`; what is later is in the wheel. While the wheel is empty the bound is the end of time.
  Pending bound_ = Pending::never();
  Time now_;  // of the event popped last
  Tournament near_;
  std::size_t crowd_ = tournament_limit;
  std::vector<Pending> run_;  // the last comes up first
  Wheel wheel_;
};

}  // namespace ballast
