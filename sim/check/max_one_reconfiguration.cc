#include <string>

#include "sim/base/text.h"
#include "sim/check/leader_rules.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class MaxOneReconfiguration final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<MaxOneReconfiguration>(*this);
  }
  std::string_view property() const override { return "max_one_reconfiguration"; }
  FactMask interests() const override {
    return Leaders::interests() | facts<Committed, Reconfigured>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (leaders_.hear(heard)) return;
    Known& known = nodes_[heard.node];
    if (known.life != heard.life) known = {heard.life, {}, known.latest};
    if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      known.committed = committed->index;
    } else if (const auto* reconfigured = std::get_if<Reconfigured>(heard.fact)) {
      const LogIndex before = known.latest;
      known.latest = reconfigured->index;
      // Only a leader adds one. What it holds of its predecessors it has stated before.
      if (!leaders_.term_of(heard) || reconfigured->index <= before) return;
      if (before <= known.committed) return;
      objections.raise(property(), heard,
                       to_text(heard.node) + " began another change of the configuration, entry " +
                           std::to_string(reconfigured->index.value) + ", at " + to_text(heard.at) +
                           ", while entry " + std::to_string(before.value) +
                           ", which changes it too, was not committed");
    }
  }

 private:
  struct Known {
    Life life;
    LogIndex committed;
    LogIndex latest;  // of the log's configurations
  };
  Leaders leaders_;
  PerNode<Known> nodes_;
};

}  // namespace

std::unique_ptr<Checker> make_max_one_reconfiguration(const Group& /*group*/) {
  return std::make_unique<MaxOneReconfiguration>();
}

}  // namespace ballast
