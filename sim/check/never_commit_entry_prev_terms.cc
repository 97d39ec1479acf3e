#include <string>

#include "sim/base/text.h"
#include "sim/check/leader_rules.h"
#include "sim/check/raft_checks.h"
#include "sim/check/shadow_log.h"

namespace ballast {
namespace {

class NeverCommitEntryPrevTerms final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<NeverCommitEntryPrevTerms>(*this);
  }
  std::string_view property() const override { return "never_commit_entry_prev_terms"; }
  FactMask interests() const override {
    return Leaders::interests() | facts<Appended, Truncated, Committed, SnapshotInstalled>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (leaders_.hear(heard)) return;
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      log.append(appended->index, appended->term);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      log.truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      log.install(installed->index, installed->term);
    } else if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      const Term leads = leaders_.term_of(heard);
      const Term term = log.term_at(committed->index);
      if (!leads || !term || term == leads) return;
      objections.raise(property(), heard,
                       to_text(heard.node) + ", leader of term " + std::to_string(leads.value) +
                           ", committed entry " + std::to_string(committed->index.value) +
                           " of term " + std::to_string(term.value) + " at " + to_text(heard.at) +
                           ", and no entry of its own term with it");
    }
  }

 private:
  Leaders leaders_;
  PerNode<ShadowLog> logs_;
};

}  // namespace

std::unique_ptr<Checker> make_never_commit_entry_prev_terms(const Group& /*group*/) {
  return std::make_unique<NeverCommitEntryPrevTerms>();
}

}  // namespace ballast
