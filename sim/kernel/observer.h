// What the world shows of itself while it runs. Watching changes nothing: the fingerprint is the
// same with every observer attached as with none.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/kernel/network.h"
#include "sim/protocol/fact.h"
#include "sim/protocol/payload.h"

namespace ballast {

class World;

// What can be seen. The first column of a trace line.
//   booted      a node started, for the first time or again, and has run on_start
//   received    a message reached its node; shown before the handler runs
//   fired       a timer went off; shown before the handler runs
//   persisted   a step wrote records; they are not durable yet
//   stated      a fact left its node
//   sent        a message left its node
//   dropped     a message will not arrive
//   flushed     a step's records became durable, and its facts and messages leave now
//   broke_rule  an algorithm's ensure() failed
//   crashed, paused, resumed, cut, healed, clock_set   a fault, or its end
//   imposed, lifted   a condition of a link, or one of a node, named by the sentence
//   corrupted  a message was damaged on its link, and nobody will notice
//   damaged      durable records of a node, in the way that the sentence says
//   refused      a node found its journal unreadable and did not start
enum class Sight : std::uint8_t {
  booted,
  received,
  fired,
  persisted,
  stated,
  sent,
  dropped,
  flushed,
  broke_rule,
  crashed,
  paused,
  resumed,
  cut,
  healed,
  clock_set,
  imposed,
  lifted,
  corrupted,
  damaged,
  refused
};
constexpr auto enumerators(Sight) {
  return std::array<std::string_view, 20>{
      "booted",    "received",   "fired",   "persisted", "stated",  "sent",   "dropped",
      "flushed",   "broke_rule", "crashed", "paused",    "resumed", "cut",    "healed",
      "clock_set", "imposed",    "lifted",  "corrupted", "damaged", "refused"};
}

using SightMask = std::uint32_t;
constexpr SightMask sight(Sight s) { return SightMask{1} << static_cast<unsigned>(s); }
constexpr SightMask all_sights = (SightMask{1} << 20) - 1;

struct Occurrence {
  Sight what = Sight::booted;
  EventId event;  // the event during which it happened
  EventId cause;  // the event from which it follows: that of the sending, the setting, the step
  Time at;
  NodeId node;  // where; for a link the sending end
  Life life;
  NodeId peer;                // received: the sender; of a link: the receiving end
  PayloadRef payload;         // received, sent, dropped, corrupted: as it is then
  std::uint64_t message = 0;  // number of the sending: both copies of a duplicate carry the same
  const Passage* passage = nullptr;          // sent: what will become of it
  DropReason reason = DropReason::lost;      // dropped
  std::uint32_t timer = 0;                   // fired
  const Fact* fact = nullptr;                // stated
  std::string_view sentence;                 // broke_rule, imposed, lifted, damaged
  Duration step;                             // clock_set
  const LinkCondition* condition = nullptr;  // imposed, lifted: of a link
  std::uint64_t records = 0;  // persisted: how many, the newest in the journal; crashed: how many
                              // lost; damaged, refused: the first one concerned, from 0
  // The state that the algorithm shows, as JSON members; before the step for `received` and
  // `fired`, after it for all others. Empty unless the observer asked for states.
  std::string_view state;
};

class Observer {
 public:
  virtual ~Observer() = default;
  // What this observer wants to see; asked once, when it is attached.
  virtual SightMask wants() const = 0;
  virtual bool wants_states() const { return false; }
  // If so, whether it wants that of the next occurrence; asked before each state is put together,
  // for which an algorithm may take longer than for all else.
  virtual bool wants_next_state() const { return true; }
  virtual void see(const Occurrence& occurrence, const World& world) = 0;
};

}  // namespace ballast
