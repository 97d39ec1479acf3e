#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <utility>

#include "sim/check/paxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

// Voting.tla says that a value v is safe at a ballot b if at every lower ballot c no other value
// is choosable: if no quorum can have voted for it at c or can still do so. An acceptor can still
// vote at c if it has not voted there and has not promised more than c. Both the votes cast and the
// promises given only ever exclude more, so a value found safe stays safe, until an acceptor votes
// below its own promise. Hence:
//   - a value is judged when it is first mentioned in a ballot, against all lower ballots in which
//     there are votes, and against those in which there are none yet;
//   - the walk down ends where the same value was found safe before, which covers the rest;
//   - quorums are of those who have a say in the slot, which is stated before it is asked for;
//   - a vote below the voter's promise is held against every value found safe above it.
class VotesSafe final : public Checker {
 public:
  explicit VotesSafe(const Group& group) : group_(group) {}

  std::unique_ptr<Checker> clone() const override { return std::make_unique<VotesSafe>(*this); }
  std::string_view property() const override { return "votes_safe"; }
  FactMask interests() const override {
    return facts<Promised, AcceptAsked, Accepted, SlotAsked, SlotAccepted, VotersChanged>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* promised = std::get_if<Promised>(heard.fact)) {
      Ballot& highest = promised_[heard.node];
      highest = std::max(highest, promised->ballot);
    } else if (const auto* changed = std::get_if<VotersChanged>(heard.fact)) {
      configurations_.try_emplace(changed->from, changed->voters);
    } else if (const auto* asked = std::get_if<AcceptAsked>(heard.fact)) {
      judge({}, asked->ballot, asked->value, " asked for ", heard, objections);
    } else if (const auto* slot_asked = std::get_if<SlotAsked>(heard.fact)) {
      judge(slot_asked->slot, slot_asked->ballot, slot_asked->value, " asked for ", heard,
            objections);
    } else {
      const SlotAccepted accepted = in_slot(*heard.fact);
      judge(accepted.slot, accepted.ballot, accepted.value, " accepted ", heard, objections);
      cast_vote(accepted, heard, objections);
    }
  }

 private:
  struct Vote {
    NodeId acceptor;
    ValueDigest value;
    EventId event;
  };
  // Who first mentioned a value in a ballot.
  struct Mention {
    std::string_view did;
    Slot slot;
    EventId event;
    Time at;
    NodeId node;
  };
  using Proposal = std::pair<Ballot, ValueDigest>;
  // What was said of one slot.
  struct Claims {
    std::map<Ballot, std::vector<Vote>> votes;
    std::map<Proposal, Mention> mentioned;  // found safe, or already objected to
  };

  void judge(Slot slot, const Ballot& ballot, ValueDigest value, std::string_view did,
             const HeardFact& heard, Objections& objections) {
    const Mention mention{did, slot, heard.event, heard.at, heard.node};
    Claims& claims = slots_[slot];
    const auto [known, is_new] = claims.mentioned.try_emplace({ballot, value}, mention);
    if (!is_new) return;

    // Ballots without votes, the highest of them just below this one.
    std::vector<NodeId> promised;
    std::vector<NodeId> others;
    for (const NodeId node : group_.nodes) {
      (promised_[node] >= ballot ? promised : others).push_back(node);
    }
    if (ballot != Ballot{} && is_quorum(slot, others)) {
      const std::string who = promised.empty() ? "no acceptor has"
                                               : "only " + to_text(promised) +
                                                     (promised.size() == 1 ? " has" : " have");
      objections.raise(property(), heard,
                       claim({ballot, value}, mention) + ", but " + who +
                           " promised that ballot: another value can still be chosen below it");
      return;
    }
    for (auto lower = claims.votes.lower_bound(ballot); lower != claims.votes.begin();) {
      --lower;
      if (const Choosable other = choosable_other(slot, lower->first, lower->second, value)) {
        return object(claim({ballot, value}, mention) + ", but " + other.sentence, other.witnesses,
                      heard, objections);
      }
      if (claims.mentioned.contains({lower->first, value})) return;
    }
  }

  void cast_vote(const SlotAccepted& accepted, const HeardFact& heard, Objections& objections) {
    Claims& claims = slots_[accepted.slot];
    std::vector<Vote>& votes = claims.votes[accepted.ballot];
    const Vote vote{heard.node, accepted.value, heard.event};
    const bool is_known = std::any_of(votes.begin(), votes.end(), [&](const Vote& other) {
      return other.acceptor == vote.acceptor && other.value == vote.value;
    });
    if (!is_known) votes.push_back(vote);
    Ballot& promised = promised_[heard.node];
    if (accepted.ballot >= promised) {
      promised = accepted.ballot;
      return;
    }
    const Proposal all_here{accepted.ballot, ValueDigest{~std::uint64_t{0}}};
    for (auto above = claims.mentioned.upper_bound(all_here); above != claims.mentioned.end();
         ++above) {
      const Choosable other =
          choosable_other(accepted.slot, accepted.ballot, votes, above->first.second);
      if (!other) continue;
      std::vector<EventId> witnesses = other.witnesses;
      witnesses.push_back(above->second.event);
      return object(claim(above->first, above->second) + ", but now " + other.sentence,
                    std::move(witnesses), heard, objections);
    }
  }

  void object(std::string sentence, std::vector<EventId> witnesses, const HeardFact& heard,
              Objections& objections) const {
    std::erase(witnesses, heard.event);
    std::sort(witnesses.begin(), witnesses.end());
    objections.raise(property(), heard, std::move(sentence), std::move(witnesses));
  }

  // How a value other than the one in question may have been chosen; no sentence if it cannot.
  struct Choosable {
    std::string sentence;
    std::vector<EventId> witnesses;
    explicit operator bool() const { return !sentence.empty(); }
  };

  Choosable choosable_other(Slot slot, const Ballot& ballot, const std::vector<Vote>& votes,
                            ValueDigest value) {
    std::vector<NodeId> free;  // to vote in this ballot still
    for (const NodeId node : group_.nodes) {
      const bool has_voted = std::any_of(votes.begin(), votes.end(),
                                         [&](const Vote& vote) { return vote.acceptor == node; });
      if (!has_voted && promised_[node] <= ballot) free.push_back(node);
    }
    for (const Vote& candidate : votes) {
      if (candidate.value == value) continue;
      Choosable found;
      std::vector<NodeId> voters;
      for (const Vote& vote : votes) {
        if (vote.value != candidate.value) continue;
        voters.push_back(vote.acceptor);
        found.witnesses.push_back(vote.event);
      }
      std::sort(voters.begin(), voters.end());
      const bool is_chosen = is_quorum(slot, voters);
      std::vector<NodeId> possible = voters;
      possible.insert(possible.end(), free.begin(), free.end());
      if (!is_quorum(slot, possible)) continue;
      found.sentence = to_text(candidate.value) +
                       (is_chosen ? " is chosen in ballot " : " can still be chosen in ballot ") +
                       to_text(ballot) + ": " + to_text(voters) + " accepted it";
      if (!is_chosen) {
        found.sentence += ", " + to_text(free) + " may yet";
      }
      return found;
    }
    return {};
  }

  // Of those who have a say in this slot: all members, unless it was changed.
  bool is_quorum(Slot slot, const std::vector<NodeId>& nodes) const {
    const auto later = configurations_.upper_bound(slot);
    if (later == configurations_.begin()) return group_.is_quorum(Phase::two, nodes);
    const std::uint64_t voters = std::prev(later)->second;
    std::size_t present = 0;
    for (const NodeId node : nodes) present += voters >> (node.value - 1) & 1;
    return present >= majority(static_cast<std::size_t>(std::popcount(voters)));
  }

  static std::string claim(const Proposal& proposal, const Mention& mention) {
    return to_text(mention.node) + std::string(mention.did) + to_text(proposal.second) +
           " in ballot " + to_text(proposal.first) + slot_words(mention.slot) + " at " +
           to_text(mention.at);
  }

  Group group_;
  PerNode<Ballot> promised_;  // the highest promised or accepted in
  SlotTable<Claims> slots_;
  std::map<Slot, std::uint64_t> configurations_;  // who has a say, by the slots from which on
};

}  // namespace

std::unique_ptr<Checker> make_votes_safe(const Group& group) {
  return std::make_unique<VotesSafe>(group);
}

}  // namespace ballast
