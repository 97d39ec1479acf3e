// A rule of a paper, as a story of a group that ends well under the rule and badly without it.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>

#include "tests/support/print.h"

namespace ballast {

// The story is told of the algorithm as published, and of each mistake that leaves the rule out:
// true if the rule has held.
template <class Bug, class Story>
void check_rule(Story holds, std::initializer_list<Bug> without_it) {
  CHECK(holds(Bug::none));
  for (const Bug bug : without_it) {
    CAPTURE(bug);
    CHECK_FALSE(holds(bug));
  }
}

}  // namespace ballast
