// What a check keeps of the requests that a balancer is in charge of, found by ticket.
#pragma once

#include <cstddef>
#include <utility>

#include "sim/base/ring.h"
#include "sim/protocol/fact.h"

namespace ballast {

// REQUIRES that an Entry has a member `bool ended`. Tickets are given out in order, so that a queue
// is enough: it holds no more than what was admitted since the oldest request that has not ended.
template <class Entry>
class TicketTable {
 public:
  // The ticket of the next admission.
  Ticket next() const { return {first_.value + entries_.size()}; }

  // Adds the entry of the next ticket, to be filled in.
  Entry& admit() { return entries_.push(); }

  // The entry of a ticket; null if it was never admitted, or has ended and left.
  Entry* find(Ticket ticket) {
    const std::uint64_t place = ticket.value - first_.value;  // below first_ it wraps: too large
    return place < entries_.size() ? &entries_[place] : nullptr;
  }

  // Lets those leave that have ended and stand before all that have not.
  void drop_ended() {
    while (!entries_.empty() && entries_.front().ended) {
      entries_.pop();
      first_ = first_.next();
    }
  }
  // The oldest that has not ended, or null. REQUIRES drop_ended() since the last ending.
  const Entry* oldest() const { return entries_.empty() ? nullptr : &entries_.front(); }

 private:
  Ring<Entry> entries_;
  Ticket first_{1};  // of the front
};

}  // namespace ballast
