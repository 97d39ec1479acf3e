// Lets doctest print what Ballast's checks compare: described structs as JSON, identifiers as their
// number, enumerations as their word. Include it before doctest.
#pragma once

#include <ostream>

#include "sim/base/describe.h"

namespace ballast {

template <class Tag, class Rep>
std::ostream& operator<<(std::ostream& out, const Id<Tag, Rep>& id) {
  return out << id.value;
}
template <NamedEnum E>
std::ostream& operator<<(std::ostream& out, E e) {
  return out << name_of(e);
}
template <Described T>
std::ostream& operator<<(std::ostream& out, const T& v) {
  return out << to_json(v);
}
inline std::ostream& operator<<(std::ostream& out, Duration d) { return out << to_text(d); }
inline std::ostream& operator<<(std::ostream& out, Time t) { return out << to_text(t); }

}  // namespace ballast
