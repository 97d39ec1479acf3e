// Five servers, a client and a director, for tests of faults.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/fault/director.h"
#include "tests/support/stage.h"

namespace ballast {

using namespace literals;

inline constexpr NodeId n1{1}, n2{2}, n3{3}, n4{4}, n5{5}, c1{6};
using Nodes = std::vector<NodeId>;

inline Selector only(Nodes nodes) { return Selector::of(std::move(nodes)); }
inline Selector by_role(std::vector<Role> roles) {
  Selector selector;
  for (const Role role : roles) selector.parts.emplace_back().role = role;
  return selector;
}
inline Selector group(std::string name) {
  Selector selector;
  selector.parts.emplace_back().group = std::move(name);
  return selector;
}

inline Fault fault(Duration at, FaultAction action, std::optional<Duration> lasts = {}) {
  Fault f;
  f.at = Time{} + at;
  f.lasts = lasts;
  f.action = std::move(action);
  return f;
}

// Five servers and a client, idle but for what the test lets them say, and a director.
class Play {
 public:
  explicit Play(std::vector<Fault> schedule, std::uint64_t seed = 1,
                std::vector<Puppet::Config> puppets = std::vector<Puppet::Config>(6),
                Distribution flush = Distribution::constant({}))
      : stage({.puppets = std::move(puppets),
               .flush = std::move(flush),
               .seed = seed,
               .wanted = all_sights & ~sight(Sight::booted)}),
        director(std::move(schedule), {{"server", {n1, n2, n3, n4, n5}}, {"client", {c1}}}, seed) {}

  // As a run does it: faults come before the events of their instant.
  void run_until(Duration end) {
    for (Time pause; (pause = director.next_at()) <= Time{} + end;) {
      stage.run_until(pause - Time{} - 1_ns);
      stage.world.advance(pause);
      director.act(stage.world);
    }
    stage.run_until(end);
    if (director.is_waiting()) director.act(stage.world);
  }
  void elect(NodeId node, std::uint64_t term) { hear(node, Elected{{term}}); }
  void step_down(NodeId node, std::uint64_t term) { hear(node, SteppedDown{{term}}); }
  void say(NodeId node, const Fact& fact) { hear(node, fact); }
  // The node states the fact now; what lies in wait for it acts.
  void happen(NodeId node, const Fact& fact) {
    hear(node, fact);
    Occurrence seen;
    seen.what = Sight::stated;
    seen.at = stage.world.now();
    seen.node = node;
    seen.fact = &fact;
    director.see(seen, stage.world);
    director.act(stage.world);
  }
  std::string seen() { return stage.seen(); }
  World& world() { return stage.world; }

  // The pairs that cannot reach each other, as "1-2" or one way as "1>2".
  std::string cuts() {
    std::string text;
    const Network& network = std::as_const(stage.world).network();
    for (std::uint32_t a = 1; a <= 6; ++a) {
      for (std::uint32_t b = a + 1; b <= 6; ++b) {
        const bool there = network.is_cut({a}, {b});
        const bool back = network.is_cut({b}, {a});
        if (!there && !back) continue;
        const char* way = there && back ? "-" : there ? ">" : "<";
        text += (text.empty() ? "" : " ") + std::to_string(a) + way + std::to_string(b);
      }
    }
    return text;
  }

  Stage stage;
  Director director;

 private:
  void hear(NodeId node, Fact fact) {
    director.hear({&fact, stage.world.last_event(), {}, stage.world.now(), node, {1}});
  }
};

inline Nodes crashed_by(const FiredFault& fired) {
  Nodes nodes;
  for (const auto& part : std::get<Crash>(fired.fault.action).nodes.parts) {
    nodes.push_back(part.node);
  }
  return nodes;
}

}  // namespace ballast
