#include <string>
#include <utility>
#include <vector>

#include "sim/check/replica_logs.h"
#include "sim/check/viewstamped_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class AcknowledgedWritesExistOnMajority final : public Checker {
 public:
  explicit AcknowledgedWritesExistOnMajority(Group group) : group_(std::move(group)) {}

  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<AcknowledgedWritesExistOnMajority>(*this);
  }
  std::string_view property() const override { return "acknowledged_writes_exist_on_majority"; }
  FactMask interests() const override { return ReplicaLogs::interests(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Slot before = logs_.committed().last();
    logs_.hear(heard);
    const Slot slot = logs_.committed().last();
    if (slot == before) return;
    const std::uint64_t committed = logs_.committed().digest(slot);
    std::vector<NodeId> holders;
    for (const NodeId node : group_.nodes) {
      if (logs_.of(node).digest(slot) == committed) holders.push_back(node);
    }
    if (holders.size() >= majority(group_.nodes.size())) return;
    objections.raise(property(), heard,
                     to_text(heard.node) + " stated everything up to slot " +
                         std::to_string(slot.value) + " to be committed at " + to_text(heard.at) +
                         ", but only " + to_text(holders) + " of " +
                         std::to_string(group_.nodes.size()) + " replicas " +
                         (holders.size() > 1 ? "have" : "has") + " it in the log");
  }

 private:
  Group group_;
  ReplicaLogs logs_;
};

}  // namespace

std::unique_ptr<Checker> make_acknowledged_writes_exist_on_majority(const Group& group) {
  return std::make_unique<AcknowledgedWritesExistOnMajority>(group);
}

}  // namespace ballast
