// What theory says about a scenario, and what Ballast measures. The fast tier runs each for about a
// second; BALLAST_ORACLES=full runs each until its mean is known to 0.1 %, or for as many requests
// as it is given. BALLAST_ORACLE_TABLE=FILE writes all of them down as a table.
#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario/run.h"

namespace ballast::oracle {

// An M/G/c queue: endpoints behind a balancer, or one that clients ask directly. All times are in
// units of 1 ms, the mean service.
struct Queue {
  // Of the balancer: a name, or an object with options; empty for clients that ask the one endpoint
  // directly.
  std::string policy;
  unsigned endpoints = 1;
  unsigned concurrency = 1;
  std::string service = R"({"exponential": "1ms"})";
  std::uint64_t queue_limit = 1'000'000'000;
  std::string arrivals;             // {"poisson": "500/s"}
  std::uint64_t requests = 60'000;  // of the fast tier
  std::string config = {};          // more of the balancer, with a leading comma
  std::string latency = R"("0s")";  // of the network, one way
  std::string endpoint = {};        // more of the endpoints, with a leading comma
  std::string workload = {};        // more of the workload, with a leading comma
};
std::string scenario_json(const Queue& queue, const std::string& statistics);
Scenario scenario_of(const Queue& queue, const std::string& statistics);

struct Claim {
  std::string what;    // "M/M/1"
  std::string source;  // of the theory
  Queue queue;
  Metric metric = Metric::mean;
  double exact = 0;     // in ms
  double slack = 1e-3;  // of the theory itself: an asymptotic formula has some
};
// Measures, adds a row to the table, and checks |measured - exact| <= max(3.3 standard errors,
// slack).
void check(const Claim& claim);

}  // namespace ballast::oracle
