// Strong identifiers: a node number is not a term, and the compiler knows.
#pragma once

#include <compare>
#include <cstdint>

namespace ballast {

// A number that belongs to one notion only. Two identifiers of different tags do not compare, add
// or convert. A default-constructed identifier is zero, which by convention means "none".
template <class Tag, class Rep = std::uint64_t>
struct Id {
  using rep = Rep;
  Rep value{};
  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  constexpr explicit operator bool() const { return value != 0; }
  constexpr Id next() const { return Id{static_cast<Rep>(value + 1)}; }
  constexpr Id previous() const { return Id{static_cast<Rep>(value - 1)}; }
};

// A simulated machine. Nodes are numbered from 1 in the order in which the scenario lists them, so
// that a person's "n3" is NodeId{3}; zero is "no node".
using NodeId = Id<struct NodeTag, std::uint32_t>;

// The incarnation of a node: 1 at the first boot, one more at each restart.
using Life = Id<struct LifeTag, std::uint32_t>;

// The number of an event in the order of execution, from 1. A trace record, a message and a
// violation name their cause by it.
using EventId = Id<struct EventTag, std::uint64_t>;

}  // namespace ballast
