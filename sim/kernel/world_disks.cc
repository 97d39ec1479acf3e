// What crashes and damage leave of a journal.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/world.h"

namespace ballast {

// Adds to what is durable what survives a crash though it was not.
void World::survive(Node& node, NodeId id, CrashStyle style) {
  NodeMisfortunes& count = counters_.misfortunes;
  const std::uint64_t written = node.process->journal_size();
  const std::uint64_t before = node.durable;
  Stream draws = draws_of(Purpose::damage, id, 0);
  switch (style.unflushed) {
    case Unflushed::lost:
      break;
    case Unflushed::prefix:
      node.durable += draws.below(written - before + 1);
      break;
    case Unflushed::subset:
      while (node.durable < written && (draws.next() & 1) != 0) ++node.durable;
      break;
    case Unflushed::all:
      node.durable = written;
      break;
  }
  count.records_survived += node.durable - before;
  if (style.torn != Torn::no && node.durable < written) {
    ++count.records_torn;
    if (style.torn == Torn::undetected && node.process->mutate_record(node.durable, draws)) {
      ++count.records_mutated;
      ++node.durable;
    }
  }
  count.records_betrayed += node.said_durable - std::min(node.said_durable, node.durable);
  node.said_durable = 0;
}

// What a node that crashes was about to say of records that survive it holds of its disk, and those
// who judge the node must know of it. Its messages are lost all the same.
void World::state_survivors(Node& node, NodeId id) {
  for (std::size_t i = 0; i < node.held.size(); ++i) {
    const Held& held = held_[node.held[i]];
    const std::uint64_t written = held.effects.records;
    const std::uint64_t before = held.journal_size - written;
    // A step that wrote nothing is known by those after it: what they wrote rests on it.
    if (node.durable <= before) continue;
    const std::uint64_t kept = std::min(node.durable - before, written);
    const std::size_t facts =
        kept == written ? held.effects.facts.size() : held.effects.facts_before[kept];
    state(id, held.effects, facts, held.step, held.state);
  }
}

void World::recount(Node& node) {
  const std::uint64_t bytes = node.process->journal_bytes();
  bytes_journalled_ -= node.journal_bytes - bytes;
  node.journal_bytes = bytes;
}

// The record that stands for all before it is durable: they are gone, with what was wrong with
// them.
void World::drop_replaced(Node& node) {
  const std::uint64_t first = node.replaced_by;
  node.replaced_by = intact;
  node.process->drop_before(first);
  recount(node);
  if (node.unreadable_from < first) node.unreadable_from = intact;
  if (node.truncated_from < first) node.truncated_from = intact;
}

void World::truncate(Node& node, std::uint64_t records) {
  node.process->crash(records);
  node.durable = records;
  if (node.replaced_by < records) {
    drop_replaced(node);
  } else {
    node.replaced_by = intact;
    recount(node);
  }
  if (node.unreadable_from >= records) node.unreadable_from = intact;
  if (node.truncated_from >= records) node.truncated_from = intact;
}

void World::damaged(NodeId id, std::uint64_t record, std::string_view how) {
  const EventId event = begin_event(Sight::damaged, id, record);
  if (!watched(Sight::damaged)) return;
  Occurrence seen = occurrence(Sight::damaged, id, event);
  seen.records = record;
  seen.sentence = how;
  show(seen);
}

bool World::rot(NodeId id, std::uint64_t record, Finding finding) {
  Node& node = at(id);
  if (record >= node.durable || record < first_record(id)) return false;
  Stream draws = draws_of(Purpose::damage, id, 1 + record);
  switch (finding) {
    case Finding::refuse:
      node.unreadable_from = std::min(node.unreadable_from, record);
      break;
    case Finding::truncate:
      node.truncated_from = std::min(node.truncated_from, record);
      break;
    case Finding::undetected:
      if (!node.process->mutate_record(record, draws)) return false;
      ++counters_.misfortunes.records_mutated;
      break;
  }
  damaged(id, record, "rotted");
  return true;
}

bool World::misdirect(NodeId id, std::uint64_t record, std::uint64_t onto, Finding finding) {
  Node& node = at(id);
  if (record >= node.durable || onto >= record || onto < first_record(id)) return false;
  switch (finding) {
    case Finding::refuse:
      node.unreadable_from = std::min(node.unreadable_from, onto);
      break;
    case Finding::truncate:
      node.truncated_from = std::min(node.truncated_from, onto);
      break;
    case Finding::undetected:
      node.process->overwrite_record(onto, record);
      node.truncated_from = std::min(node.truncated_from, record);
      ++counters_.misfortunes.records_mutated;
      break;
  }
  damaged(id, onto, "overwritten");
  return true;
}

void World::roll_back(NodeId id, std::uint64_t keep) {
  Node& node = at(id);
  SIM_ASSERT(!node.up, "the disk of a running node is not exchanged");
  // What a snapshot has replaced is gone: no copy is older than the snapshot, but an empty one.
  if (keep > 0) keep = std::max(keep, first_record(id) + 1);
  if (keep >= node.durable) return;
  counters_.misfortunes.records_rolled_back += node.durable - keep;
  truncate(node, keep);
  damaged(id, keep, "rolled back");
}

// Whether the node can start from what is on its disk.
bool World::recover(Node& node, NodeId id) {
  NodeMisfortunes& count = counters_.misfortunes;
  if (node.truncated_from != intact) {
    ++count.records_unreadable;
    const std::uint64_t keep = node.truncated_from;
    count.records_rolled_back += node.durable - keep;
    truncate(node, keep);
    damaged(id, keep, "truncated");
  }
  if (node.unreadable_from == intact) return true;
  ++count.records_unreadable;
  ++count.starts_refused;
  const EventId event = begin_event(Sight::refused, id, node.unreadable_from);
  if (watched(Sight::refused)) {
    Occurrence seen = occurrence(Sight::refused, id, event);
    seen.records = node.unreadable_from;
    show(seen);
  }
  return false;
}

}  // namespace ballast
