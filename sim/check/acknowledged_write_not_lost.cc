#include <string>

#include "sim/check/replica_logs.h"
#include "sim/check/viewstamped_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class AcknowledgedWriteNotLost final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<AcknowledgedWriteNotLost>(*this);
  }
  std::string_view property() const override { return "acknowledged_write_not_lost"; }
  FactMask interests() const override { return ReplicaLogs::interests() | facts<ViewEntered>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    logs_.hear(heard);
    const auto* entered = std::get_if<ViewEntered>(heard.fact);
    if (entered != nullptr && entered->leads) check(entered->view, heard, objections);
  }

 private:
  // A primary of a view that others have left long ago need not know what came later.
  void check(Term view, const HeardFact& heard, Objections& objections) {
    const ReplicaLogs::Mark* mark = logs_.committed_by(view.previous());
    if (mark == nullptr) return;
    const std::uint64_t committed = logs_.committed().digest(mark->slot);
    if (committed == 0 || logs_.of(heard.node).digest(mark->slot) == committed) return;
    objections.raise(
        property(), heard,
        to_text(heard.node) + " became the primary of view " + std::to_string(view.value) + " at " +
            to_text(heard.at) + " without all that was committed up to slot " +
            std::to_string(mark->slot.value) + " in view " + std::to_string(mark->view.value) +
            " (" + to_text(mark->node) + " at " + to_text(mark->at) + ")",
        {mark->event});
  }

  ReplicaLogs logs_;
};

}  // namespace

std::unique_ptr<Checker> make_acknowledged_write_not_lost(const Group& /*group*/) {
  return std::make_unique<AcknowledgedWriteNotLost>();
}

}  // namespace ballast
