// What holds of a node until it is lifted, see condition.h.
#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/kernel/world.h"

namespace ballast {

namespace {

std::string_view name_of_kind(const NodeCondition& what) {
  return std::visit([](const auto& held) { return std::string_view(held.name); }, what);
}

// So that an intensity of zero is no fault at all, to the last bit of the fingerprint.
bool changes_nothing(const NodeCondition& what) {
  if (const auto* slow = std::get_if<condition::SlowSteps>(&what)) {
    return slow->service.max() == Duration{};
  }
  if (const auto* timers = std::get_if<condition::LateTimers>(&what)) {
    return timers->late.max() == Duration{};
  }
  if (const auto* pace = std::get_if<condition::Pace>(&what)) return pace->factor == Ratio{1, 1};
  if (const auto* twice = std::get_if<condition::DoubleSubmit>(&what)) {
    return twice->share.is_zero();
  }
  return false;
}

// Slow flushes show in the time that flushes take, and drift in the clock that is set; neither is
// an event by itself.
bool is_silent(const NodeCondition& what) {
  return std::holds_alternative<condition::SlowFlush>(what) ||
         std::holds_alternative<condition::Drift>(what);
}

}  // namespace

template <class C>
World::Imposed* World::newest(Node& node) {
  if (!holds<C>(node)) return nullptr;
  const auto found =
      std::find_if(node.conditions.rbegin(), node.conditions.rend(),
                   [](const Imposed& each) { return std::holds_alternative<C>(each.what); });
  return &*found;
}

// Known by the instant, the node and what it is for: the same in a replay, and whatever else there
// is at other times and nodes.
Stream World::draws_of(Purpose purpose, NodeId node, std::uint64_t more) const {
  const std::uint64_t instant = mix(static_cast<std::uint64_t>(now_.ns));
  return {seed_, purpose, mix(instant + node.value) + more};
}

ConditionId World::impose(NodeId id, NodeCondition what) {
  if (changes_nothing(what)) return {};
  Node& node = at(id);
  const std::size_t kind = what.index();
  const auto rank = std::count_if(
      node.conditions.begin(), node.conditions.end(),
      [&](const Imposed& each) { return each.what.index() == kind && each.since == now_; });
  const Stream draws =
      draws_of(Purpose::condition, id, (static_cast<std::uint64_t>(rank) << 8) + kind);
  node.conditions.push_back({next_condition_++, std::move(what), now_, draws});
  const Imposed& imposed = node.conditions.back();
  const ConditionId number{id, imposed.number};
  if (std::holds_alternative<condition::FrozenClock>(imposed.what) &&
      !holds<condition::FrozenClock>(node)) {
    node.frozen_at = node.clock.local(now_);
  }
  node.troubles |= std::uint32_t{1} << kind;
  show_condition(Sight::imposed, id, imposed.what);
  refresh_drift(node, id);
  refresh_load(node);
  return number;
}

void World::lift(ConditionId condition) {
  if (!condition) return;
  Node& node = at(condition.node);
  const auto found =
      std::find_if(node.conditions.begin(), node.conditions.end(),
                   [&](const Imposed& each) { return each.number == condition.number; });
  SIM_ASSERT(found != node.conditions.end(), "a condition is lifted once");
  const Imposed imposed = std::move(*found);
  node.conditions.erase(found);
  const std::size_t kind = imposed.what.index();
  const bool another = std::any_of(node.conditions.begin(), node.conditions.end(),
                                   [&](const Imposed& each) { return each.what.index() == kind; });
  if (!another) node.troubles &= ~(std::uint32_t{1} << kind);
  show_condition(Sight::lifted, condition.node, imposed.what);
  refresh_drift(node, condition.node);
  refresh_load(node);
  end_condition(node, condition.node, imposed);
}

void World::end_condition(Node& node, NodeId id, const Imposed& imposed) {
  if (std::holds_alternative<condition::Stall>(imposed.what) && !holds<condition::Stall>(node)) {
    std::vector<std::uint32_t> stalled;
    stalled.swap(node.stalled);
    for (const std::uint32_t slot : stalled) put_back(slot, now_);
  } else if (std::holds_alternative<condition::LyingFlush>(imposed.what) &&
             !holds<condition::LyingFlush>(node)) {
    node.durable = std::max(node.durable, node.said_durable);
    node.said_durable = 0;
  } else if (std::holds_alternative<condition::SlowFlush>(imposed.what)) {
    hasten(node, id);
  } else if (std::holds_alternative<condition::SlowSteps>(imposed.what)) {
    if (!holds<condition::SlowSteps>(node)) clear_backlog(node);
  } else if (const auto* frozen = std::get_if<condition::FrozenClock>(&imposed.what)) {
    if (!holds<condition::FrozenClock>(node) && !frozen->catches_up) {
      jump_clock(id, node.frozen_at - node.clock.local(now_));
    }
  } else if (node.fallen_by == imposed.number) {
    restart(id);
  }
}

void World::show_condition(Sight what, NodeId id, const NodeCondition& condition) {
  if (is_silent(condition)) return;
  const EventId event = begin_event(what, id, condition.index());
  if (!watched(what)) return;
  Occurrence seen = occurrence(what, id, event);
  seen.sentence = name_of_kind(condition);
  show(seen);
}

void World::refresh_drift(Node& node, NodeId id) {
  const Imposed* drift = newest<condition::Drift>(node);
  const std::int64_t ppb =
      drift == nullptr ? node.own_drift_ppb : std::get<condition::Drift>(drift->what).ppb;
  if (ppb == node.clock.drift_ppb()) return;
  const EventId event = begin_event(Sight::clock_set, id, static_cast<std::uint64_t>(ppb));
  node.clock.set_drift(now_, ppb);
  if (watched(Sight::clock_set)) show(occurrence(Sight::clock_set, id, event));
}

void World::refresh_load(Node& node) {
  Load load;
  if (const Imposed* pace = newest<condition::Pace>(node)) {
    load.pace = std::get<condition::Pace>(pace->what).factor;
  }
  if (const Imposed* twice = newest<condition::DoubleSubmit>(node)) {
    load.twice = std::get<condition::DoubleSubmit>(twice->what).share;
    load.elsewhere = std::get<condition::DoubleSubmit>(twice->what).elsewhere;
  }
  node.process->set_load(load);
}

const Distribution& World::flush(NodeId id) const {
  const Node& node = at(id);
  if (!holds<condition::SlowFlush>(node)) return node.flush;
  const auto found = std::find_if(
      node.conditions.rbegin(), node.conditions.rend(),
      [](const Imposed& each) { return std::holds_alternative<condition::SlowFlush>(each.what); });
  return std::get<condition::SlowFlush>(found->what).flush;
}

// --- What a troubled node does with what comes up ------------------------------------------------

// Whether a timer or a message has to wait: its node stands still, or is busy with earlier ones.
bool World::hold_back(Node& node, std::uint32_t entry) {
  if ((entry & served_bit) != 0) leave_backlog(node, entry);
  if (node.pauses > 0) {
    node.waiting.push_back(entry);
    return true;
  }
  return holds<condition::SlowSteps>(node) && node.up && (entry & served_bit) == 0 &&
         serve(node, entry);
}

// A queue with one server, first come first served.
bool World::serve(Node& node, std::uint32_t entry) {
  Imposed& slow = *newest<condition::SlowSteps>(node);
  const Duration service = std::get<condition::SlowSteps>(slow.what).service.at(slow.draws.next());
  node.busy_until = saturating_add(std::max(node.busy_until, now_), service);
  if (node.busy_until == now_) return false;
  ++counters_.misfortunes.steps_slowed;
  node.backlog.push({entry | served_bit, next_sequence_});
  put_back(entry | served_bit, node.busy_until);
  return true;
}

// Whether it still waits: a timer may have been set anew or cancelled.
bool World::is_queued(const Backlog& waiting) const {
  if ((waiting.entry & timer_bit) == 0) return true;
  const Timer& timer = timers_[waiting.entry & ~(timer_bit | served_bit)];
  return timer.armed && timer.sequence == waiting.sequence &&
         timer.queued_sequence == waiting.sequence;
}

// Its turn has come. What stood before it was a timer that nobody waits for. It is not there if it
// has left before, and a pause came then.
void World::leave_backlog(Node& node, std::uint32_t entry) {
  for (std::size_t i = 0; i < node.backlog.size(); ++i) {
    if (node.backlog[i].entry != entry || !is_queued(node.backlog[i])) continue;
    for (std::size_t left = 0; left <= i; ++left) node.backlog.pop();
    return;
  }
}

// The node is slow no more: all that waits is handled at once, in order, before whatever else is
// due at that instant.
void World::clear_backlog(Node& node) {
  Ring<Backlog> backlog;
  std::swap(backlog, node.backlog);
  node.busy_until = now_;
  for (std::size_t i = 0; i < backlog.size(); ++i) {
    const Backlog& waiting = backlog[i];
    if (!is_queued(waiting)) continue;
    std::uint32_t entry = waiting.entry;
    if ((entry & timer_bit) == 0) {
      const std::uint32_t before = entry & ~served_bit;
      const std::uint32_t slot = events_.acquire();
      events_[slot] = events_[before];
      events_[before].kind = Kind::moved;
      entry = slot | served_bit;
    }
    put_back(entry, now_);
  }
}

Time World::delayed(Node& node, Time deadline) {
  Imposed* const timers = newest<condition::LateTimers>(node);
  const Distribution& late = std::get<condition::LateTimers>(timers->what).late;
  const Duration delay = late.at(timers->draws.next());
  counters_.misfortunes.timers_late += delay > Duration{};
  return saturating_add(deadline, delay);
}

// A request that is sent twice is one payload with two references.
void World::count_double_submits() {
  for (std::size_t i = 1; i < effects_.sends.size(); ++i) {
    const PayloadRef a = effects_.sends[i - 1].payload;
    const PayloadRef b = effects_.sends[i].payload;
    const bool same = a.type == b.type && a.slot == b.slot;
    counters_.misfortunes.submitted_twice += same && a.type == Pools::request_type;
  }
}

// --- Disks ---------------------------------------------------------------------------------------

Duration World::flush_time(Node& node, std::uint64_t luck) {
  if (holds<condition::LyingFlush>(node)) return {};
  const Imposed* slow = newest<condition::SlowFlush>(node);
  if (slow == nullptr) return node.flush.at(luck);
  ++counters_.misfortunes.flushes_slowed;
  return std::get<condition::SlowFlush>(slow->what).flush.at(luck);
}

// The disk is as fast as before: so are the writes that wait for it, which would otherwise keep a
// node behind for as long as they had piled up, with no trouble left to see.
void World::hasten(Node& node, NodeId id) {
  if (node.held.empty()) return;
  Time free = held_[node.held.front()].begun;
  bool moved = false;
  for (std::size_t i = 0; i < node.held.size(); ++i) {
    Held& held = held_[node.held[i]];
    held.begun = std::max(free, held.since);
    if (held.writes) free = saturating_add(held.begun, flush_time(node, held.luck));
    const Time due = std::max({free, held.since, now_});
    moved |= due != held.due;
    held.due = due;
  }
  if (!moved) return;
  ++node.pace;
  node.disk_free = free;
  for (std::size_t i = 0; i < node.held.size(); ++i) {
    const Held& held = held_[node.held[i]];
    queue_flush(node, id, held.step, held.due);
  }
}

// The disk says that so many records are durable, and they are unless it lies.
void World::settle(Node& node, std::uint64_t records) {
  if (!holds<condition::LyingFlush>(node)) {
    node.durable = records;
    if (node.replaced_by < records) drop_replaced(node);
    return;
  }
  counters_.misfortunes.flushes_lied += records > std::max(node.durable, node.said_durable);
  node.said_durable = records;
}

// Whether the write of the step under way is the end of its node.
bool World::write_fails(Node& node, NodeId id, EventId step) {
  if (holds<condition::FullDisk>(node)) {
    ++counters_.misfortunes.writes_failed;
    const std::uint64_t number = newest<condition::FullDisk>(node)->number;
    hold(node, step);
    crash(id);
    node.fallen_by = number;
    return true;
  }
  if (!holds<condition::CrashOnWrite>(node)) return false;
  for (Imposed& each : node.conditions) {
    auto* const crash = std::get_if<condition::CrashOnWrite>(&each.what);
    if (crash == nullptr || crash->nth == 0 || --crash->nth > 0) continue;
    std::uint64_t kept = node.durable;
    if (crash->keep) {
      const std::uint64_t before = node.process->journal_size() - effects_.records;
      kept = before + std::min(effects_.records, *crash->keep);
      ++counters_.misfortunes.crashes_on_write;
    } else {
      ++counters_.misfortunes.writes_failed;
    }
    const std::optional<Duration> down = crash->down;
    hold(node, step);
    node.durable = kept;
    World::crash(id);
    if (!down) return true;
    node.restarts_itself = true;
    const std::uint32_t slot = events_.acquire();
    events_[slot] = {Kind::restart, id, {}, node.life, {}, 0, last_event()};
    schedule(saturating_add(now_, *down), next_sequence_++, slot);
    return true;
  }
  return false;
}

}  // namespace ballast
