// The trace of a run as JSON Lines: one record for each thing that the world showed, in the order
// in which it happened, each with the event from which it follows. results/README.md says what
// every field means.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <string>
#include <string_view>

#include "sim/kernel/observer.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// How much of a run is written down; each level holds all of the one before.
//   none      nothing
//   facts     what nodes state, boots, crashes and every other fault
//   messages  what is sent, received and dropped, and the state of the node at each record
//   full      timers, records written, flushes
enum class TraceLevel : std::uint8_t { none, facts, messages, full };
constexpr auto enumerators(TraceLevel) {
  return std::array<std::string_view, 4>{"none", "facts", "messages", "full"};
}

// Keeps the last `cap` records in memory, as text. A run that is too long to keep loses its
// beginning, and the first line says how many records that was.
class TraceSink {
 public:
  TraceSink(TraceLevel level, std::uint64_t cap) : level_(level), cap_(cap) {}

  SightMask wants() const;
  // States cost about as much as everything else together: only a judge of messages needs them.
  bool wants_states() const { return level_ >= TraceLevel::messages; }

  void begin(const Scenario& scenario, const World& world);
  void see(const Occurrence& seen, const World& world);

  TraceLevel level() const { return level_; }
  std::uint64_t records() const { return seen_; }
  std::uint64_t left_out() const { return seen_ > cap_ ? seen_ - cap_ : 0; }
  // The line about the trace itself, and the records that were kept.
  void write(std::ostream& out) const;

 private:
  struct Chunk {
    std::string text;
    std::uint64_t records = 0;
  };

  TraceLevel level_;
  std::uint64_t cap_;
  std::uint64_t seen_ = 0;
  std::uint64_t kept_ = 0;
  std::deque<Chunk> chunks_;  // the oldest first; dropped whole
  std::string spare_;         // the memory of the one dropped last
  std::string about_;
};

}  // namespace ballast
