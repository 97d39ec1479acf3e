#include "sim/check/digest_set.h"
#include "sim/check/epaxos_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Nontriviality final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Nontriviality>(*this); }
  std::string_view property() const override { return "nontriviality"; }
  FactMask interests() const override { return facts<Proposed, InstanceCommitted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* proposal = std::get_if<Proposed>(heard.fact)) {
      proposed_.insert(proposal->value);
      return;
    }
    const InstanceCommitted& committed = std::get<InstanceCommitted>(*heard.fact);
    const bool is_no_op = !committed.value;
    if (is_no_op || proposed_.contains(committed.value)) [[likely]]
      return;
    objections.raise(property(), heard,
                     to_text(heard.node) + " committed " + to_text(committed.value) + " in " +
                         to_text(committed.instance) + " at " + to_text(heard.at) +
                         ", which nobody had proposed");
  }

 private:
  DigestSet proposed_;
};

}  // namespace

std::unique_ptr<Checker> make_nontriviality(const Group& /*group*/) {
  return std::make_unique<Nontriviality>();
}

}  // namespace ballast
