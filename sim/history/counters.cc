// Sums that nobody can have read from a counter.
#include "sim/history/direct.h"

namespace ballast::history {
namespace {

struct Sums {
  Word raised = 0;   // by positive additions
  Word lowered = 0;  // by negative ones

  void add(Word amount) { (amount < 0 ? lowered : raised) += amount; }
};

// Whether all sums stay where they can be told apart.
bool is_small(const History& history, const std::vector<std::uint32_t>& operations) {
  std::uint64_t magnitude = 0;
  for (const std::uint32_t index : operations) {
    const Operation& op = history.operations[index];
    if (op.action != Action::add) continue;
    magnitude += static_cast<std::uint64_t>(op.argument < 0 ? -op.argument : op.argument);
    if (magnitude > static_cast<std::uint64_t>(Values::most_integer)) return false;
  }
  return true;
}

}  // namespace

Direct refute_counter(const History& history, const std::vector<std::uint32_t>& operations) {
  if (!is_small(history, operations)) return {};
  const Object object = make_object(history, operations);
  std::vector<Sums> over_before(object.steps.size());  // by read: additions over when it began
  Sums over;
  Sums begun;
  for (const Event& event : object.events) {
    const Operation& op = history.operations[object.steps[event.step].operation];
    if (op.action == Action::add) {
      (event.is_return ? over : begun).add(op.argument);
    } else if (!event.is_return) {
      over_before[event.step] = over;
    } else {
      // What was over counts; of what began by the end of the read, anything may.
      const Sums& before = over_before[event.step];
      const Word seen = op.result == nil ? 0 : op.result;
      const bool possible =
          seen >= before.raised + begun.lowered && seen <= before.lowered + begun.raised;
      if (!possible) return {Answer::no, {}};
    }
  }
  return {};
}

}  // namespace ballast::history
