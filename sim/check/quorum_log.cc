#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "sim/check/raft_checks.h"
#include "sim/check/shadow_log.h"
#include "sim/check/words.h"
#include "sim/protocol/quorum.h"

namespace ballast {
namespace {

class QuorumLog final : public Checker {
 public:
  explicit QuorumLog(Group group) : group_(std::move(group)) {}

  std::unique_ptr<Checker> clone() const override { return std::make_unique<QuorumLog>(*this); }
  std::string_view property() const override { return "quorum_log"; }
  FactMask interests() const override {
    return facts<Appended, Truncated, Committed, SnapshotInstalled, Reconfigured, Elected>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      logs_[heard.node].append(appended->index, appended->term);
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      logs_[heard.node].truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      // Whoever sent it knew it to be committed: it is never newer than what is compared below.
      logs_[heard.node].install(installed->index, installed->term);
    } else if (const auto* reconfigured = std::get_if<Reconfigured>(heard.fact)) {
      configurations_[heard.node] = *reconfigured;
    } else if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      leads_[heard.node] = elected->term;
    } else if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      if (committed->index > committed_) check(*committed, heard, objections);
    }
  }

 private:
  // Entries of one index and term have the same log before them: the last one speaks for all.
  void check(const Committed& committed, const HeardFact& heard, Objections& objections) {
    const Term term = logs_[heard.node].term_at(committed.index);
    const auto has_it = [&](NodeId node) {
      return term && logs_[node].term_at(committed.index) == term;
    };
    const Reconfigured& configuration = configurations_[heard.node];
    std::size_t count = 0;
    for (const NodeId node : group_.nodes) count += has_it(node);
    if (by_majority() && configuration.voters == 0 && count >= majority(group_.nodes.size())) {
      committed_ = committed.index;
      return;
    }
    std::vector<NodeId> names;
    std::vector<NodeId> others;
    for (const NodeId node : group_.nodes) (has_it(node) ? names : others).push_back(node);
    const bool holds = is_quorum(names, configuration);
    // The leader counts by the configuration that it has itself, which may be one change beyond
    // what a follower has heard of, and what the leader's own disk has. Of a follower's quorums
    // each has to meet the holders, no more, as in QuorumLogInv; the leader's own word comes later.
    const bool leads = leads_[heard.node] == committed.term;
    if (!holds && !leads && by_majority() && !is_quorum(others, configuration)) return;
    committed_ = committed.index;
    if (!holds) object(committed.index, term, names, heard, objections);
  }

  void object(LogIndex index, Term term, const std::vector<NodeId>& names, const HeardFact& heard,
              Objections& objections) const {
    const std::string who = names.empty() ? "none" : "only " + to_text(names);
    objections.raise(property(), heard,
                     to_text(heard.node) + " stated entry " + std::to_string(index.value) +
                         " of term " + std::to_string(term.value) + " to be committed at " +
                         to_text(heard.at) + ", but " + who + " of " +
                         std::to_string(group_.nodes.size()) + " nodes " +
                         (names.size() > 1 ? "have" : "has") + " it on disk");
  }

  bool by_majority() const { return std::holds_alternative<quorum::Majority>(group_.quorums); }

  // By what a node has said of who has a say.
  bool is_quorum(const std::vector<NodeId>& some, const Reconfigured& configuration) const {
    const bool of_group = group_.is_quorum(Phase::two, some);
    if (configuration.voters == 0 || (of_group && !by_majority())) return of_group;
    const auto has_majority = [&](std::uint64_t voters) {
      std::size_t count = 0;
      for (const NodeId node : some) count += voters >> (node.value - 1) & 1;
      const auto all = static_cast<std::size_t>(std::popcount(voters));
      return all == 0 || count >= majority(all);
    };
    return has_majority(configuration.voters) && has_majority(configuration.outgoing);
  }

  PerNode<Reconfigured> configurations_;
  PerNode<Term> leads_;  // in which it was elected last
  Group group_;
  PerNode<ShadowLog> logs_;
  LogIndex committed_;
};

}  // namespace

std::unique_ptr<Checker> make_quorum_log(const Group& group) {
  return std::make_unique<QuorumLog>(group);
}

}  // namespace ballast
