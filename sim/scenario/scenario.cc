#include "sim/scenario/scenario.h"

#include <algorithm>
#include <utility>

#include "sim/check/checker.h"
#include "sim/scenario/fit.h"

namespace ballast {

std::uint32_t Scenario::server_count() const {
  std::uint32_t count = 0;
  for (const NodeGroup& group : groups) count += group.count;
  return count;
}

void Scenario::end_at(Duration end) {
  if (end >= duration) return;
  duration = end;
  const auto too_late = [&](const auto& each) { return each.at > Time{} + duration; };
  std::erase_if(faults, too_late);
  if (workload && workload->script) std::erase_if(*workload->script, too_late);
}

std::vector<Group> Scenario::node_groups() const {
  std::vector<Group> all;
  std::uint32_t next = 1;
  const auto add = [&](const std::string& group_name, std::uint32_t count) {
    Group& group = all.emplace_back();
    group.name = group_name;
    for (std::uint32_t i = 0; i < count; ++i) group.nodes.push_back({next++});
  };
  for (const NodeGroup& group : groups) {
    add(group.name, group.count);
    if (group.algorithm != nullptr) all.back().quorums = group.algorithm->quorums(group.config);
  }
  if (workload) add("client", workload->clients);
  return all;
}

std::vector<Group> Scenario::named_groups() const {
  const std::vector<Group> own = node_groups();
  std::vector<Group> all = own;
  for (const ZoneSpec& zone : network.zones) {
    std::vector<NodeId> nodes;
    for (const Selector::Part& part : zone.nodes.parts) {
      if (part.node) nodes.push_back(part.node);
      for (const Group& group : own) {
        if (part.node || group.name != part.group) continue;
        nodes.insert(nodes.end(), group.nodes.begin(), group.nodes.end());
      }
    }
    std::sort(nodes.begin(), nodes.end());
    all.push_back({zone.zone, std::move(nodes)});
  }
  return all;
}

namespace {

constexpr Limits any_duration{1, Limits{}.max};

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
  names.push_back(Liveness::name);
  names.push_back(Availability::name);
  names.push_back(StableLeader::name);
  return names;
}

// A variant says what differs from the group's configuration.
bool read_variants(const Value& v, NodeGroup& group, Reader& r) {
  if (!v.is(Value::Kind::array)) return r.wrong(v, "a list of variants");
  bool good = true;
  for (std::size_t i = 0; i < v.children.size(); ++i) {
    const Reader::Level element = r.enter(i);
    NodeVariant& variant = group.variants.emplace_back();
    variant.config = group.config;
    ObjectReader object(v.children[i], r);
    object.must_have("nodes", variant.nodes);
    if (const Value* config = object.take("config")) {
      const Reader::Level level = r.enter("config");
      if (!group.algorithm->config.read(*config, variant.config, r)) object.fail();
    } else {
      object.missing("config");
    }
    good = object.finish() && good;
  }
  return good;
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
  if (const Value* variants = object.take("variants"); variants != nullptr) {
    const Reader::Level level = r.enter("variants");
    if (group.algorithm != nullptr && !read_variants(*variants, group, r)) object.fail();
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
  if (named->name == Liveness::name) return read_body(*named, check.liveness.emplace(), r);
  if (named->name == Availability::name) return read_body(*named, check.availability.emplace(), r);
  if (named->name == StableLeader::name) return read_body(*named, check.stable_leader.emplace(), r);
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

// Faults that read well are kept even if others do not, so that whatever else is wrong with them is
// said as well.
bool read_faults(const Value& v, std::vector<Fault>& faults, Reader& r) {
  if (!v.is(Value::Kind::array)) return r.wrong(v, "a list of faults");
  bool good = true;
  for (std::size_t i = 0; i < v.children.size(); ++i) {
    const Reader::Level level = r.enter(i);
    Fault fault;
    if (read(v.children[i], fault, r)) {
      faults.push_back(std::move(fault));
    } else {
      good = false;
    }
  }
  return good;
}

}  // namespace

const std::any& NodeGroup::config_of(NodeId node) const {
  const std::any* best = &config;
  for (const NodeVariant& variant : variants) {
    for (const Selector::Part& part : variant.nodes.parts) {
      if (part.node == node) best = &variant.config;
    }
  }
  return *best;
}

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
  bool nodes_known = false;
  const Value* nodes = object.take("nodes");
  if (nodes == nullptr) {
    object.missing("nodes");
  } else {
    const Reader::Level level = r.enter("nodes");
    nodes_known = read_groups(*nodes, s.groups, r);
    if (!nodes_known) object.fail();
  }
  object.may_have("network", s.network);
  object.may_have("disk", s.disk);
  object.may_have("clock", s.clock);
  object.may_have("workload", s.workload);
  if (const Value* faults = object.take("faults")) {
    const Reader::Level level = r.enter("faults");
    if (!read_faults(*faults, s.faults, r)) object.fail();
  }
  if (const Value* check = object.take("check")) {
    const Reader::Level level = r.enter("check");
    if (!read_checks(*check, s.check, r)) object.fail();
  }
  object.may_have("expect", s.expect);
  object.may_have("budget", s.budget);
  const bool readable = object.finish();
  // Whether the parts fit together can be judged once it is known which nodes there are.
  if (!nodes_known) return std::nullopt;
  const auto position = [&](std::string_view key) {
    const Value* member = value.find(key);
    return member == nullptr ? value.at : member->key_at;
  };
  const Places places{position("workload"), position("network"), position("check")};
  if (!check_fit(s, places, r) || !readable) return std::nullopt;
  if (!s.check.safety && !s.check.linearizable && s.workload) {
    s.check.linearizable = usual_linearizable(*s.workload);
  }
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
  if (!group.variants.empty()) {
    w.key("variants").begin_array();
    for (const NodeVariant& variant : group.variants) {
      w.begin_object().key("nodes");
      write_json(w, variant.nodes);
      w.key("config");
      group.algorithm->config.write(w, variant.config);
      w.end_object();
    }
    w.end_array();
  }
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
  if (check.liveness) write_named(w, *check.liveness);
  if (check.availability) write_named(w, *check.availability);
  if (check.stable_leader) write_named(w, *check.stable_leader);
  w.end_array();
}

template <class T>
void write_member(JsonWriter& w, std::string_view key, const T& v) {
  w.key(key);
  write_json(w, v);
}

}  // namespace

std::optional<Linearizable> usual_linearizable(const Workload& workload) {
  std::vector<Operation> asked;
  if (workload.script) {
    for (const ScriptedOperation& each : *workload.script) {
      const Operation operation = each.command().operation;
      if (operation != Operation::administer) asked.push_back(operation);
    }
  } else {
    const auto weights = workload.operations.weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] != 0) asked.push_back(static_cast<Operation>(i));
    }
  }
  const std::optional<HistoryModel> model = model_that_knows(asked);
  if (!model) return std::nullopt;
  Linearizable usual;
  usual.model = *model;
  return usual;
}

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
