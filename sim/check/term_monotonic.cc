#include <string>

#include "sim/base/text.h"
#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class TermMonotonic final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<TermMonotonic>(*this); }
  std::string_view property() const override { return "term_monotonic"; }
  FactMask interests() const override {
    return facts<TermStarted, Campaigned, VoteGranted, Elected, Committed>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Term term = term_of(*heard.fact);
    Highest& highest = highest_[heard.node];
    if (term > highest.term) {
      highest = {term, heard.event, heard.at, heard.life};
    } else if (term < highest.term) {
      const std::string life =
          heard.life == highest.life ? "" : " of its life " + std::to_string(highest.life.value);
      objections.raise(property(), heard,
                       to_text(heard.node) + " was in term " + std::to_string(highest.term.value) +
                           " at " + to_text(highest.at) + life + ", and is in term " +
                           std::to_string(term.value) + " at " + to_text(heard.at),
                       {highest.event});
    }
  }

 private:
  struct Highest {
    Term term;
    EventId event;
    Time at;
    Life life;
  };

  // The term in which the node says it is.
  static Term term_of(const Fact& fact) {
    if (const auto* committed = std::get_if<Committed>(&fact)) return committed->term;
    if (const auto* granted = std::get_if<VoteGranted>(&fact)) return granted->term;
    if (const auto* started = std::get_if<TermStarted>(&fact)) return started->term;
    if (const auto* campaigned = std::get_if<Campaigned>(&fact)) return campaigned->term;
    return std::get<Elected>(fact).term;
  }

  PerNode<Highest> highest_;
};

}  // namespace

std::unique_ptr<Checker> make_term_monotonic(const Group& /*group*/) {
  return std::make_unique<TermMonotonic>();
}

}  // namespace ballast
