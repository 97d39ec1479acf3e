// An invariant that looks right and is false: etcd's MCetcdraft.tla keeps it under the name
// VotesGrantedInv, to show that it is. "Votes are only ever granted to servers with logs that are
// at least as up to date": so what a voter knows to be committed should be in the log of the
// candidate that it votes for, as long as both are in that term. It is true when the vote is
// granted. But the candidate may lose, and its voter then learns of a commitment of the term's
// leader that the loser knows nothing of. A check that held algorithms to it would accuse correct
// ones, and must not be among the checks.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "algorithms/consensus/raft.h"
#include "sim/check/raft_checks.h"
#include "tests/support/ordeal.h"

using namespace ballast;

namespace {

class VotesGranted final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<VotesGranted>(*this); }
  std::string_view property() const override { return "votes_granted"; }
  FactMask interests() const override {
    return facts<TermStarted, VoteGranted, Appended, Truncated, Committed>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    Node& node = nodes_[heard.node];
    if (const auto* started = std::get_if<TermStarted>(heard.fact)) {
      node.term = started->term;
    } else if (const auto* vote = std::get_if<VoteGranted>(heard.fact)) {
      node.voted = *vote;
    } else if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      node.last_index = appended->index;
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      node.last_index = truncated->last_kept;
    } else if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      node.committed = committed->index;
    }
    if (node.voted.term != node.term || node.voted.candidate == heard.node) return;
    const Node& candidate = nodes_[node.voted.candidate];
    if (candidate.term == node.term && candidate.last_index < node.committed) {
      objections.raise(property(), heard, "a voter knows of more than its candidate holds");
    }
  }

 private:
  struct Node {
    Term term;
    VoteGranted voted;
    LogIndex last_index;
    LogIndex committed;
  };
  std::map<NodeId, Node> nodes_;
};

Request some_request(std::uint64_t number, Stream& random) {
  return {{NodeId{99}, 1, number},
          {Operation::write, random.below(3), static_cast<std::int64_t>(number), 0, 0}};
}

Ordeal<Raft>::Settings settings(std::uint64_t seed) {
  Ordeal<Raft>::Settings all;
  all.seed = seed;
  all.nodes = 5;
  all.checkers = {
      [](const Group&) -> std::unique_ptr<Checker> { return std::make_unique<VotesGranted>(); }};
  all.request = some_request;
  return all;
}

}  // namespace

TEST_CASE("VotesGrantedInv is false of correct Raft, and no check") {
  CHECK(first_broken<Raft>(settings, 2'000'000) == "votes_granted");
  CHECK(std::none_of(checks().begin(), checks().end(), [](const CheckInfo& check) {
    return check.name == "votes_granted" || check.name == "votes_granted_inv";
  }));
}
