#include "sim/cli/interrupt.h"

#include <csignal>
#include <type_traits>

namespace ballast {
namespace {

static_assert(std::is_same_v<std::sig_atomic_t, int>);
volatile std::sig_atomic_t pressed = 0;

void note(int signal) {
  pressed = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
  std::signal(SIGXFSZ, SIG_IGN);
}

const volatile int* interrupted() { return &pressed; }

}  // namespace ballast
