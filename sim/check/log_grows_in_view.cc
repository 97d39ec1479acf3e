#include <algorithm>
#include <string>

#include "sim/check/replica_logs.h"
#include "sim/check/viewstamped_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class LogGrowsInView final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<LogGrowsInView>(*this);
  }
  std::string_view property() const override { return "log_grows_in_view"; }
  FactMask interests() const override { return ReplicaLogs::interests() | facts<ViewEntered>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    Node& node = nodes_[heard.node];
    const auto* cut = std::get_if<LogCut>(heard.fact);
    if (cut != nullptr && cut->view && !cut->taken_over) check_cut(*cut, node, heard, objections);
    logs_.hear(heard);
    if (const auto* logged = std::get_if<Logged>(heard.fact)) {
      if (logged->view == node.view) node.furthest = std::max(node.furthest, logged->slot);
    } else if (const auto* entered = std::get_if<ViewEntered>(heard.fact)) {
      const Slot last = logs_.of(heard.node).last();
      if (entered->view == node.view && last < node.furthest) [[unlikely]] {
        objections.raise(property(), heard,
                         to_text(heard.node) + " is back in view " +
                             std::to_string(node.view.value) + " at " + to_text(heard.at) +
                             " with a log that ends at slot " + std::to_string(last.value) +
                             ", but had one up to slot " + std::to_string(node.furthest.value) +
                             " in this view");
      }
      node = {entered->view, last};
    }
  }

 private:
  struct Node {
    Term view;      // in which it is, or was last
    Slot furthest;  // where its log ended in this view, at most
  };

  void check_cut(const LogCut& cut, const Node& node, const HeardFact& heard,
                 Objections& objections) {
    const std::string did = to_text(heard.node) + " in view " + std::to_string(node.view.value) +
                            " removed everything after slot " +
                            std::to_string(cut.last_kept.value) + " at " + to_text(heard.at);
    const ReplicaLog& log = logs_.of(heard.node);
    const Slot next = cut.last_kept.next();
    const ReplicaLogs::Mark* mark = logs_.committed_by(node.view);
    if (cut.view == node.view) {
      objections.raise(property(), heard, did + ", although the view is still the same");
    } else if (mark != nullptr && next <= mark->slot && log.digest(next) != 0 &&
               log.digest(next) == logs_.committed().digest(next)) {
      objections.raise(property(), heard,
                       did + ", although everything up to slot " +
                           std::to_string(mark->slot.value) + " was committed in view " +
                           std::to_string(mark->view.value) + " (" + to_text(mark->node) + " at " +
                           to_text(mark->at) + ")",
                       {mark->event});
    }
  }

  ReplicaLogs logs_;
  PerNode<Node> nodes_;
};

}  // namespace

std::unique_ptr<Checker> make_log_grows_in_view(const Group& /*group*/) {
  return std::make_unique<LogGrowsInView>();
}

}  // namespace ballast
