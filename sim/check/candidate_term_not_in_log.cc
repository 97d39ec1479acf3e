#include <string>

#include "sim/base/text.h"
#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class CandidateTermNotInLog final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CandidateTermNotInLog>(*this);
  }
  std::string_view property() const override { return "candidate_term_not_in_log"; }
  FactMask interests() const override { return facts<Elected, Appended>(); }

  // Only its own log is asked: facts of others may come before its own word of the election, when
  // its disk is slow and it sends entries meanwhile.
  void hear(const HeardFact& heard, Objections& objections) override {
    Seen& latest = latest_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      if (appended->term > latest.term) latest = {appended->term, heard.event};
    } else if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      if (latest.term < elected->term) return;
      objections.raise(property(), heard,
                       to_text(heard.node) + " was elected in term " +
                           std::to_string(elected->term.value) + " at " + to_text(heard.at) +
                           ", and had held an entry of term " + std::to_string(latest.term.value) +
                           " before",
                       {latest.event});
    }
  }

 private:
  struct Seen {
    Term term;
    EventId event;
  };
  PerNode<Seen> latest_;  // the latest term of which it has ever held an entry
};

}  // namespace

std::unique_ptr<Checker> make_candidate_term_not_in_log(const Group& /*group*/) {
  return std::make_unique<CandidateTermNotInLog>();
}

}  // namespace ballast
