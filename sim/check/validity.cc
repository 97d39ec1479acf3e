#include "sim/check/consensus_checks.h"
#include "sim/check/digest_set.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Validity final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Validity>(*this); }
  std::string_view property() const override { return "validity"; }
  FactMask interests() const override { return facts<Proposed, Decided>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* proposal = std::get_if<Proposed>(heard.fact)) {
      proposed_.insert(proposal->value);
      return;
    }
    const Decided& decided = std::get<Decided>(*heard.fact);
    if (!proposed_.contains(decided.value)) object(decided, heard, objections);
  }

 private:
  void object(const Decided& decided, const HeardFact& heard, Objections& objections) const {
    objections.raise(property(), heard,
                     to_text(heard.node) + " decided " + to_text(decided.value) + " for slot " +
                         std::to_string(decided.slot.value) + " at " + to_text(heard.at) +
                         ", which nobody had proposed");
  }

  DigestSet proposed_;
};

}  // namespace

std::unique_ptr<Checker> make_validity(const Group& /*group*/) {
  return std::make_unique<Validity>();
}

}  // namespace ballast
