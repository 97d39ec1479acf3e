// Shrinking of what surrounds the schedule: chance in clients and network, configuration, digits.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "sim/scenario/json.h"
#include "sim/scenario/shrink_search.h"

namespace ballast {
namespace {

// Above so many explicit messages a law of chance says more in fewer words.
constexpr std::size_t most_messages = 6;
// Delays of more messages than this are not even tried one by one.
constexpr std::size_t most_delays = 3000;

class Sendings : public Recorder {
 public:
  SightMask wants() const override { return sight(Sight::sent); }
  void begin(const Scenario&, const World&) override {}
  void line(const HistoryLine&) override {}
  void sample(const Sample&) override {}
};

// Notes what clients ask, at the first sending of each request.
class Asked final : public Sendings {
 public:
  explicit Asked(std::uint32_t servers) : servers_(servers) {}
  void see(const Occurrence& seen, const World& world) override {
    if (seen.node.value <= servers_ || seen.payload.type != Pools::request_type) return;
    const auto& pool = static_cast<const Pool<Request>&>(world.pools()[seen.payload]);
    const Request& request = pool[seen.payload.slot];
    if (!known_.insert(request.id).second) return;
    operations.push_back(ScriptedOperation::of(world.local_time(seen.node),
                                               seen.node.value - servers_, request.command));
  }
  std::vector<ScriptedOperation> operations;

 private:
  std::uint32_t servers_;
  std::set<RequestId> known_;
};

// Notes what became of each message.
class Passages final : public Sendings {
 public:
  explicit Passages(bool delays) : delays_(delays) {}
  void see(const Occurrence& seen, const World& world) override {
    if (seen.peer == seen.node) return;
    const std::string_view name = world.pools()[seen.payload].message_name(seen.payload.slot);
    const std::uint64_t nth = ++sent_[{seen.node, seen.peer, std::string(name)}];
    const Passage& passage = *seen.passage;
    MessageSpec fate;
    fate.from = Selector::of({seen.node});
    fate.to = Selector::of({seen.peer});
    fate.message = name;
    fate.nth = nth;
    fate.lost = passage.arrivals == 0;
    if (fate.lost && passage.reason != DropReason::lost) return;
    if (delays_ && passage.arrivals > 0) fate.delay = passage.at[0] - seen.at;
    if (passage.arrivals == 2) fate.copy = passage.at[1] - seen.at;
    if (fate.lost || fate.delay || fate.copy) fates.push_back(std::move(fate));
  }
  std::vector<MessageSpec> fates;

