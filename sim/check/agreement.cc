#include "sim/check/consensus_checks.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Agreement final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Agreement>(*this); }
  std::string_view property() const override { return "agreement"; }
  FactMask interests() const override { return facts<Decided>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const Decided& decided = std::get<Decided>(*heard.fact);
    First& first = first_[decided.slot];
    if (!first.event) {
      first = {decided.value, heard.event, heard.at, heard.node, heard.life};
    } else if (first.value != decided.value) [[unlikely]] {
      const bool same_node = first.node == heard.node;
      objections.raise(
          property(), heard,
          "two values are decided for slot " + std::to_string(decided.slot.value) + ": " +
              claim(first, same_node) + ", " +
              claim({decided.value, heard.event, heard.at, heard.node, heard.life}, same_node),
          {first.event});
    }
  }

 private:
  // The first decision for a slot; no event, none yet.
  struct First {
    ValueDigest value;
    EventId event;
    Time at;
    NodeId node;
    Life life;
  };

  static std::string claim(const First& decision, bool with_life) {
    std::string text = to_text(decision.node) + " decided " + to_text(decision.value) + " at " +
                       to_text(decision.at);
    if (with_life) text += " in its life " + std::to_string(decision.life.value);
    return text;
  }

  SlotTable<First> first_;
};

}  // namespace

std::unique_ptr<Checker> make_agreement(const Group& /*group*/) {
  return std::make_unique<Agreement>();
}

}  // namespace ballast
