#include "sim/kernel/world.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/protocol/goal.h"

namespace ballast {

void World::observe(Observer* observer) {
  watcher_.observer = observer;
  watcher_.wanted = observer == nullptr ? 0 : observer->wants();
  watcher_.states = observer != nullptr && observer->wants_states();
}

// --- Events --------------------------------------------------------------------------------------

void World::schedule(Time at, std::uint64_t sequence, std::uint32_t slot) {
  queue_.push(at, tie_of(sequence), sequence, slot);
}

bool World::step(Time limit) {
  EventQueue::Popped next;
  while (queue_.pop(limit, next)) {
    now_ = next.at;
    const bool executed =
        (next.slot & timer_bit) != 0 ? fire(next.slot, next.sequence) : execute(next.slot);
    if (executed) return true;
  }
  return false;
}

void World::advance(Time at) {
  SIM_ASSERT(at >= now_, "time never goes back");
  now_ = at;
}

// Whether the entry of the queue was still meant, and the timer went off.
[[gnu::always_inline]] inline bool World::fire(std::uint32_t entry, std::uint64_t sequence) {
  const std::uint32_t index = entry & ~(timer_bit | served_bit);
  Timer& timer = timers_[index];
  if (timer.queued_sequence != sequence) return false;  // an earlier entry took this one's place
  timer.queued = false;
  if (!timer.armed) return false;
  if (timer.sequence != sequence) {  // it was pushed back meanwhile
    timer.queued = true;
    timer.queued_at = timer.deadline;
    timer.queued_sequence = timer.sequence;
    schedule(timer.deadline, timer.sequence, index | timer_bit);
    return false;
  }
  Node& node = at(timer.node);
  if (node.troubles != 0 && hold_back(node, entry)) return false;
  timer.armed = false;
  ++counters_.timers;
  const NodeId id = timer.node;
  const EventId event = begin_event(Sight::fired, id, timer.kind);
  if (watched(Sight::fired)) {
    capture_state(node);
    Occurrence seen = occurrence(Sight::fired, id, timer.cause);
    seen.timer = timer.kind;
    seen.state = state_;
    show(seen);
  }
  StepContext context = begin_step(node, id);
  node.process->fire(timer.kind, context);
  finish_step(node, id, event);
  return true;
}

// Whether there was anything to do.
[[gnu::always_inline]] inline bool World::execute(std::uint32_t entry) {
  const std::uint32_t slot = entry & ~served_bit;
  // Member by member: a message that has just been sent is still on its way to memory in pieces,
  // and a copy of several at once would have to wait for them.
  const Event& queued = events_[slot];
  const Event event{queued.kind,    queued.node,    queued.from, queued.life,
                    queued.payload, queued.message, queued.cause};
  Node& node = at(event.node);
  switch (event.kind) {
    case Kind::deliver: {
      // What has arrived at a paused or busy node is not on the link any more.
      const bool cut =
          !event.life && event.from != event.node && network_.is_cut(event.from, event.node);
      if (!cut && !event.life && network_.is_clogged(event.from, event.node)) {
        network_.hold_back(event.from, event.node, slot);
        count_conditions(condition_bit<condition::Clog>());
        return false;
      }
      if (node.troubles != 0 && !cut && hold_back(node, entry)) {
        if (!event.life) events_[slot].life = node.life;
        return false;
      }
      events_.release(slot);
      deliver(event, cut);
      break;
    }
    case Kind::flushed:
      if (!node.up || node.life != event.life || node.pace != event.message) {
        events_.release(slot);  // the crash lost what this would have flushed, or it has been done
        return false;
      }
      if (node.pauses > 0) {
        node.waiting.push_back(slot);
        return false;
      }
      if (holds<condition::Stall>(node)) {
        node.stalled.push_back(slot);
        ++counters_.misfortunes.flushes_stalled;
        return false;
      }
      events_.release(slot);
      flush_completed(event);
      break;
    case Kind::moved:
      events_.release(slot);
      return false;
    case Kind::restart:
      events_.release(slot);
      if (node.up || node.life != event.life || !node.restarts_itself) return false;
      restart(event.node);
      break;
  }
  return true;
}

[[gnu::always_inline]] inline void World::deliver(const Event& event, bool cut) {
  const NodeId id = event.node;
  Node& node = at(id);
  const EventId number = begin_event(Sight::received, id, event.message);
  const bool gone = !node.up || (event.life && event.life != node.life);
  if (gone || cut) {
    drop(event.from, id, event.payload, event.message, cut ? DropReason::cut : DropReason::down,
         event.cause);
    return;
  }
  ++counters_.received;
  if (watched(Sight::received)) {
    capture_state(node);
    Occurrence seen = occurrence(Sight::received, id, event.cause);
    seen.peer = event.from;
    seen.payload = event.payload;
    seen.message = event.message;
    seen.state = state_;
    show(seen);
  }
  StepContext context = begin_step(node, id);
  node.process->deliver(event.from, event.payload, context);
  pools_[event.payload].release(event.payload.slot);
  finish_step(node, id, number);
}

// Flushes complete in the order of their steps, so that the oldest waiting effects are meant.
void World::flush_completed(const Event& event) {
  Node& node = at(event.node);
  const std::uint32_t slot = node.held.front();
  node.held.pop();
  Held& held = held_[slot];
  settle(node, held.journal_size);
  ++counters_.flushes;
  begin_event(Sight::flushed, event.node, held.journal_size);
  if (watched(Sight::flushed)) {
    Occurrence seen = occurrence(Sight::flushed, event.node, held.step);
    seen.state = held.state;
    show(seen);
  }
  release(event.node, held.effects, held.step, held.state);
  held.effects.clear();
  held_.release(slot);
}

void World::start(NodeId id) {
  Node& node = at(id);
  node.up = true;
  node.life = node.life.next();
  node.restarts_itself = false;
  node.fallen_by = 0;
  node.disk_free = now_;
  const EventId event = begin_event(Sight::booted, id, node.life.value);
  StepContext context = begin_step(node, id);
  node.process->start(context);
  if (watched(Sight::booted)) {
    capture_state(node);
    Occurrence seen = occurrence(Sight::booted, id, {});
    seen.state = state_;
    show(seen);
  }
  finish_step(node, id, event);
}

// --- Steps ---------------------------------------------------------------------------------------

[[gnu::always_inline]] inline StepContext World::begin_step(Node& node, NodeId id) {
  effects_.clear();
  counters_.misfortunes.clocks_frozen += holds<condition::FrozenClock>(node);
  return {id,          members_[node.members], local_time(node), &node.choices, &pools_, &effects_,
          node_count()};
}

[[gnu::always_inline]] inline void World::finish_step(Node& node, NodeId id, EventId step) {
  if (effects_.reached != 0) count_goals(node, effects_.reached);
  if (!effects_.broken_rule.empty()) {
    discard(effects_);
    fingerprint_.fold(digest(effects_.broken_rule));
    if (watched(Sight::broke_rule)) {
      capture_state(node);
      Occurrence seen = occurrence(Sight::broke_rule, id, step);
      seen.sentence = effects_.broken_rule;
      seen.state = state_;
      show(seen);
    }
    return;
  }
  if (holds<condition::DoubleSubmit>(node)) count_double_submits();
  if (!effects_.timers.empty()) apply_timers(node, step);
  write_ahead(node, id, step);
}

void World::count_goals(Node& node, std::uint64_t reached) {
  node.reached.resize(most_goals);
  for (std::size_t goal = 0; goal < most_goals; ++goal) node.reached[goal] += reached >> goal & 1;
}

void World::apply_timers(Node& node, EventId step) {
  for (const TimerChange& change : effects_.timers) {
    const std::uint32_t index = node.first_timer + change.timer;
    Timer& timer = timers_[index];
    if (change.cancel) {
      timer.armed = false;
      continue;
    }
    Duration span = change.min;
    if (change.max > change.min) {
      const auto choices = static_cast<std::uint64_t>((change.max - change.min).ns) + 1;
      span.ns += static_cast<std::int64_t>(timer.lengths.below(choices));
    }
    if (span < Duration{}) span = {};
    timer.armed = true;
    timer.deadline = saturating_add(now_, node.clock.true_span(span));
    if (holds<condition::LateTimers>(node)) timer.deadline = delayed(node, timer.deadline);
    timer.sequence = next_sequence_++;
    timer.cause = step;
    if (timer.queued && timer.queued_at <= timer.deadline) continue;
    timer.queued = true;
    timer.queued_at = timer.deadline;
    timer.queued_sequence = timer.sequence;
    schedule(timer.deadline, timer.sequence, index | timer_bit);
  }
}

// The write-ahead rule, whole. What a step says leaves its node only when the records of this and
// of all earlier steps of the node are durable. A step that wrote nothing waits too behind writes
// that are not flushed yet, for it may speak of them. A crash before the flush loses the records
// and the messages alike. When a write fails, or the node dies at it, nothing leaves.
[[gnu::always_inline]] inline void World::write_ahead(Node& node, NodeId id, EventId step) {
  if (watcher_.states) capture_state(node);
  if (!effects_.ahead.empty() || !effects_.facts_ahead.empty()) release_ahead(id, step);
  if (effects_.records > 0 || !node.held.empty() || node.disk_free > now_) {
    write(node, id, step);
  } else {
    release(id, effects_, step, state_);
  }
}

// The same, of a step that writes or finds that earlier ones have.
void World::write(Node& node, NodeId id, EventId step) {
  const bool writes = effects_.records > 0;
  const Time begun = std::max(node.disk_free, now_);
  std::uint64_t luck = 0;
  if (writes) {
    counters_.records += effects_.records;
    if (effects_.replacing > 0) {
      node.replaced_by = node.process->journal_size() - effects_.records + effects_.replacing - 1;
    }
    fingerprint_.fold(effects_.records_digest);
    node.journal_bytes += effects_.record_bytes;
    bytes_journalled_ += effects_.record_bytes;
    luck = node.flushes.next();
    node.disk_free = saturating_add(begun, flush_time(node, luck));
    if (watched(Sight::persisted)) {
      Occurrence seen = occurrence(Sight::persisted, id, step);
      seen.records = effects_.records;
      show(seen);
    }
    if (node.troubles != 0 && write_fails(node, id, step)) return;
  }
  const bool stalled = writes && holds<condition::Stall>(node);
  if (node.held.empty() && node.disk_free <= now_ && !stalled) {
    if (writes) settle(node, node.process->journal_size());
    release(id, effects_, step, state_);
    return;
  }
  if (!writes && effects_.facts.empty() && effects_.sends.empty()) return;
  Held& held = hold(node, step);
  held.writes = writes;
  held.luck = luck;
  held.since = now_;
  held.begun = begun;
  held.due = std::max(node.disk_free, now_);
  queue_flush(node, id, step, held.due);
}

void World::queue_flush(const Node& node, NodeId id, EventId step, Time due) {
  const std::uint32_t event = events_.acquire();
  events_[event] = {Kind::flushed, id, {}, node.life, {}, node.pace, step};
  schedule(due, next_sequence_++, event);
}

// What waits for no record. It counts as a part of the step, of which it leaves first.
void World::release_ahead(NodeId id, EventId step) {
  Effects early;
  std::swap(early.facts, effects_.facts_ahead);
  std::swap(early.sends, effects_.ahead);
  release(id, early, step, state_);
}

// Keeps the effects of the step under way until the disk has its records.
World::Held& World::hold(Node& node, EventId step) {
  const std::uint32_t slot = held_.acquire();
  Held& held = held_[slot];
  std::swap(held.effects, effects_);
  held.step = step;
  held.journal_size = node.process->journal_size();
  // Who will want it then is not known yet.
  if (watcher_.states && state_.empty()) put_together_state(node);
  held.state = state_;
  node.held.push(slot);
  return held;
}

// Facts first, then messages: who hears a message may rely on the facts having been heard.
void World::release(NodeId id, const Effects& effects, EventId step, std::string_view state_after) {
  if (!effects.facts.empty()) state(id, effects, effects.facts.size(), step, state_after);
  for (const Outgoing& outgoing : effects.sends) transmit(id, outgoing, step, state_after);
}

// The first facts of a step leave their node.
void World::state(NodeId id, const Effects& effects, std::size_t facts, EventId step,
                  std::string_view state_after) {
  counters_.facts += facts;
  for (std::size_t i = 0; i < facts; ++i) fold(fingerprint_, effects.facts[i]);
  if (facts == 0 || !watched(Sight::stated)) return;
  Occurrence& seen = watcher_.stated;
  seen.event = last_event();
  seen.cause = step;
  seen.at = now_;
  seen.node = id;
  seen.life = at(id).life;
  seen.state = state_after;
  for (std::size_t i = 0; i < facts; ++i) {
    seen.fact = &effects.facts[i];
    show(seen);
  }
}

[[gnu::always_inline]] inline void World::transmit(NodeId from, Outgoing outgoing, EventId step,
                                                   std::string_view state) {
  const std::uint64_t message = next_message_++;
  AnyPool& pool = pools_[outgoing.payload];
  ++counters_.sent;
  const std::uint64_t content = pool.digest(outgoing.payload.slot);
  fingerprint_.fold(outgoing.to.value);
  fingerprint_.fold(content);
  // Nearly all messages, and nobody looks.
  if (message_fates_.empty() && !watched(Sight::sent)) {
    if (const std::optional<Time> arrival = network_.send_untroubled(from, outgoing.to, now_)) {
      put_under_way(from, outgoing, message, *arrival);
      return;
    }
  }
  const bool impaired = network_.is_impaired(from, outgoing.to);
  const std::uint64_t bytes = impaired ? pool.bytes_of(outgoing.payload.slot) : 0;
  Passage passage = network_.send(from, outgoing.to, now_, bytes);
  if (passage.acted != 0) count_conditions(passage.acted);
  if (!message_fates_.empty()) {
    message_fates_.change(from, outgoing.to, pool.message_name(outgoing.payload.slot), now_,
                          passage);
  }
  if (watched(Sight::sent)) {
    Occurrence seen = occurrence(Sight::sent, from, step);
    seen.peer = outgoing.to;
    seen.payload = outgoing.payload;
    seen.message = message;
    seen.passage = &passage;
    seen.state = state;
    show(seen);
  }
  if (passage.arrivals == 0) {
    drop(from, outgoing.to, outgoing.payload, message, passage.reason, last_event());
    return;
  }
  if (passage.damage != 0) damage(from, outgoing, message, passage.damage);
  if (passage.arrivals > 1) {
    ++counters_.duplicated;
    pool.retain(outgoing.payload.slot, passage.arrivals - 1u);
  }
  for (std::size_t copy = 0; copy < passage.arrivals; ++copy) {
    put_under_way(from, outgoing, message, passage.at[copy]);
  }
}

[[gnu::always_inline]] inline void World::put_under_way(NodeId from, Outgoing outgoing,
                                                        std::uint64_t message, Time arrival) {
  const std::uint32_t slot = events_.acquire();
  events_[slot] = {Kind::deliver, outgoing.to, from, {}, outgoing.payload, message, last_event()};
  const std::uint64_t sequence = next_sequence_++;
  if (network_.keeps_order()) {
    queue_.push_in_order(arrival, tie_of(sequence), sequence, slot);
  } else {
    schedule(arrival, sequence, slot);
  }
}

void World::drop(NodeId from, NodeId to, PayloadRef payload, std::uint64_t message,
                 DropReason reason, EventId cause) {
  ++counters_.dropped[static_cast<std::size_t>(reason)];
  fingerprint_.fold(static_cast<std::uint64_t>(reason));
  if (watched(Sight::dropped)) {
    Occurrence seen = occurrence(Sight::dropped, from, cause);
    seen.peer = to;
    seen.payload = payload;
    seen.message = message;
    seen.reason = reason;
    show(seen);
  }
  pools_[payload].release(payload.slot);
}

void World::discard(const Effects& effects) {
  for (const auto* sends : {&effects.sends, &effects.ahead}) {
    for (const Outgoing& outgoing : *sends) {
      pools_[outgoing.payload].release(outgoing.payload.slot);
    }
  }
}

// --- Looking -------------------------------------------------------------------------------------

Occurrence World::occurrence(Sight what, NodeId node, EventId cause) const {
  Occurrence seen;
  seen.what = what;
  seen.event = last_event();
  seen.cause = cause;
  seen.at = now_;
  seen.node = node;
  seen.life = at(node).life;
  return seen;
}

void World::capture_state(const Node& node) {
  state_.clear();
  if (watcher_.states && watcher_.observer->wants_next_state()) put_together_state(node);
}

void World::put_together_state(const Node& node) {
  JsonWriter w(state_);
  w.begin_object();
  node.process->write_state(w);
  w.end_object();
}

}  // namespace ballast
