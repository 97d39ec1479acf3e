// How many operations are under way, added up over time. Little's law is an identity of integers
// here: over any run, the time that operations spent in the system, those that are still there
// included, equals the sum over time of how many were there.
#pragma once

#include <cstdint>

#include "sim/base/time.h"
#include "sim/base/wide.h"

namespace ballast {

class Occupancy {
 public:
  void enter(Time at) {
    pass(at);
    ++there_;
  }
  // It has been there for so long.
  void leave(Time at, Duration sojourn) {
    pass(at);
    --there_;
    sojourns_ += static_cast<std::uint64_t>(sojourn.ns);
  }
  // Whether the identity holds, if those that are still there have been there for `open` together.
  bool balances(Time at, Wide open) const {
    return area_ + there_ * static_cast<Wide>(static_cast<std::uint64_t>((at - last_).ns)) ==
           sojourns_ + open;
  }
  std::uint64_t there() const { return there_; }

 private:
  void pass(Time at) {
    area_ += there_ * static_cast<Wide>(static_cast<std::uint64_t>((at - last_).ns));
    last_ = at;
  }

  Time last_;
  std::uint64_t there_ = 0;
  Wide area_ = 0;
  Wide sojourns_ = 0;
};

}  // namespace ballast
