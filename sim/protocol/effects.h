// What a step of a node asks for, as data. The host carries it out; the algorithm never does.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/base/time.h"
#include "sim/protocol/fact.h"
#include "sim/protocol/payload.h"

namespace ballast {

// Puts a fact behind the others. One that is made elsewhere and then copied is read in larger
// pieces than it was written in, and the processor has to wait until all of these are stored.
template <class F>
[[gnu::always_inline]] inline void append(std::vector<Fact>& facts, const F& fact) {
  facts.emplace_back();
  facts.back().template emplace<F>(fact);
}
inline void append(std::vector<Fact>& facts, const Fact& fact) { facts.push_back(fact); }

struct Outgoing {
  NodeId to;
  PayloadRef payload;
};

[[gnu::always_inline]] inline void append(std::vector<Outgoing>& sends, NodeId to,
                                          PayloadRef payload) {
  Outgoing& last = sends.emplace_back();
  last.to = to;
  last.payload = payload;
}

// The timer that `timer` numbers is to fire after a duration between min and max of this node's own
// clock, which the host draws; or, with `cancel`, not at all.
struct TimerChange {
  std::uint32_t timer = 0;
  bool cancel = false;
  Duration min;
  Duration max;
};

// The effects of one step. Timers act at once, and messages that are sent ahead leave at once.
// Facts and messages, in this order, leave when the records of this and all earlier steps of the
// node are durable.
struct Effects {
  std::vector<TimerChange> timers;
  std::vector<Fact> facts;
  std::vector<Outgoing> sends;
  // What waits for no record, see send_ahead().
  std::vector<Fact> facts_ahead;
  std::vector<Outgoing> ahead;
  std::uint64_t record_bytes = 0;  // written by this step
  std::uint64_t records = 0;       // how many
  // How many of them there were with the last one that replaces the journal before it; 0 if none
  // does.
  std::uint64_t replacing = 0;
  std::uint64_t records_digest = 0;         // of all of them, in order
  std::vector<std::uint32_t> facts_before;  // each record: how many facts were stated by then
  std::uint64_t reached = 0;                // goals, a bit for each; no event ever depends on them
  std::string_view broken_rule;             // the sentence of a failed ensure(), or empty

  void clear() {
    timers.clear();
    facts.clear();
    sends.clear();
    facts_ahead.clear();
    ahead.clear();
    facts_before.clear();
    record_bytes = records = records_digest = reached = replacing = 0;
    broken_rule = {};
  }
};

}  // namespace ballast
