// Ctrl-C: the first asks for an orderly end, the second ends the program at once.
#pragma once

namespace ballast {

void catch_interrupts();

// Not 0 once Ctrl-C was pressed.
const volatile int* interrupted();

}  // namespace ballast
