// Exact small systems: N equal servers with exponential service of mean 1, FIFO, Poisson arrivals
// of rate rho N, as a Markov chain over how long the queues are, whichever is whose. Queues are cut
// off at a length that hardly occurs, and the chain is solved by the method of Gauss and Seidel.
#pragma once

#include <functional>
#include <vector>

namespace ballast::oracle {

// Queue lengths, the longest first.
using Lengths = std::vector<unsigned>;

// The probability that an arrival which finds these queues joins one of the length at `place`, the
// first of that length; 0 at all other places.
using Joins = std::function<std::vector<double>(const Lengths&)>;

// The shortest of `d` queues that are drawn with or without replacement; d = N: the shortest.
Joins shortest_of(unsigned d, bool replacement);
// Any idle server, or else any server.
Joins idle_or_any();

// The mean sojourn time. REQUIRES rho < 1; the states, which are few if servers are, fit in memory.
double mean_sojourn(unsigned servers, double rho, unsigned longest, const Joins& joins);

}  // namespace ballast::oracle
