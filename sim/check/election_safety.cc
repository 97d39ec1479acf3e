#include <algorithm>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class ElectionSafety final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<ElectionSafety>(*this);
  }
  std::string_view property() const override { return "election_safety"; }
  FactMask interests() const override { return facts<Elected>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Term term = std::get<Elected>(*heard.fact).term;
    const auto at = std::lower_bound(
        elections_.begin(), elections_.end(), term,
        [](const Election& election, Term other) { return election.term < other; });
    if (at == elections_.end() || at->term != term) {
      elections_.insert(at, {term, heard.node, heard.at, heard.event});
    } else if (at->leader != heard.node) {
      objections.raise(property(), heard,
                       "two leaders in term " + std::to_string(term.value) + ": " +
                           to_text(at->leader) + " (elected at " + to_text(at->at) + ") and " +
                           to_text(heard.node) + " (elected at " + to_text(heard.at) + ")",
                       {at->event});
    }
  }

 private:
  struct Election {
    Term term;
    NodeId leader;
    Time at;
    EventId event;
  };
  std::vector<Election> elections_;  // terms rise
};

}  // namespace

std::unique_ptr<Checker> make_election_safety(const Group& /*group*/) {
  return std::make_unique<ElectionSafety>();
}

}  // namespace ballast
