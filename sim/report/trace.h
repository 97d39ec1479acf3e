// The trace of a run as JSON Lines: one record for each thing that the world showed, in the order
// in which it happened, each with the event from which it follows. results/README.md says what
// every field means.
#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

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

// Keeps `cap` records in memory at most, as text: the first ones after `skipped` others. The rest
// is only counted, which is cheap. The last ones of a long run are had by making it twice.
class TraceSink {
 public:
  TraceSink(TraceLevel level, std::uint64_t cap, std::uint64_t skipped = 0)
      : level_(level), cap_(cap), skipped_(skipped) {}

  SightMask wants() const;
  // States cost more than everything else together: only a judge of messages needs them, and only
  // with records that are kept.
  bool wants_states() const { return level_ >= TraceLevel::messages; }
  bool wants_next_state() const { return seen_ + one_step >= skipped_ && kept_ < cap_; }

  void begin(const Scenario& scenario, const World& world);
  void see(const Occurrence& seen, const World& world);

  TraceLevel level() const { return level_; }
  std::uint64_t records() const { return seen_; }
  std::uint64_t left_out() const { return seen_ - kept_; }
  // The line about the trace itself, and the records that were kept.
  void write(std::ostream& out) const;

 private:
  // A state is that of all records of its step, and is put together before the first of them: no
  // step makes as many records as this.
  static constexpr std::uint64_t one_step = std::uint64_t{1} << 16;

  TraceLevel level_;
  std::uint64_t cap_;
  std::uint64_t skipped_;
  std::uint64_t seen_ = 0;
  std::uint64_t kept_ = 0;
  std::vector<std::string> chunks_;  // in order, so that none has to grow large
  std::string about_;
};

}  // namespace ballast
