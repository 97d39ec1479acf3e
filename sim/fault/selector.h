// Which nodes a fault hits: by number, by group, or by the role that they play when it acts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/type_info.h"

namespace ballast {

// One way to say which nodes are meant, among those of the scenario's first group unless it says
// otherwise. Roles are judged by what the nodes stated, at the moment at which the fault acts.
//   leader       elected in the highest term of all
//   follower     a random one of the others, while somebody leads
//   any          a random one; "one" is read as the same
//   all          all of them
//   minority     a random minority, as large as can be: 2 of 5, 1 of 4
//   majority     a random majority, as small as can be: 3 of 5, 3 of 4
//   random       a random number of them, from one to all
//   candidate    stands for election; a random one of several
//   laggard      has the shortest log; a random one of several
//   newest       booted last; a random one of several
//   pending      has written what its disk has not made durable yet; a random one of several
//   balancer     balances, in any group; a random one of several
//   lock_holder  holds a lock, in any group, clients included; a random one of several
enum class Role : std::uint8_t {
  leader,
  follower,
  any,
  all,
  minority,
  majority,
  random,
  candidate,
  laggard,
  newest,
  pending,
  balancer,
  lock_holder
};
constexpr auto enumerators(Role) {
  return std::array<std::string_view, 13>{
      "leader",    "follower", "any",    "all",     "minority", "majority",   "random",
      "candidate", "laggard",  "newest", "pending", "balancer", "lock_holder"};
}

// Some nodes. Written as a number or name (3, "n3", "c1"), as the name of a group or of a zone, as
// a role, or as a list of these.
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
  static Selector of(Role role);
  static Selector all() { return of(Role::all); }
  static Selector group(std::string name);
  friend bool operator==(const Selector&, const Selector&) = default;
};

// The words that stand for nodes are resolved when the scenario is checked, once all groups are
// known: until then a word that is neither "n<number>" nor a role is taken for a group's name.
bool read(const Value& v, Selector& out, Reader& r, const Limits& limits = {});
void write_json(JsonWriter& w, const Selector& selector);
TypeInfo make_type_info(Type<Selector>, const Limits&);

}  // namespace ballast
