// What the checkers of replicated logs know of each node's log, from its facts alone. Facts leave a
// node when their records are durable, so that a shadow is the node's durable log, and a crash
// changes nothing in it.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/check/checker.h"
#include "sim/check/per_node.h"

namespace ballast {

// A log by the terms of its entries. Index and term name an entry (Raft 5.3: "a leader creates at
// most one entry with a given log index in a given term"), and terms change rarely along a log: it
// is kept as the stretches of equal terms, whose number is that of the leaders, not of the entries.
class ShadowLog {
 public:
  LogIndex last_index() const { return last_index_; }
  Term last_term() const { return stretches_.empty() ? Term{} : stretches_.back().term; }

  // The term of an entry; 0 before the first entry and after the last one.
  Term term_at(LogIndex index) const {
    if (!index || index > last_index_) return {};
    // Mostly of the last stretch: logs are read where they grow.
    const Stretch& last = stretches_.back();
    return last.first <= index ? last.term : stretches_[stretch_of(index)].term;
  }

  // Puts an entry at `index`, in the place of what the log holds from there on. Should the log end
  // earlier, the entries that are missing have term 0.
  void append(LogIndex index, Term term) {
    if (index == last_index_.next() && !stretches_.empty() && stretches_.back().term == term) {
      last_index_ = index;  // as mostly
    } else {
      put(index, term);
    }
  }
  // Removes everything after `last_kept`.
  void truncate(LogIndex last_kept);
  // Puts what a snapshot stands for in the place of the whole log: the entries up to `index`, whose
  // last one is of `term`. They are those of `committed`; what that does not hold has term 0.
  void install(LogIndex index, Term term, const ShadowLog& committed = {});
  // Adds the entries of `other` from the end of this log up to `last`.
  void extend(const ShadowLog& other, LogIndex last);

  // The first index up to `last` at which the two logs do not hold the same entry; 0 if there is
  // none.
  LogIndex first_difference(const ShadowLog& other, LogIndex last) const;

 private:
  struct Stretch {
    LogIndex first;
    Term term;
  };
  void put(LogIndex index, Term term);
  // The stretch to which an entry belongs. REQUIRES 0 < index <= last_index().
  std::size_t stretch_of(LogIndex index) const;

  std::vector<Stretch> stretches_;
  LogIndex last_index_;
};

}  // namespace ballast
