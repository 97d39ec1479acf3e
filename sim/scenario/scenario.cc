#include "sim/scenario/scenario.h"

#include <algorithm>
#include <utility>

#include "sim/check/checker.h"

namespace ballast {

std::uint32_t Scenario::server_count() const {
  std::uint32_t count = 0;
  for (const NodeGroup& group : groups) count += group.count;
  return count;
}

std::vector<Group> Scenario::node_groups() const {
  std::vector<Group> all;
  std::uint32_t next = 1;
  const auto add = [&](const std::string& group_name, std::uint32_t count) {
    Group& group = all.emplace_back();
    group.name = group_name;
    for (std::uint32_t i = 0; i < count; ++i) group.nodes.push_back({next++});
  };
  for (const NodeGroup& group : groups) add(group.name, group.count);
  if (workload) add("client", workload->clients);
  return all;
}

namespace {

constexpr std::uint32_t most_nodes = 2000;
constexpr Limits any_duration{1, Limits{}.max};

std::string quoted(std::string_view word) { return "\"" + std::string(word) + "\""; }

std::vector<std::string_view> algorithm_names() {
  std::vector<std::string_view> names;
  for (const AlgorithmInfo& info : algorithms()) names.push_back(info.name);
  return names;
}

std::vector<std::string_view> check_names() {
  std::vector<std::string_view> names;
  for (const CheckInfo& info : checks()) names.push_back(info.name);
  names.push_back(Linearizable::name);
  names.push_back(Progress::name);
  return names;
}

bool read_group(std::string_view name, const Value& v, NodeGroup& group, Reader& r) {
  group.name = name;
  group.at = v.key_at;
  ObjectReader object(v, r);
  object.may_have("count", group.count, {1, most_nodes});
  const Value* algorithm = object.take("algorithm");
  if (algorithm == nullptr) {
    object.missing("algorithm");
  } else {
    const Reader::Level level = r.enter("algorithm");
    if (algorithm->is(Value::Kind::string)) group.algorithm = find_algorithm(algorithm->text);
    if (group.algorithm == nullptr) {
      const std::vector<std::string_view> names = algorithm_names();
      object.fail();
      r.unknown(algorithm->at, algorithm->text, names);
    }
  }
  if (const Value* config = object.take("config"); group.algorithm != nullptr) {
    group.config = group.algorithm->config.defaults;
    if (config != nullptr) {
      const Reader::Level level = r.enter("config");
      if (!group.algorithm->config.read(*config, group.config, r)) object.fail();
    }
  }
  object.may_have("members", group.members);
  object.may_have("disk", group.disk);
  object.may_have("clock", group.clock);
  return object.finish();
}

bool read_groups(const Value& v, std::vector<NodeGroup>& groups, Reader& r) {
  bool good = true;
  const bool is_object = for_each_member(v, r, [&](std::string_view name, const Value& body) {
    good = read_group(name, body, groups.emplace_back(), r) && good;
  });
  if (is_object && groups.empty() && good) return r.wrong(v, "at least one group of nodes");
  return is_object && good;
}

bool read_check(const Value& v, CheckSpec& check, Reader& r) {
  const std::vector<std::string_view> names = check_names();
  const std::optional<NamedBody> named =
      read_named(v, "the name of a check, or an object with that one key", r);
  if (!named) return false;
  const Reader::Level level = r.enter(named->name);
  if (named->name == Linearizable::name) {
    return read_body(*named, check.linearizable.emplace(), r);
  }
  if (named->name == Progress::name) return read_body(*named, check.progress.emplace(), r);
  if (std::find(names.begin(), names.end(), named->name) == names.end()) {
    return r.unknown(named->name_at, named->name, names);
  }
  if (named->body != nullptr) {
    return r.error(named->name_at, "the check \"" + std::string(named->name) + "\" has no options");
  }
  check.safety->push_back(std::string(named->name));
  return true;
}

bool read_checks(const Value& v, CheckSpec& check, Reader& r) {
  if (!v.is(Value::Kind::array)) return r.wrong(v, "a list of checks");
  check.safety.emplace();
  bool good = true;
  for (std::size_t i = 0; i < v.children.size(); ++i) {
    const Reader::Level level = r.enter(i);
    good = read_check(v.children[i], check, r) && good;
  }
  // Checks of whole runs come on top of the safety checks unless these are chosen by name too.
  if (check.safety->empty()) check.safety.reset();
  return good;
}

// --- How the parts fit together ------------------------------------------------------------------

class Fitting {
 public:
  Fitting(Scenario& scenario, Reader& reader) : scenario_(scenario), r_(reader) {}

