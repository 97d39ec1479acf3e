#include <algorithm>
#include <map>
#include <vector>

#include "sim/check/epaxos_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class CommittedIsFinal final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CommittedIsFinal>(*this);
  }
  std::string_view property() const override { return "committed_is_final"; }
  FactMask interests() const override { return facts<InstanceCommitted, InstanceAccepted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* committed = std::get_if<InstanceCommitted>(heard.fact)) {
      Known& known = known_[committed->instance];
      const Deed deed{committed->ballot, committed->value, committed->attributes,
                      heard.event,       heard.at,         heard.node};
      if (known.is_committed && known.committed.ballot <= deed.ballot) [[likely]]
        return;
      known.is_committed = true;
      known.committed = deed;
      for (const Deed& accepted : known.accepted) {
        judge(committed->instance, deed, accepted, heard, objections);
      }
    } else {
      const InstanceAccepted& accepted = std::get<InstanceAccepted>(*heard.fact);
      Known& known = known_[accepted.instance];
      const Deed deed{accepted.ballot, accepted.value, accepted.attributes,
                      heard.event,     heard.at,       heard.node};
      if (known.is_committed) judge(accepted.instance, known.committed, deed, heard, objections);
      const bool is_known =
          std::any_of(known.accepted.begin(), known.accepted.end(), [&](const Deed& before) {
            return before.ballot == deed.ballot && says_the_same(before, deed);
          });
      if (!is_known) known.accepted.push_back(deed);
    }
  }

 private:
  struct Deed {
    Ballot ballot;
    ValueDigest value;
    std::uint64_t attributes = 0;
    EventId event;
    Time at;
    NodeId node;
  };
  struct Known {
    bool is_committed = false;
    Deed committed;  // in the lowest ballot
    std::vector<Deed> accepted;
  };

  static bool says_the_same(const Deed& a, const Deed& b) {
    return a.value == b.value && a.attributes == b.attributes;
  }

  void judge(const Instance& instance, const Deed& committed, const Deed& accepted,
             const HeardFact& heard, Objections& objections) const {
    if (accepted.ballot < committed.ballot || says_the_same(committed, accepted)) [[likely]]
      return;
    objections.raise(property(), heard,
                     to_text(committed.node) + " committed" + claim(committed) + " for " +
                         to_text(instance) + ", but " + to_text(accepted.node) + " accepted" +
                         claim(accepted),
                     {committed.event == heard.event ? accepted.event : committed.event});
  }
  static std::string claim(const Deed& deed) {
    return " " + command_text(deed.value) + " with attributes " +
           to_text(ValueDigest{deed.attributes}) + " in ballot " + to_text(deed.ballot) + " at " +
           to_text(deed.at);
  }

  std::map<Instance, Known> known_;
};

}  // namespace

std::unique_ptr<Checker> make_committed_is_final(const Group& /*group*/) {
  return std::make_unique<CommittedIsFinal>();
}

}  // namespace ballast
