#include "sim/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ballast {
namespace {
// A diagnostic of the thread, never read by the simulation: it cannot influence an event.
thread_local const char* replay_command = nullptr;
}  // namespace

void set_replay_command(const char* command) { replay_command = command; }

void assertion_failed(const char* file, int line, const char* condition, const char* sentence) {
  std::fprintf(stderr,
               "ballast: internal error: %s\n  at %s:%d: %s\n  This is a mistake in Ballast, not "
               "in your scenario.\n",
               sentence, file, line, condition);
  if (replay_command != nullptr) std::fprintf(stderr, "  replay: %s\n", replay_command);
  std::fflush(nullptr);
  std::_Exit(70);
}

}  // namespace ballast
