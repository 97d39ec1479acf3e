#include "sim/scenario/fit.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ballast {
namespace {

constexpr std::size_t most_edges = 50'000;

std::string quoted(std::string_view word) { return "\"" + std::string(word) + "\""; }

class Fitting {
 public:
  Fitting(Scenario& scenario, const Places& places, Reader& reader)
      : scenario_(scenario), places_(places), r_(reader) {}

  bool check() {
    check_groups();
    check_quorums();
    check_workload();
    check_network();
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      const Reader::Level faults = r_.enter("faults");
      const Reader::Level element = r_.enter(i);
      check_fault(scenario_.faults[i]);
    }
    return good_;
  }

 private:
  void wrong(Position at, std::string sentence, std::string_view suggestion = {}) {
    good_ = r_.error(at, std::move(sentence), suggestion);
  }

  std::uint32_t nodes() const { return scenario_.server_count() + scenario_.client_count(); }

  std::vector<std::string_view> group_names() const {
    std::vector<std::string_view> names;
    for (const NodeGroup& group : scenario_.groups) names.push_back(group.name);
    return names;
  }

  bool is_group(std::string_view name) const {
    const auto names = group_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  bool is_zone(std::string_view name) const {
    return std::any_of(scenario_.network.zones.begin(), scenario_.network.zones.end(),
                       [&](const ZoneSpec& zone) { return zone.zone == name; });
  }

  static bool is_node_word(std::string_view word) {
    if (word.size() < 2 || (word.front() != 'n' && word.front() != 'c')) return false;
    return word.find_first_not_of("0123456789", 1) == std::string_view::npos;
  }

  void check_groups() {
    if (const auto most = most_nodes_in(scenario_.network.topology); nodes() > most) {
      wrong(scenario_.groups.front().at, "the scenario has " + std::to_string(nodes()) +
                                             " nodes; at most " + std::to_string(most) +
                                             " are supported in such a network");
    }
    std::uint32_t first = 1;
    for (NodeGroup& group : scenario_.groups) {
      check_variants(group, first);
      first += group.count;
      constexpr auto roles = enumerators(Role{});
      // A group called "balancer" is what the role of that name would find.
      const bool taken = group.name != name_of(Role::balancer) &&
                         std::find(roles.begin(), roles.end(), group.name) != roles.end();
      if (group.name.empty() || group.name == "client" || is_node_word(group.name) || taken) {
        wrong(group.at, "a group of nodes cannot be called " + quoted(group.name) +
                            ": the word means something else where faults name nodes");
      }
      if (group.members.empty()) group.members.push_back(group.name);
      for (const std::string& member : group.members) {
        if (is_group(member)) continue;
        const auto names = group_names();
        wrong(group.at,
              "nodes." + group.name + ".members names " + quoted(member) +
                  ", which is no group of nodes",
              closest(member, names));
      }
    }
  }

  void check_quorums() {
    for (const NodeGroup& group : scenario_.groups) {
      std::size_t members = 0;
      for (const NodeGroup& other : scenario_.groups) {
        const auto& names = group.members;
        if (std::count(names.begin(), names.end(), other.name) > 0) members += other.count;
      }
      const bool itself =
          std::find(group.members.begin(), group.members.end(), group.name) != group.members.end();
      const std::string problem =
          group.algorithm->misfit(group.config, members, members - (itself ? 1 : 0));
      if (!problem.empty()) wrong(group.at, "nodes." + group.name + ".config." + problem);
    }
  }

  // Variants name nodes of their own group, the first of which has the number `first`.
  void check_variants(NodeGroup& group, std::uint32_t first) {
    for (NodeVariant& variant : group.variants) {
      for (const Selector::Part& part : variant.nodes.parts) {
        const std::uint32_t node = part.node.value;
        if (node >= first && node < first + group.count) continue;
        wrong(part.at, "nodes." + group.name + ".variants names nodes by number, from " +
                           std::to_string(first) + " to " +
                           std::to_string(first + group.count - 1));
      }
    }
  }

  void check_workload() {
    if (!scenario_.workload) {
      if (scenario_.check.progress || scenario_.check.linearizable) {
        wrong(places_.check,
              "progress and linearizable judge what clients saw, but there is no workload");
      }
      return;
    }
    Workload& workload = *scenario_.workload;
    if (workload.target.empty()) workload.target = scenario_.groups.front().name;
    const auto target = std::find_if(scenario_.groups.begin(), scenario_.groups.end(),
                                     [&](const NodeGroup& g) { return g.name == workload.target; });
    if (target == scenario_.groups.end()) {
      const auto names = group_names();
      wrong(places_.workload,
            "workload.target is " + quoted(workload.target) + ", which is no group of nodes",
            closest(workload.target, names));
      return;
    }
    check_operations(workload, *target);
    check_script(workload, *target);
    const auto rate_is_zero = [](const auto& arrivals) {
      if constexpr (requires { arrivals.rate; }) return arrivals.rate.is_zero();
      return false;
    };
    if (std::visit(rate_is_zero, workload.arrivals)) {
      wrong(places_.workload, "workload.arrivals has a rate of 0; leave the workload out instead");
    }
  }

  void check_script(const Workload& workload, const NodeGroup& target) {
    if (!workload.script) return;
    for (const ScriptedOperation& each : *workload.script) {
      check_served("workload.script", each.command().operation, target);
      if (each.client > workload.clients) {
        wrong(places_.workload, "workload.script names client " + std::to_string(each.client) +
                                    "; the workload has " + std::to_string(workload.clients));
      }
      if (each.at > Time{} + scenario_.duration) {
        wrong(places_.workload, "an operation of workload.script begins at " +
                                    to_text(each.at - Time{}) + ", after the end of the run at " +
                                    to_text(scenario_.duration));
      }
    }
  }

  // That the target serves an operation that the workload asks for, and that the history can be
  // judged by it.
  void check_served(std::string_view who, Operation operation, const NodeGroup& target) {
    const AlgorithmInfo& algorithm = *target.algorithm;
    if (!algorithm.serves(target.config, operation)) {
      std::vector<std::string_view> served;
      for (const Operation each : algorithm.operations) {
        if (algorithm.serves(target.config, each)) served.push_back(name_of(each));
      }
      const std::string advice = algorithm.advice(operation);
      return wrong(places_.workload, std::string(who) + " asks for " + quoted(name_of(operation)) +
                                         ", which " + std::string(algorithm.name) +
                                         " does not serve; it serves " +
                                         (served.empty() ? "nothing" : one_of(served)) +
                                         (advice.empty() ? "" : "; " + advice));
    }
    if (!scenario_.check.linearizable) return;
    const HistoryModel judged = scenario_.check.linearizable->model;
    const auto model = model_that_knows(std::array{operation});
    if (knows(judged, operation) || !model) return;
    wrong(places_.check, "linearizable judges by the model " + quoted(name_of(judged)) +
                             ", which does not know " + quoted(name_of(operation)) + " of " +
                             std::string(who) + "; the model " + quoted(name_of(*model)) + " does");
  }

  void check_operations(Workload& workload, const NodeGroup& target) {
    const AlgorithmInfo& algorithm = *target.algorithm;
    const auto serves = [&](Operation o) { return algorithm.serves(target.config, o); };
    if (workload.operations.total() == 0) {
      workload.operations = {
          serves(Operation::read),    serves(Operation::write),   0,
          serves(Operation::propose), serves(Operation::work),    serves(Operation::delete_),
          serves(Operation::add),     serves(Operation::enqueue), serves(Operation::dequeue),
          serves(Operation::acquire), serves(Operation::release)};
      if (workload.operations.total() == 0) {
        wrong(places_.workload, "the workload asks " + quoted(workload.target) + ", but " +
                                    std::string(algorithm.name) + " serves no requests");
      }
    }
    const auto weights = workload.operations.weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] != 0) {
        check_served("workload.operations", static_cast<Operation>(i), target);
      }
    }
  }

  void check_network() {
    NetworkSpec& network = scenario_.network;
    if (const auto* list = std::get_if<EdgeList>(&network.topology)) {
      if (list->edges.size() > most_edges) {
        wrong(places_.network, "network.topology has " + std::to_string(list->edges.size()) +
                                   " links; at most " + std::to_string(most_edges) +
                                   " are supported");
      }
      for (const Edge& edge : list->edges) {
        for (const NodeId end : {edge.a, edge.b}) {
          if (end.value > scenario_.server_count()) {
            wrong(places_.network, "network.topology has a link to node " +
                                       std::to_string(end.value) + ", but there are only " +
                                       std::to_string(scenario_.server_count()) +
                                       " nodes besides clients");
          }
        }
        if (edge.a == edge.b) {
          wrong(places_.network,
                "network.topology links node " + std::to_string(edge.a.value) + " to itself");
        }
      }
    }
    if (const auto* star = std::get_if<StarGraph>(&network.topology);
        star != nullptr && star->center.value > scenario_.server_count()) {
      wrong(places_.network, "network.topology.star.center is " +
                                 std::to_string(star->center.value) + ", but there are only " +
                                 std::to_string(scenario_.server_count()) +
                                 " nodes besides clients");
    }
    check_zones(network);
    for (LinkSpec& link : network.links) {
      resolve_names(link.from, false);
      resolve_names(link.to, false);
    }
    for (MessageSpec& each : network.messages) {
      for (Selector* end : {&each.from, &each.to}) {
        if (!resolve_names(*end, false)) continue;
        if (end->parts.size() == 1 && end->parts.front().node) continue;
        wrong(end->parts.front().at, "network.messages: a message goes from one node to one node");
      }
    }
  }

  void check_zones(NetworkSpec& network) {
    std::vector<std::string_view> names;
    std::vector<std::string> zone_of(nodes() + 1);
    for (ZoneSpec& zone : network.zones) {
      if (std::find(names.begin(), names.end(), zone.zone) != names.end()) {
        wrong(places_.network, "network.zones names the zone " + quoted(zone.zone) + " twice");
      }
      names.push_back(zone.zone);
      if (!resolve_names(zone.nodes, false)) continue;
      for (const NodeId node : members_of(zone.nodes)) {
        std::string& taken = zone_of[node.value];
        if (!taken.empty()) {
          wrong(zone.nodes.parts.front().at, "node " + std::to_string(node.value) +
                                                 " is in two zones, " + quoted(taken) + " and " +
                                                 quoted(zone.zone));
        }
        taken = zone.zone;
      }
    }
    for (const ZoneLatency& latency : network.zone_latency) {
      if (latency.zones.size() != 2) {
        wrong(places_.network, "network.zone_latency: between takes two names of zones");
        continue;
      }
      for (const std::string& zone : latency.zones) {
        if (std::find(names.begin(), names.end(), zone) != names.end()) continue;
        wrong(places_.network, "network.zone_latency names " + quoted(zone) + ", which is no zone",
              closest(zone, names));
      }
    }
  }

  // Turns "c1" into a number and judges every name. Roles are allowed where nodes are chosen when
  // the fault acts.
  bool resolve_names(Selector& selector, bool roles_allowed) {
    bool good = true;
    const auto object = [&](Position at, std::string sentence, std::string_view suggestion = {}) {
      wrong(at, std::string(r_.path()) + ": " + std::move(sentence), suggestion);
      good = false;
    };
    for (Selector::Part& part : selector.parts) {
      const bool by_role = !part.node && part.group.empty();
      if (by_role && part.role == Role::balancer && is_group(name_of(Role::balancer))) {
        part.group = name_of(Role::balancer);
      }
      if (!part.node && is_node_word(part.group)) {
        const auto number = static_cast<std::uint32_t>(
            std::min<unsigned long>(std::stoul("0" + part.group.substr(1, 8)), 99'999'999));
        if (number == 0 || number > scenario_.client_count()) {
          object(part.at, "there is no client " + quoted(part.group) + "; the scenario has " +
                              std::to_string(scenario_.client_count()) + " clients");
          continue;
        }
        part.node = {scenario_.server_count() + number};
        part.group.clear();
      }
      if (part.node) {
        if (part.node.value <= nodes()) continue;
        object(part.at, "there is no node " + std::to_string(part.node.value) +
                            "; the scenario has " + std::to_string(nodes()) +
                            " nodes, clients included");
      } else if (!part.group.empty()) {
        if (part.group == "client" || is_group(part.group) || is_zone(part.group)) continue;
        std::vector<std::string_view> words = group_names();
        for (const ZoneSpec& zone : scenario_.network.zones) words.push_back(zone.zone);
        for (const std::string_view role : enumerators(Role{})) words.push_back(role);
        object(part.at, quoted(part.group) + " is neither a group of nodes, nor a zone, nor a role",
               closest(part.group, words));
      } else if (!roles_allowed) {
        object(part.at, "a role is not possible here: name nodes or a group");
      }
    }
    return good;
  }

  // The nodes that a selector without roles names.
  std::vector<NodeId> members_of(const Selector& selector) const {
    std::vector<NodeId> all;
    for (const Selector::Part& part : selector.parts) {
      if (part.node) {
        all.push_back(part.node);
        continue;
      }
      for (const Group& group : scenario_.named_groups()) {
        if (group.name == part.group) all.insert(all.end(), group.nodes.begin(), group.nodes.end());
      }
    }
    return all;
  }

  void check_fault(Fault& fault) {
    if (fault.at > Time{} + scenario_.duration) {
      wrong(fault.where, "a fault begins at " + to_text(fault.at - Time{}) +
                             ", after the end of the run at " + to_text(scenario_.duration));
    }
    bool good = true;
    for_each_selector(fault.action,
                      [&](Selector& selector) { good = resolve_names(selector, true) && good; });
    if (fault.when && fault.when->node) good = resolve_names(*fault.when->node, true) && good;
    check_trigger(fault);
    if (!good) return;
    if (const auto* partition = std::get_if<Partition>(&fault.action)) {
      check_partition(fault, *partition);
    } else if (const auto* flap = std::get_if<Flap>(&fault.action)) {
      if (flap->between.size() != 2) {
        wrong(fault.where,
              "flap: between takes two ends, got " + std::to_string(flap->between.size()));
      }
    } else if (const auto* bridge = std::get_if<Bridge>(&fault.action)) {
      check_one_node(fault, bridge->node);
    } else if (const auto* star = std::get_if<Star>(&fault.action)) {
      check_one_node(fault, star->center);
    } else if (const auto* election = std::get_if<ConstrainedElection>(&fault.action)) {
      check_one_node(fault, election->center);
    } else if (const auto* swizzle = std::get_if<Swizzle>(&fault.action)) {
      check_spans(fault, *swizzle);
    } else if (const auto* rate = std::get_if<RateChange>(&fault.action)) {
      if (rate->factor < Ratio{1, 1000}) wrong(fault.where, "rate: the factor is below 1/1000");
    } else if (const auto* crash = std::get_if<Crash>(&fault.action)) {
      check_for_each(fault, "offsets", crash->offsets.size(), crash->nodes);
    } else if (const auto* rot = std::get_if<BitRot>(&fault.action)) {
      check_for_each(fault, "records", rot->records.size(), rot->nodes);
    } else if (const auto* write = std::get_if<MisdirectedWrite>(&fault.action)) {
      check_for_each(fault, "records", write->records.size(), write->nodes);
      check_for_each(fault, "onto", write->onto.size(), write->nodes);
      if (write->records.size() != write->onto.size()) {
        wrong(fault.where, "misdirected_write: \"records\" and \"onto\" go together");
      }
    } else if (const auto* disturb = std::get_if<Disturb>(&fault.action)) {
      check_timer(fault, *disturb);
    } else if (const auto* restart = std::get_if<Restart>(&fault.action)) {
      for (const Selector::Part& part : restart->nodes.parts) {
        const bool by_role = !part.node && part.group.empty();
        if (!by_role || part.role == Role::any || part.role == Role::all ||
            part.role == Role::minority || part.role == Role::majority ||
            part.role == Role::random) {
          continue;
        }
        wrong(part.at, "restart: a " + std::string(name_of(part.role)) +
                           " is up; name nodes, or \"any\" of those that are down, or \"all\"");
      }
    }
  }

  void check_one_node(const Fault& fault, const Selector& selector) {
    const Selector::Part& part = selector.parts.front();
    const bool one =
        part.node || (part.group.empty() && part.role != Role::all && part.role != Role::minority &&
                      part.role != Role::majority && part.role != Role::random);
    if (selector.parts.size() == 1 && one) return;
    wrong(fault.where, std::string(name_of(fault.action)) + ": takes exactly one node");
  }

  void check_spans(const Fault& fault, const Swizzle& swizzle) {
    if (!swizzle.spans) return;
    for (const ClogSpan& span : *swizzle.spans) {
      if (span.node.value > nodes() || span.to.value > nodes() || span.node == span.to ||
          span.end <= span.begin) {
        wrong(fault.where,
              "swizzle: a span names one node or the link between two, and ends after it begins");
      }
    }
  }

  // A list that says something for each node needs to know which nodes these are.
  void check_for_each(const Fault& fault, std::string_view list, std::size_t size,
                      const Selector& nodes) {
    if (size == 0) return;
    const std::string what = std::string(name_of(fault.action)) + ": " + quoted(list);
    for (const Selector::Part& part : nodes.parts) {
      if (part.node) continue;
      wrong(part.at, what + " says something for each node: name the nodes by number");
      return;
    }
    if (size == nodes.parts.size()) return;
    wrong(fault.where, what + " has " + std::to_string(size) + " entries for " +
                           std::to_string(nodes.parts.size()) + " nodes");
  }

  void check_timer(const Fault& fault, const Disturb& disturb) {
    if (disturb.timer.empty()) return;
    std::vector<std::string> known;
    for (const NodeGroup& group : scenario_.groups) {
      const auto process = group.algorithm->make(group.config);
      for (std::uint32_t timer = 0; timer < process->timer_count(); ++timer) {
        known.emplace_back(process->timer_name(timer));
      }
    }
    if (std::find(known.begin(), known.end(), disturb.timer) != known.end()) return;
    const std::vector<std::string_view> words(known.begin(), known.end());
    wrong(fault.where,
          "disturb: there is no timer " + quoted(disturb.timer) + "; there are " + one_of(words),
          closest(disturb.timer, words));
  }

  void check_trigger(const Fault& fault) {
    const auto named = [&](std::string_view id) {
      return std::count_if(scenario_.faults.begin(), scenario_.faults.end(),
                           [&](const Fault& other) { return other.id == id; });
    };
    if (!fault.id.empty() && named(fault.id) > 1) {
      wrong(fault.where, "two faults have the id " + quoted(fault.id));
    }
    if (!fault.after || named(fault.after->fault) > 0) return;
    std::vector<std::string_view> ids;
    for (const Fault& other : scenario_.faults) {
      if (!other.id.empty()) ids.push_back(other.id);
    }
    wrong(fault.where,
          "after: no fault has the id " + quoted(fault.after->fault) + "; ids are set with \"id\"",
          closest(fault.after->fault, ids));
  }

  void check_partition(const Fault& fault, const Partition& partition) {
    if (partition.groups.size() < 2) {
      wrong(fault.where, "a partition needs at least two groups, got " +
                             std::to_string(partition.groups.size()));
    }
    std::vector<NodeId> seen;
    for (const Selector& group : partition.groups) {
      for (const Selector::Part& part : group.parts) {
        Selector one;
        one.parts.push_back(part);
        for (const NodeId node : members_of(one)) {
          if (std::find(seen.begin(), seen.end(), node) != seen.end()) {
            wrong(part.at, "the partition names node " + std::to_string(node.value) + " twice");
          }
          seen.push_back(node);
        }
      }
    }
  }

  Scenario& scenario_;
  const Places& places_;
  Reader& r_;
  bool good_ = true;
};

}  // namespace

bool check_fit(Scenario& scenario, const Places& places, Reader& reader) {
  return Fitting(scenario, places, reader).check();
}

}  // namespace ballast
