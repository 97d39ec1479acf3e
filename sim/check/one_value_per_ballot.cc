#include <map>
#include <set>

#include "sim/check/paxos_checks.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class OneValuePerBallot final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<OneValuePerBallot>(*this);
  }
  std::string_view property() const override { return "one_value_per_ballot"; }
  FactMask interests() const override {
    return facts<AcceptAsked, Accepted, SlotAsked, SlotAccepted, RoundOpened>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* opened = std::get_if<RoundOpened>(heard.fact)) {
      opened_.insert(opened->ballot);
    } else if (const auto* asked = std::get_if<AcceptAsked>(heard.fact)) {
      judge({}, asked->ballot, {asked->value, " asked for ", heard.event, heard.at, heard.node},
            heard, objections);
    } else if (const auto* slot_asked = std::get_if<SlotAsked>(heard.fact)) {
      judge(slot_asked->slot, slot_asked->ballot,
            {slot_asked->value, " asked for ", heard.event, heard.at, heard.node}, heard,
            objections);
    } else {
      const SlotAccepted accepted = in_slot(*heard.fact);
      judge(accepted.slot, accepted.ballot,
            {accepted.value, " accepted ", heard.event, heard.at, heard.node}, heard, objections);
    }
  }

 private:
  // Who did what with a value.
  struct Mention {
    ValueDigest value;
    std::string_view did;
    EventId event;
    Time at;
    NodeId node;
  };

  void judge(Slot slot, const Ballot& ballot, const Mention& mention, const HeardFact& heard,
             Objections& objections) {
    if (opened_.contains(ballot)) return;
    const auto [first, is_new] = first_[slot].try_emplace(ballot, mention);
    if (is_new || first->second.value == mention.value) return;
    objections.raise(property(), heard,
                     "two values in ballot " + to_text(ballot) + slot_words(slot) + ": " +
                         claim(first->second) + ", " + claim(mention),
                     {first->second.event});
  }
  static std::string claim(const Mention& mention) {
    return to_text(mention.node) + std::string(mention.did) + to_text(mention.value) + " at " +
           to_text(mention.at);
  }

  std::set<Ballot> opened_;  // to whatever was proposed: fast rounds
  SlotTable<std::map<Ballot, Mention>> first_;
};

}  // namespace

std::unique_ptr<Checker> make_one_value_per_ballot(const Group& /*group*/) {
  return std::make_unique<OneValuePerBallot>();
}

}  // namespace ballast
