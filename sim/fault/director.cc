#include "sim/fault/director.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/base/assert.h"

namespace ballast {

Director::Director(std::vector<Fault> schedule, std::vector<Group> groups, std::uint64_t seed)
    : schedule_(std::move(schedule)),
      groups_(std::move(groups)),
      to_come_(schedule_.size()),
      unended_(schedule_.size()) {
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Time at = schedule_[i].at;
    push(at, Step::begin, i);
    // Each fault draws from a stream of its own, known by its time and its rank among those of that
    // time: without the faults of other times it hits the same nodes.
    const auto rank =
        std::count_if(schedule_.begin(), schedule_.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const Fault& other) { return other.at == at; });
    dice_.emplace_back(seed, Purpose::fault,
                       mix(static_cast<std::uint64_t>(at.ns)) + static_cast<std::uint64_t>(rank));
  }
}

void Director::push(Time at, Step step, std::size_t index) {
  const Due due{at, next_order_++, step, index};
  const auto place =
      std::lower_bound(due_.begin(), due_.end(), due, [](const Due& a, const Due& b) {
        return std::tuple(a.at, a.step, a.order) > std::tuple(b.at, b.step, b.order);
      });
  due_.insert(place, due);
}

Time Director::next_at() const { return due_.empty() ? Time::max() : due_.back().at; }

void Director::act(World& world) {
  while (!due_.empty() && due_.back().at <= world.now()) {
    const Due due = due_.back();
    due_.pop_back();
    switch (due.step) {
      case Step::begin:
        begin(due.index, world);
        break;
      case Step::wake:
        wake(due.index, world);
        break;
      case Step::end:
        end(due.index, world);
        break;
    }
  }
  try_waiting(world);
}

void Director::try_waiting(World& world) {
  std::vector<std::size_t> still;
  for (const std::size_t index : waiting_) {
    // Patience first: whether anybody looked in between makes no difference.
    if (world.now() - schedule_[index].at >= patience) {
      fired_.push_back({schedule_[index], false, false, {}});
      --to_come_;
      count_ends(last_end_);
    } else if (!try_begin(index, world)) {
      still.push_back(index);
    }
  }
  waiting_ = std::move(still);
}

void Director::give_up() {
  for (const std::size_t index : waiting_) {
    fired_.push_back({schedule_[index], false, false, {}});
  }
  waiting_.clear();
}

std::optional<Time> Director::healed_at() const {
  if (unended_ > 0) return std::nullopt;
  return last_end_;
}

void Director::count_ends(Time now) {
  const auto holding = static_cast<std::size_t>(
      std::count_if(holds_.begin(), holds_.end(), [](const Hold& hold) { return !hold.ended; }));
  if (to_come_ + holding < unended_) last_end_ = now;
  unended_ = to_come_ + holding;
}

void Director::begin(std::size_t index, World& world) {
  if (!try_begin(index, world)) waiting_.push_back(index);
}

bool Director::try_begin(std::size_t index, World& world) {
  Fault fault = schedule_[index];
  if (fault.after_event && world.last_event().value < *fault.after_event) return false;
  if (!resolve(fault.action, {world, groups_, standing_}, dice_[index])) return false;
  if (!bound_.admit(fault.action, groups_)) {
    fired_.push_back({schedule_[index], false, false,
                      "as many nodes as \"bounded\" allows were damaged already"});
    --to_come_;
    count_ends(last_end_);
    return true;
  }
  fault.at = world.now();
  fault.after_event = world.last_event().value;
  fired_.push_back({fault, true, leaves_model(fault.action), {}});
  --to_come_;
  const std::size_t self = holds_.size();
  Hold& hold = holds_.emplace_back();
  origins_.push_back(index);
  hold.action = fault.action;
  hold.since = world.now();
  hold.ends = fault.lasts.has_value();
  Scene scene{world, groups_, holds_, self, dice_[index]};
  const Wake again =
      std::visit([&](const auto& a) { return ballast::begin(a, scene); }, fault.action);
  if (fault.lasts) {
    push(saturating_add(world.now(), *fault.lasts), Step::end, self);
  } else if (!has_duration(fault.action)) {
    holds_[self].ended = true;
  }
  if (again) push(saturating_add(world.now(), *again), Step::wake, self);
  count_ends(world.now());
  return true;
}

void Director::wake(std::size_t index, World& world) {
  if (holds_[index].ended) return;
  Scene scene{world, groups_, holds_, index, dice_[origins_[index]]};
  const FaultAction action = holds_[index].action;
  const Wake again = std::visit([&](const auto& a) { return ballast::wake(a, scene); }, action);
  if (again) push(saturating_add(world.now(), *again), Step::wake, index);
  count_ends(world.now());
}

void Director::end(std::size_t index, World& world) {
  holds_[index].ended = true;
  Scene scene{world, groups_, holds_, index, dice_[origins_[index]]};
  const FaultAction action = holds_[index].action;
  std::visit([&](const auto& a) { ballast::end(a, scene); }, action);
  count_ends(world.now());
}

}  // namespace ballast