  bool check() {
    check_groups();
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

  static bool is_node_word(std::string_view word) {
    if (word.size() < 2 || (word.front() != 'n' && word.front() != 'c')) return false;
    return word.find_first_not_of("0123456789", 1) == std::string_view::npos;
  }

  void check_groups() {
    if (nodes() > most_nodes) {
      wrong(scenario_.groups.front().at, "the scenario has " + std::to_string(nodes()) +
                                             " nodes; at most " + std::to_string(most_nodes) +
                                             " are supported");
    }
    for (NodeGroup& group : scenario_.groups) {
      constexpr auto roles = enumerators(Role{});
      if (group.name.empty() || group.name == "client" || is_node_word(group.name) ||
          std::find(roles.begin(), roles.end(), group.name) != roles.end()) {
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

  void check_workload() {
    if (!scenario_.workload) return;
    Workload& workload = *scenario_.workload;
    if (workload.target.empty()) workload.target = scenario_.groups.front().name;
    const auto target = std::find_if(scenario_.groups.begin(), scenario_.groups.end(),
                                     [&](const NodeGroup& g) { return g.name == workload.target; });
    if (target == scenario_.groups.end()) {
      const auto names = group_names();
      wrong(workload_at,
            "workload.target is " + quoted(workload.target) + ", which is no group of nodes",
            closest(workload.target, names));
      return;
    }
    check_operations(workload, *target->algorithm);
    const auto rate_is_zero = [](const auto& arrivals) {
      if constexpr (requires { arrivals.rate; }) return arrivals.rate.is_zero();
      return false;
    };
    if (std::visit(rate_is_zero, workload.arrivals)) {
      wrong(workload_at, "workload.arrivals has a rate of 0; leave the workload out instead");
    }
  }

  void check_operations(Workload& workload, const AlgorithmInfo& algorithm) {
    const auto serves = [&](Operation o) {
      return std::find(algorithm.operations.begin(), algorithm.operations.end(), o) !=
             algorithm.operations.end();
    };
    if (workload.operations.total() == 0) {
      workload.operations = {serves(Operation::read), serves(Operation::write), 0,
                             serves(Operation::propose), serves(Operation::work)};
    }
    const auto weights = workload.operations.weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto operation = static_cast<Operation>(i);
      if (weights[i] == 0 || serves(operation)) continue;
      std::vector<std::string_view> served;
      for (const Operation each : algorithm.operations) served.push_back(name_of(each));
      wrong(workload_at, "workload.operations asks for \"" + std::string(name_of(operation)) +
                             "\", which " + std::string(algorithm.name) +
                             " does not serve; it serves " +
                             (served.empty() ? "nothing" : one_of(served)));
    }
  }

  void check_network() {
    NetworkSpec& network = scenario_.network;
    if (const auto* list = std::get_if<EdgeList>(&network.topology)) {
      for (const Edge& edge : list->edges) {
        for (const NodeId end : {edge.a, edge.b}) {
          if (end.value > scenario_.server_count()) {
            wrong(network_at, "network.topology has a link to node " + std::to_string(end.value) +
                                  ", but there are only " +
                                  std::to_string(scenario_.server_count()) +
                                  " nodes besides clients");
          }
        }
        if (edge.a == edge.b) {
          wrong(network_at,
                "network.topology links node " + std::to_string(edge.a.value) + " to itself");
        }
      }
    }
    if (const auto* star = std::get_if<StarGraph>(&network.topology);
        star != nullptr && star->center.value > scenario_.server_count()) {
      wrong(network_at, "network.topology.star.center is " + std::to_string(star->center.value) +
                            ", but there are only " + std::to_string(scenario_.server_count()) +
                            " nodes besides clients");
    }
    check_zones(network);
    for (LinkSpec& link : network.links) {
      resolve_names(link.from, false);
      resolve_names(link.to, false);
    }
  }

  void check_zones(NetworkSpec& network) {
    std::vector<std::string_view> names;
    std::vector<std::string> zone_of(nodes() + 1);
    for (ZoneSpec& zone : network.zones) {
      if (std::find(names.begin(), names.end(), zone.zone) != names.end()) {
        wrong(network_at, "network.zones names the zone " + quoted(zone.zone) + " twice");
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
        wrong(network_at, "network.zone_latency: between takes two names of zones");
        continue;
      }
      for (const std::string& zone : latency.zones) {
        if (std::find(names.begin(), names.end(), zone) != names.end()) continue;
        wrong(network_at, "network.zone_latency names " + quoted(zone) + ", which is no zone",
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
        if (part.group == "client" || is_group(part.group)) continue;
        std::vector<std::string_view> words = group_names();
        for (const std::string_view role : enumerators(Role{})) words.push_back(role);
        object(part.at, quoted(part.group) + " is neither a group of nodes nor a role",
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
      for (const Group& group : scenario_.node_groups()) {
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
    if (!good) return;
    if (const auto* partition = std::get_if<Partition>(&fault.action)) {
      check_partition(fault, *partition);
    } else if (const auto* flap = std::get_if<Flap>(&fault.action)) {
      if (flap->between.size() != 2) {
        wrong(fault.where,
              "flap: between takes two ends, got " + std::to_string(flap->between.size()));
      }
    } else if (const auto* bridge = std::get_if<Bridge>(&fault.action)) {
      if (bridge->node.parts.size() != 1 || !bridge->node.parts.front().group.empty()) {
        wrong(fault.where, "bridge: takes exactly one node");
      }
    }
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
  Reader& r_;
  bool good_ = true;

 public:
  Position workload_at;
  Position network_at;
};

}  // namespace

std::optional<Scenario> read_scenario(const Value& value, Problems& problems) {
  Scenario s;
  Reader r(problems, "scenario");
  ObjectReader object(value, r);
  object.take("$schema");
  object.must_have("name", s.name);
  object.may_have("description", s.description);
  object.may_have("seed", s.seed);
  object.may_have("duration", s.duration, any_duration);
  object.may_have("ties", s.ties);
  const Value* nodes = object.take("nodes");
  if (nodes == nullptr) {
    object.missing("nodes");
  } else {
    const Reader::Level level = r.enter("nodes");
    if (!read_groups(*nodes, s.groups, r)) object.fail();
  }
  object.may_have("network", s.network);
  object.may_have("disk", s.disk);
  object.may_have("clock", s.clock);
  object.may_have("workload", s.workload);
  object.may_have("faults", s.faults);
  if (const Value* check = object.take("check")) {
    const Reader::Level level = r.enter("check");
    if (!read_checks(*check, s.check, r)) object.fail();
  }
  object.may_have("expect", s.expect);
  object.may_have("budget", s.budget);
  // What does not even read cannot be judged as a whole.
  if (!object.finish()) return std::nullopt;
  Fitting fitting(s, r);
  if (const Value* workload = value.find("workload")) fitting.workload_at = workload->key_at;
  if (const Value* network = value.find("network")) fitting.network_at = network->key_at;
  if (!fitting.check()) return std::nullopt;
  return s;
}

// --- Writing -------------------------------------------------------------------------------------

namespace {

void write_group(JsonWriter& w, const NodeGroup& group) {
  w.key(group.name).begin_object();
  w.member("count", group.count);
  w.member("algorithm", group.algorithm->name);
  w.key("config");
  group.algorithm->config.write(w, group.config);
  w.key("members");
  write_json(w, group.members);
  if (group.disk) {
    w.key("disk");
    write_json(w, *group.disk);
  }
  if (group.clock) {
    w.key("clock");
    write_json(w, *group.clock);
  }
  w.end_object();
}

template <class T>
void write_named(JsonWriter& w, const T& v) {
  w.begin_object().key(T::name);
  write_json(w, v);
  w.end_object();
}

void write_checks(JsonWriter& w, const CheckSpec& check) {
  w.key("check").begin_array();
  if (check.safety) {
    for (const std::string& name : *check.safety) w.value(std::string_view(name));
  } else {
    for (const CheckInfo& info : checks()) w.value(info.name);
  }
  if (check.linearizable) write_named(w, *check.linearizable);
  if (check.progress) write_named(w, *check.progress);
  w.end_array();
}

template <class T>
void write_member(JsonWriter& w, std::string_view key, const T& v) {
  w.key(key);
  write_json(w, v);
}

}  // namespace

std::string resolved_json(const Scenario& s) {
  std::string out;
  JsonWriter w(out, JsonWriter::Style::indented);
  w.begin_object();
  w.member("name", std::string_view(s.name));
  w.member("description", std::string_view(s.description));
  w.member("seed", s.seed);
  write_member(w, "duration", s.duration);
  write_member(w, "ties", s.ties);
  w.key("nodes").begin_object();
  for (const NodeGroup& group : s.groups) write_group(w, group);
  w.end_object();
  write_member(w, "network", s.network);
  write_member(w, "disk", s.disk);
  write_member(w, "clock", s.clock);
  if (s.workload) write_member(w, "workload", *s.workload);
  write_member(w, "faults", s.faults);
  write_checks(w, s.check);
  if (s.expect) write_member(w, "expect", *s.expect);
  write_member(w, "budget", s.budget);
  w.end_object();
  out += '\n';
  return out;
}

}  // namespace ballast
