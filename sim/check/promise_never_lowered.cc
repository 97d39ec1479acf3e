#include <optional>

#include "sim/check/paxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class PromiseNeverLowered final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<PromiseNeverLowered>(*this);
  }
  std::string_view property() const override { return "promise_never_lowered"; }
  FactMask interests() const override { return facts<Promised, Accepted, SlotAccepted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* promised = std::get_if<Promised>(heard.fact)) {
      judge({promised->ballot, std::nullopt, heard.event, heard.at, heard.life}, heard, objections);
    } else {
      const SlotAccepted accepted = in_slot(*heard.fact);
      judge({accepted.ballot, accepted.value, heard.event, heard.at, heard.life}, heard,
            objections);
    }
  }

 private:
  // A promise, or the acceptance of a value.
  struct Deed {
    Ballot ballot;
    std::optional<ValueDigest> accepted;
    EventId event;
    Time at;
    Life life;
  };

  void judge(const Deed& deed, const HeardFact& heard, Objections& objections) {
    Deed& highest = highest_[heard.node];
    if (deed.ballot >= highest.ballot) {
      highest = deed;
      return;
    }
    std::string sentence = to_text(heard.node) + claim(deed) + ", although it had" + claim(highest);
    if (highest.life != deed.life) sentence += ", before a crash";
    objections.raise(property(), heard, std::move(sentence), {highest.event});
  }
  static std::string claim(const Deed& deed) {
    const std::string ballot = "ballot " + to_text(deed.ballot);
    return (deed.accepted ? " accepted " + to_text(*deed.accepted) + " in " + ballot
                          : " promised " + ballot) +
           " at " + to_text(deed.at);
  }

  PerNode<Deed> highest_;  // the one of the highest ballot so far
};

}  // namespace

std::unique_ptr<Checker> make_promise_never_lowered(const Group& /*group*/) {
  return std::make_unique<PromiseNeverLowered>();
}

}  // namespace ballast
