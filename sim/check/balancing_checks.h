// The properties of balancers. They hear PolicySet, WeightSet, HealthSet, Admitted, Routed and
// Ended; endpoints and clients state nothing that they need. What they keep of a balancer is
// forgotten when it crashes: its duty towards the requests that it was in charge of ends there.
#pragma once

#include <memory>

#include "sim/check/checker.h"

namespace ballast {

// Every admitted request ends exactly once, as completed, rejected, timed out or lost; nothing ends
// that was not admitted, and only what was sent to an endpoint is completed or lost. A request is
// overdue one second after four times its deadline: a clock may run at half its rate, and have been
// set back. A balancer that is paused cannot end anything, so an overdue request is held against it
// only if it was heard later than that, and it is later still.
std::unique_ptr<Checker> make_conservation(const Group& group);

// No request is sent to an endpoint that the balancer itself holds to be down.
std::unique_ptr<Checker> make_healthy_picks(const Group& group);

// A balancer whose rule is turns, or chance, gives each endpoint its share of the picks made while
// it is up: equal shares, or shares by weight.
//   turns            since the set of endpoints that are up last changed, no two of them differ by
//                    more than one pick
//   weighted_turns   the exact bounds of "the one that is owed most is next", see the source
//   chance, weighted_chance   the distance from the share is one that chance exceeds, for any
//                    endpoint at any time of a run, with a probability below 10^-9
std::unique_ptr<Checker> make_weights_honoured(const Group& group);

// A balancer whose rule is fewest_active never picks an endpoint while another one that is up has
// fewer requests that were sent to it and have not ended.
std::unique_ptr<Checker> make_picks_least_loaded(const Group& group);

}  // namespace ballast
