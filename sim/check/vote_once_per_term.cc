#include <string>

#include "sim/base/text.h"
#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

// Only the vote in the highest term is kept for each node: a vote in a lower one after it is a term
// that fell, and term_monotonic's to find.
class VoteOncePerTerm final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<VoteOncePerTerm>(*this);
  }
  std::string_view property() const override { return "vote_once_per_term"; }
  FactMask interests() const override { return facts<VoteGranted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const VoteGranted& granted = std::get<VoteGranted>(*heard.fact);
    Vote& vote = votes_[heard.node];
    if (granted.term > vote.term) {
      vote = {granted.term, granted.candidate, heard.event, heard.at, heard.life};
    } else if (granted.term == vote.term && granted.candidate != vote.candidate) {
      const std::string restarted = heard.life == vote.life ? "" : ", after a restart,";
      objections.raise(property(), heard,
                       to_text(heard.node) + " voted twice in term " +
                           std::to_string(granted.term.value) + ": for " + to_text(vote.candidate) +
                           " at " + to_text(vote.at) + " and" + restarted + " for " +
                           to_text(granted.candidate) + " at " + to_text(heard.at),
                       {vote.event});
    }
  }

 private:
  struct Vote {
    Term term;
    NodeId candidate;
    EventId event;
    Time at;
    Life life;
  };
  PerNode<Vote> votes_;
};

}  // namespace

std::unique_ptr<Checker> make_vote_once_per_term(const Group& /*group*/) {
  return std::make_unique<VoteOncePerTerm>();
}

}  // namespace ballast
