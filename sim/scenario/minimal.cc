#include "sim/scenario/minimal.h"

#include <algorithm>
#include <utility>

#include "sim/scenario/json.h"

namespace ballast {
namespace {

Value tree_of(const std::string& json) {
  Problems none;
  return parse_json(json, "", none).value_or(Value{});
}
template <class T>
Value tree(const T& v) {
  return tree_of(to_json(v));
}

bool same(const Value& a, const Value& b) {
  return a.kind == b.kind && a.truth == b.truth && a.text == b.text && a.key == b.key &&
         std::equal(a.children.begin(), a.children.end(), b.children.begin(), b.children.end(),
                    same);
}

// The members of an object that are not as usual, those of its own objects likewise.
Value differing(const Value& v, const Value& usual) {
  if (!v.is(Value::Kind::object) || !usual.is(Value::Kind::object)) return v;
  Value kept = v;
  kept.children.clear();
  for (const Value& member : v.children) {
    const Value* other = usual.find(member.key);
    if (other != nullptr && same(member, *other)) continue;
    kept.children.push_back(member);
  }
  return kept;
}

void remove(Value& object, std::string_view key) {
  std::erase_if(object.children, [&](const Value& member) { return member.key == key; });
}

// The body of something named may be the value of its first member alone, unless that is an object
// itself.
template <class Body>
Value brief_body(const Body& body) {
  Value v = differing(tree(body), tree(Body{}));
  const Value whole = tree(body);
  if (whole.children.empty()) return v;
  const Value& first = whole.children.front();
  const bool alone =
      v.children.empty() || (v.children.size() == 1 && v.children[0].key == first.key);
  if (alone && !first.is(Value::Kind::object)) return first;
  // What must be given is, also where it is the default.
  if constexpr (Body::fields.count > 0) {
    for_each_field(body, [&](const auto& f, const auto& member) {
      if (!f.required || v.find(f.name) != nullptr) return;
      v.children.push_back(tree(member));
      v.children.back().key = f.name;
    });
  }
  return v;
}

// {"a": 1, "b": [2, 3]} on one line.
std::string on_one_line(const Value& v) {
  switch (v.kind) {
    case Value::Kind::object: {
      std::string text;
      for (const Value& member : v.children) {
        text += (text.empty() ? "" : ", ") + to_json(std::string_view(member.key)) + ": " +
                on_one_line(member);
      }
      return text.empty() ? "{}" : "{ " + text + " }";
    }
    case Value::Kind::array: {
      std::string text;
      for (const Value& element : v.children) {
        text += (text.empty() ? "" : ", ") + on_one_line(element);
      }
      return "[" + text + "]";
    }
    case Value::Kind::null:
    case Value::Kind::boolean:
    case Value::Kind::number:
    case Value::Kind::string:
      break;
  }
  return to_json(v);
}

// Clients by the names that people know them by.
void name_clients(Selector& selector, std::uint32_t servers) {
  for (Selector::Part& part : selector.parts) {
    if (part.node.value <= servers) continue;
    part.group = "c" + std::to_string(part.node.value - servers);
    part.node = {};
  }
}

Value brief_fault(Fault fault, std::uint32_t servers) {
  for_each_selector(fault.action, [&](Selector& each) { name_clients(each, servers); });
  Value v = tree(fault);
  const std::string_view name = name_of(fault.action);
  for (Value& member : v.children) {
    if (member.key != name) continue;
    Value body = std::visit([](const auto& action) { return brief_body(action); }, fault.action);
    body.key = member.key;
    member = std::move(body);
  }
  return v;
}

Value brief_operation(const ScriptedOperation& operation) {
  Value v = tree(operation);
  Value body = std::visit([](const auto& action) { return brief_body(action); }, operation.action);
  body.key = v.children.back().key;
  v.children.back() = std::move(body);
  if (operation.client == 1) remove(v, "client");
  return v;
}

Value brief_message(MessageSpec message, std::uint32_t servers) {
  name_clients(message.from, servers);
  name_clients(message.to, servers);
  Value v = differing(tree(message), tree(MessageSpec{}));
  if (v.find("nth") == nullptr) {
    v.children.insert(v.children.begin() + 3, tree(message.nth));
    v.children[3].key = "nth";
  }
  return v;
}

// Puts the members of the document one below the other.
class Page {
 public:
  explicit Page(const std::vector<std::string>& remarks) {
    for (const std::string& remark : remarks) text_ += "// " + remark + "\n";
    text_ += "{";
  }
  void member(std::string_view key, const std::string& json) {
    text_ += (first_ ? "\n" : ",\n") + indent() + to_json(key) + ": " + json;
    first_ = false;
  }
  template <class T>
  void member_unless_usual(std::string_view key, const T& v, const T& usual) {
    const Value whole = tree(v);
    const Value ordinary = tree(usual);
    if (!same(whole, ordinary)) member(key, on_one_line(differing(whole, ordinary)));
  }
  void open(std::string_view key) {
    member(key, "{");
    depth_ += 2;
    first_ = true;
  }
  void close() {
    depth_ -= 2;
    text_ += first_ ? "}" : "\n" + indent() + "}";
    first_ = false;
  }
  void list(std::string_view key, const std::vector<Value>& elements) {
    std::string json = "[";
    for (std::size_t i = 0; i < elements.size(); ++i) {
      json += (i == 0 ? "\n" : ",\n") + indent() + "  " + on_one_line(elements[i]);
    }
    member(key, json + (elements.empty() ? "]" : "\n" + indent() + "]"));
  }
  std::string done() { return text_ + "\n}\n"; }