 private:
  bool delays_;
  std::map<std::tuple<NodeId, NodeId, std::string>, std::uint64_t> sent_;
};

}  // namespace

std::vector<ScriptedOperation> operations_in(const Scenario& scenario) {
  Asked asked(scenario.server_count());
  run(scenario, {&asked, true, nullptr, {}});
  return std::move(asked.operations);
}

std::vector<MessageSpec> fates_in(const Scenario& scenario, bool delays) {
  Passages passages(delays);
  run(scenario, {&passages, true, nullptr, {}});
  return std::move(passages.fates);
}

// --- Chance --------------------------------------------------------------------------------------

void ShrinkSearch::script_operations() {
  if (!result_.scenario.workload || result_.scenario.workload->script) return;
  std::vector<ScriptedOperation> operations = operations_in(result_.scenario);
  attempt_change([&](Scenario& s) {
    s.workload->script = std::move(operations);
    s.workload->arrivals = Workload{}.arrivals;
    s.workload->operations = {};
    s.workload->start = {};
    s.workload->stop.reset();
  });
}

// Without any message on the list: where it does not take luck, there should be none.
void ShrinkSearch::calm_network() {
  const NetworkSpec& now = result_.scenario.network;
  if (!now.links.empty()) attempt_change([](Scenario& s) { s.network.links.clear(); });
  if (!now.zone_latency.empty() || !now.zones.empty()) {
    attempt_change([](Scenario& s) {
      s.network.zone_latency.clear();
      s.network.zones.clear();
    });
  }
  if (!std::holds_alternative<FullMesh>(now.topology)) {
    attempt_change([](Scenario& s) { s.network.topology = FullMesh{}; });
  }
  if (now.fifo) attempt_change([](Scenario& s) { s.network.fifo = false; });
  if (!now.loss.is_zero()) attempt_change([](Scenario& s) { s.network.loss = {}; });
  if (!now.duplicate.is_zero()) attempt_change([](Scenario& s) { s.network.duplicate = {}; });
  if (now.latency.kind() == Distribution::Kind::constant) return;
  const std::uint64_t quarter = std::uint64_t{1} << 62;
  const std::vector<Duration> delays{
      now.latency.at(2 * quarter), now.latency.min(), now.latency.at(quarter),
      now.latency.at(3 * quarter), {1'000'000},       {10'000'000}};
  const Scenario base = result_.scenario;
  attempt(delays.size(), [&](std::size_t i) -> std::optional<Scenario> {
    Scenario s = base;
    s.network.latency = Distribution::constant(delays[i]);
    return s;
  });
}

// Takes the luck out of the network by naming the messages that had any, and then as many of these
// as possible from the list. False, with nothing changed, if too many are left.
bool ShrinkSearch::pin(const std::function<void(NetworkSpec&)>& calm) {
  const Scenario before = result_.scenario;
  const RunOutcome outcome = result_.outcome;
  const bool tamed = attempt_change([&](Scenario& s) { calm(s.network); });
  if (tamed) drop_messages();
  if (tamed && result_.scenario.network.messages.size() <= most_messages) return true;
  result_.scenario = before;
  result_.outcome = outcome;
  return false;
}

void ShrinkSearch::pin_messages() {
  const NetworkSpec& now = result_.scenario.network;
  const bool constant = now.latency.kind() == Distribution::Kind::constant;
  if (!now.links.empty() || !now.zone_latency.empty()) return;
  if (!now.loss.is_zero() || !now.duplicate.is_zero()) {
    pin([&](NetworkSpec& network) {
      network.messages = fates_in(result_.scenario, false);
      network.loss = {};
      network.duplicate = {};
    });
  }
  if (constant) return;
  const Duration median = now.latency.at(std::uint64_t{1} << 63);
  std::vector<MessageSpec> fates = fates_in(result_.scenario, true);
  if (fates.size() > most_delays) return;
  pin([&](NetworkSpec& network) {
    network.messages = std::move(fates);
    network.latency = Distribution::constant(median);
    network.loss = {};
    network.duplicate = {};
  });
}

// --- Configuration -------------------------------------------------------------------------------

void ShrinkSearch::reset_parts() {
  const Scenario usual;
  const Scenario& now = result_.scenario;
  const auto try_unless_usual = [&](const auto& is_usual, const auto& change) {
    if (!is_usual) attempt_change(change);
  };
  try_unless_usual(to_json(now.disk) == to_json(usual.disk),
                   [&](Scenario& s) { s.disk = usual.disk; });
  try_unless_usual(to_json(now.clock) == to_json(usual.clock),
                   [&](Scenario& s) { s.clock = usual.clock; });
  try_unless_usual(now.ties == usual.ties, [&](Scenario& s) { s.ties = usual.ties; });
  try_unless_usual(to_json(now.network) == to_json(usual.network), [&](Scenario& s) {
    std::vector<MessageSpec> messages = std::move(s.network.messages);
    s.network = {};
    s.network.messages = std::move(messages);
  });
  try_unless_usual(to_json(now.budget) == to_json(usual.budget),
                   [&](Scenario& s) { s.budget = usual.budget; });
  for (std::size_t g = 0; g < now.groups.size(); ++g) {
    try_unless_usual(!now.groups[g].disk, [&](Scenario& s) { s.groups[g].disk.reset(); });
    try_unless_usual(!now.groups[g].clock, [&](Scenario& s) { s.groups[g].clock.reset(); });
  }
  if (!now.workload) return;
  const Workload plain;
  try_unless_usual(now.workload->keys == plain.keys || !now.workload->script,
                   [&](Scenario& s) { s.workload->keys = plain.keys; });
  try_unless_usual(now.workload->timeout == plain.timeout,
                   [&](Scenario& s) { s.workload->timeout = plain.timeout; });
  try_unless_usual(now.workload->retry_after == plain.retry_after,
                   [&](Scenario& s) { s.workload->retry_after = plain.retry_after; });
}

// Each option back to its default, all but the switch that plants a mistake.
void ShrinkSearch::reset_configs() {
  for (std::size_t g = 0; g < result_.scenario.groups.size(); ++g) {
    const ConfigSpec& spec = result_.scenario.groups[g].algorithm->config;
    const auto tree_of = [&](const std::any& config) {
      std::string json;
      JsonWriter w(json);
      spec.write(w, config);
      Problems none;
      return parse_json(json, "", none).value_or(Value{});
    };
    const Value usual = tree_of(spec.defaults);
    for (const Value& member : usual.children) {
      if (member.key == "bug") continue;
      const Value now = tree_of(result_.scenario.groups[g].config);
      const Value* held = now.find(member.key);
      if (held == nullptr || to_json(*held) == to_json(member)) continue;
      Value change{Value::Kind::object};
      change.children.push_back(member);
      Scenario candidate = result_.scenario;
      Problems problems;
      Reader reader(problems, "config");
      if (spec.read(change, candidate.groups[g].config, reader)) attempt(std::move(candidate));
    }
  }
}

// --- Values and digits ---------------------------------------------------------------------------

// Keys and values are names: the smallest that tell apart what must be told apart.
void ShrinkSearch::simplify_values() {
  if (!result_.scenario.workload || !result_.scenario.workload->script) return;
  const auto for_all = [&](const auto& change) {
    Scenario candidate = result_.scenario;
    bool changed = false;
    std::int64_t next = 1;
    for (ScriptedOperation& each : *candidate.workload->script) {
      const Command before = each.command();
      std::visit([&](auto& body) { change(body, next); }, each.action);
      changed = changed || each.command() != before;
    }
    if (changed) attempt(std::move(candidate));
  };
  for_all([](auto& body, std::int64_t&) {
    if constexpr (requires { body.key; }) body.key = 0;
  });
  for_all([](auto& body, std::int64_t& next) {
    if constexpr (requires { body.expected; }) return;
    if constexpr (requires { body.value; }) body.value = next++;
  });
  for_all([](auto& body, std::int64_t&) {
    if constexpr (requires { body.work; }) body.work = 0;
  });
}

namespace {

// Calls visit(ns, least) for everything in a schedule that is measured in time and may be rounded.
template <class Visit>
void for_each_span(Scenario& s, const Visit& visit) {
  for (Fault& fault : s.faults) {
    visit(fault.at.ns, 0);
    if (fault.lasts) visit(fault.lasts->ns, 1);
    std::visit(
        [&](auto& action) {
          for_each_field(action, [&](const auto&, auto& member) {
            if constexpr (std::is_same_v<decltype(member), Duration&>) visit(member.ns, 1);
          });
        },
        fault.action);
  }
  if (s.workload && s.workload->script) {
    for (ScriptedOperation& each : *s.workload->script) visit(each.at.ns, 0);
  }
  for (MessageSpec& each : s.network.messages) {
    if (each.delay) visit(each.delay->ns, 1);
    if (each.copy) visit(each.copy->ns, 1);
  }
}

// To the nearest multiple, ties away from zero, or the one before where that would be too much.
std::int64_t rounded(std::int64_t ns, std::int64_t unit) {
  const std::int64_t part = ns % unit;
  const std::int64_t towards_zero = ns - part;
  std::int64_t away = 0;
  const bool far = part >= unit / 2 || -part >= unit / 2;
  if (!far || __builtin_add_overflow(towards_zero, part < 0 ? -unit : unit, &away)) {
    return towards_zero;
  }
  return away;
}

constexpr std::array<std::int64_t, 7> units{1'000'000'000, 100'000'000, 10'000'000, 1'000'000,
                                            100'000,       10'000,      1'000};

}  // namespace

// All at once if that works, then each by itself: the coarsest unit that leaves the violation.
void ShrinkSearch::round_times() {
  const Scenario base = result_.scenario;
  attempt(units.size(), [&](std::size_t u) -> std::optional<Scenario> {
    Scenario s = base;
    bool changed = false;
    for_each_span(s, [&](std::int64_t& ns, std::int64_t least) {
      const std::int64_t round = rounded(ns, units[u]);
      if (round == ns || round < least) return;
      ns = round;
      changed = true;
    });
    if (!changed) return std::nullopt;
    return s;
  });
  std::size_t count = 0;
  for_each_span(result_.scenario, [&](std::int64_t&, std::int64_t) { ++count; });
  for (std::size_t i = 0; i < count; ++i) {
    const Scenario before = result_.scenario;
    attempt(units.size(), [&](std::size_t u) -> std::optional<Scenario> {
      Scenario s = before;
      std::size_t number = 0;
      bool changed = false;
      for_each_span(s, [&](std::int64_t& ns, std::int64_t least) {
        if (number++ != i) return;
        const std::int64_t round = rounded(ns, units[u]);
        changed = round != ns && round >= least;
        if (changed) ns = round;
      });
      if (!changed) return std::nullopt;
      return s;
    });
  }
  const Distribution latency = result_.scenario.network.latency;
  if (latency.kind() != Distribution::Kind::constant) return;
  attempt(units.size(), [&](std::size_t u) -> std::optional<Scenario> {
    const Duration round{rounded(latency.min().ns, units[u])};
    if (round == latency.min() || round.ns == 0) return std::nullopt;
    Scenario s = result_.scenario;
    s.network.latency = Distribution::constant(round);
    return s;
  });
}

}  // namespace ballast
