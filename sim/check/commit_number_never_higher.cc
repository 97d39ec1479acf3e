#include <string>

#include "sim/check/replica_logs.h"
#include "sim/check/viewstamped_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class CommitNumberNeverHigher final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CommitNumberNeverHigher>(*this);
  }
  std::string_view property() const override { return "commit_number_never_higher_than_op_number"; }
  FactMask interests() const override { return ReplicaLogs::interests(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    logs_.hear(heard);
    const auto* advanced = std::get_if<CommitAdvanced>(heard.fact);
    if (advanced == nullptr) return;
    const ReplicaLog& log = logs_.of(heard.node);
    const std::string did = to_text(heard.node) + " took everything up to slot " +
                            std::to_string(advanced->slot.value) + " for committed at " +
                            to_text(heard.at);
    if (advanced->slot > log.last()) {
      objections.raise(property(), heard,
                       did + ", but its log ends at slot " + std::to_string(log.last().value));
    } else if (log.digest(advanced->slot) != logs_.committed().digest(advanced->slot)) {
      objections.raise(property(), heard, did + ", but its log differs from what is committed");
    }
  }

 private:
  ReplicaLogs logs_;
};

}  // namespace

std::unique_ptr<Checker> make_commit_number_never_higher(const Group& /*group*/) {
  return std::make_unique<CommitNumberNeverHigher>();
}

}  // namespace ballast
