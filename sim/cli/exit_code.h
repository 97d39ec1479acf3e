// How the program ends, for scripts. Chosen to stay clear of what shells, ctest, git bisect and
// timeout use themselves.
#pragma once

#include <algorithm>
#include <array>

#include "sim/scenario/scenario.h"

namespace ballast {

enum class ExitCode {
  held = 0,
  violated = 1,
  inconclusive = 2,
  too_slow = 3,  // a performance expectation was missed
  diverged = 4,  // the same run came out differently: not deterministic
  usage = 64,
  invalid_scenario = 65,
  no_input = 66,
  internal_error = 70,
  cannot_create = 73,
  io_error = 74,
  interrupted = 130,
};

// When several apply: 70 > 4 > 1 > 3 > 2 > 0. The others are decided before anything runs, or end
// everything.
constexpr ExitCode worse(ExitCode a, ExitCode b) {
  constexpr std::array ranking{ExitCode::held,     ExitCode::inconclusive,
                               ExitCode::too_slow, ExitCode::violated,
                               ExitCode::diverged, ExitCode::internal_error};
  const auto rank = [&](ExitCode code) {
    return std::find(ranking.begin(), ranking.end(), code) - ranking.begin();
  };
  return rank(a) < rank(b) ? b : a;
}

constexpr ExitCode exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return ExitCode::held;
    case Verdict::violated:
      return ExitCode::violated;
    case Verdict::inconclusive:
      break;
  }
  return ExitCode::inconclusive;
}

}  // namespace ballast
