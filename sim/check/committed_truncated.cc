#include <string>

#include "sim/base/text.h"
#include "sim/check/committed_log.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class CommittedTruncated final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CommittedTruncated>(*this);
  }
  std::string_view property() const override { return "committed_truncated"; }
  FactMask interests() const override {
    return facts<TermStarted, Appended, Truncated, Committed, SnapshotInstalled>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      // An entry put in the place of another one removes it and all that follow.
      if (appended->index <= log.last_index()) check_removal(appended->index, heard, objections);
      log.append(appended->index, appended->term);
    } else if (std::holds_alternative<Committed>(*heard.fact)) {
      committed_.learn(heard, log);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      check_removal(truncated->last_kept.next(), heard, objections);
      log.truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      if (installed->index < log.last_index()) {
        check_removal(installed->index.next(), heard, objections);
      }
      log.install(installed->index, installed->term, committed_.log());
    } else if (const auto* started = std::get_if<TermStarted>(heard.fact)) {
      terms_[heard.node] = started->term;
    }
  }

 private:
  // The node removes its entries from `first` on. If it shares any of them with the committed log,
  // it shares the first one.
  void check_removal(LogIndex first, const HeardFact& heard, Objections& objections) {
    // A node that is still in an earlier term than the commitment may obey a leader of that time,
    // who knows nothing of it. It was not counted for the commitment and is none of the majority.
    const CommittedLog::Mark* mark = committed_.up_to(terms_[heard.node]);
    if (mark == nullptr || first > mark->index) return;
    const Term term = logs_[heard.node].term_at(first);
    if (!term || term != committed_.log().term_at(first)) return;
    objections.raise(property(), heard,
                     to_text(heard.node) + " in term " + std::to_string(terms_[heard.node].value) +
                         " removed entry " + std::to_string(first.value) + " of term " +
                         std::to_string(term.value) + " at " + to_text(heard.at) +
                         ", which was committed in term " + std::to_string(mark->term.value) +
                         " (" + to_text(mark->node) + " at " + to_text(mark->at) + ")",
                     {mark->event});
  }

  PerNode<ShadowLog> logs_;
  CommittedLog committed_;
  PerNode<Term> terms_;
};

}  // namespace

std::unique_ptr<Checker> make_committed_truncated(const Group& /*group*/) {
  return std::make_unique<CommittedTruncated>();
}

}  // namespace ballast
