// Finagle's draw of two: a uniform in n, b uniform in n - 1 and moved up by one if it is not below
// a. A single candidate is both.
#pragma once

#include <cstdint>

#include "algorithms/balancing/policy.h"

namespace ballast::balancing {

struct Two {
  const Candidate& a;
  const Candidate& b;
};

inline Two two_distinct(const Pick& p) {
  const std::uint64_t n = p.candidates.size();
  if (n == 1) return {p.candidates.front(), p.candidates.front()};
  const std::uint64_t a = p.choose(n);
  std::uint64_t b = p.choose(n - 1);
  if (b >= a) ++b;
  return {p.candidates[a], p.candidates[b]};
}

}  // namespace ballast::balancing
