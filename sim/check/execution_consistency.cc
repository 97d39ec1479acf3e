#include <cstddef>
#include <map>
#include <vector>

#include "sim/check/epaxos_checks.h"
#include "sim/check/per_node.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

// For each key, changes have one order, and each read one place among them. Whoever is the first to
// execute something says what these are.
class ExecutionConsistency final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override {
    return std::make_unique<ExecutionConsistency>(*this);
  }
  std::string_view property() const override { return "execution_consistency"; }
  FactMask interests() const override { return facts<InstanceCommitted, InstanceExecuted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    if (const auto* committed = std::get_if<InstanceCommitted>(heard.fact)) {
      committed_.try_emplace(committed->instance, committed->value);
      return;
    }
    const InstanceExecuted& executed = std::get<InstanceExecuted>(*heard.fact);
    const auto known = committed_.find(executed.instance);
    if (known == committed_.end() || known->second != executed.value) [[unlikely]] {
      objections.raise(
          property(), heard,
          to_text(heard.node) + " executed " + to_text(executed.instance) + " at " +
              to_text(heard.at) + " as " + to_text(executed.value) +
              (known == committed_.end()
                   ? ", when nobody had committed it"
                   : ", although " + command_text(known->second) + " is committed there"));
      return;
    }
    (executed.reads ? judge_read(executed, heard, objections)
                    : judge_change(executed, heard, objections));
  }

  void crashed(NodeId node, Time /*at*/) override { changes_[node] = {}; }

 private:
  struct Deed {
    Instance instance;
    std::size_t changes = 0;  // of its key before it
    EventId event;
    Time at;
    NodeId node;
  };
  struct Key {
    std::vector<Deed> changes;
    std::map<Instance, Deed> reads;
  };

  void judge_change(const InstanceExecuted& executed, const HeardFact& heard,
                    Objections& objections) {
    std::vector<Deed>& order = keys_[executed.key].changes;
    std::size_t& before = changes_[heard.node][executed.key];
    const Deed deed{executed.instance, before, heard.event, heard.at, heard.node};
    if (before == order.size()) {
      order.push_back(deed);
    } else if (order[before].instance != executed.instance) [[unlikely]] {
      object(executed, order[before], deed, heard, objections);
    }
    ++before;
  }

  void judge_read(const InstanceExecuted& executed, const HeardFact& heard,
                  Objections& objections) {
    const Deed deed{executed.instance, changes_[heard.node][executed.key], heard.event, heard.at,
                    heard.node};
    const auto [first, is_new] = keys_[executed.key].reads.try_emplace(executed.instance, deed);
    if (is_new || first->second.changes == deed.changes) [[likely]]
      return;
    object(executed, first->second, deed, heard, objections);
  }

  void object(const InstanceExecuted& executed, const Deed& first, const Deed& second,
              const HeardFact& heard, Objections& objections) const {
    objections.raise(property(), heard,
                     "two orders for key " + std::to_string(executed.key) + ": " + claim(first) +
                         ", " + claim(second),
                     {first.event});
  }
  static std::string claim(const Deed& deed) {
    return to_text(deed.node) + " executed " + to_text(deed.instance) + " at " + to_text(deed.at) +
           " after " + std::to_string(deed.changes) +
           (deed.changes == 1 ? " change of it" : " changes of it");
  }

  std::map<Instance, ValueDigest> committed_;
  std::map<std::uint64_t, Key> keys_;
  PerNode<std::map<std::uint64_t, std::size_t>> changes_;  // executed in this life, by key
};

}  // namespace

std::unique_ptr<Checker> make_execution_consistency(const Group& /*group*/) {
  return std::make_unique<ExecutionConsistency>();
}

}  // namespace ballast
