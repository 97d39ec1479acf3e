#include "sim/fault/selector.h"

#include <utility>

namespace ballast {
namespace {

constexpr std::string_view selector_form =
    "a node (3 or \"n3\"), the name of a group or a zone, a role (such as \"leader\", \"any\", "
    "\"minority\") or a list of these";

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
      if (v.text == "one") {
        part.role = Role::any;
      } else {
        part.group = v.text;
      }
      return true;
    }
  }
  return r.wrong(v, selector_form);
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

Selector Selector::of(Role role) {
  Selector selector;
  selector.parts.emplace_back().role = role;
  return selector;
}

Selector Selector::group(std::string name) {
  Selector selector;
  selector.parts.emplace_back().group = std::move(name);
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

}  // namespace ballast
