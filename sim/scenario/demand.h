// What is asked of the nodes that do jobs, against what they can do.
#pragma once

#include <string>

#include "sim/scenario/scenario.h"

namespace ballast {

// A sentence if clients ask for at least as many jobs as there is capacity for, so that queues grow
// without end; empty if they ask for fewer, or if nobody knows. Retries are not counted, and a rate
// that changes counts by its mean.
std::string demand_beyond_capacity(const Scenario& scenario);

}  // namespace ballast
