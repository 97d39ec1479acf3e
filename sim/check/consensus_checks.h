// The properties of every consensus algorithm. They hear Proposed and Decided, and need nothing
// else of an algorithm. "Value" is a digest throughout: see ValueDigest.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// No two nodes, at any times and in any lives, decide differently for one slot.
std::unique_ptr<Checker> make_agreement(const Group& group);

// Only values that were proposed are decided. An algorithm that decides values of its own making,
// such as a leader's no-op, proposes them as well.
std::unique_ptr<Checker> make_validity(const Group& group);

// A node decides a slot at most once in a life, and in a later life never anything else.
std::unique_ptr<Checker> make_integrity(const Group& group);

}  // namespace ballast
