// Faults of the network: who cannot reach whom. Each is a described struct; its name is the key by
// which a scenario calls it.
#pragma once

#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/time.h"
#include "sim/fault/selector.h"

namespace ballast {

struct Partition {
  std::vector<Selector> groups;
  static constexpr std::string_view name = "partition";
  static constexpr std::string_view doc =
      "Splits the network: nodes of different groups cannot reach each other. Nodes in no group "
      "keep all their links.";
  static constexpr auto fields = Fields{
      field("groups", &Partition::groups, "Two or more groups of nodes; no node twice.").needed()};
};

struct Isolate {
  Selector nodes;
  static constexpr std::string_view name = "isolate";
  static constexpr std::string_view doc =
      "Cuts each of the nodes off from every other node, clients included, in both directions.";
  static constexpr auto fields =
      Fields{field("nodes", &Isolate::nodes, "Who is cut off.").needed()};
};

struct Cut {
  Selector from;
  Selector to;
  static constexpr std::string_view name = "cut";
  static constexpr std::string_view doc =
      "Cuts links in one direction: what `from` sends to `to` is lost, what `to` sends to `from` "
      "arrives.";
  static constexpr auto fields = Fields{field("from", &Cut::from, "The sending side.").needed(),
                                        field("to", &Cut::to, "The receiving side.").needed()};
};

struct Bridge {
  Selector node;
  static constexpr std::string_view name = "bridge";
  static constexpr std::string_view doc =
      "Splits the group of this node into two halves that can reach each other only through it: "
      "the "
      "first half of the other nodes by number, and the rest.";
  static constexpr auto fields =
      Fields{field("node", &Bridge::node, "The node that still reaches everybody.").needed()};
};

struct Flap {
  std::vector<Selector> between;
  Duration down{100'000'000};
  Duration up{100'000'000};
  static constexpr std::string_view name = "flap";
  static constexpr std::string_view doc =
      "A link that comes and goes: cut in both directions for `down`, whole for `up`, again and "
      "again until the fault ends.";
  static constexpr auto fields =
      Fields{field("between", &Flap::between, "The two ends, each one or more nodes.").needed(),
             field("down", &Flap::down, "How long the link is cut each time.").at_least(1),
             field("up", &Flap::up, "How long it is whole each time.").at_least(1)};
};

}  // namespace ballast
