#include <algorithm>
#include <string>

#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class StateMachineSafety final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<StateMachineSafety>(*this);
  }
  std::string_view property() const override { return "state_machine_safety"; }
  FactMask interests() const override { return facts<Decided, Committed, SnapshotInstalled>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    Node& node = nodes_[heard.node];
    if (const auto* committed = std::get_if<Committed>(heard.fact)) {
      node.committed = committed->index.value;
      return;
    }
    if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      node.committed = std::max(node.committed, installed->index.value);
      node.applied = std::max(node.applied, installed->index.value);
      node.furthest = std::max(node.furthest, node.applied);
      return;
    }
    const Decided& decided = std::get<Decided>(*heard.fact);
    check_value(decided, heard, objections);
    // Only a node that has a commit index says that its decisions are the entries up to there.
    if (node.committed > 0 && !is_due(node, decided.slot.value)) [[unlikely]] {
      object_to_order(node, decided.slot.value, heard, objections);
    }
    node.applied = decided.slot.value;
    node.furthest = std::max(node.furthest, node.applied);
  }

  void crashed(NodeId node, Time /*at*/) override {
    nodes_[node].committed = 0;
    nodes_[node].applied = 0;
  }

 private:
  struct First {  // to apply an entry at some index; no event, none yet
    ValueDigest value;
    EventId event;
    Time at;
    NodeId node;
  };
  struct Node {
    std::uint64_t committed = 0;  // in this life
    std::uint64_t applied = 0;    // last in this life
    std::uint64_t furthest = 0;   // in any life
  };

  void check_value(const Decided& decided, const HeardFact& heard, Objections& objections) {
    First& first = first_[decided.slot];
    if (!first.event) {
      first = {decided.value, heard.event, heard.at, heard.node};
    } else if (first.value != decided.value) [[unlikely]] {
      object_to_value(first, decided, heard, objections);
    }
  }
  void object_to_value(const First& first, const Decided& decided, const HeardFact& heard,
                       Objections& objections) const {
    objections.raise(property(), heard,
                     "two entries are applied at index " + std::to_string(decided.slot.value) +
                         ": " + to_text(first.node) + " applied " + to_text(first.value) + " at " +
                         to_text(first.at) + ", " + to_text(heard.node) + " applied " +
                         to_text(decided.value) + " at " + to_text(heard.at),
                     {first.event});
  }

  // A restarted node may begin where it kept its state, but not beyond what it had applied.
  static bool is_next(const Node& node, std::uint64_t index) {
    return node.applied > 0 ? index == node.applied + 1 : index <= node.furthest + 1;
  }
  static bool is_due(const Node& node, std::uint64_t index) {
    return is_next(node, index) && index <= node.committed;
  }

  void object_to_order(const Node& node, std::uint64_t index, const HeardFact& heard,
                       Objections& objections) const {
    const std::string expected =
        is_next(node, index) ? "its commit index is " + std::to_string(node.committed)
        : node.applied > 0   ? "the last entry it applied is " + std::to_string(node.applied)
                             : "it has applied none in this life and none beyond " +
                                 std::to_string(node.furthest) + " before";
    objections.raise(property(), heard,
                     to_text(heard.node) + " applied entry " + std::to_string(index) + " at " +
                         to_text(heard.at) + ", although " + expected);
  }

  SlotTable<First> first_;
  PerNode<Node> nodes_;
};

}  // namespace

std::unique_ptr<Checker> make_state_machine_safety(const Group& /*group*/) {
  return std::make_unique<StateMachineSafety>();
}

}  // namespace ballast
