#include "sim/fault/director.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/base/assert.h"

namespace ballast {

// --- Roles ---------------------------------------------------------------------------------------

void Roles::hear(const HeardFact& heard) {
  if (heard.node.value >= leading_.size()) leading_.resize(heard.node.value + 1);
  Term& leading = leading_[heard.node.value];
  if (const auto* elected = std::get_if<Elected>(heard.fact)) {
    leading = elected->term;
  } else if (std::get<SteppedDown>(*heard.fact).term == leading) {
    leading = {};
  }
}

void Roles::crashed(NodeId node) {
  if (node.value < leading_.size()) leading_[node.value] = {};
}

NodeId Roles::leader(const std::vector<NodeId>& among) const {
  NodeId best;
  Term term;
  for (const NodeId node : among) {
    if (node.value < leading_.size() && leading_[node.value] > term) {
      term = leading_[node.value];
      best = node;
    }
  }
  return best;
}

// --- The schedule --------------------------------------------------------------------------------

Director::Director(std::vector<Fault> schedule, std::vector<Group> groups, std::uint64_t seed)
    : schedule_(std::move(schedule)), groups_(std::move(groups)), unended_(schedule_.size()) {
  for (std::size_t i = 0; i < schedule_.size(); ++i) push(schedule_[i].at, Step::begin, i);
  reseed(seed);
}

void Director::reseed(std::uint64_t seed) {
  picks_.clear();
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Time at = schedule_[i].at;
    // Each fault draws from a stream of its own, known by its time and its rank among those of that
    // time: without the faults of other times it hits the same nodes.
    const auto rank =
        std::count_if(schedule_.begin(), schedule_.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const Fault& other) { return other.at == at; });
    picks_.emplace_back(seed, Purpose::fault,
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
      case Step::toggle:
        toggle(due.index, world);
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
      fired_.push_back({schedule_[index], false});
      --unended_;
    } else if (!try_begin(index, world)) {
      still.push_back(index);
    }
  }
  waiting_ = std::move(still);
}

void Director::give_up() {
  for (const std::size_t index : waiting_) fired_.push_back({schedule_[index], false});
  waiting_.clear();
}

std::optional<Time> Director::healed_at() const {
  if (unended_ > 0) return std::nullopt;
  return last_end_;
}

void Director::begin(std::size_t index, World& world) {
  if (!try_begin(index, world)) waiting_.push_back(index);
}

bool Director::try_begin(std::size_t index, World& world) {
  Fault fault = schedule_[index];
  if (fault.after_event && world.last_event().value < *fault.after_event) return false;
  if (!resolve(fault.action, picks_[index], world)) return false;
  fault.at = world.now();
  fault.after_event = world.last_event().value;
  fired_.push_back({fault, true});
  Active active;
  active.action = fault.action;
  active.ends = fault.lasts.has_value();
  apply(active, world);
  const std::size_t place = active_.size();
  active_.push_back(std::move(active));
  if (fault.lasts) {
    push(saturating_add(world.now(), *fault.lasts), Step::end, place);
  } else if (!has_duration(fault.action)) {
    --unended_;
    last_end_ = world.now();
  }
  if (const auto* flap = std::get_if<Flap>(&fault.action)) {
    push(saturating_add(world.now(), flap->down), Step::toggle, place);
  }
  return true;
}

void Director::toggle(std::size_t index, World& world) {
  Active& active = active_[index];
  if (active.ended || active.links.empty()) return;
  const auto& flap = std::get<Flap>(active.action);
  change_links(active, !active.links_cut, world);
  push(saturating_add(world.now(), active.links_cut ? flap.down : flap.up), Step::toggle, index);
}

// --- Whom ----------------------------------------------------------------------------------------

const std::vector<NodeId>& Director::group_of(NodeId node) const {
  for (const Group& group : groups_) {
    if (std::find(group.nodes.begin(), group.nodes.end(), node) != group.nodes.end()) {
      return group.nodes;
    }
  }
  return groups_.front().nodes;
}

// Replaces every selector by explicit nodes. False, with nothing drawn, if a role has nobody now.
bool Director::resolve(FaultAction& action, Stream& picks, const World& world) {
  bool good = true;
  const bool up = !std::holds_alternative<Restart>(action);
  Stream drawn = picks;
  FaultAction resolved = action;
  for_each_selector(resolved, [&](Selector& selector) {
    std::vector<NodeId> nodes;
    for (const Selector::Part& part : selector.parts) {
      if (good) good = resolve_part(part, up, drawn, world, nodes);
    }
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    selector = Selector::of(std::move(nodes));
  });
  if (auto* partition = std::get_if<Partition>(&resolved); partition != nullptr && good) {
    good = separate(*partition);
  }
  if (good) {
    action = std::move(resolved);
    picks = drawn;
  }
  return good;
}

