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
    return facts<Appended, Truncated, Committed, SnapshotInstalled, Reconfigured>();
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
    } else if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      if (committed->index <= committed_) return;
      committed_ = committed->index;
      check(heard, objections);
    }
  }

 private:
  // Entries of one index and term have the same log before them: the last one speaks for all.
  void check(const HeardFact& heard, Objections& objections) {
    const Term term = logs_[heard.node].term_at(committed_);
    const bool by_majority = std::holds_alternative<quorum::Majority>(group_.quorums);
    std::size_t holders = 0;
    for (const NodeId node : group_.nodes) {
      holders += term && logs_[node].term_at(committed_) == term;
    }
    const bool enough = by_majority && holders >= majority(group_.nodes.size());
    if (enough && configurations_[heard.node].voters == 0) return;
    std::vector<NodeId> names;
    for (const NodeId node : group_.nodes) {
      if (term && logs_[node].term_at(committed_) == term) names.push_back(node);
    }
    if (!by_majority && group_.is_quorum(Phase::two, names)) return;
    if (is_quorum(names, configurations_[heard.node])) return;
    const std::string who = names.empty() ? "none" : "only " + to_text(names);
    objections.raise(property(), heard,
                     to_text(heard.node) + " stated entry " + std::to_string(committed_.value) +
                         " of term " + std::to_string(term.value) + " to be committed at " +
                         to_text(heard.at) + ", but " + who + " of " +
                         std::to_string(group_.nodes.size()) + " nodes " +
                         (names.size() > 1 ? "have" : "has") + " it on disk");
  }

  // By what the node that states the commitment has said of who has a say.
  static bool is_quorum(const std::vector<NodeId>& holders, const Reconfigured& configuration) {
    if (configuration.voters == 0) return false;
    const auto holds = [&](std::uint64_t voters) {
      std::size_t held = 0;
      for (const NodeId node : holders) held += voters >> (node.value - 1) & 1;
      const auto all = static_cast<std::size_t>(std::popcount(voters));
      return all == 0 || held >= majority(all);
    };
    return holds(configuration.voters) && holds(configuration.outgoing);
  }

  PerNode<Reconfigured> configurations_;
  Group group_;
  PerNode<ShadowLog> logs_;
  LogIndex committed_;
};

}  // namespace

std::unique_ptr<Checker> make_quorum_log(const Group& group) {
  return std::make_unique<QuorumLog>(group);
}

}  // namespace ballast
