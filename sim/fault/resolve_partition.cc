// Who plays which part in a partition that is known by its shape.
#include <algorithm>
#include <utility>

#include "sim/fault/act.h"

namespace ballast {
namespace {

using Nodes = std::vector<NodeId>;

void shuffle(Nodes& nodes, Stream& dice) {
  for (std::size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[dice.below(i)]);
}

Nodes shuffled(Nodes nodes, Stream& dice) {
  shuffle(nodes, dice);
  return nodes;
}

bool contains(const Nodes& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

Nodes without(Nodes nodes, NodeId node) {
  nodes.erase(std::remove(nodes.begin(), nodes.end(), node), nodes.end());
  return nodes;
}

// The lists of nodes that keep their links to each other, in a form that reads well.
class Kept {
 public:
  explicit Kept(const Selector& among) { links_.among = among; }
  void together(Nodes nodes) {
    std::sort(nodes.begin(), nodes.end());
    links_.keep.push_back(Selector::of(std::move(nodes)));
  }
  void pair(NodeId a, NodeId b) { together({a, b}); }
  FaultAction take() {
    std::stable_sort(
        links_.keep.begin(), links_.keep.end(),
        [](const Selector& a, const Selector& b) { return nodes_of(a) < nodes_of(b); });
    return std::move(links_);
  }

 private:
  LinksOnly links_;
};

std::size_t bare_majority(const Nodes& nodes) { return nodes.size() / 2 + 1; }

// --- Splits --------------------------------------------------------------------------------------

// How many nodes the first part has, or nothing if every node chooses for itself.
std::optional<std::size_t> first_size(const Split& split, std::size_t nodes, Stream& dice) {
  switch (split.sizes) {
    case Sizes::halves:
      return nodes / split.into;
    case Sizes::minority:
      return (nodes - 1) / 2;
    case Sizes::majority:
      return nodes / 2 + 1;
    case Sizes::one:
      return 1;
    case Sizes::uniform:
      return 1 + dice.below(nodes - 1);
    case Sizes::coin:
      return std::nullopt;
  }
  return std::nullopt;
}

// Each node chooses a part; all of them anew while they all choose the same.
std::optional<std::vector<Nodes>> tossed(const std::vector<Nodes>& start, const Nodes& nodes,
                                         Stream& dice) {
  constexpr int patience = 64;
  for (int toss = 0; toss < patience; ++toss) {
    std::vector<Nodes> parts = start;
    for (const NodeId node : nodes) parts[dice.below(parts.size())].push_back(node);
    if (std::count_if(parts.begin(), parts.end(), [](const Nodes& part) { return !part.empty(); }) >
        1) {
      return parts;
    }
  }
  return std::nullopt;
}

// The others, dealt out to the other parts as evenly as can be.
std::optional<std::vector<Nodes>> parts_of(const Split& split, Stream& dice) {
  const Nodes all = nodes_of(split.nodes);
  const Nodes with = split.with ? nodes_of(*split.with) : Nodes{};
  std::vector<Nodes> parts(split.into);
  Nodes others;
  if (all.size() < 2) return std::nullopt;
  const std::optional<std::size_t> first = first_size(split, all.size(), dice);
  for (const NodeId node : all) {
    if (contains(with, node)) {
      parts.front().push_back(node);
    } else {
      others.push_back(node);
    }
  }
  shuffle(others, dice);
  if (!first) return tossed(parts, others, dice);
  if (*first < parts.front().size()) return std::nullopt;  // they do not fit
  while (parts.front().size() < *first) {
    parts.front().push_back(others.back());
    others.pop_back();
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    parts[1 + i % (parts.size() - 1)].push_back(others[i]);
  }
  return parts;
}

std::optional<FaultAction> settled(const Split& split, const Casting& casting, Stream& dice) {
  std::optional<std::vector<Nodes>> parts = parts_of(split, dice);
  if (!parts) return std::nullopt;
  if (split.clients) {
    for (const Group& group : casting.groups) {
      if (group.name != "client") continue;
      for (const NodeId client : group.nodes) (*parts)[dice.below(split.into)].push_back(client);
    }
  }
  Partition partition;
  for (Nodes& part : *parts) {
    std::sort(part.begin(), part.end());
    if (!part.empty()) partition.groups.push_back(Selector::of(std::move(part)));
  }
  if (partition.groups.size() < 2) return std::nullopt;
  return partition;
}

std::optional<FaultAction> settled(const ClientOnly& cut, const Casting& casting, Stream&) {
  for (const Group& group : casting.groups) {
    if (group.name == "client" && !group.nodes.empty()) {
      return Partition{{cut.nodes, Selector::of(group.nodes)}};
    }
  }
  return std::nullopt;
}

// --- Rings, chains and stars ---------------------------------------------------------------------

// Each node has n / 2 neighbours, rounded down: those next to it on either side, and if that number
// is odd one across. With n odd too somebody is left over, and is given a second node across.
std::optional<FaultAction> settled(const MajoritiesRing& ring, const Casting&, Stream& dice) {
  const Nodes around = shuffled(nodes_of(ring.nodes), dice);
  const std::size_t n = around.size();
  if (n < 3) return std::nullopt;
  Kept kept(ring.nodes);
  const auto link = [&](std::size_t i, std::size_t steps) {
    kept.pair(around[i], around[(i + steps) % n]);
  };
  const std::size_t neighbours = n / 2;
  for (std::size_t steps = 1; steps <= neighbours / 2; ++steps) {
    for (std::size_t i = 0; i < n; ++i) link(i, steps);
  }
  if (neighbours % 2 == 1) {
    for (std::size_t i = 0; i < n / 2; ++i) link(i, n / 2);
    if (n % 2 == 1) link(n - 1, n / 2);
  }
  return kept.take();
}

std::optional<FaultAction> settled(const Chain& chain, const Casting&, Stream& dice) {
  const Nodes row = shuffled(nodes_of(chain.nodes), dice);
  if (row.size() < 3) return std::nullopt;
  Kept kept(chain.nodes);
  for (std::size_t i = 1; i < row.size(); ++i) kept.pair(row[i - 1], row[i]);
  return kept.take();
}

FaultAction star_of(NodeId center, const Nodes& points, const Selector& among) {
  Kept kept(among);
  for (const NodeId point : without(points, center)) kept.pair(center, point);
  return kept.take();
}

std::optional<FaultAction> settled(const Star& star, const Casting&, Stream&) {
  return star_of(star.center.parts.front().node, nodes_of(star.nodes), star.nodes);
}

std::optional<FaultAction> settled(const ConstrainedElection& cut, const Casting& casting,
                                   Stream& dice) {
  const Nodes all = nodes_of(cut.nodes);
  const NodeId leader = casting.standing.leader(all);
  if (!leader || all.size() < 3) return std::nullopt;
  const Nodes followers = shuffled(without(all, leader), dice);
  NodeId center = cut.center.parts.front().node;
  if (center == leader) {
    center = followers.front();
    for (const NodeId node : followers) {
      const Standing& standing = casting.standing;
      if (standing.log_length(node) < standing.log_length(center)) center = node;
    }
  }
  return star_of(center, followers, cut.nodes);
}

// --- Partial partitions around the leader --------------------------------------------------------

std::optional<FaultAction> settled(const OldLeaderBridge& cut, const Casting& casting,
                                   Stream& dice) {
  const Nodes all = nodes_of(cut.nodes);
  const NodeId leader = casting.standing.leader(all);
  if (!leader || all.size() < 3) return std::nullopt;
  Nodes core = shuffled(without(all, leader), dice);
  core.resize(bare_majority(all));
  Kept kept(cut.nodes);
  kept.together(core);
  kept.pair(core.front(), leader);
  return kept.take();
}

std::optional<FaultAction> settled(const TwoLeaf& cut, const Casting& casting, Stream& dice) {
  const Nodes all = nodes_of(cut.nodes);
  const NodeId leader = casting.standing.leader(all);
  if (!leader || all.size() < 3) return std::nullopt;
  const Nodes followers = shuffled(without(all, leader), dice);
  const std::size_t core = bare_majority(all) - 1;
  Nodes together(followers.begin(), followers.begin() + static_cast<std::ptrdiff_t>(core));
  together.push_back(leader);
  Kept kept(cut.nodes);
  kept.together(together);
  for (std::size_t i = core; i < followers.size(); ++i) {
    kept.pair((i - core) % 2 == 0 ? followers.front() : leader, followers[i]);
  }
  return kept.take();
}

template <class Action>
std::optional<FaultAction> settled(const Action& action, const Casting&, Stream&) {
  return action;
}

}  // namespace

bool settle_shape(FaultAction& action, const Casting& casting, Stream& dice) {
  std::optional<FaultAction> explicit_form =
      std::visit([&](const auto& held) { return settled(held, casting, dice); }, action);
  if (!explicit_form) return false;
  action = std::move(*explicit_form);
  return true;
}

}  // namespace ballast
