// The mistakes that algorithms can be told to make: texts of the form that sim/scenario/corpus.h
// describes, one for each folder of algorithms that has some (bugs.json).
#pragma once

#include <span>
#include <string_view>

namespace ballast {

// Complete once main() runs, in an order of their own.
std::span<const std::string_view> bug_corpora();
void register_bugs(std::string_view corpus);

}  // namespace ballast
