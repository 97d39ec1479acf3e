// Student's t: how many standard errors an interval reaches to either side. In integers, so that an
// interval has the same digits on every machine.
#pragma once

#include <cstdint>

#include "sim/base/ratio.h"

namespace ballast {

// A number of standard errors, in Q24.
using StandardErrors = std::uint64_t;
inline constexpr unsigned standard_error_bits = 24;

// P(|T| <= t) for Student's law with so many degrees of freedom, in Q60. REQUIRES degrees > 0.
std::uint64_t student_share(StandardErrors t, std::uint64_t degrees);

// The t with P(|T| <= t) = confidence: 1.9600 for 95 % and many degrees, 2.0930 for 19. REQUIRES
// degrees > 0 and a confidence below 1. Beyond 1,000 degrees the value for 1,000, which is larger
// by less than 0.3 %. The error is below 10^-6.
StandardErrors student_quantile(Ratio confidence, std::uint64_t degrees);

}  // namespace ballast
