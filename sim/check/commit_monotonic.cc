#include <string>

#include "sim/base/text.h"
#include "sim/check/per_node.h"
#include "sim/check/raft_checks.h"

namespace ballast {
namespace {

class CommitMonotonic final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<CommitMonotonic>(*this);
  }
  std::string_view property() const override { return "commit_monotonic"; }
  FactMask interests() const override { return facts<Committed>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const LogIndex index = std::get<Committed>(*heard.fact).index;
    Latest& latest = latest_[heard.node];
    if (index < latest.index) [[unlikely]] {
      objections.raise(property(), heard,
                       "the commit index of " + to_text(heard.node) + " fell from " +
                           std::to_string(latest.index.value) + " (at " + to_text(latest.at) +
                           ") to " + std::to_string(index.value) + " (at " + to_text(heard.at) +
                           ")",
                       {latest.event});
    }
    latest = {index, heard.event, heard.at};
  }

  // The commit index is volatile: after a restart it is learnt anew.
  void crashed(NodeId node, Time /*at*/) override { latest_[node] = {}; }

 private:
  struct Latest {
    LogIndex index;
    EventId event;
    Time at;
  };
  PerNode<Latest> latest_;
};

}  // namespace

std::unique_ptr<Checker> make_commit_monotonic(const Group& /*group*/) {
  return std::make_unique<CommitMonotonic>();
}

}  // namespace ballast
