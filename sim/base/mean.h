// The mean of a law of durations.
#pragma once

#include "sim/base/distribution.h"

namespace ballast {

// To about a thousandth, rounded down, also where a few long durations make up most of it: each
// half of what is left of the tail, down to the last that a word can say, is sampled as finely as
// the whole.
Duration mean_of(const Distribution& law);

}  // namespace ballast
