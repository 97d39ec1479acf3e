#include <string>

#include "sim/check/paxos_checks.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class CheckpointsAgree final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CheckpointsAgree>(*this);
  }
  std::string_view property() const override { return "checkpoints_agree"; }
  FactMask interests() const override { return facts<Checkpointed>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Checkpointed& checkpoint = std::get<Checkpointed>(*heard.fact);
    First& first = first_[checkpoint.slot];
    if (!first.event) {
      first = {checkpoint.content, heard.event, heard.at, heard.node};
    } else if (first.content != checkpoint.content) {
      objections.raise(property(), heard,
                       "two states at slot " + std::to_string(checkpoint.slot.value) +
                           ": the checkpoint of " + to_text(heard.node) + " at " +
                           to_text(heard.at) + " differs from that of " + to_text(first.node) +
                           " at " + to_text(first.at),
                       {first.event});
    }
  }

 private:
  struct First {  // checkpoint at some slot; no event, none yet
    std::uint64_t content = 0;
    EventId event;
    Time at;
    NodeId node;
  };

  SlotTable<First> first_;
};

}  // namespace

std::unique_ptr<Checker> make_checkpoints_agree(const Group& /*group*/) {
  return std::make_unique<CheckpointsAgree>();
}

}  // namespace ballast
