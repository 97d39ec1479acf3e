#include <string>

#include "sim/base/text.h"
#include "sim/check/raft_checks.h"
#include "sim/check/shadow_log.h"

namespace ballast {
namespace {

class MonoLog final : public Checker {
 public:
  std::unique_ptr<Checker> clone() const override { return std::make_unique<MonoLog>(*this); }
  std::string_view property() const override { return "mono_log"; }
  FactMask interests() const override { return facts<Appended, Truncated, SnapshotInstalled>(); }

  void hear(const HeardFact& heard, Objections& objections) override {
    ShadowLog& log = logs_[heard.node];
    if (const auto* appended = std::get_if<Appended>(heard.fact)) {
      const Term before = log.term_at(appended->index.previous());
      log.append(appended->index, appended->term);
      if (appended->term >= before) return;
      objections.raise(property(), heard,
                       to_text(heard.node) + " appended entry " +
                           std::to_string(appended->index.value) + " of term " +
                           std::to_string(appended->term.value) + " at " + to_text(heard.at) +
                           ", behind one of term " + std::to_string(before.value));
    } else if (const auto* truncated = std::get_if<Truncated>(heard.fact)) {
      log.truncate(truncated->last_kept);
    } else if (const auto* installed = std::get_if<SnapshotInstalled>(heard.fact)) {
      log.install(installed->index, installed->term);
    }
  }

 private:
  PerNode<ShadowLog> logs_;
};

}  // namespace

std::unique_ptr<Checker> make_mono_log(const Group& /*group*/) {
  return std::make_unique<MonoLog>();
}

}  // namespace ballast
