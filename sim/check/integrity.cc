#include "sim/check/consensus_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Integrity final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Integrity>(*this); }
  std::string_view property() const override { return "integrity"; }
  FactMask interests() const override { return facts<Decided>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Decided& decided = std::get<Decided>(*heard.fact);
    Decision& last = decisions_[heard.node][decided.slot];
    if (last.event && (last.life == heard.life || last.value != decided.value)) [[unlikely]] {
      object(last, decided, heard, objections);
    }
    last = {decided.value, heard.event, heard.at, heard.life};
  }

 private:
  // A node's latest decision for a slot; no event, none yet.
  struct Decision {
    ValueDigest value;
    EventId event;
    Time at;
    Life life;
  };

  void object(const Decision& last, const Decided& decided, const HeardFact& heard,
              Objections& objections) const {
    const std::string in_one_life =
        last.life == heard.life ? " twice in one life: " : " differently in two lives: ";
    objections.raise(property(), heard,
                     to_text(heard.node) + " decided slot " + std::to_string(decided.slot.value) +
                         in_one_life + to_text(last.value) + " at " + to_text(last.at) + ", " +
                         to_text(decided.value) + " at " + to_text(heard.at),
                     {last.event});
  }

  PerNode<SlotTable<Decision>> decisions_;
};

}  // namespace

std::unique_ptr<Checker> make_integrity(const Group& /*group*/) {
  return std::make_unique<Integrity>();
}

}  // namespace ballast
