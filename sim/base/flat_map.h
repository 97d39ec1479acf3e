// A map for what is looked up far more often than it grows: one sorted vector, nothing allocated
// per element, iterated in the order of the keys.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <utility>
#include <vector>

#include "sim/base/describe.h"

namespace ballast {

template <class Key, class Value>
class FlatMap {
 public:
  using Element = std::pair<Key, Value>;

  // The value of a key, or null. Valid until the map next grows.
  const Value* find(const Key& key) const {
    const auto at = position(elements_, key);
    return at != elements_.end() && at->first == key ? &at->second : nullptr;
  }
  // The value of a key, which is made from nothing if it is not there yet. Valid until the map next
  // grows.
  Value& operator[](const Key& key) {
    const auto at = position(elements_, key);
    if (at != elements_.end() && at->first == key) return at->second;
    return elements_.insert(at, Element{key, Value{}})->second;
  }

  std::size_t size() const { return elements_.size(); }
  auto begin() const { return elements_.begin(); }
  auto begin() { return elements_.begin(); }
  auto end() { return elements_.end(); }
  auto end() const { return elements_.end(); }
  friend auto operator<=>(const FlatMap&, const FlatMap&) = default;

 private:
  template <class Elements>
  static auto position(Elements& elements, const Key& key) {
    return std::lower_bound(elements.begin(), elements.end(), key,
                            [](const Element& e, const Key& k) { return e.first < k; });
  }

  std::vector<Element> elements_;
};

template <class Key, class Value>
constexpr void fold(Fingerprint& f, const FlatMap<Key, Value>& map) {
  f.fold(map.size());
  for (const auto& element : map) {
    fold(f, element.first);
    fold(f, element.second);
  }
}

// As a list of pairs.
template <class Key, class Value>
void write_json(JsonWriter& w, const FlatMap<Key, Value>& map) {
  w.begin_array();
  for (const auto& element : map) {
    w.begin_array();
    write_json(w, element.first);
    write_json(w, element.second);
    w.end_array();
  }
  w.end_array();
}

}  // namespace ballast