// A node that several groups mean, such as a leader in {"partition": ["leader", "all"]}, belongs to
// the first of them. False if that leaves fewer than two groups: nothing would be cut.
bool Director::separate(Partition& partition) {
  std::vector<NodeId> taken;
  std::vector<Selector> groups;
  for (const Selector& group : partition.groups) {
    Selector kept;
    for (const Selector::Part& part : group.parts) {
      if (std::find(taken.begin(), taken.end(), part.node) != taken.end()) continue;
      taken.push_back(part.node);
      kept.parts.push_back(part);
    }
    if (!kept.parts.empty()) groups.push_back(std::move(kept));
  }
  partition.groups = std::move(groups);
  return partition.groups.size() >= 2;
}

// Random nodes are chosen among those that are up, or down if that is what the fault is for, and
// that the selector does not have yet.
bool Director::resolve_part(const Selector::Part& part, bool up, Stream& picks, const World& world,
                            std::vector<NodeId>& out) const {
  if (part.node) {
    out.push_back(part.node);
    return true;
  }
  if (!part.group.empty()) {
    for (const Group& group : groups_) {
      if (group.name == part.group) out.insert(out.end(), group.nodes.begin(), group.nodes.end());
    }
    return true;
  }
  const std::vector<NodeId>& members = groups_.front().nodes;
  const NodeId leader = roles_.leader(members);
  std::vector<NodeId> candidates;
  switch (part.role) {
    case Role::all:
      out.insert(out.end(), members.begin(), members.end());
      return true;
    case Role::leader:
      if (!leader || !world.is_up(leader)) return false;
      out.push_back(leader);
      return true;
    case Role::follower:
    case Role::any:
      break;
  }
  for (const NodeId node : members) {
    const bool taken = std::find(out.begin(), out.end(), node) != out.end();
    const bool meant = part.role == Role::any || node != leader;
    if (world.is_up(node) == up && meant && !taken) candidates.push_back(node);
  }
  if (candidates.empty() || (part.role == Role::follower && !leader)) return false;
  out.push_back(candidates[picks.below(candidates.size())]);
  return true;
}

std::vector<NodeId> Director::nodes_of(const Selector& selector) const {
  std::vector<NodeId> nodes;
  for (const Selector::Part& part : selector.parts) nodes.push_back(part.node);
  return nodes;
}

// --- What ----------------------------------------------------------------------------------------

std::vector<Director::Link> Director::links_of(const FaultAction& action,
                                               const World& world) const {
  std::vector<Link> links;
  const auto both_ways = [&](const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
    for (const NodeId x : a) {
      for (const NodeId y : b) {
        if (x == y) continue;
        links.push_back({x, y});
        links.push_back({y, x});
      }
    }
  };
  if (const auto* partition = std::get_if<Partition>(&action)) {
    for (std::size_t i = 0; i < partition->groups.size(); ++i) {
      for (std::size_t j = i + 1; j < partition->groups.size(); ++j) {
        both_ways(nodes_of(partition->groups[i]), nodes_of(partition->groups[j]));
      }
    }
  } else if (const auto* isolate = std::get_if<Isolate>(&action)) {
    const std::vector<NodeId> inside = nodes_of(isolate->nodes);
    for (const NodeId node : inside) {
      for (std::uint32_t other = 1; other <= world.node_count(); ++other) {
        // A pair of isolated nodes is cut once, from the side of the smaller one.
        const bool twice =
            std::binary_search(inside.begin(), inside.end(), NodeId{other}) && NodeId{other} < node;
        if (!twice) both_ways({node}, {NodeId{other}});
      }
    }
  } else if (const auto* cut = std::get_if<Cut>(&action)) {
    for (const NodeId from : nodes_of(cut->from)) {
      for (const NodeId to : nodes_of(cut->to)) {
        if (from != to) links.push_back({from, to});
      }
    }
  } else if (const auto* bridge = std::get_if<Bridge>(&action)) {
    const NodeId middle = bridge->node.parts.front().node;
    std::vector<NodeId> others = group_of(middle);
    others.erase(std::remove(others.begin(), others.end(), middle), others.end());
    const auto half = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
    both_ways({others.begin(), half}, {half, others.end()});
  } else if (const auto* flap = std::get_if<Flap>(&action)) {
    both_ways(nodes_of(flap->between.front()), nodes_of(flap->between.back()));
  }
  return links;
}

