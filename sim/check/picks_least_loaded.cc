#include <algorithm>

#include "sim/check/balancing_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/ticket_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class PicksLeastLoaded final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<PicksLeastLoaded>(*this);
  }
  std::string_view property() const override { return "picks_least_loaded"; }
  FactMask interests() const override {
    return facts<PolicySet, HealthSet, Admitted, Routed, Ended>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    Books& books = books_[heard.node];
    if (const auto* policy = std::get_if<PolicySet>(heard.fact)) {
      books.bound = policy->rule == PickRule::fewest_active;
    } else if (!books.bound) {
      return;
    } else if (const auto* health = std::get_if<HealthSet>(heard.fact)) {
      books.endpoint(health->endpoint).up = health->up;
    } else if (const auto* admitted = std::get_if<Admitted>(heard.fact)) {
      if (admitted->ticket == books.charges.next()) books.charges.admit();
    } else if (const auto* routed = std::get_if<Routed>(heard.fact)) {
      route(*routed, books, heard, objections);
    } else if (const auto* ended = std::get_if<Ended>(heard.fact)) {
      Charge* charge = books.charges.find(ended->ticket);
      if (charge == nullptr || charge->ended) return;
      books.leave(*charge, heard.event);
      charge->ended = true;
      books.charges.drop_ended();
    }
  }

  void crashed(NodeId node, Time) override { books_[node] = {}; }

 private:
  struct Endpoint {
    NodeId node;
    std::uint32_t active = 0;
    bool up = false;
    EventId changed = {};  // where `active` last changed
  };
  struct Charge {
    std::uint32_t endpoint = 0;  // its number from 1; 0: not sent yet
    bool ended = false;
  };
  struct Books {
    bool bound = false;  // by the rule that this check is about
    std::vector<Endpoint> endpoints;
    PerNode<std::uint32_t> numbers;  // of endpoints, from 1
    TicketTable<Charge> charges;

    std::uint32_t number(NodeId node) {
      std::uint32_t& number = numbers[node];
      if (number == 0) {
        endpoints.push_back({node});
        number = static_cast<std::uint32_t>(endpoints.size());
      }
      return number;
    }
    Endpoint& endpoint(NodeId node) { return endpoints[number(node) - 1]; }
    void leave(const Charge& charge, EventId event) {
      if (charge.endpoint == 0) return;
      Endpoint& left = endpoints[charge.endpoint - 1];
      --left.active;
      left.changed = event;
    }
  };

  void route(const Routed& routed, Books& books, const HeardFact& heard, Objections& objections) {
    Charge* charge = books.charges.find(routed.ticket);
    if (charge == nullptr || charge->ended) return;
    books.leave(*charge, heard.event);  // for it no longer waits where it was sent before
    charge->endpoint = books.number(routed.endpoint);
    Endpoint& picked = books.endpoints[charge->endpoint - 1];
    if (picked.active > 0) judge(picked, routed, books, heard, objections);
    ++picked.active;
    picked.changed = heard.event;
  }

  void judge(const Endpoint& picked, const Routed& routed, const Books& books,
             const HeardFact& heard, Objections& objections) {
    const Endpoint* least = &picked;
    for (const Endpoint& other : books.endpoints) {
      if (other.up && other.active < least->active) least = &other;
    }
    if (least == &picked) return;
    objections.raise(property(), heard,
                     to_text(heard.node) + " picks the least loaded, but sent " +
                         to_text(routed.request) + " at " + to_text(heard.at) + " to " +
                         to_text(picked.node) + ", which had " + std::to_string(picked.active) +
                         " unfinished, while " + to_text(least->node) + ", also up, had " +
                         std::to_string(least->active),
                     witnesses(*least, picked));
  }

  static std::vector<EventId> witnesses(const Endpoint& least, const Endpoint& picked) {
    if (!least.changed) return {picked.changed};  // it never had any request
    return {std::min(least.changed, picked.changed), std::max(least.changed, picked.changed)};
  }

  PerNode<Books> books_;
};

}  // namespace

std::unique_ptr<Checker> make_picks_least_loaded(const Group& /*group*/) {
  return std::make_unique<PicksLeastLoaded>();
}

}  // namespace ballast
