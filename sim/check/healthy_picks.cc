#include "sim/check/balancing_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class HealthyPicks final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<HealthyPicks>(*this); }
  std::string_view property() const override { return "healthy_picks"; }
  FactMask interests() const override { return facts<HealthSet, Routed>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    PerNode<Down>& beliefs = beliefs_[heard.node];
    if (const auto* health = std::get_if<HealthSet>(heard.fact)) {
      beliefs[health->endpoint] = health->up ? Down{} : Down{heard.event, heard.at};
      return;
    }
    const Routed& routed = std::get<Routed>(*heard.fact);
    const Down& down = beliefs[routed.endpoint];
    if (!down.event) return;
    objections.raise(property(), heard,
                     to_text(heard.node) + " sent " + to_text(routed.request) + " to " +
                         to_text(routed.endpoint) + " at " + to_text(heard.at) +
                         ", which it has held to be down since " + to_text(down.since),
                     {down.event});
  }
  void crashed(NodeId node, Time) override { beliefs_[node] = {}; }

 private:
  // That an endpoint is held to be down, and where that was said; no event, it is not.
  struct Down {
    EventId event;
    Time since;
  };
  PerNode<PerNode<Down>> beliefs_;  // of each balancer, about each endpoint
};

}  // namespace

std::unique_ptr<Checker> make_healthy_picks(const Group& /*group*/) {
  return std::make_unique<HealthyPicks>();
}

}  // namespace ballast
