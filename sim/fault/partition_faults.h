// Partitions by their shape. Who plays which part is decided when the fault acts, by luck or by who
// leads; what was decided is written back as an explicit "links_only" or "partition". Within the
// group only: clients keep their links unless it says otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/fault/selector.h"

namespace ballast {

struct LinksOnly {
  std::vector<Selector> keep;
  Selector among = Selector::all();
  static constexpr std::string_view name = "links_only";
  static constexpr std::string_view doc =
      "Cuts all links between the nodes but those that are kept, in both directions: the general "
      "form of a partition. [[1, 2], [2, 3]] is a chain of three; a longer list keeps all links "
      "between its nodes. A node may be in several lists.";
  static constexpr auto fields = Fields{
      field("keep", &LinksOnly::keep, "Lists of nodes that keep their links to each other.")
          .needed(),
      field("among", &LinksOnly::among, "Between whom links are cut; others keep all of theirs.")};
};

// How large the parts of a split are.
enum class Sizes : std::uint8_t { halves, minority, majority, one, uniform, coin };
constexpr auto enumerators(Sizes) {
  return std::array<std::string_view, 6>{"halves", "minority", "majority",
                                         "one",    "uniform",  "coin"};
}

struct Split {
  Sizes sizes = Sizes::halves;
  std::uint32_t into = 2;
  std::optional<Selector> with;
  Selector nodes = Selector::all();
  bool clients = false;
  static constexpr std::string_view name = "split";
  static constexpr std::string_view doc =
      "Splits the nodes at random into parts that cannot reach each other. The sizes: halves, as "
      "equal as they can be; minority, the first part is the largest one that is no majority, the "
      "rest shares what is left; majority, the first part is the smallest majority; one, the first "
      "part is a single node; uniform, the first part has any number of nodes with the same "
      "probability; coin, every node chooses its part by itself.";
  static constexpr auto fields = Fields{
      field("sizes", &Split::sizes, "How large the parts are."),
      field("into", &Split::into, "How many parts.").at_least(2).at_most(1000),
      field("with", &Split::with,
            "These are in the first part: \"minority\" with \"leader\" leaves the leader without a "
            "quorum."),
      field("nodes", &Split::nodes, "Who is split."),
      field("clients", &Split::clients,
            "Whether clients are on one side too, each on a random one, or reach all parts.")};
};

struct ClientOnly {
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "client_only";
  static constexpr std::string_view doc =
      "Cuts clients off from the nodes, which still reach each other.";
  static constexpr auto fields =
      Fields{field("nodes", &ClientOnly::nodes, "Whom clients cannot reach.")};
};

struct Deaf {
  Selector nodes;
  static constexpr std::string_view name = "deaf";
  static constexpr std::string_view doc =
      "The nodes hear nobody, clients included, but are heard by all.";
  static constexpr auto fields =
      Fields{field("nodes", &Deaf::nodes, "Who can only send.").needed()};
};

struct Mute {
  Selector nodes;
  static constexpr std::string_view name = "mute";
  static constexpr std::string_view doc =
      "Nobody hears the nodes, clients included, while they hear all.";
  static constexpr auto fields =
      Fields{field("nodes", &Mute::nodes, "Who can only receive.").needed()};
};

struct MajoritiesRing {
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "ring";
  static constexpr std::string_view doc =
      "Puts the nodes into a ring, in random order, in which each sees a bare majority around "
      "itself, and no two the same one (Jepsen's majorities-ring). With 3, 7, 11 ... nodes one of "
      "them sees one more than a majority: no graph gives every node an odd number of neighbours.";
  static constexpr auto fields =
      Fields{field("nodes", &MajoritiesRing::nodes, "Who stands in the ring.")};
};

struct Chain {
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "chain";
  static constexpr std::string_view doc =
      "Each node reaches only the one before it and the one after it, in random order. An "
      "algorithm "
      "must not hand leadership back and forth without end.";
  static constexpr auto fields = Fields{field("nodes", &Chain::nodes, "Who is in the chain.")};
};

struct Star {
  Selector center = Selector::of(Role::follower);
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "star";
  static constexpr std::string_view doc =
      "All nodes reach one node and nobody else: the leader loses its quorum, and only the one in "
      "the middle can lead (the quorum-loss scenario of Omni-Paxos).";
  static constexpr auto fields = Fields{field("center", &Star::center, "The node in the middle."),
                                        field("nodes", &Star::nodes, "Whose links are cut.")};
};

struct ConstrainedElection {
  Selector center = Selector::of(Role::laggard);
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "constrained_election";
  static constexpr std::string_view doc =
      "A star without the leader, which reaches nobody: only the node in the middle is connected "
      "to "
      "a quorum, and if its log is behind it may not win (after the scenario of Omni-Paxos).";
  static constexpr auto fields = Fields{
      field("center", &ConstrainedElection::center,
            "The node in the middle; where that is the leader, another one with a log no longer "
            "than any other."),
      field("nodes", &ConstrainedElection::nodes, "Whose links are cut; the leader is one.")};
};

struct OldLeaderBridge {
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "old_leader_bridge";
  static constexpr std::string_view doc =
      "A bare majority of followers reach each other, one of them also the leader, and everybody "
      "else nobody. The majority must elect a leader, though the old one goes on talking to one of "
      "them (openraft #2078).";
  static constexpr auto fields =
      Fields{field("nodes", &OldLeaderBridge::nodes, "Whose links are cut; at least three.")};
};

struct TwoLeaf {
  Selector nodes = Selector::all();
  static constexpr std::string_view name = "two_leaf";
  static constexpr std::string_view doc =
      "The leader and enough followers for a bare majority reach each other; the others hang by "
      "one "
      "link each, by turns on a follower of these and on the leader. Writes must go on, and "
      "leadership must not change (openraft #2111).";
  static constexpr auto fields =
      Fields{field("nodes", &TwoLeaf::nodes, "Whose links are cut; at least three.")};
};

// Those that are known only when they act, and then are something else.
template <class Action>
concept Template = std::is_same_v<Action, Split> || std::is_same_v<Action, ClientOnly> ||
    std::is_same_v<Action, MajoritiesRing> || std::is_same_v<Action, Chain> ||
    std::is_same_v<Action, Star> || std::is_same_v<Action, ConstrainedElection> ||
    std::is_same_v<Action, OldLeaderBridge> || std::is_same_v<Action, TwoLeaf>;

}  // namespace ballast
