// Which write each read saw, where values tell writes apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history/consistency.h"

namespace ballast::history {

// A read and a cas that succeeded look, and a delete that found nothing; a write, a delete and a
// cas that were not refused leave a value.
inline bool looks(const Operation& op) {
  if (op.action == Action::erase) return op.outcome == Outcome::refused;
  return op.outcome == Outcome::ok && (op.action == Action::read || op.action == Action::cas);
}
inline Word seen_by(const Operation& op) {
  return op.action == Action::cas ? op.expected : op.action == Action::erase ? nil : op.result;
}
// It saw that the value was not a certain one.
inline bool rules_out(const Operation& op) {
  return op.action == Action::cas
             ? op.outcome == Outcome::refused
             : op.action == Action::erase && op.outcome == Outcome::ok && op.result != nil;
}
inline bool leaves(const Operation& op) {
  return op.outcome != Outcome::refused &&
         (op.action == Action::write || op.action == Action::erase || op.action == Action::cas);
}
inline Word left_by(const Operation& op) { return op.action == Action::erase ? nil : op.argument; }

// For registers and keys. What cannot be decided is a doubt: nothing false follows from it.
struct ReadsFrom {
  static constexpr std::uint32_t nobody = 0xFFFFFFFF;   // it does not look, or cannot be decided
  static constexpr std::uint32_t initial = 0xFFFFFFFE;  // it saw that nothing had been written

  std::vector<std::uint32_t> writer;  // by operation
  std::vector<Breach> breaches;       // reads of what nobody wrote, or had begun to
  std::uint64_t breach_count = 0;
  std::vector<std::string> doubts;
  std::vector<bool> skipped;  // by object: it is appended to, which is not judged
};
// `by_time`: whether a read that returned before a write was called cannot have seen it.
ReadsFrom find_writers(const History& history, bool by_time = true);

// The operations of each process, by call: a session. They follow one another; one that is unknown
// is the last, for it may still be under way.
std::vector<std::vector<std::uint32_t>> by_session(const History& history);

// "write 5 (1.2 s to 1.3 s)", and "process 3's write 5 (1.2 s to 1.3 s)"
std::string in_brief(const History& history, std::uint32_t index);
std::string whose(const History& history, std::uint32_t index);
// "key x: " where objects have names.
std::string of_key(const History& history, std::uint32_t object);

void add_breach(ConsistencyVerdict& verdict, Breach breach);
// The answer from what was found: breaches refute, doubts leave open.
void conclude(ConsistencyVerdict& verdict);

}  // namespace ballast::history
