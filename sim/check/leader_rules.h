// What the checkers of a leader's actions share: who leads, and in which term.
#pragma once

#include "sim/check/checker.h"
#include "sim/check/per_node.h"

namespace ballast {

class Leaders {
 public:
  static constexpr FactMask interests() { return facts<Elected, SteppedDown, TermStarted>(); }

  // True if the fact was about leadership, and no more is to be learnt from it.
  bool hear(const HeardFact& heard) {
    Leadership& known = all_[heard.node];
    if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      known = {elected->term, heard.life};
    } else if (std::holds_alternative<SteppedDown>(*heard.fact) ||
               std::holds_alternative<TermStarted>(*heard.fact)) {
      known = {};
    } else {
      return false;
    }
    return true;
  }
  // The term in which the node that states this fact leads; 0 if it does not.
  Term term_of(const HeardFact& heard) {
    const Leadership& known = all_[heard.node];
    return known.life == heard.life ? known.term : Term{};
  }

 private:
  struct Leadership {
    Term term;
    Life life;
  };
  PerNode<Leadership> all_;
};

}  // namespace ballast
