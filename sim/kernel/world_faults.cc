// What faults do to the world. Each is an event of its own, and says so in the fingerprint.
#include <optional>
#include <utility>

#include "sim/kernel/world.h"

namespace ballast {

void World::crash(NodeId id, CrashStyle style) {
  Node& node = at(id);
  node.restarts_itself = false;
  node.fallen_by = 0;
  if (!node.up) return;
  survive(node, id, style);
  const std::uint64_t lost = node.process->journal_size() - node.durable;
  const EventId event = begin_event(Sight::crashed, id, lost);
  ++counters_.crashes;
  counters_.records_lost += lost;
  node.up = false;
  node.pauses = 0;
  node.troubles &= ~paused_bit;
  node.busy_until = {};
  node.backlog.clear();
  truncate(node, node.durable);
  state_survivors(node, id);
  for (std::uint32_t kind = 0; kind < node.process->timer_count(); ++kind) {
    timers_[node.first_timer + kind].armed = false;
  }
  for (; !node.held.empty(); node.held.pop()) {
    Effects& effects = held_[node.held.front()].effects;
    discard(effects);
    effects.clear();
    held_.release(node.held.front());
  }
  if (watched(Sight::crashed)) {
    Occurrence seen = occurrence(Sight::crashed, id, event);
    seen.records = lost;
    show(seen);
  }
  // What was waiting for a paused node, or for a stalled disk, finds the node down.
  std::vector<std::uint32_t> waiting;
  waiting.swap(node.waiting);
  waiting.insert(waiting.end(), node.stalled.begin(), node.stalled.end());
  node.stalled.clear();
  for (const std::uint32_t entry : waiting) {
    if ((entry & timer_bit) == 0) schedule(now_, next_sequence_++, entry);
  }
}

void World::administer(NodeId id, const Command& command) {
  const std::uint64_t message = next_message_++;
  const Request request{{NodeId{}, 0, message}, command};
  const PayloadRef payload{Pools::request_type, pools_.requests().put(request)};
  pools_.requests().retain(payload.slot, 1);
  const std::uint32_t slot = events_.acquire();
  events_[slot] = {Kind::deliver, id, id, {}, payload, message, last_event()};
  schedule(now_, next_sequence_++, slot);
}

void World::restart(NodeId id) {
  Node& node = at(id);
  if (node.up || !recover(node, id)) return;
  ++counters_.restarts;
  start(id);
}

void World::pause(NodeId id) {
  Node& node = at(id);
  if (!node.up) return;
  const EventId event = begin_event(Sight::paused, id, node.pauses);
  ++node.pauses;
  ++counters_.misfortunes.pauses;
  node.troubles |= paused_bit;
  if (watched(Sight::paused)) show(occurrence(Sight::paused, id, event));
}

void World::resume(NodeId id) {
  Node& node = at(id);
  if (node.pauses == 0) return;
  const EventId event = begin_event(Sight::resumed, id, node.pauses);
  --node.pauses;
  if (watched(Sight::resumed)) show(occurrence(Sight::resumed, id, event));
  if (node.pauses > 0) return;
  node.troubles &= ~paused_bit;
  std::vector<std::uint32_t> waiting;
  waiting.swap(node.waiting);
  for (const std::uint32_t entry : waiting) put_back(entry, now_);
}

// Queues again what had come up too early, before whatever else is due at that instant.
void World::put_back(std::uint32_t entry, Time at) {
  const std::uint64_t sequence = next_sequence_++;
  if ((entry & timer_bit) != 0) {
    Timer& timer = timers_[entry & ~(timer_bit | served_bit)];
    timer.queued = true;
    timer.queued_at = timer.deadline = at;
    timer.queued_sequence = timer.sequence = sequence;
  }
  queue_.push(at, resumed_tie, sequence, entry);
}

void World::change_link(Sight what, NodeId from, NodeId to, const LinkCondition* condition) {
  const EventId event = begin_event(what, from, to.value);
  if (condition != nullptr) fold(fingerprint_, *condition);
  if (!watched(what)) return;
  Occurrence seen = occurrence(what, from, event);
  seen.peer = to;
  seen.condition = condition;
  show(seen);
}

void World::cut(NodeId from, NodeId to) {
  network_.cut(from, to);
  change_link(Sight::cut, from, to);
}

void World::heal(NodeId from, NodeId to) {
  network_.heal(from, to);
  change_link(Sight::healed, from, to);
}

LinkConditionId World::impose(NodeId from, NodeId to, LinkCondition condition) {
  change_link(Sight::imposed, from, to, &condition);
  return network_.impose(from, to, now_, std::move(condition));
}

// What a clog held back comes before whatever else is due at this instant, and in order.
void World::lift(const LinkConditionId& id) {
  const LinkCondition condition = network_.lift(id);
  change_link(Sight::lifted, id.from, id.to, &condition);
  for (const std::uint32_t slot : network_.released(id.from, id.to)) {
    queue_.push(now_, resumed_tie, next_sequence_++, slot);
  }
}

void World::mend(NodeId from, NodeId to) {
  while (network_.cuts(from, to) > 0) heal(from, to);
  if (!network_.is_impaired(from, to)) return;
  for (const LinkConditionId& id : network_.conditions(from, to)) lift(id);
}

void World::mend(NodeId id) {
  while (!at(id).conditions.empty()) lift(ConditionId{id, at(id).conditions.back().number});
}

void World::count_conditions(std::uint16_t acted) {
  for (std::size_t kind = 0; kind < link_condition_kinds; ++kind) {
    counters_.conditions_acted[kind] += (acted >> kind) & 1u;
  }
}

// All copies of a message are damaged alike: it happened before they were made.
void World::damage(NodeId from, Outgoing& outgoing, std::uint64_t message, std::uint64_t word) {
  AnyPool& pool = pools_[outgoing.payload];
  const std::optional<std::uint32_t> damaged = pool.put_damaged(outgoing.payload.slot, word);
  if (!damaged) return;
  pool.retain(*damaged, 1);
  pool.release(outgoing.payload.slot);
  outgoing.payload.slot = *damaged;
  count_conditions(condition_bit<condition::Corrupt>());
  fingerprint_.fold(pool.digest(*damaged));
  if (!watched(Sight::corrupted)) return;
  Occurrence seen = occurrence(Sight::corrupted, from, last_event());
  seen.peer = outgoing.to;
  seen.payload = outgoing.payload;
  seen.message = message;
  show(seen);
}

void World::jump_clock(NodeId id, Duration step) {
  if (step == Duration{}) return;
  const EventId event = begin_event(Sight::clock_set, id, static_cast<std::uint64_t>(step.ns));
  at(id).clock.jump(now_, step);
  ++counters_.misfortunes.clocks_set;
  if (!watched(Sight::clock_set)) return;
  Occurrence seen = occurrence(Sight::clock_set, id, event);
  seen.step = step;
  show(seen);
}

bool World::fire_now(NodeId id, std::uint32_t kind) {
  const std::uint32_t index = at(id).first_timer + kind;
  Timer& timer = timers_[index];
  if (!timer.armed) return false;
  ++counters_.misfortunes.timers_forced;
  timer.queued = true;
  timer.queued_at = timer.deadline = now_;
  timer.queued_sequence = timer.sequence = next_sequence_++;
  schedule(now_, timer.sequence, index | timer_bit);
  return true;
}

}  // namespace ballast
