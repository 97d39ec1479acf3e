// The vocabulary of misfortune: what a scenario may do to its world, when, to whom and for how
// long. Each fault is a described struct; the name is the key by which a scenario calls it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/type_info.h"

namespace ballast {

// One way to say which node is meant. Roles are judged by what the nodes stated, at the moment at
// which the fault acts.
enum class Role : std::uint8_t { leader, follower, any, all };
constexpr auto enumerators(Role) {
  return std::array<std::string_view, 4>{"leader", "follower", "any", "all"};
}

// Some nodes. Written as a number or name (3, "n3", "c1"), as the name of a group, as a role
// ("leader": the one with the highest term; "follower": a random one of the others; "any": a random
// one; "all"), which is then a role in the scenario's first group, or as a list of these.
struct Selector {
  struct Part {
    NodeId node;            // if this is set, the node; otherwise
    std::string group;      // if this is not empty, all nodes of the group; otherwise
    Role role = Role::all;  // this role
    Position at;            // where the scenario says so
    friend bool operator==(const Part& a, const Part& b) {
      return a.node == b.node && a.group == b.group && a.role == b.role;
    }
  };
  std::vector<Part> parts;

  static Selector of(std::vector<NodeId> nodes);
  friend bool operator==(const Selector&, const Selector&) = default;
};

// The words that stand for nodes are resolved when the scenario is checked, once all groups are
// known: until then a word that is neither "n<number>" nor a role is taken for a group's name.
bool read(const Value& v, Selector& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Selector& selector);
TypeInfo make_type_info(Type<Selector>, const Limits&);

struct Partition {
  std::vector<Selector> groups;
  static constexpr std::string_view name = "partition";
  static constexpr std::string_view doc =
      "Splits the network: nodes of different groups cannot reach each other. Nodes in no group "
      "keep all their links.";
  static constexpr auto fields = std::tuple{
      field("groups", &Partition::groups, "Two or more groups of nodes; no node twice.").needed()};
};

struct Isolate {
  Selector nodes;
  static constexpr std::string_view name = "isolate";
  static constexpr std::string_view doc =
      "Cuts each of the nodes off from every other node, clients included, in both directions.";
  static constexpr auto fields =
      std::tuple{field("nodes", &Isolate::nodes, "Who is cut off.").needed()};
};

struct Cut {
  Selector from;
  Selector to;
  static constexpr std::string_view name = "cut";
  static constexpr std::string_view doc =
      "Cuts links in one direction: what `from` sends to `to` is lost, what `to` sends to `from` "
      "arrives.";
  static constexpr auto fields = std::tuple{field("from", &Cut::from, "The sending side.").needed(),
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
      std::tuple{field("node", &Bridge::node, "The node that still reaches everybody.").needed()};
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
      std::tuple{field("between", &Flap::between, "The two ends, each one or more nodes.").needed(),
                 field("down", &Flap::down, "How long the link is cut each time.").at_least(1),
                 field("up", &Flap::up, "How long it is whole each time.").at_least(1)};
};

struct Crash {
  Selector nodes;
  static constexpr std::string_view name = "crash";
  static constexpr std::string_view doc =
      "The nodes lose their volatile state and what their disks had not yet made durable, and are "
      "down. With a duration they restart after it from their durable records, unless another "
      "crash "
      "holds them down; without, they stay down until a restart.";
  static constexpr auto fields = std::tuple{field("nodes", &Crash::nodes, "Who crashes.").needed()};
};

struct Restart {
  Selector nodes;
  static constexpr std::string_view name = "restart";
  static constexpr std::string_view doc =
      "Boots crashed nodes again; nodes that are up are left alone. Has no duration.";
  static constexpr auto fields =
      std::tuple{field("nodes", &Restart::nodes, "Who restarts.").needed()};
};

struct Pause {
  Selector nodes;
  static constexpr std::string_view name = "pause";
  static constexpr std::string_view doc =
      "The nodes stand still, as in a long garbage collection: they handle nothing and their disks "
      "complete nothing, while their clocks run on. Everything that waited is handled, in order, "
      "when they resume.";
  static constexpr auto fields =
      std::tuple{field("nodes", &Pause::nodes, "Who stands still.").needed()};
};

struct SlowDisk {
  Selector nodes;
  Distribution flush = Distribution::constant({100'000'000});
  static constexpr std::string_view name = "slow_disk";
  static constexpr std::string_view doc =
      "The nodes' disks take another time to make a write durable, until the fault ends.";
  static constexpr auto fields =
      std::tuple{field("nodes", &SlowDisk::nodes, "Whose disks.").needed(),
                 field("flush", &SlowDisk::flush, "The time that a flush takes instead.")};
};

struct ClockJump {
  Selector nodes;
  Duration by;
  static constexpr std::string_view name = "clock_jump";
  static constexpr std::string_view doc =
      "Sets the nodes' clocks forward, or back. Running timers are not affected. Has no duration.";
  static constexpr auto fields =
      std::tuple{field("nodes", &ClockJump::nodes, "Whose clocks.").needed(),
                 field("by", &ClockJump::by, "The step; may be negative.")
                     .at_least(std::numeric_limits<std::int64_t>::min())
                     .needed()};
};

struct ClockDrift {
  Selector nodes;
  std::int64_t ppm = 0;
  static constexpr std::string_view name = "clock_drift";
  static constexpr std::string_view doc =
      "The nodes' clocks, and the timers that they set, run fast or slow until the fault ends.";
  static constexpr auto fields =
      std::tuple{field("nodes", &ClockDrift::nodes, "Whose clocks.").needed(),
                 field("ppm", &ClockDrift::ppm, "Parts per million; positive is fast.")
                     .at_least(-900'000)
                     .at_most(10'000'000)
                     .needed()};
};

using FaultAction = std::variant<Partition, Isolate, Cut, Bridge, Flap, Crash, Restart, Pause,
                                 SlowDisk, ClockJump, ClockDrift>;

// One entry of a schedule.
struct Fault {
  Time at;
  std::optional<Duration> lasts;  // unless given, for the rest of the run
  // It acts no earlier than once this many events have been executed. Set in what a run writes
  // back: a fault that had waited for a leader struck between two events of one instant.
  std::optional<std::uint64_t> after_event;
  FaultAction action;
  Position where;  // in the scenario
};

// Whether the action has an end that `for` could set.
bool has_duration(const FaultAction& action);

// Reads {"at": "3s", "partition": [[1, 2], [3, 4, 5]], "for": "3s"}: when, what and how long. The
// body of a fault may be the value of its first field alone.
bool read(const Value& v, Fault& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Fault& fault);
TypeInfo make_type_info(Type<Fault>, const Limits&);

// Calls visit(selector) for each selector of an action; they may be changed.
template <class Action, class Visit>
void for_each_selector(Action& action, Visit&& visit) {
  std::visit(
      [&](auto& held) {
        for_each_field(held, [&](const auto&, auto& member) {
          using Member = std::remove_cvref_t<decltype(member)>;
          if constexpr (std::is_same_v<Member, Selector>) {
            visit(member);
          } else if constexpr (std::is_same_v<Member, std::vector<Selector>>) {
            for (auto& each : member) visit(each);
          }
        });
      },
      action);
}

}  // namespace ballast
