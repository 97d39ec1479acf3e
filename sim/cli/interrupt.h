// Ctrl-C: the first asks for an orderly end, the second ends the program at once.
#pragma once

namespace ballast {

// From now on. A file that grows beyond a limit is an error of writing from then on, and no reason
// to die without a word.
void catch_interrupts();

// Not 0 once Ctrl-C was pressed.
const volatile int* interrupted();

}  // namespace ballast
