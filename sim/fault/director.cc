#include "sim/fault/director.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/base/assert.h"

namespace ballast {

Director::Director(std::vector<Fault> schedule, std::vector<Group> groups, std::uint64_t seed)
    : schedule_(std::move(schedule)),
      groups_(std::move(groups)),
      needs_leader_(schedule_.size()),
      struck_(schedule_.size()),
      unended_(schedule_.size()) {
  reseed(seed);
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Fault& fault = schedule_[i];
    if (fault.when) {
      lurking_.push_back({i, Ambush(*fault.when, fault.at)});
      sights_ |= lurking_.back().ambush.sights();
      facts_ |= lurking_.back().ambush.facts();
    } else if (fault.every) {
      push(saturating_add(fault.at, gap(i)), Step::begin, i);
    } else if (!fault.after) {
      push(fault.at, Step::begin, i);
    }
    FaultAction copy = fault.action;
    for_each_selector(copy, [&](const Selector& selector) {
      for (const Selector::Part& part : selector.parts) {
        if (part.node || !part.group.empty()) continue;
        if (part.role > Role::random) facts_ |= Standing::everything();
        if (part.role == Role::leader || part.role == Role::follower) needs_leader_[i] = true;
      }
    });
  }
}

// Each fault draws from a stream of its own, known by its time and its rank among those of that
// time: without the faults of other times it hits the same nodes.
void Director::reseed(std::uint64_t seed) {
  dice_.clear();
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Time at = schedule_[i].at;
    const auto rank =
        std::count_if(schedule_.begin(), schedule_.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const Fault& other) { return other.at == at; });
    dice_.emplace_back(seed, Purpose::fault,
                       mix(static_cast<std::uint64_t>(at.ns)) + static_cast<std::uint64_t>(rank));
  }
}

void Director::see(const Occurrence& seen, const World& world) {
  for (Lurking& lurking : lurking_) {
    if (lurking.ambush.see(seen, world, groups_, standing_)) sprung_.push_back(lurking.index);
  }
}

// Whether the fault will not strike any more.
bool Director::is_over(std::size_t index) const {
  const Fault& fault = schedule_[index];
  if (fault.every || (fault.when && fault.when->repeated)) return false;
  return struck_[index] > 0;
}

// Sets off the faults that come after this one.
void Director::follow(std::size_t index, FaultEnd point, Time now) {
  const std::string& id = schedule_[index].id;
  if (id.empty()) return;
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Fault& fault = schedule_[i];
    if (!fault.after || fault.after->fault != id || fault.after->point != point) continue;
    push(saturating_add(now, fault.delay), Step::begin, i);
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

void Director::act(World& world) {
  for (const std::size_t index : sprung_) {
    push(saturating_add(world.now(), schedule_[index].delay), Step::begin, index);
  }
  sprung_.clear();
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
  std::size_t still = 0;
  for (const Waiting waiting : waiting_) {
    // Patience first: whether anybody looked in between makes no difference.
    if (world.now() - waiting.since >= patience) {
      miss(waiting);
      count_ends(last_end_);
    } else if (!try_begin(waiting.index, world)) {
      waiting_[still++] = waiting;
    }
  }
  waiting_.resize(still);
}

void Director::freeze() {
  for (const Waiting& waiting : waiting_) miss(waiting);
  waiting_.clear();
  due_.clear();
  lurking_.clear();
  sprung_.clear();
}

// A strike that hit nobody.
void Director::miss(const Waiting& waiting) {
  Fault fault = schedule_[waiting.index];
  make_explicit(fault, waiting.since, waiting.index);
  fired_.push_back({std::move(fault), false});
  ++struck_[waiting.index];
}

// As an entry of its own in the schedule that is written back. The id stays with the first strike,
// for what follows it in vain.
void Director::make_explicit(Fault& fault, Time at, std::size_t index) const {
  fault.at = at;
  fault.every.reset();
  fault.when.reset();
  fault.after.reset();
  fault.delay = {};
  if (struck_[index] > 0) fault.id.clear();
}

void Director::give_up() {
  for (const Waiting& waiting : waiting_) miss(waiting);
  waiting_.clear();
  // What lay in wait in vain. A fault that recurs may well not have come up.
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Fault& fault = schedule_[i];
    if ((fault.when || fault.after) && struck_[i] == 0) fired_.push_back({fault, false});
  }
}

std::optional<Time> Director::healed_at() const {
  if (unended_ > 0) return std::nullopt;
  return last_end_;
}

void Director::count_ends(Time now) {
  std::size_t unended = 0;
  for (const Hold& hold : holds_) unended += !hold.ended;
  for (std::size_t i = 0; i < schedule_.size(); ++i) unended += !is_over(i);
  if (unended < unended_) last_end_ = now;
  unended_ = unended;
}

Duration Director::gap(std::size_t index) {
  return std::max(schedule_[index].every->at(dice_[index].next()), Fault::least_gap);
}

void Director::begin(std::size_t index, World& world) {
  const Fault& fault = schedule_[index];
  if (fault.every) {
    push(saturating_add(world.now(), gap(index)), Step::begin, index);
  }
  if (try_begin(index, world)) return;
  // What recurs has its next chance; what comes once waits for somebody to hit.
  if (fault.when && fault.when->repeated) return;
  waiting_.push_back({index, world.now()});
}

bool Director::try_begin(std::size_t index, World& world) {
  // What most wait for, and what they are asked after every event.
  if (needs_leader_[index] && !standing_.leader(groups_.front().nodes)) return false;
  Fault fault = schedule_[index];
  if (fault.after_event && world.last_event().value < *fault.after_event) return false;
  if (!resolve(fault.action, {world, groups_, standing_}, dice_[index])) return false;
  make_explicit(fault, world.now(), index);
  fault.after_event = world.last_event().value;
  if (!fault.lasts) fault.lasts = own_duration(fault.action);
  if (!bound_.admit(fault.action, groups_)) {
    fired_.push_back(
        {fault, false, false, "as many nodes as \"bounded\" allows were damaged already"});
    ++struck_[index];
    count_ends(last_end_);
    return true;
  }
  fired_.push_back({fault, true, leaves_model(fault.action)});
  ++struck_[index];
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
  follow(index, FaultEnd::start, world.now());
  if (holds_[self].ended) follow(index, FaultEnd::end, world.now());
  count_ends(world.now());
  return true;
}

void Director::wake(std::size_t index, World& world) {
  if (holds_[index].ended) return;
  Scene scene{world, groups_, holds_, index, dice_[origins_[index]]};
  const FaultAction action = holds_[index].action;
  const Wake again = std::visit([&](const auto& a) { return ballast::wake(a, scene); }, action);
  if (again) push(saturating_add(world.now(), *again), Step::wake, index);
  if (!holds_[index].ended) return;
  follow(origins_[index], FaultEnd::end, world.now());
  count_ends(world.now());
}

void Director::end(std::size_t index, World& world) {
  if (holds_[index].ended) return;  // by itself
  holds_[index].ended = true;
  Scene scene{world, groups_, holds_, index, dice_[origins_[index]]};
  const FaultAction action = holds_[index].action;
  std::visit([&](const auto& a) { ballast::end(a, scene); }, action);
  follow(origins_[index], FaultEnd::end, world.now());
  count_ends(world.now());
}

}  // namespace ballast
