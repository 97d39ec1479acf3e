#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/raft_checks.h"
#include "sim/check/shadow_log.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

// Two entries of one index and term must hold the same value and follow entries of one term: then,
// by induction, the logs before them are the same as well.
class LogMatching final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<LogMatching>(*this); }
  std::string_view property() const override { return "log_matching"; }
  FactMask interests() const override { return facts<Appended, Truncated, SnapshotInstalled>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      check(*appended, log, heard, objections);
      log.append(appended->index, appended->term);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      log.truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      log.install(installed->index, installed->term);
    }
  }

 private:
  // An entry as the first node stated it; no event, none yet.
  struct First {
    Term term;
    Term previous_term;
    ValueDigest value;
    EventId event;
    NodeId node;
  };

  void check(const Appended& appended, const ShadowLog& log, const HeardFact& heard,
             Objections& objections) {
    if (!appended.index || appended.index > log.last_index().next()) [[unlikely]] {
      object_to_gap(appended.index, log, heard, objections);
      return;
    }
    const Term previous_term = log.term_at(appended.index.previous());
    First& first = first_of(appended.index, appended.term);
    if (!first.event) {
      first = {appended.term, previous_term, appended.value, heard.event, heard.node};
    } else if (first.value != appended.value || first.previous_term != previous_term) [[unlikely]] {
      object_to_entry(appended.index, first,
                      {appended.term, previous_term, appended.value, heard.event, heard.node},
                      heard, objections);
    }
  }

  void object_to_gap(LogIndex index, const ShadowLog& log, const HeardFact& heard,
                     Objections& objections) const {
    objections.raise(property(), heard,
                     to_text(heard.node) + " appended entry " + std::to_string(index.value) +
                         " to a log that ends at entry " + std::to_string(log.last_index().value));
  }
  void object_to_entry(LogIndex index, const First& first, const First& entry,
                       const HeardFact& heard, Objections& objections) const {
    objections.raise(property(), heard,
                     "entry " + std::to_string(index.value) + " of term " +
                         std::to_string(entry.term.value) + " differs: " + claim(first) + ", " +
                         claim(entry),
                     {first.event});
  }

  static std::string claim(const First& entry) {
    return to_text(entry.node) + " holds " + to_text(entry.value) + " after an entry of term " +
           std::to_string(entry.previous_term.value);
  }

  // Most indexes see entries of one term only; the others are kept apart.
  First& first_of(LogIndex index, Term term) {
    First& usual = usual_[Slot{index.value}];
    if (!usual.event || usual.term == term) return usual;
    return unusual_[{index, term}];
  }

  PerNode<ShadowLog> logs_;
  SlotTable<First> usual_;
  std::map<std::pair<LogIndex, Term>, First> unusual_;
};

}  // namespace

std::unique_ptr<Checker> make_log_matching(const Group& /*group*/) {
  return std::make_unique<LogMatching>();
}

}  // namespace ballast
