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
  void push_in_order(Time at, std::uint32_t tie, std::uint64_t sequence, std::uint32_t slot) {
    const Pending entry = entry_of(at, tie, sequence, slot);
    if (in_order_.empty() || in_order_.back() < entry) {
      in_order_.push(entry);
    } else {
      put(entry);
    }
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return in_order_.size() + others(); }

  struct Popped {
    Time at;
    std::uint32_t tie = 0;
    std::uint64_t sequence = 0;
    std::uint32_t slot = 0;
  };

  // Takes the first event out, unless there is none or it comes after `limit`.
  bool pop(Time limit, Popped& first) {
    if (!in_order_.empty()) {
      const Pending& ahead = in_order_.front();
      if (others() == 0 || ahead < first_of_others()) {
        if (time_of(ahead) > limit) return false;
        first = popped(ahead);
        in_order_.pop();
        return true;
      }
    } else if (others() == 0) {
      return false;
    }
    const Pending& next = first_of_others();
    if (time_of(next) > limit) return false;
    first = popped(next);
    if (run_is_first()) {
      ++head_;
    } else {
      near_.pop();
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
  void put(const Pending& entry) {
    if (bound_ < entry) {
      wheel_.put(entry);
    } else {
      if (near_.size() == crowd_) return spill(entry);
      near_.push(entry);
    }
  }
  std::size_t others() const { return near_.size() + (run_.size() - head_) + wheel_.size(); }
  const Pending& first_of_others() {
    if (exhausted()) refill();
    return run_is_first() ? run_[head_] : near_.top();
  }
  Popped popped(const Pending& first) {
    now_ = time_of(first);
    return {now_, static_cast<std::uint32_t>(first.order >> sequence_bits),
            first.order & ((std::uint64_t{1} << sequence_bits) - 1), first.slot()};
  }
  bool exhausted() const { return near_.size() == 0 && head_ == run_.size(); }
  bool run_is_first() {
    return head_ != run_.size() && (near_.size() == 0 || run_[head_] < near_.top());
  }
  void spill(const Pending& entry);
  void refill();

  Ring<Pending> in_order_;  // what was pushed in order and has not come up

  // Of the others, what is not later than the bound is in `run_`, if it came from the wheel, or in
  // `near_`; what is later is in the wheel. While the wheel is empty the bound is the end of time.
  Pending bound_ = Pending::never();
  Time now_;  // of the event popped last
  Tournament near_;
  std::size_t crowd_ = tournament_limit;
  std::vector<Pending> run_;  // sorted; those before head_ are gone
  std::size_t head_ = 0;
  Wheel wheel_;
};

}  // namespace ballast
