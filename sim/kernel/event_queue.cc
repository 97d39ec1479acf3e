#include "sim/kernel/event_queue.h"

#include <algorithm>
#include <span>

namespace ballast {

// Too many events are near: the later ones go to the wheel, and with them the new entry if it is
// one of those.
void EventQueue::spill(Pending entry) {
  near_.copy_to(run_);
  const auto kept = run_.begin() + tournament_share;
  std::nth_element(run_.begin(), kept - 1, run_.end());
  const Pending bound = kept[-1];
  if (wheel_.size() == 0) wheel_.set_base({static_cast<std::uint64_t>(now_.ns), 0, 0});
  if (bound < wheel_.base()) {
    // The wheel was made ready for what then was the first event, and earlier ones have been pushed
    // since. It cannot turn back; the tournament carries them all.
    near_.assign(run_);
    crowd_ = 2 * near_.size();
  } else {
    bound_ = bound;
    for (auto later = kept; later != run_.end(); ++later) wheel_.put(*later);
    near_.assign(std::span(run_).first(tournament_share));
    crowd_ = tournament_limit;
  }
  run_.clear();
  if (bound_ < entry) {
    wheel_.put(entry);
  } else {
    near_.push(entry);
  }
}

// Nothing is near any more: the next run comes out of the wheel, or all of it if that is little.
void EventQueue::refill() {
  SIM_ASSERT(wheel_.size() > 0, "an event is taken from a queue that holds one");
  run_.clear();
  crowd_ = tournament_limit;
  if (wheel_.size() <= tournament_share) {
    wheel_.take_all(run_);
    near_.assign(run_);
    run_.clear();
    bound_ = Pending::never();
  } else {
    near_.assign({});
    // A run that held much of what is pending would see many pushes fall into its time.
    const std::size_t most = std::clamp(wheel_.size() / 8, shortest_run_limit, longest_run_limit);
    bound_ = wheel_.take(run_, most);
    std::reverse(run_.begin(), run_.end());
  }
}

}  // namespace ballast
