// A scenario: everything that a run depends on besides the version of the tool. Read from JSON,
// strictly; written back whole, with every default in place, so that a run can be repeated from it.
#pragma once

#include <any>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/distribution.h"
#include "sim/base/problems.h"
#include "sim/check/checker.h"
#include "sim/check/linearizable.h"
#include "sim/fault/fault.h"
#include "sim/kernel/topology.h"
#include "sim/kernel/world.h"
#include "sim/load/workload.h"
#include "sim/measure/statistics.h"
#include "sim/protocol/register.h"

namespace ballast {

// --- Parts ---------------------------------------------------------------------------------------

struct DiskSpec {
  Distribution flush;
  static constexpr std::string_view name = "disk";
  static constexpr std::string_view doc =
      "A journal: what a step writes is durable after a flush, one flush after the other. Until "
      "then nothing that the step says leaves the node, and a crash loses it.";
  static constexpr auto fields =
      Fields{field("flush", &DiskSpec::flush, "How long a flush takes; 0s flushes at once.")};
};

struct ClockSpec {
  DurationRange offset;
  std::int64_t drift_ppm = 0;
  static constexpr std::string_view name = "clock";
  static constexpr std::string_view doc = "How far nodes' own clocks are from the truth.";
  static constexpr auto fields = Fields{
      field("offset", &ClockSpec::offset, "Each node starts off by an amount drawn from here.")
          .at_least(std::numeric_limits<std::int64_t>::min()),
      field("drift_ppm", &ClockSpec::drift_ppm,
            "Each clock runs fast or slow by up to this many parts per million, drawn uniformly.")
          .at_least(0)
          .at_most(900'000)};
};

struct LinkSpec {
  Selector from;
  Selector to;
  bool both_ways = true;
  std::optional<Distribution> latency;
  std::optional<Ratio> loss;
  std::optional<Ratio> duplicate;
  std::optional<bool> fifo;
  static constexpr std::string_view name = "link";
  static constexpr std::string_view doc = "Links that differ from the rest of the network.";
  static constexpr auto fields =
      Fields{field("from", &LinkSpec::from, "The sending side.").needed(),
             field("to", &LinkSpec::to, "The receiving side.").needed(),
             field("both_ways", &LinkSpec::both_ways, "Whether the other direction is meant too."),
             field("latency", &LinkSpec::latency, "The delay here."),
             field("loss", &LinkSpec::loss, "The loss here."),
             field("duplicate", &LinkSpec::duplicate, "The share delivered twice here."),
             field("fifo", &LinkSpec::fifo, "Whether messages keep their order here.")};
};

struct ZoneSpec {
  std::string zone;
  Selector nodes;
  static constexpr std::string_view name = "zone";
  static constexpr std::string_view doc = "Nodes that stand together.";
  static constexpr auto fields =
      Fields{field("name", &ZoneSpec::zone, "What the zone is called.").needed(),
             field("nodes", &ZoneSpec::nodes, "Who stands there; clients too.").needed()};
};

struct ZoneLatency {
  std::vector<std::string> zones;
  Distribution latency;
  Position at;
  static constexpr std::string_view name = "zone_latency";
  static constexpr std::string_view doc =
      "The delay between two zones, in both directions, or within one.";
  static constexpr auto fields =
      Fields{field("between", &ZoneLatency::zones, "Two names of zones; the same twice for within.")
                 .needed(),
             field("latency", &ZoneLatency::latency, "The delay there.").needed()};
};

// The fate of one message, see kernel/message_fates.h.
struct MessageSpec {
  Selector from;
  Selector to;
  std::string message;
  std::uint64_t nth = 1;
  bool lost = false;
  std::optional<Duration> delay;
  std::optional<Duration> copy;
  static constexpr std::string_view name = "message";
  static constexpr std::string_view doc = "What happens to one message, whatever chance would do.";
  static constexpr auto fields = Fields{
      field("from", &MessageSpec::from, "The node that sends it.").needed(),
      field("to", &MessageSpec::to, "The node that it is for.").needed(),
      field("message", &MessageSpec::message, "Its name, such as RequestVote.").needed(),
      field("nth", &MessageSpec::nth, "Which of that name on this link, from 1.").at_least(1),
      field("lost", &MessageSpec::lost, "Whether it is lost."),
      field("delay", &MessageSpec::delay, "How long it takes; null for as long as chance says."),
      field("copy", &MessageSpec::copy, "It arrives twice, the second time after so long.")};
  std::string problem() const {
    const bool arrives = delay || copy;
    if (lost == arrives) return "says one of lost, and delay or copy";
    return {};
  }
};

struct NetworkSpec {
  Distribution latency = Distribution::uniform({500'000}, {2'000'000});
  Ratio loss;
  Ratio duplicate;
  bool fifo = false;
  TopologySpec topology;
  std::vector<ZoneSpec> zones;
  std::vector<ZoneLatency> zone_latency;
  std::vector<LinkSpec> links;
  std::vector<MessageSpec> messages;
  static constexpr std::string_view name = "network";
  static constexpr std::string_view doc =
      "Directed links between all nodes. What `links` says goes before the topology's edges, these "
      "before `zone_latency`, and this before the rest.";
  static constexpr auto fields = Fields{
      field("latency", &NetworkSpec::latency, "How long a message takes, one way."),
      field("loss", &NetworkSpec::loss, "The share of messages that are lost."),
      field("duplicate", &NetworkSpec::duplicate, "The share of messages that arrive twice."),
      field("fifo", &NetworkSpec::fifo,
            "Whether a link delivers in the order of sending; else delays decide."),
      field("topology", &NetworkSpec::topology,
            "Who is linked to whom. Pairs without a link are routed along the shortest path. "
            "Clients are linked to everybody."),
      field("zones", &NetworkSpec::zones, "Groups of nodes that stand together."),
      field("zone_latency", &NetworkSpec::zone_latency, "Delays between and within zones."),
      field("links", &NetworkSpec::links, "Links that differ."),
      field("messages", &NetworkSpec::messages,
            "The fate of single messages, instead of their luck.")};
};

struct BudgetSpec {
  std::uint64_t events = 200'000'000;
  std::uint64_t megabytes = 2048;
  static constexpr std::string_view name = "budget";
  static constexpr std::string_view doc =
      "What a run may spend. Spending it ends the run, inconclusive.";
  static constexpr auto fields =
      Fields{field("events", &BudgetSpec::events, "Events executed.").at_least(1),
             field("megabytes", &BudgetSpec::megabytes,
                   "Memory for messages under way, events to come and journals.")
                 .at_least(1)
                 .at_most(1'000'000)};
};

enum class Verdict : std::uint8_t { held, violated, inconclusive };
constexpr auto enumerators(Verdict) {
  return std::array<std::string_view, 3>{"held", "violated", "inconclusive"};
}

struct ExpectSpec {
  Verdict verdict = Verdict::held;
  std::optional<std::string> property;
  static constexpr std::string_view name = "expect";
  static constexpr std::string_view doc = "What the scenario is there to show.";
  static constexpr auto fields = Fields{
      field("verdict", &ExpectSpec::verdict, "The verdict that a run should have."),
      field("property", &ExpectSpec::property, "Of a violation: the property that breaks first.")};
};

struct Linearizable {
  HistoryModel model = HistoryModel::register_;
  std::uint64_t budget = 2'000'000;
  static constexpr std::string_view name = "linearizable";
  static constexpr std::string_view doc =
      "What clients saw can be explained by operations that each took effect at one instant "
      "between invocation and return (Herlihy and Wing 1990).";
  static constexpr auto fields =
      Fields{field("model", &Linearizable::model,
                   "What each key is, as the machine that the operations are meant for."),
             field("budget", &Linearizable::budget,
                   "Search steps for each key, after which the answer is that there is none.")
                 .at_least(1)};
};

struct Progress {
  Duration within{5'000'000'000};
  static constexpr std::string_view name = "progress";
  static constexpr std::string_view doc =
      "Liveness: of the operations that clients begin after the last fault has ended, one is "
      "answered ok within this time of the first. The run must last that long.";
  static constexpr auto fields =
      Fields{field("within", &Progress::within, "How soon.").at_least(1)};
};

// What nodes outside the healed core may still do to it.
//   declared     meddle, if all algorithms declare that they bear it; else be cut off
//   meddle       everything that they can, by what links were left to them
//   cut_off      nothing
enum class Outsiders : std::uint8_t { declared, meddle, cut_off };
constexpr auto enumerators(Outsiders) {
  return std::array<std::string_view, 3>{"declared", "meddle", "cut_off"};
}

struct Liveness {
  std::uint32_t patience = 50;
  std::uint32_t operations = 3;
  Outsiders outsiders = Outsiders::declared;
  static constexpr std::string_view name = "liveness";
  static constexpr std::string_view doc =
      "When the duration is over a random core of the nodes, a quorum at least, is healed together "
      "with all clients; whatever is outside stays as broken as it is, and no new faults come. "
      "From then on each further operation that clients begin must be answered ok within a time "
      "of the last one. While a backlog is worked off, which is seen by decisions and growing "
      "logs, they may wait, up to twenty times as long.";
  static constexpr auto fields = Fields{
      field("patience", &Liveness::patience,
            "That time, in multiples of the algorithm's patience: the time after which it acts "
            "because it heard nothing, such as Raft's longest election timeout.")
          .at_least(1)
          .at_most(1'000'000),
      field("operations", &Liveness::operations, "How many operations must be answered.")
          .at_least(1),
      field("outsiders", &Liveness::outsiders,
            "What nodes outside the core may still do to it: meddle by the links that they have "
            "left, be cut_off from it, or meddle only if the algorithms declare that they bear it "
            "(a Raft without PreVote and CheckQuorum does not).")};
};

struct Availability {
  std::uint32_t patience = 50;
  static constexpr std::string_view name = "availability";
  static constexpr std::string_view doc =
      "Liveness while faults stand: whenever a majority of the first group is up, and all its "
      "members and some client reach each other both ways, operations are answered within a time "
      "of the last one.";
  static constexpr auto fields =
      Fields{field("patience", &Availability::patience,
                   "That time, in multiples of the algorithm's patience, see liveness.")
                 .at_least(1)
                 .at_most(1'000'000)};
};

struct StableLeader {
  std::uint32_t lasts = 10;
  std::uint32_t patience = 50;
  static constexpr std::string_view name = "stable_leader";
  static constexpr std::string_view doc =
      "Liveness while faults stand: whenever a majority of the first group is up, and all its "
      "members and some client reach each other both ways, a leader comes to stay: within a time "
      "one is in office for a while, and again within that time after it.";
  static constexpr auto fields = Fields{
      field("lasts", &StableLeader::lasts,
            "How long it must be the leader of the highest term, in multiples of the algorithm's "
            "patience, see liveness.")
          .at_least(1)
          .at_most(1'000'000),
      field("patience", &StableLeader::patience, "Within which time, in the same unit.")
          .at_least(1)
          .at_most(1'000'000)};
};

// The check of what clients saw that a scenario gets which names no safety checks: nothing if its
// operations are those of no state machine.
std::optional<Linearizable> usual_linearizable(const Workload& workload);

// Which properties are judged. A scenario that says nothing gets every safety check, and what its
// clients saw is judged too.
struct CheckSpec {
  std::optional<std::vector<std::string>> safety;  // names; unless given, all
  std::optional<Linearizable> linearizable;
  std::optional<Progress> progress;
  std::optional<Liveness> liveness;
  std::optional<Availability> availability;
  std::optional<StableLeader> stable_leader;
  bool while_faults_stand() const { return availability || stable_leader; }
};

// Some nodes of a group whose configuration differs, as during a rollout that went wrong.
struct NodeVariant {
  Selector nodes;
  std::any config;  // of the group, with what the variant says in its place
};

// Nodes that run the same algorithm.
struct NodeGroup {
  std::string name;
  std::uint32_t count = 1;
  const AlgorithmInfo* algorithm = nullptr;
  std::any config;
  std::vector<NodeVariant> variants;  // of several for one node the last one counts
  std::vector<std::string> members;   // groups; unless given, this one
  std::optional<DiskSpec> disk;
  std::optional<ClockSpec> clock;
  Position at;

  // The configuration of a node of this group.
  const std::any& config_of(NodeId node) const;
};

// --- The whole -----------------------------------------------------------------------------------

struct Scenario {
  std::string name;
  std::string description;
  std::uint64_t seed = 1;
  Duration duration{10'000'000'000};
  Ties ties = Ties::fifo;
  std::vector<NodeGroup> groups;
  NetworkSpec network;
  DiskSpec disk;
  ClockSpec clock;
  std::optional<Workload> workload;
  std::vector<Fault> faults;
  CheckSpec check;
  std::optional<ExpectSpec> expect;
  std::optional<StatisticsSpec> statistics;
  BudgetSpec budget;

  // Nodes are numbered group after group in the order of the file, then the clients.
  std::uint32_t server_count() const;
  std::uint32_t client_count() const { return workload ? workload->clients : 0; }
  // Ends at this time, if that is earlier: what would begin later does not begin.
  void end_at(Duration end);
  // The groups with their nodes; the clients are the last, named "client".
  std::vector<Group> node_groups() const;
  // The same, followed by the zones: all that a fault may call by a name.
  std::vector<Group> named_groups() const;
};

// Reads a scenario, reports every mistake in it, and returns nothing if there is any.
std::optional<Scenario> read_scenario(const Value& value, Problems& problems);

// The same scenario with every default written out. Reads back to the same run.
std::string resolved_json(const Scenario& scenario);

// What the reader accepts, for the schema and for `describe`.
TypeInfo scenario_info();
// The faults, by name, with their options.
std::vector<TypeInfo> fault_infos();
// What a fault can wait for instead of a time.
std::vector<TypeInfo> trigger_infos();
// Checks that judge the whole run rather than single facts: linearizable, progress.
std::vector<TypeInfo> run_check_infos();
// The laws of random durations, by name, with their parameters.
std::vector<TypeInfo> distribution_infos();

}  // namespace ballast