 private:
  std::string indent() const { return std::string(depth_, ' '); }

  std::string text_;
  std::size_t depth_ = 2;
  bool first_ = true;
};

Value group_tree(const NodeGroup& group) {
  std::string json;
  JsonWriter w(json);
  w.begin_object();
  if (group.count != 1) w.member("count", group.count);
  w.member("algorithm", group.algorithm->name);
  w.end_object();
  Value v = tree_of(json);
  const auto add = [&](std::string_view key, Value part) {
    part.key = key;
    v.children.push_back(std::move(part));
  };
  const auto config = [&](const std::any& values) {
    std::string text;
    JsonWriter writer(text);
    group.algorithm->config.write(writer, values);
    return tree_of(text);
  };
  Value changed = differing(config(group.config), config(group.algorithm->config.defaults));
  if (!changed.children.empty()) add("config", std::move(changed));
  if (group.members != std::vector<std::string>{group.name}) add("members", tree(group.members));
  if (group.disk) add("disk", tree(*group.disk));
  if (group.clock) add("clock", tree(*group.clock));
  return v;
}

void add_network(Page& page, const Scenario& s) {
  NetworkSpec network = s.network;
  const std::uint32_t servers = s.server_count();
  std::vector<Value> messages;
  for (const MessageSpec& each : network.messages) {
    messages.push_back(brief_message(each, servers));
  }
  network.messages.clear();
  for (LinkSpec& link : network.links) {
    name_clients(link.from, servers);
    name_clients(link.to, servers);
  }
  for (ZoneSpec& zone : network.zones) name_clients(zone.nodes, servers);
  const Value changed = differing(tree(network), tree(NetworkSpec{}));
  if (messages.empty()) {
    if (!changed.children.empty()) page.member("network", on_one_line(changed));
    return;
  }
  page.open("network");
  for (const Value& member : changed.children) page.member(member.key, on_one_line(member));
  page.list("messages", messages);
  page.close();
}

void add_workload(Page& page, const Scenario& s) {
  if (!s.workload) return;
  Value changed = differing(tree(*s.workload), tree(Workload{}));
  if (s.workload->target == s.groups.front().name) remove(changed, "target");
  if (!s.workload->script) {
    page.member("workload", on_one_line(changed));
    return;
  }
  for (const std::string_view unused : {"script", "arrivals", "operations", "start", "stop"}) {
    remove(changed, unused);
  }
  page.open("workload");
  for (const Value& member : changed.children) page.member(member.key, on_one_line(member));
  std::vector<Value> script;
  for (const ScriptedOperation& each : *s.workload->script) script.push_back(brief_operation(each));
  page.list("script", script);
  page.close();
}

// To name every safety check is to name none.
bool names_all(const std::vector<std::string>& names) {
  const auto all = checks();
  return std::equal(
      names.begin(), names.end(), all.begin(), all.end(),
      [](const std::string& name, const CheckInfo& info) { return name == info.name; });
}

void add_checks(Page& page, const Scenario& s) {
  CheckSpec check = s.check;
  if (check.safety && names_all(*check.safety)) check.safety.reset();
  const auto usual = s.workload ? usual_linearizable(*s.workload) : std::nullopt;
  if (!check.safety && usual) {
    const bool is_usual = check.linearizable && check.linearizable->model == usual->model &&
                          check.linearizable->budget == usual->budget;
    // Who names no check at all gets the usual one of histories.
    if (!check.linearizable) {
      check.safety.emplace();
      for (const CheckInfo& info : checks()) check.safety->emplace_back(info.name);
    }
    if (is_usual) check.linearizable.reset();
  }
  const bool extra = check.linearizable || check.progress || check.liveness || check.availability ||
                     check.stable_leader;
  if (!check.safety && !extra) return;
  std::vector<Value> all;
  if (check.safety) {
    for (const std::string& name : *check.safety) all.push_back(tree(name));
  }
  const auto add = [&](const auto& options) {
    using Options = std::remove_cvref_t<decltype(options)>;
    Value body = differing(tree(options), tree(Options{}));
    if (body.children.empty()) {
      all.push_back(tree(std::string(Options::name)));
      return;
    }
    Value named{Value::Kind::object};
    body.key = Options::name;
    named.children.push_back(std::move(body));
    all.push_back(std::move(named));
  };
  if (check.linearizable) add(*check.linearizable);
  if (check.progress) add(*check.progress);
  if (check.liveness) add(*check.liveness);
  if (check.availability) add(*check.availability);
  if (check.stable_leader) add(*check.stable_leader);
  Value list{Value::Kind::array};
  list.children = std::move(all);
  page.member("check", on_one_line(list));
}

}  // namespace

std::string minimal_json(const Scenario& s, const std::vector<std::string>& remarks) {
  const Scenario usual;
  Page page(remarks);
  page.member("name", to_json(s.name));
  page.member_unless_usual("description", s.description, usual.description);
  page.member("seed", to_json(s.seed));
  page.member("duration", to_json(s.duration));
  page.member_unless_usual("ties", s.ties, usual.ties);
  page.open("nodes");
  for (const NodeGroup& group : s.groups) page.member(group.name, on_one_line(group_tree(group)));
  page.close();
  add_network(page, s);
  page.member_unless_usual("disk", s.disk, usual.disk);
  page.member_unless_usual("clock", s.clock, usual.clock);
  add_workload(page, s);
  if (!s.faults.empty()) {
    std::vector<Value> faults;
    for (const Fault& each : s.faults) faults.push_back(brief_fault(each, s.server_count()));
    page.list("faults", faults);
  }
  add_checks(page, s);
  if (s.expect) {
    page.member("expect", on_one_line(differing(tree(*s.expect), tree(ExpectSpec{}))));
  }
  page.member_unless_usual("budget", s.budget, usual.budget);
  return page.done();
}

std::string brief(const Fault& fault, const Scenario& scenario) {
  return on_one_line(brief_fault(fault, scenario.server_count()));
}
std::string brief(const ScriptedOperation& operation) {
  return on_one_line(brief_operation(operation));
}
std::string brief(const MessageSpec& message, const Scenario& scenario) {
  return on_one_line(brief_message(message, scenario.server_count()));
}

}  // namespace ballast
