// What the faults of links do that impose conditions.
#include <algorithm>
#include <iterator>

#include "sim/fault/act.h"

namespace ballast {
namespace {

std::vector<NodeId> everybody(const World& world) {
  std::vector<NodeId> nodes;
  for (std::uint32_t i = 1; i <= world.node_count(); ++i) nodes.push_back({i});
  return nodes;
}

void add_links(std::vector<Link>& links, const std::vector<NodeId>& from,
               const std::vector<NodeId>& to) {
  for (const NodeId a : from) {
    for (const NodeId b : to) {
      if (a != b) links.push_back({a, b});
    }
  }
}

// Each once, by number.
std::vector<Link> links_of(const OnLinks& on, const World& world) {
  const std::vector<NodeId> all = everybody(world);
  std::vector<Link> links;
  if (on.nodes) {
    add_links(links, nodes_of(*on.nodes), all);
    add_links(links, all, nodes_of(*on.nodes));
  } else {
    add_links(links, on.from ? nodes_of(*on.from) : all, on.to ? nodes_of(*on.to) : all);
  }
  std::sort(links.begin(), links.end());
  links.erase(std::unique(links.begin(), links.end()), links.end());
  return links;
}

// The clogs of a swizzle that begin or end at this time since its begin, and when the next do.
Wake swizzle_at(const Swizzle& swizzle, Duration elapsed, Scene& scene) {
  Wake next;
  const auto look_ahead = [&](Duration at) {
    if (at > elapsed && (!next || at - elapsed < *next)) next = at - elapsed;
  };
  for (std::size_t i = 0; i < swizzle.spans->size(); ++i) {
    const ClogSpan& span = (*swizzle.spans)[i];
    std::vector<LinkConditionId>& clogs = scene.hold().link_conditions[i];
    if (span.end == elapsed) {
      for (const LinkConditionId& clog : std::exchange(clogs, {})) scene.world.lift(clog);
    } else if (span.begin == elapsed) {
      OnLinks on;
      (span.to ? on.from : on.nodes) = Selector::of({span.node});
      if (span.to) on.to = Selector::of({span.to});
      for (const Link& link : links_of(on, scene.world)) {
        clogs.push_back(scene.world.impose(link.from, link.to, condition::Clog{}));
      }
    }
    look_ahead(span.begin);
    look_ahead(span.end);
  }
  return next;
}

}  // namespace

Wake impose(const LinkCondition& condition, const OnLinks& on, Scene& scene) {
  // What makes no difference is no event.
  if (!acts(condition)) return std::nullopt;
  std::vector<LinkConditionId>& imposed = scene.hold().link_conditions.emplace_back();
  for (const Link& link : links_of(on, scene.world)) {
    imposed.push_back(scene.world.impose(link.from, link.to, condition));
  }
  return std::nullopt;
}

void lift_conditions(Scene& scene) {
  for (const auto& some : std::exchange(scene.hold().link_conditions, {})) {
    for (const LinkConditionId& id : some) scene.world.lift(id);
  }
}

Wake begin(const Swizzle& swizzle, Scene& scene) {
  scene.hold().link_conditions.resize(swizzle.spans->size());
  scene.hold().begun = scene.world.now();
  return swizzle_at(swizzle, {}, scene);
}

Wake wake(const Swizzle& swizzle, Scene& scene) {
  return swizzle_at(swizzle, scene.world.now() - scene.hold().begun, scene);
}

// Half of the time clogs begin, half of it they end: at least two nanoseconds, so that each has
// both. Draws are made for every node, chosen or not, so that one node more changes no other's.
void draw_spans(Swizzle& swizzle, Stream& dice) {
  if (swizzle.spans) return;
  swizzle.spans.emplace();
  const std::vector<NodeId> nodes = nodes_of(swizzle.nodes);
  const auto half = static_cast<std::uint64_t>(swizzle.over.ns) / 2;
  const auto within = [&dice](std::uint64_t from, std::uint64_t span) {
    return Duration{static_cast<std::int64_t>(from + dice.below(span))};
  };
  for (const NodeId node : nodes) {
    const bool chosen = swizzle.share.happens(dice.next());
    const Duration begin = within(0, half);
    const Duration end = within(half, half);
    if (chosen) swizzle.spans->push_back({node, {}, begin, end});
  }
  for (std::uint64_t i = 0; i < swizzle.pairs && nodes.size() > 1; ++i) {
    const std::uint64_t from = dice.below(nodes.size());
    const std::uint64_t to = (from + 1 + dice.below(nodes.size() - 1)) % nodes.size();
    const Duration begin = within(0, 2 * half - 1);
    const Duration end = within(static_cast<std::uint64_t>(begin.ns) + 1,
                                2 * half - static_cast<std::uint64_t>(begin.ns) - 1);
    swizzle.spans->push_back({nodes[from], nodes[to], begin, end});
  }
}

}  // namespace ballast
