#include <map>
#include <string>

#include "sim/check/replica_logs.h"
#include "sim/check/slot_table.h"
#include "sim/check/viewstamped_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class NoLogDivergence final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<NoLogDivergence>(*this);
  }
  std::string_view property() const override { return "no_log_divergence"; }
  FactMask interests() const override { return ReplicaLogs::interests() | facts<ViewEntered>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const auto* logged = std::get_if<Logged>(heard.fact);
    const Slot end = logs_.of(heard.node).last();
    if (logged != nullptr && logged->slot != end.next()) [[unlikely]] {
      objections.raise(property(), heard,
                       to_text(heard.node) + " logged slot " + std::to_string(logged->slot.value) +
                           " at " + to_text(heard.at) + ", when its log ended at slot " +
                           std::to_string(end.value));
    }
    logs_.hear(heard);
    if (logged != nullptr) {
      check(logged->view, logged->slot, heard, objections);
    } else if (const auto* entered = std::get_if<ViewEntered>(heard.fact)) {
      check(entered->view, end, heard, objections);
    }
  }

 private:
  struct First {  // who had a log up to a slot in a view; no event, nobody yet
    std::uint64_t digest = 0;
    EventId event;
    Time at;
    NodeId node;
  };

  void check(Term view, Slot slot, const HeardFact& heard, Objections& objections) {
    if (!slot) return;
    const std::uint64_t digest = logs_.of(heard.node).digest(slot);
    First& first = first_[view][slot];
    if (!first.event) {
      first = {digest, heard.event, heard.at, heard.node};
    } else if (first.digest != digest) [[unlikely]] {
      objections.raise(property(), heard,
                       "the logs of " + to_text(heard.node) + " at " + to_text(heard.at) +
                           " and of " + to_text(first.node) + " at " + to_text(first.at) +
                           " differ up to slot " + std::to_string(slot.value) + ", both in view " +
                           std::to_string(view.value),
                       {first.event});
    }
  }

  ReplicaLogs logs_;
  std::map<Term, SlotTable<First>> first_;  // by view
};

}  // namespace

std::unique_ptr<Checker> make_no_log_divergence(const Group& /*group*/) {
  return std::make_unique<NoLogDivergence>();
}

}  // namespace ballast
