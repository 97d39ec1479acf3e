// What is known beforehand of what clients ask.
#pragma once

#include <string>

#include "sim/measure/control.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// A sentence if clients ask for at least as many jobs as there is capacity for, so that queues grow
// without end; empty if they ask for fewer, or if nobody knows. Retries are not counted, and a rate
// that changes counts by its mean.
std::string demand_beyond_capacity(const Scenario& scenario);

// What control variates can rest on. Of the gaps only where nothing but chance makes them: Poisson
// arrivals without faults, and not so many that whole nanoseconds show. The clocks of clients run
// true.
KnownMeans known_means(const Scenario& scenario);

}  // namespace ballast
