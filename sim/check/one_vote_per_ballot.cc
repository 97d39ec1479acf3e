#include <map>
#include <set>
#include <utility>

#include "sim/check/paxos_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class OneVotePerBallot final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<OneVotePerBallot>(*this);
  }
  std::string_view property() const override { return "one_vote_per_ballot"; }
  FactMask interests() const override { return facts<RoundOpened, Accepted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* round = std::get_if<RoundOpened>(heard.fact)) {
      opened_.insert(round->ballot);
      return;
    }
    const Accepted& accepted = std::get<Accepted>(*heard.fact);
    if (!opened_.contains(accepted.ballot)) return;
    const Cast vote{accepted.value, heard.event, heard.at, heard.life};
    const auto [first, is_new] = first_.try_emplace({accepted.ballot, heard.node}, vote);
    if (is_new || first->second.value == vote.value) return;
    object(accepted, first->second, heard, objections);
  }

 private:
  struct Cast {
    ValueDigest value;
    EventId event;
    Time at;
    Life life;
  };

  void object(const Accepted& accepted, const Cast& first, const HeardFact& heard,
              Objections& objections) const {
    std::string sentence = to_text(heard.node) + " accepted " + to_text(accepted.value) +
                           " in ballot " + to_text(accepted.ballot) + " at " + to_text(heard.at) +
                           ", although it had accepted " + to_text(first.value) + " in it at " +
                           to_text(first.at);
    if (first.life != heard.life) sentence += ", before a crash";
    objections.raise(property(), heard, std::move(sentence), {first.event});
  }

  std::set<Ballot> opened_;  // to whatever was proposed: fast rounds
  std::map<std::pair<Ballot, NodeId>, Cast> first_;
};

}  // namespace

std::unique_ptr<Checker> make_one_vote_per_ballot(const Group& /*group*/) {
  return std::make_unique<OneVotePerBallot>();
}

}  // namespace ballast
