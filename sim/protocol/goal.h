// Situations that a sweep should have brought about before it claims anything.
#pragma once

#include <cstddef>
#include <string_view>

namespace ballast {

// "A vote was refused because of a stale log". The algorithm says when it is in it: Step::reach().
// An algorithm declares its goals as P::goals, in the order of the enumeration that it uses.
struct GoalInfo {
  std::string_view name;
  std::string_view doc;  // as a sentence
};

constexpr std::size_t most_goals = 64;

}  // namespace ballast
