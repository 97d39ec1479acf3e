#include <string>

#include "sim/base/text.h"
#include "sim/check/committed_log.h"
#include "sim/check/raft_checks.h"
#include "sim/check/slot_table.h"

namespace ballast {
namespace {

// A snapshot stands for committed entries, and all state machines that have applied them are equal.
class SnapshotsAgree final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<SnapshotsAgree>(*this);
  }
  std::string_view property() const override { return "snapshots_agree"; }
  FactMask interests() const override {
    return facts<Appended, Truncated, Committed, SnapshotTaken, SnapshotInstalled>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      log.append(appended->index, appended->term);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      log.truncate(truncated->last_kept);
    } else if (std::holds_alternative<Committed>(*heard.fact)) {
      committed_.learn(heard, log);
    } else if (const auto* taken = std::get_if<SnapshotTaken>(heard.fact)) {
      check({taken->index, taken->term, taken->content}, heard, objections);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      check({installed->index, installed->term, installed->content}, heard, objections);
      log.install(installed->index, installed->term, committed_.log());
    }
  }

 private:
  struct Snapshot {
    LogIndex index;
    Term term;
    std::uint64_t content = 0;
  };
  struct First {  // of an index; no event, none yet
    std::uint64_t content = 0;
    EventId event;
    NodeId node;
  };

  void check(const Snapshot& snapshot, const HeardFact& heard, Objections& objections) {
    const std::string of = " a snapshot up to entry " + std::to_string(snapshot.index.value);
    const Term term = committed_.log().term_at(snapshot.index);
    if (term != snapshot.term) [[unlikely]] {
      const std::string known =
          term ? "the entry committed there is of term " + std::to_string(term.value)
               : "no entry is known to be committed there";
      objections.raise(property(), heard,
                       to_text(heard.node) + " has" + of + " of term " +
                           std::to_string(snapshot.term.value) + ", but " + known);
      return;
    }
    First& first = first_[Slot{snapshot.index.value}];
    if (!first.event) {
      first = {snapshot.content, heard.event, heard.node};
    } else if (first.content != snapshot.content) [[unlikely]] {
      objections.raise(
          property(), heard,
          to_text(heard.node) + " has" + of + " that differs from that of " + to_text(first.node),
          {first.event});
    }
  }

  PerNode<ShadowLog> logs_;
  CommittedLog committed_;
  SlotTable<First> first_;
};

}  // namespace

std::unique_ptr<Checker> make_snapshots_agree(const Group& /*group*/) {
  return std::make_unique<SnapshotsAgree>();
}

}  // namespace ballast
