// Counts what operator new is asked for in this test program, so that a test can state that a piece
// of code allocates nothing.
#pragma once

#include <cstdint>

namespace ballast {

// The number of allocations since the program started.
std::uint64_t allocations();

}  // namespace ballast
