#include <algorithm>

#include "sim/check/balancing_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/ticket_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Conservation final : public Checker {
 public:
  explicit Conservation(const Group& group) : balancers_(group.nodes) {}

  std::unique_ptr<Checker> clone() const override { return std::make_unique<Conservation>(*this); }
  std::string_view property() const override { return "conservation"; }
  FactMask interests() const override { return facts<HealthSet, Admitted, Routed, Ended>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    Books& books = books_[heard.node];
    if (const Charge* late = overdue(books, heard.at)) {
      objections.raise(property(), heard, forgotten(*late, heard.node, heard.at), {late->event});
      return;
    }
    books.heard = heard.at;
    if (const auto* admitted = std::get_if<Admitted>(heard.fact)) {
      admit(*admitted, books, heard, objections);
    } else if (const auto* routed = std::get_if<Routed>(heard.fact)) {
      route(*routed, books, heard, objections);
    } else if (const auto* ended = std::get_if<Ended>(heard.fact)) {
      end(*ended, books, heard, objections);
    }
  }

  // A fault that outlasts the crash is not known to be over.
  void crashed(NodeId node, Time) override {
    const bool impaired = books_[node].impaired;
    books_[node] = {};
    books_[node].impaired = impaired;
  }
  void impaired(NodeId node, bool begins, Time at) override {
    Books& books = books_[node];
    if (begins) books.impaired = true;
    books.excused = at;
  }

  void finish(Time at, EventId last, Objections& objections) override {
    for (const NodeId node : balancers_) {
      const Charge* late = overdue(books_[node], at);
      if (late == nullptr) continue;
      objections.raise({std::string(property()),
                        forgotten(*late, node, at),
                        last,
                        at,
                        node,
                        {late->event, last}});
      return;
    }
  }

 private:
  struct Charge {
    RequestId request;
    Time overdue;
    EventId event;  // of the admission, or of the ending
    Time at;
    Duration deadline;
    NodeId endpoint = {};  // that it was last sent to; none yet
    Ending ending = Ending::completed;
    bool ended = false;
  };
  struct Books {
    TicketTable<Charge> charges;
    Time heard;             // when this balancer last stated anything
    Time excused;           // from when on it is expected to act in time again
    bool impaired = false;  // at some time in this life: what piled up then may last
  };

  // A request that the balancer should have ended before it was last heard. At that moment it was
  // awake, so whatever was due then is done by any later one.
  static const Charge* overdue(const Books& books, Time now) {
    const Charge* oldest = books.charges.oldest();
    if (oldest == nullptr || oldest->overdue >= books.heard || books.impaired) return nullptr;
    const Time due =
        std::max(oldest->overdue, saturating_add(books.excused, oldest->overdue - oldest->at));
    return due < books.heard && books.heard < now ? oldest : nullptr;
  }

  void admit(const Admitted& admitted, Books& books, const HeardFact& heard,
             Objections& objections) {
    if (admitted.ticket != books.charges.next()) {
      objections.raise(property(), heard,
                       said(heard, "admitted ", admitted.request, admitted.ticket) +
                           ", although its next ticket is " +
                           std::to_string(books.charges.next().value));
      return;
    }
    const Duration slack{1'000'000'000};
    Time overdue = saturating_add(heard.at, slack);
    for (int i = 0; i < 4; ++i) overdue = saturating_add(overdue, admitted.deadline);
    Charge& charge = books.charges.admit();
    charge.request = admitted.request;
    charge.overdue = overdue;
    charge.event = heard.event;
    charge.at = heard.at;
    charge.deadline = admitted.deadline;
  }

  void route(const Routed& routed, Books& books, const HeardFact& heard, Objections& objections) {
    Charge* charge = books.charges.find(routed.ticket);
    if (charge == nullptr || charge->ended || charge->request != routed.request) {
      objections.raise(property(), heard,
                       said(heard, "sent ", routed.request, routed.ticket) + " to " +
                           to_text(routed.endpoint) + ", although it is not in charge of it");
      return;
    }
    charge->endpoint = routed.endpoint;
  }

  void end(const Ended& ended, Books& books, const HeardFact& heard, Objections& objections) {
    Charge* charge = books.charges.find(ended.ticket);
    const std::string_view wrong = mistake(ended, charge, books);
    if (wrong.empty()) {
      charge->ended = true;
      charge->ending = ended.ending;
      charge->event = heard.event;
      charge->at = heard.at;
      books.charges.drop_ended();
      return;
    }
    std::string sentence = said(heard, "ended ", ended.request, ended.ticket) + " as " +
                           std::string(name_of(ended.ending)) + std::string(wrong);
    std::vector<EventId> witnesses;
    if (charge != nullptr) {
      witnesses.push_back(charge->event);
      if (charge->ended) {
        sentence += ", as " + std::string(name_of(charge->ending)) + " at " + to_text(charge->at);
      }
    }
    objections.raise(property(), heard, std::move(sentence), std::move(witnesses));
  }

  // Why this ending cannot be; empty if it can.
  static std::string_view mistake(const Ended& ended, const Charge* charge, const Books& books) {
    if (charge == nullptr) {
      return ended.ticket < books.charges.next() ? ", although it had ended long before"
                                                 : ", although it had never admitted it";
    }
    if (charge->ended) return ", although it had ended before";
    if (charge->request != ended.request) {
      return ", although it had admitted another request under this ticket";
    }
    const bool needs_endpoint = ended.ending == Ending::completed || ended.ending == Ending::lost;
    if (needs_endpoint && !charge->endpoint) return ", although it had sent it to no endpoint";
    return {};
  }

  static std::string said(const HeardFact& heard, std::string_view verb, RequestId request,
                          Ticket ticket) {
    return to_text(heard.node) + " " + std::string(verb) + to_text(request) + " (ticket " +
           std::to_string(ticket.value) + ") at " + to_text(heard.at);
  }
  static std::string forgotten(const Charge& charge, NodeId balancer, Time now) {
    std::string text = to_text(balancer) + " admitted " + to_text(charge.request) + " at " +
                       to_text(charge.at) + " with a deadline of " + to_text(charge.deadline);
    if (charge.endpoint) text += ", sent it to " + to_text(charge.endpoint);
    return text + " and has not ended it by " + to_text(now);
  }

  std::vector<NodeId> balancers_;
  PerNode<Books> books_;
};

}  // namespace

std::unique_ptr<Checker> make_conservation(const Group& group) {
  return std::make_unique<Conservation>(group);
}

}  // namespace ballast
