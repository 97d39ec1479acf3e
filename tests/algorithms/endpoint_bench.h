// What the bench tests of an endpoint share: who asks whom.
#pragma once

#include "algorithms/balancing/endpoint.h"
#include "tests/support/bench.h"
#include "tests/support/print.h"

namespace ballast {

constexpr NodeId n1{1};  // a balancer
constexpr NodeId n2{2};  // the endpoint
constexpr NodeId n3{3};  // another balancer
constexpr NodeId client{9};

}  // namespace ballast
