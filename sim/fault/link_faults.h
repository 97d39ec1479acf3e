// Faults of links that stay: each imposes a condition of sim/kernel/link_conditions.h on directed
// links and lifts it at its end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/time.h"
#include "sim/fault/selector.h"
#include "sim/kernel/link_conditions.h"

namespace ballast {

// Which directed links. Nothing given: every link, those of clients included.
struct OnLinks {
  std::optional<Selector> nodes;
  std::optional<Selector> from;
  std::optional<Selector> to;

  // Whoever names links in two ways means one of them.
  std::string problem() const {
    if (!nodes || (!from && !to)) return {};
    return "say which links either by \"nodes\" or by \"from\" and \"to\"";
  }

  static constexpr auto fields =
      Fields{field("nodes", &OnLinks::nodes,
                   "All links to and from these nodes, those to clients included."),
             field("from", &OnLinks::from,
                   "The links from these nodes, to everybody unless \"to\" is given."),
             field("to", &OnLinks::to,
                   "The links to these nodes, from everybody unless \"from\" is given.")};
};

// The fault that is this condition.
template <class Condition>
struct Imposed : Condition, OnLinks {
  static constexpr std::string_view name = Condition::name;
  static constexpr std::string_view doc = Condition::doc;
  static constexpr auto fields = Condition::fields + OnLinks::fields;
};

using LinkDelay = Imposed<condition::Delay>;
using LinkLoss = Imposed<condition::Loss>;
using LinkDuplicate = Imposed<condition::Duplicate>;
using LinkReplay = Imposed<condition::Replay>;
using LinkReorder = Imposed<condition::Reorder>;
using LinkCorrupt = Imposed<condition::Corrupt>;
using LinkClog = Imposed<condition::Clog>;
using LinkBandwidth = Imposed<condition::Bandwidth>;

// A clog within a swizzle, in time since its begin: of all links of a node, or of one link.
struct ClogSpan {
  NodeId node;
  NodeId to;  // if set, only the link from `node` to it
  Duration begin;
  Duration end;
  static constexpr std::string_view name = "span";
  static constexpr auto fields = Fields{
      field("node", &ClogSpan::node, "Whose links.").at_least(1).needed(),
      field("to", &ClogSpan::to, "If not 0, only the link to this node."),
      field("begin", &ClogSpan::begin, "When it clogs, since the begin of the fault.").needed(),
      field("end", &ClogSpan::end, "When it is free again.").needed()};
};

// FoundationDB's RandomClogging and its swizzle.
struct Swizzle {
  Selector nodes = Selector::all();
  Duration over{2'000'000'000};
  Ratio share{1, 2};
  std::uint64_t pairs = 0;
  std::optional<std::vector<ClogSpan>> spans;
  static constexpr std::string_view name = "swizzle";
  static constexpr std::string_view doc =
      "Clogs some of the nodes one after the other and frees them in another order: each with the "
      "probability `share`, from a random time in the first half of `over` to a random time in the "
      "second half. Bugs hide in orders of recovery that nobody has thought of. After "
      "FoundationDB.";
  static constexpr auto fields = Fields{
      field("nodes", &Swizzle::nodes, "Those among whom it chooses."),
      field("over", &Swizzle::over, "How long all of it takes; the fault then ends by itself.")
          .at_least(2),
      field("share", &Swizzle::share, "The probability that a node is clogged."),
      field(
          "pairs", &Swizzle::pairs,
          "So many random directed links between the nodes are clogged besides, each for a random "
          "time within `over`.")
          .at_most(10'000),
      field("spans", &Swizzle::spans,
            "The clogs, if not by luck. Written by runs, so that a replay needs none.")};
};

}  // namespace ballast
