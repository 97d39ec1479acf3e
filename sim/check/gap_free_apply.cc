#include <algorithm>
#include <string>

#include "sim/check/paxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/slot_table.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class GapFreeApply final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<GapFreeApply>(*this); }
  std::string_view property() const override { return "gap_free_apply"; }
  FactMask interests() const override { return facts<Decided, Executed, Checkpointed>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* decided = std::get_if<Decided>(heard.fact)) {
      ValueDigest& value = decided_[decided->slot];
      if (!value) value = decided->value;
      return;
    }
    Node& node = nodes_[heard.node];
    if (const auto* checkpoint = std::get_if<Checkpointed>(heard.fact)) {
      if (checkpoint->taken_over) node.last = checkpoint->slot;
      node.furthest = std::max(node.furthest, node.last);
      return;
    }
    const Executed& executed = std::get<Executed>(*heard.fact);
    const std::string did = to_text(heard.node) + " executed slot " +
                            std::to_string(executed.slot.value) + " at " + to_text(heard.at);
    if (!is_next(node, executed.slot)) {
      const std::string before =
          node.last ? "the slot before was " + std::to_string(node.last.value)
                    : "it had executed none beyond " + std::to_string(node.furthest.value);
      objections.raise(property(), heard, did + ", although " + before);
    } else if (decided_[executed.slot] != executed.value) {
      const std::string known = decided_[executed.slot]
                                    ? to_text(decided_[executed.slot]) + " is decided there"
                                    : "nothing is decided there";
      objections.raise(property(), heard,
                       did + " as " + to_text(executed.value) + ", although " + known);
    }
    node.last = executed.slot;
    node.furthest = std::max(node.furthest, node.last);
  }

  void crashed(NodeId node, Time /*at*/) override { nodes_[node].last = {}; }

 private:
  struct Node {
    Slot last;      // executed in this life
    Slot furthest;  // in any life
  };

  // A restarted node goes on from a checkpoint, but from none beyond what it had executed.
  static bool is_next(const Node& node, Slot slot) {
    return node.last ? slot == node.last.next() : slot <= node.furthest.next();
  }

  SlotTable<ValueDigest> decided_;  // first, by anybody
  PerNode<Node> nodes_;
};

}  // namespace

std::unique_ptr<Checker> make_gap_free_apply(const Group& /*group*/) {
  return std::make_unique<GapFreeApply>();
}

}  // namespace ballast
