// What the faults of processes and of load do.
#include <algorithm>

#include "sim/fault/act.h"
#include "sim/protocol/quorum.h"

namespace ballast {

void impose(Scene& scene, const Selector& nodes, const NodeCondition& condition) {
  for (const NodeId node : nodes_of(nodes)) {
    scene.hold().conditions.push_back(scene.world.impose(node, condition));
  }
}

namespace {

// Whether a majority of its group would know what it knew if this node forgot it.
bool may_forget(const Scene& scene, NodeId node) {
  const std::vector<NodeId>& group = group_of(node, scene.groups);
  const auto remembering = std::count_if(group.begin(), group.end(), [&](NodeId other) {
    return other != node && scene.world.process(other).remembers() &&
           !scene.world.refuses_to_start(other);
  });
  return static_cast<std::size_t>(remembering) >= majority(group.size());
}

void hold_down(Scene& scene, NodeId node, bool keep_memory, CrashStyle style = {}) {
  if (keep_memory && scene.world.process(node).remembers() && !may_forget(scene, node)) return;
  scene.world.crash(node, style);
  scene.hold().down.push_back(node);
}

// A node that several faults hold down starts when the last of them lets it go.
void restart(Scene& scene) {
  std::vector<NodeId> nodes;
  nodes.swap(scene.hold().down);
  for (const NodeId node : nodes) {
    const bool held = std::any_of(scene.holds.begin(), scene.holds.end(), [&](const Hold& other) {
      return std::find(other.down.begin(), other.down.end(), node) != other.down.end();
    });
    if (!held) scene.world.restart(node);
  }
}

}  // namespace

void let_go(Scene& scene) {
  change_links(scene, false);
  lift_conditions(scene);
  std::vector<ConditionId> conditions;
  conditions.swap(scene.hold().conditions);
  for (const ConditionId condition : conditions) scene.world.lift(condition);
  restart(scene);
}

Wake begin(const Crash& crash, Scene& scene) { return wake(crash, scene); }

// Crashes whose turn has come, and sleeps until the next one.
Wake wake(const Crash& crash, Scene& scene) {
  const Duration passed = scene.world.now() - scene.hold().since;
  const std::uint64_t woken = scene.hold().turns++;
  const std::vector<NodeId> nodes = nodes_of(crash.nodes);
  std::optional<Duration> next;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Duration offset = crash.offsets.empty() ? Duration{} : crash.offsets[i];
    if (offset > passed) {
      next = next ? std::min(*next, offset) : offset;
    } else if (offset == passed && (woken == 0 || offset > Duration{})) {
      hold_down(scene, nodes[i], crash.keep_memory, {crash.unflushed, crash.torn});
    }
  }
  if (next) return *next - passed;
  return std::nullopt;
}

Wake begin(const CrashAtWrite& crash, Scene& scene) {
  impose(scene, crash.nodes, condition::CrashOnWrite{crash.nth, crash.keep, crash.down});
  return std::nullopt;
}

Wake begin(const CrashLoop& loop, Scene& scene) { return wake(loop, scene); }

Wake wake(const CrashLoop& loop, Scene& scene) {
  Hold& hold = scene.hold();
  if (hold.down.empty()) {
    ++hold.turns;
    for (const NodeId node : nodes_of(loop.nodes)) hold_down(scene, node, loop.keep_memory);
    return loop.down;
  }
  restart(scene);
  if (hold.turns < loop.times) return loop.up;
  scene.hold().ended = true;
  return std::nullopt;
}

// A restart undoes every crash of the node. One that would have lasted for the rest of the run ends
// with its last node.
Wake begin(const Restart& restart, Scene& scene) {
  for (const NodeId node : nodes_of(restart.nodes)) {
    scene.world.restart(node);
    for (Hold& hold : scene.holds) {
      if (std::erase(hold.down, node) == 0) continue;
      if (hold.down.empty() && !hold.ends) hold.ended = true;
    }
  }
  return std::nullopt;
}

Wake begin(const Pause& pause, Scene& scene) {
  Hold& hold = scene.hold();
  hold.nodes = nodes_of(pause.nodes);
  for (const NodeId node : hold.nodes) {
    hold.lives.push_back(scene.world.is_up(node) ? scene.world.life(node) : Life{});
    hold.clocks.push_back(scene.world.local_time(node));
    scene.world.pause(node);
  }
  return std::nullopt;
}

// A crash has ended the pause; the node may have been paused anew since.
void end(const Pause& pause, Scene& scene) {
  const Hold& hold = scene.hold();
  for (std::size_t i = 0; i < hold.nodes.size(); ++i) {
    const NodeId node = hold.nodes[i];
    if (scene.world.life(node) != hold.lives[i]) continue;
    scene.world.resume(node);
    if (pause.clock_jump || !scene.world.is_up(node)) continue;
    scene.world.jump_clock(node, hold.clocks[i] - scene.world.local_time(node));
  }
}

Wake begin(const SlowNode& slow, Scene& scene) {
  impose(scene, slow.nodes, condition::SlowSteps{slow.service});
  return std::nullopt;
}

Wake begin(const Wipe& wipe, Scene& scene) {
  for (const NodeId node : nodes_of(wipe.nodes)) {
    hold_down(scene, node, false);
    scene.world.roll_back(node, 0);
  }
  return std::nullopt;
}

Wake begin(const Rollback& rollback, Scene& scene) {
  for (const NodeId node : nodes_of(rollback.nodes)) {
    hold_down(scene, node, false);
    const std::uint64_t durable = scene.world.durable(node);
    const std::uint64_t present = durable - scene.world.first_record(node);
    const std::uint64_t lost = rollback.records.value_or(rollback.share.of(present));
    scene.world.roll_back(node, durable - std::min(lost, durable));
  }
  return std::nullopt;
}

std::optional<std::uint32_t> timer_meant(const World& world, NodeId node, std::string_view name) {
  std::optional<std::uint32_t> best;
  const Process& process = world.process(node);
  for (std::uint32_t timer = 0; timer < process.timer_count(); ++timer) {
    const std::optional<Time> due = world.timer_due(node, timer);
    if (!due || (!name.empty() && process.timer_name(timer) != name)) continue;
    if (!best || *due > *world.timer_due(node, *best)) best = timer;
  }
  return best;
}

Wake begin(const Disturb& disturb, Scene& scene) {
  for (const NodeId node : nodes_of(disturb.nodes)) {
    if (const auto timer = timer_meant(scene.world, node, disturb.timer)) {
      scene.world.fire_now(node, *timer);
    }
  }
  return std::nullopt;
}

Wake begin(const Administer& order, Scene& scene) {
  Command command;
  command.operation = Operation::administer;
  command.key = static_cast<std::uint64_t>(order.what);
  if (order.who) {
    const std::vector<NodeId> who = nodes_of(*order.who);
    const bool a_set = order.what == Administration::set_voters;
    for (const NodeId node : who) {
      command.value = a_set ? command.value | std::int64_t{1} << (node.value - 1) : node.value;
    }
  }
  for (const NodeId node : nodes_of(order.nodes)) scene.world.administer(node, command);
  return std::nullopt;
}

Wake begin(const RateChange& rate, Scene& scene) {
  impose(scene, rate.clients, condition::Pace{rate.factor});
  return std::nullopt;
}

Wake begin(const DoubleSubmit& twice, Scene& scene) {
  impose(scene, twice.clients,
         condition::DoubleSubmit{twice.share, twice.to == SecondServer::next});
  return std::nullopt;
}

}  // namespace ballast
