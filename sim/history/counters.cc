// Sums that nobody can have read from a counter.
#include <algorithm>

#include "sim/history/direct.h"

namespace ballast::history {
namespace {

struct Sums {
  Word raised = 0;   // by positive additions
  Word lowered = 0;  // by negative ones

  void add(Word amount) { (amount < 0 ? lowered : raised) += amount; }
};

// What the reads that are over say of later ones. Of what is added between the effects of two
// reads, all counts that began after the return of the earlier and was over at the call of the
// later; what was not over at the call of the earlier and began before the return of the later may
// count. Positive additions make no sum smaller, and negative ones none larger.
class Bounds {
 public:
  // A read is over that began when `over` was and returns when `begun` is.
  void saw(Word sum, const Sums& over, const Sums& begun) {
    least_ = std::max(least_, sum - over.lowered);
    least_raised_ = std::max(least_raised_, sum - over.lowered - begun.raised);
    most_ = std::min(most_, sum - over.raised);
    most_lowered_ = std::min(most_lowered_, sum - over.raised - begun.lowered);
  }
  // Whether a read from here on can see the sum; one that began when `over` was, and so on.
  bool allow(Word sum, const Sums& over, const Sums& begun) const {
    return sum >= std::max(least_, least_raised_ + over.raised) + begun.lowered &&
           sum <= std::min(most_, most_lowered_ + over.lowered) + begun.raised;
  }

 private:
  // Before anything is added the sum is 0.
  Word least_ = 0;
  Word least_raised_ = 0;  // to which is added what raised the sum since
  Word most_ = 0;
  Word most_lowered_ = 0;
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
  // By read: what was over when it began, and what earlier reads say of the sum.
  std::vector<Sums> over_before(object.steps.size());
  std::vector<Bounds> bounds_before(object.steps.size());
  Sums over;
  Sums begun;
  Bounds bounds;
  for (const Event& event : object.events) {
    const Operation& op = history.operations[object.steps[event.step].operation];
    if (op.action == Action::add) {
      (event.is_return ? over : begun).add(op.argument);
    } else if (!event.is_return) {
      over_before[event.step] = over;
      bounds_before[event.step] = bounds;
    } else {
      const Word seen = op.result == nil ? 0 : op.result;
      const Sums& before = over_before[event.step];
      if (!bounds_before[event.step].allow(seen, before, begun)) {
        return Direct::no({object.steps[event.step].operation});
      }
      bounds.saw(seen, before, begun);
    }
  }
  return {};
}

}  // namespace ballast::history
