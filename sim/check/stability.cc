#include <map>

#include "sim/check/epaxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Stability final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Stability>(*this); }
  std::string_view property() const override { return "stability"; }
  FactMask interests() const override { return facts<InstanceCommitted, InstanceAccepted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    auto& committed = committed_[heard.node];
    if (const auto* again = std::get_if<InstanceCommitted>(heard.fact)) {
      const Commitment now{again->value, again->attributes, heard.event, heard.at};
      const auto [first, is_new] = committed.try_emplace(again->instance, now);
      const Commitment& before = first->second;
      if (is_new || (before.value == now.value && before.attributes == now.attributes)) return;
      object(again->instance, before, "committed", now, heard, objections);
    } else {
      const InstanceAccepted& accepted = std::get<InstanceAccepted>(*heard.fact);
      const auto before = committed.find(accepted.instance);
      if (before == committed.end()) [[likely]]
        return;
      object(accepted.instance, before->second, "accepted",
             {accepted.value, accepted.attributes, heard.event, heard.at}, heard, objections);
    }
  }

 private:
  struct Commitment {
    ValueDigest value;
    std::uint64_t attributes = 0;
    EventId event;
    Time at;
  };

  void object(const Instance& instance, const Commitment& before, std::string_view did,
              const Commitment& now, const HeardFact& heard, Objections& objections) const {
    objections.raise(property(), heard,
                     to_text(heard.node) + " committed " + claim(before) + " in " +
                         to_text(instance) + ", and " + std::string(did) + " " + claim(now) +
                         " there",
                     {before.event});
  }
  static std::string claim(const Commitment& made) {
    return command_text(made.value) + " with attributes " + to_text(ValueDigest{made.attributes}) +
           " at " + to_text(made.at);
  }

  PerNode<std::map<Instance, Commitment>> committed_;
};

}  // namespace

std::unique_ptr<Checker> make_stability(const Group& /*group*/) {
  return std::make_unique<Stability>();
}

}  // namespace ballast
