#include <map>

#include "sim/check/epaxos_checks.h"
#include "sim/check/words.h"

namespace ballast {
namespace {

class Consistency final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<Consistency>(*this); }
  std::string_view property() const override { return "consistency"; }
  FactMask interests() const override { return facts<InstanceCommitted>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    const InstanceCommitted& committed = std::get<InstanceCommitted>(*heard.fact);
    const First now{committed.value, committed.attributes, heard.event, heard.at, heard.node};
    const auto [found, is_new] = first_.try_emplace(committed.instance, now);
    const First& first = found->second;
    const bool same_command = first.value == now.value;
    if (is_new || (same_command && first.attributes == now.attributes)) [[likely]]
      return;
    const std::string what = same_command ? "one command has different attributes in "
                                          : "two commands are committed in ";
    objections.raise(property(), heard,
                     what + to_text(committed.instance) + ": " + claim(first, same_command) + ", " +
                         claim(now, same_command),
                     {first.event});
  }

 private:
  // The first commitment of an instance.
  struct First {
    ValueDigest value;
    std::uint64_t attributes = 0;
    EventId event;
    Time at;
    NodeId node;
  };

  static std::string claim(const First& made, bool same_command) {
    const std::string what = same_command
                                 ? "it with attributes " + to_text(ValueDigest{made.attributes})
                                 : command_text(made.value);
    return to_text(made.node) + " committed " + what + " at " + to_text(made.at);
  }

  std::map<Instance, First> first_;
};

}  // namespace

std::unique_ptr<Checker> make_consistency(const Group& /*group*/) {
  return std::make_unique<Consistency>();
}

}  // namespace ballast
