// Two kinds of broken promise, two words (DESIGN section 5). SIM_ASSERT is for mistakes of the
// simulator: always on, it prints where, what and how to replay, and ends the process with code 70.
// ensure() is for an algorithm's own rules: it ends the run as a violation and never the process.
#pragma once

#include <string_view>

namespace ballast {

// What an algorithm's broken rule is carried in, from the handler to the host that called it. The
// sentence must have static storage: it is written as a literal at the place of the check.
struct BrokenRule {
  std::string_view sentence;
};

// States a rule of the algorithm: `condition` must hold, and `sentence` says so in words that a
// report can print. Where it does not hold the run ends as a violation of "ensure".
inline void ensure(bool condition, std::string_view sentence) {
  if (!condition) throw BrokenRule{sentence};
}

// The command that repeats what this thread is running, printed when a SIM_ASSERT fails. The caller
// keeps the text alive until the next call on the same thread.
void set_replay_command(const char* command);

[[noreturn]] void assertion_failed(const char* file, int line, const char* condition,
                                   const char* sentence);

}  // namespace ballast

#define SIM_ASSERT(condition, sentence)                                                      \
  do {                                                                                       \
    if (!(condition)) ::ballast::assertion_failed(__FILE__, __LINE__, #condition, sentence); \
  } while (false)
