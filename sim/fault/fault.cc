#include "sim/fault/fault.h"

#include <array>
#include <utility>

namespace ballast {
namespace {

constexpr std::string_view selector_form =
    "a node (3 or \"n3\"), a group's name, a role (\"leader\", \"follower\", \"any\", \"all\") or "
    "a "
    "list of these";

// "n3" or "3"; 0 for anything else.
std::uint32_t node_number(std::string_view text) {
  if (!text.empty() && text.front() == 'n') text.remove_prefix(1);
  std::uint32_t number = 0;
  if (text.empty() || text.size() > 7) return 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

bool read_part(const Value& v, Selector::Part& part, Reader& r) {
  part.at = v.at;
  if (v.is(Value::Kind::number) || v.is(Value::Kind::string)) {
    part.node = {node_number(v.text)};
    if (part.node) return true;
    if (v.is(Value::Kind::string) && !v.text.empty()) {
      constexpr auto roles = enumerators(Role{});
      for (std::size_t i = 0; i < roles.size(); ++i) {
        if (v.text == roles[i]) {
          part.role = static_cast<Role>(i);
          return true;
        }
      }
      part.group = v.text;
      return true;
    }
  }
  return r.wrong(v, selector_form);
}

template <class... Actions>
constexpr auto action_names(const std::variant<Actions...>*) {
  return std::array<std::string_view, sizeof...(Actions)>{Actions::name...};
}
constexpr auto all_names = action_names(static_cast<const FaultAction*>(nullptr));

template <class... Actions>
bool read_action(const NamedBody& named, std::variant<Actions...>& out, Reader& r) {
  bool good = false;
  const auto attempt = [&](auto candidate) {
    if (named.name != decltype(candidate)::name) return;
    const Reader::Level level = r.enter(named.name);
    good = read_body(named, candidate, r);
    if (good) out = std::move(candidate);
  };
  (attempt(Actions{}), ...);
  return good;
}

}  // namespace

Selector Selector::of(std::vector<NodeId> nodes) {
  Selector selector;
  for (const NodeId node : nodes) {
    Part part;
    part.node = node;
    selector.parts.push_back(std::move(part));
  }
  return selector;
}

bool read(const Value& v, Selector& out, Reader& r, const Limits&) {
  out.parts.clear();
  if (!v.is(Value::Kind::array)) return read_part(v, out.parts.emplace_back(), r);
  bool good = !v.children.empty() || r.wrong(v, selector_form);
  for (std::size_t i = 0; i < v.children.size(); ++i) {
    const Reader::Level level = r.enter(i);
    good = read_part(v.children[i], out.parts.emplace_back(), r) && good;
  }
  return good;
}

void write_json(JsonWriter& w, const Selector& selector) {
  const auto write_part = [&](const Selector::Part& part) {
    if (part.node) {
      w.value(part.node.value);
    } else {
      w.value(part.group.empty() ? name_of(part.role) : std::string_view(part.group));
    }
  };
  if (selector.parts.size() == 1) {
    write_part(selector.parts.front());
    return;
  }
  w.begin_array();
  for (const Selector::Part& part : selector.parts) write_part(part);
  w.end_array();
}

TypeInfo make_type_info(Type<Selector>, const Limits&) {
  TypeInfo one = TypeInfo::one_of(
      {type_info<std::uint32_t>({1, 10'000'000}), TypeInfo::of(TypeInfo::Kind::text)});
  TypeInfo info = TypeInfo::one_of({one, TypeInfo::list_of(one)});
  info.name = "nodes";
  info.doc = "Which nodes: " + std::string(selector_form) + ".";
  info.definition = "nodes";
  return info;
}

bool has_duration(const FaultAction& action) {
  return !std::holds_alternative<Restart>(action) && !std::holds_alternative<ClockJump>(action);
}

bool read(const Value& v, Fault& out, Reader& r, const Limits&) {
  ObjectReader object(v, r);
  out.where = v.at;
  object.must_have("at", out.at);
  object.may_have("for", out.lasts, {1, Limits{}.max});
  object.may_have("after_event", out.after_event);
  NamedBody named;
  for (const std::string_view name : all_names) {
    const Value* body = object.take(name);
    if (body == nullptr) continue;
    if (named.body != nullptr) {
      r.error(body->key_at, "one entry is one fault; this one is \"" + std::string(named.name) +
                                "\" and \"" + std::string(name) + "\"");
      object.fail();
    }
    named = {name, body, body->key_at};
  }
  if (named.body != nullptr) {
    if (!read_action(named, out.action, r)) object.fail();
    if (out.lasts && (named.name == Restart::name || named.name == ClockJump::name)) {
      r.error(v.find("for")->key_at,
              "\"" + std::string(named.name) + "\" happens at once and has no \"for\"");
      object.fail();
    }
  } else if (v.is(Value::Kind::object)) {
    // Say what the misspelt key was probably meant to be before finish() calls it unknown.
    const bool known = object.finish();
    if (known)
      r.error(v.at,
              std::string(r.path()) + " says when, but not what: expected " + one_of(all_names));
    return false;
  }
  return object.finish();
}

void write_json(JsonWriter& w, const Fault& fault) {
  w.begin_object();
  w.key("at");
  w.value(to_text(fault.at - Time{}));
  w.key(name_of(fault.action));
  std::visit([&](const auto& held) { write_json(w, held); }, fault.action);
  if (fault.lasts) {
    w.key("for");
    w.value(to_text(*fault.lasts));
  }
  if (fault.after_event) w.member("after_event", *fault.after_event);
  w.end_object();
}

namespace {

// The body of a fault: an object, or the value of its first field.
template <class Action>
TypeInfo body_info() {
  TypeInfo body = type_info<Action>();
  TypeInfo first = body.fields.front().type;
  return TypeInfo::one_of({std::move(body), std::move(first)});
}

template <class... Actions>
std::vector<FieldInfo> action_fields(const std::variant<Actions...>*) {
  return {FieldInfo::optional(Actions::name, body_info<Actions>(), Actions::doc)...};
}

}  // namespace

TypeInfo make_type_info(Type<Fault>, const Limits&) {
  std::vector<FieldInfo> fields{
      FieldInfo::required("at", type_info<Time>(), "When it begins."),
      FieldInfo::optional("for", type_info<Duration>({1, Limits{}.max}),
                          "How long it lasts; unless given, for the rest of the run."),
      FieldInfo::optional("after_event", type_info<std::uint64_t>(),
                          "Not before this many events were executed. Written by runs, so that a "
                          "replay puts the fault exactly where it was.")};
  for (FieldInfo& each : action_fields(static_cast<const FaultAction*>(nullptr))) {
    fields.push_back(std::move(each));
  }
  return TypeInfo::object("fault", "One misfortune: when, what, and for how long.",
                          std::move(fields));
}

}  // namespace ballast
