#include <algorithm>
#include <string>

#include "sim/base/text.h"
#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class LeaderAppendOnly final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<LeaderAppendOnly>(*this);
  }
  std::string_view property() const override { return "leader_append_only"; }
  FactMask interests() const override {
    return facts<Elected, SteppedDown, TermStarted, Appended, Truncated, SnapshotInstalled>();
  }

  void hear(const HeardFact& heard, Objections& objections) override {
    Node& node = nodes_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      if (node.leads && appended->index <= node.last_index) {
        object(node, heard, "overwrote entry " + std::to_string(appended->index.value), objections);
      }
      node.last_index = appended->index;
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      if (node.leads) {
        object(node, heard,
               "removed what followed entry " + std::to_string(truncated->last_kept.value),
               objections);
      }
      node.last_index = std::min(node.last_index, truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      if (node.leads) object(node, heard, "put a snapshot in the place", objections);
      node.last_index = installed->index;
    } else if (const auto* elected = std::get_if<Elected>(heard.fact)) {
      node.leads = true;
      node.term = elected->term;
      node.elected_in = heard.event;
    } else {
      node.leads = false;  // it stepped down, or its term is over
    }
  }

  void crashed(NodeId node, Time /*at*/) override { nodes_[node].leads = false; }

 private:
  struct Node {
    LogIndex last_index;
    bool leads = false;
    Term term;
    EventId elected_in;
  };

  void object(const Node& node, const HeardFact& heard, const std::string& deed,
              Objections& objections) const {
    objections.raise(property(), heard,
                     to_text(heard.node) + ", leader of term " + std::to_string(node.term.value) +
                         ", " + deed + " of its own log at " + to_text(heard.at) +
                         ", when the log ended at " + std::to_string(node.last_index.value),
                     {node.elected_in});
  }

  PerNode<Node> nodes_;
};

}  // namespace

std::unique_ptr<Checker> make_leader_append_only(const Group& /*group*/) {
  return std::make_unique<LeaderAppendOnly>();
}

}  // namespace ballast
