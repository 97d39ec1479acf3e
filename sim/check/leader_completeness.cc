#include <string>

#include "sim/base/text.h"
#include "sim/check/committed_log.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class LeaderCompleteness final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<LeaderCompleteness>(*this);
  }
  std::string_view property() const override { return "leader_completeness"; }
  FactMask interests() const override {
    return facts<Appended, Truncated, Committed, Elected, SnapshotInstalled>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      if (heard.node == latest_.node && appended->index <= log.last_index()) {
        latest_.log_only_grew = false;
      }
      log.append(appended->index, appended->term);
    } else if (std::holds_alternative<Committed>(*heard.fact)) {
      // A commitment of an earlier term may come to light after the election. As long as the log of
      // the leader has only grown since, what it lacks of earlier terms it lacked then.
      const bool is_news = committed_.learn(heard, log);
      if (is_news && latest_.log_only_grew) check(latest_, heard, objections);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      if (heard.node == latest_.node) latest_.log_only_grew = false;
      log.truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      if (heard.node == latest_.node) latest_.log_only_grew = false;
      log.install(installed->index, installed->term, committed_.log());
    } else if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      const Leader leader{elected->term, heard.node, heard.event, true};
      if (leader.term > latest_.term) latest_ = leader;
      check(leader, heard, objections);
    }
  }

 private:
  struct Leader {
    Term term;
    NodeId node;
    EventId elected_in;
    bool log_only_grew = false;  // since the election
  };

  void check(const Leader& leader, const HeardFact& heard, Objections& objections) {
    const CommittedLog::Mark* mark = committed_.before(leader.term);
    if (mark == nullptr) return;
    const ShadowLog& log = logs_[leader.node];
    // Entries of one index and term have the same log before them: the last one speaks for all.
    if (log.term_at(mark->index) == committed_.log().term_at(mark->index)) return;
    const LogIndex missing = log.first_difference(committed_.log(), mark->index);
    const Term other = log.term_at(missing);
    const std::string instead =
        other ? "holds an entry of term " + std::to_string(other.value) + " there"
              : "ends at entry " + std::to_string(log.last_index().value);
    objections.raise(
        property(), heard,
        to_text(leader.node) + ", leader of term " + std::to_string(leader.term.value) +
            ", lacks entry " + std::to_string(missing.value) + " of term " +
            std::to_string(committed_.log().term_at(missing).value) +
            ", which was committed in term " + std::to_string(mark->term.value) + " (" +
            to_text(mark->node) + " at " + to_text(mark->at) + "): its log " + instead,
        {heard.event == mark->event ? leader.elected_in : mark->event});
  }

  PerNode<ShadowLog> logs_;
  CommittedLog committed_;
  Leader latest_;  // of the highest term so far
};

}  // namespace

std::unique_ptr<Checker> make_leader_completeness(const Group& /*group*/) {
  return std::make_unique<LeaderCompleteness>();
}

}  // namespace ballast
