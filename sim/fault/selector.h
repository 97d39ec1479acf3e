// Which nodes a fault hits: by number, by group, or by the role that they play when it acts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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
  static Selector group(std::string name);
  friend bool operator==(const Selector&, const Selector&) = default;
};

// The words that stand for nodes are resolved when the scenario is checked, once all groups are
// known: until then a word that is neither "n<number>" nor a role is taken for a group's name.
bool read(const Value& v, Selector& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Selector& selector);
TypeInfo make_type_info(Type<Selector>, const Limits&);

}  // namespace ballast
