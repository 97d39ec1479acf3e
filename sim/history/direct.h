// What can be decided of one object without a search, in O(n log n) or a little more.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/history/search.h"

namespace ballast::history {

struct Direct {
  Answer answer = Answer::running;  // yes or no; running if nothing can be said of such operations
  std::vector<std::uint32_t> witness;  // if yes
  // If no: operations that contradict each other, where that is plain; often it shows with the
  // return of the first.
  std::vector<std::uint32_t> because;

  static Direct yes(std::vector<std::uint32_t> order) {
    return {Answer::yes, std::move(order), {}};
  }
  static Direct no(std::vector<std::uint32_t> because = {}) {
    return {Answer::no, {}, std::move(because)};
  }
};

// By whichever of the algorithms below fits the model and what the operations are.
Direct decide_directly(const History& history, Model model,
                       const std::vector<std::uint32_t>& operations);

// Registers. Gibbons and Korach ("Testing shared memories", 1997): who writes and reads one value
// is a cluster. From the first return in it to the last call the register must hold the value: a
// forward zone. If all of them overlap, from the last call to the first return: a backward zone,
// somewhere in which they all may take effect together. There is a linearization if and only if no
// two forward zones overlap and no backward zone lies within a forward one. For objects of which
// there are reads and writes only, each value written once; unknown writes may be among them.
Direct linearize_by_zones(const History& history, const std::vector<std::uint32_t>& operations);

// Queues. With values that are all different a queue forbids only a few things, each between two
// values or at one dequeue that found nothing (Henzinger, Sezgin and Vafeiadis, "Aspect-oriented
// linearizability proofs", 2013; Bouajjani, Emmi, Enea and Hamza, "On reducing linearizability to
// state reachability", 2015): what nobody enqueued, what was dequeued before it was enqueued or
// twice, what was enqueued earlier and dequeued later than another, and an empty queue at a time at
// which some value must be there. For enqueues of different values; unknown operations may be among
// them.
Direct linearize_queue(const History& history, const std::vector<std::uint32_t>& operations);

// Locks. Who holds the lock does so from the return of its acquire to the call of its release at
// least; so there is one order of the holders. For objects whose operations are all known, those of
// each owner one after the other.
Direct linearize_lock(const History& history, Model model,
                      const std::vector<std::uint32_t>& operations);

// Counters. What a read returns differs from what an earlier one returned, or from 0, by what was
// added in between: no less than the least and no more than the most that this can come to. Never
// says yes: which sums are possible in between is a matter for a search.
Direct refute_counter(const History& history, const std::vector<std::uint32_t>& operations);

}  // namespace ballast::history