void Director::change_links(Active& active, bool cut, World& world) {
  if (active.links_cut == cut) return;
  active.links_cut = cut;
  for (const Link& link : active.links) {
    if (cut) {
      world.cut(link.from, link.to);
    } else {
      world.heal(link.from, link.to);
    }
  }
}

void Director::apply(Active& active, World& world) {
  active.links = links_of(active.action, world);
  change_links(active, true, world);
  if (const auto* crash = std::get_if<Crash>(&active.action)) {
    active.nodes = nodes_of(crash->nodes);
    for (const NodeId node : active.nodes) world.crash(node);
  } else if (const auto* to_restart = std::get_if<Restart>(&active.action)) {
    for (const NodeId node : nodes_of(to_restart->nodes)) restart(node, world);
  } else if (const auto* pause = std::get_if<Pause>(&active.action)) {
    active.nodes = nodes_of(pause->nodes);
    for (const NodeId node : active.nodes) {
      active.lives.push_back(world.is_up(node) ? world.life(node) : Life{});
      world.pause(node);
    }
  } else if (const auto* slow = std::get_if<SlowDisk>(&active.action)) {
    active.nodes = nodes_of(slow->nodes);
    for (const NodeId node : active.nodes) {
      active.old_flushes.push_back(world.flush(node));
      world.set_flush(node, slow->flush);
    }
  } else if (const auto* jump = std::get_if<ClockJump>(&active.action)) {
    for (const NodeId node : nodes_of(jump->nodes)) world.jump_clock(node, jump->by);
  } else if (const auto* drift = std::get_if<ClockDrift>(&active.action)) {
    active.nodes = nodes_of(drift->nodes);
    for (const NodeId node : active.nodes) {
      active.old_drifts.push_back(world.clock_drift(node));
      world.set_clock_drift(node, drift->ppm * 1000);
    }
  }
}

// A restart undoes every crash of the node. One that would have lasted for the rest of the run ends
// with its last node.
void Director::restart(NodeId node, World& world) {
  world.restart(node);
  for (Active& crash : active_) {
    if (!std::holds_alternative<Crash>(crash.action) || std::erase(crash.nodes, node) == 0)
      continue;
    if (!crash.nodes.empty() || crash.ends) continue;
    crash.ended = true;
    --unended_;
    last_end_ = world.now();
  }
}

// A node that several crashes hold down starts when the last of them ends.
void Director::end_crash(const Active& active, World& world) {
  for (const NodeId node : active.nodes) {
    const bool held = std::any_of(active_.begin(), active_.end(), [&](const Active& other) {
      return !other.ended && std::holds_alternative<Crash>(other.action) &&
             std::find(other.nodes.begin(), other.nodes.end(), node) != other.nodes.end();
    });
    if (!held) world.restart(node);
  }
}

// The next fault of the same kind that came over this node, at `place` in its list, and is not
// over. It is in force, and puts back what it found: that of the fault before it.
Director::Active* Director::heir(std::size_t index, NodeId node, std::size_t& place) {
  for (std::size_t i = index + 1; i < active_.size(); ++i) {
    Active& later = active_[i];
    if (later.ended || later.action.index() != active_[index].action.index()) continue;
    const auto at = std::find(later.nodes.begin(), later.nodes.end(), node);
    if (at == later.nodes.end()) continue;
    place = static_cast<std::size_t>(at - later.nodes.begin());
    return &later;
  }
  return nullptr;
}

void Director::end(std::size_t index, World& world) {
  Active& active = active_[index];
  active.ended = true;
  --unended_;
  last_end_ = world.now();
  change_links(active, false, world);
  if (std::holds_alternative<Crash>(active.action)) end_crash(active, world);
  for (std::size_t i = 0; i < active.nodes.size(); ++i) {
    const NodeId node = active.nodes[i];
    std::size_t place = 0;
    Active* const later = heir(index, node, place);
    if (std::holds_alternative<Pause>(active.action)) {
      // A crash has ended the pause; the node may have been paused anew since.
      if (world.life(node) == active.lives[i]) world.resume(node);
    } else if (std::holds_alternative<SlowDisk>(active.action)) {
      if (later != nullptr) {
        later->old_flushes[place] = active.old_flushes[i];
      } else {
        world.set_flush(node, active.old_flushes[i]);
      }
    } else if (std::holds_alternative<ClockDrift>(active.action)) {
      if (later != nullptr) {
        later->old_drifts[place] = active.old_drifts[i];
      } else {
        world.set_clock_drift(node, active.old_drifts[i]);
      }
    }
  }
}

}  // namespace ballast
