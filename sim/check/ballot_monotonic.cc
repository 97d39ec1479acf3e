#include <map>

#include "sim/check/epaxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class BallotMonotonic final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<BallotMonotonic>(*this);
  }
  std::string_view property() const override { return "ballot_monotonic"; }
  FactMask interests() const override { return facts<BallotJoined, InstanceAccepted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* joined = std::get_if<BallotJoined>(heard.fact)) {
      judge(joined->instance, {joined->ballot, " joined ", heard.event, heard.at, heard.life},
            heard, objections);
    } else {
      const InstanceAccepted& accepted = std::get<InstanceAccepted>(*heard.fact);
      judge(accepted.instance,
            {accepted.ballot, " accepted " + command_text(accepted.value) + " in ", heard.event,
             heard.at, heard.life},
            heard, objections);
    }
  }

 private:
  struct Deed {
    Ballot ballot;
    std::string did;
    EventId event;
    Time at;
    Life life;
  };

  void judge(const Instance& instance, Deed deed, const HeardFact& heard, Objections& objections) {
    Deed& highest = highest_[heard.node][instance];
    if (deed.ballot >= highest.ballot) [[likely]] {
      highest = std::move(deed);
      return;
    }
    std::string sentence = to_text(heard.node) + claim(deed) + " for " + to_text(instance) +
                           ", although it had" + claim(highest);
    if (highest.life != deed.life) sentence += ", before a crash";
    objections.raise(property(), heard, std::move(sentence), {highest.event});
  }
  static std::string claim(const Deed& deed) {
    return deed.did + "ballot " + to_text(deed.ballot) + " at " + to_text(deed.at);
  }

  PerNode<std::map<Instance, Deed>> highest_;  // the one of the highest ballot so far
};

}  // namespace

std::unique_ptr<Checker> make_ballot_monotonic(const Group& /*group*/) {
  return std::make_unique<BallotMonotonic>();
}

}  // namespace ballast
