// Damage that no checksum noticed: one field of a message is changed.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/flat_map.h"
#include "sim/base/random.h"

namespace ballast {

// Walks the fields of a described value that damage can change, and changes one of them: an integer
// or a counter (a term, an index, a ballot's round) in one of its four lowest bits, a truth value
// into its opposite, an enumerator into another of its words. So the value stays one of its type,
// and near enough to the truth to get past a receiver that only looks whether it is possible at
// all. Node numbers are left alone, as addresses that the transport checks, and so are times,
// fractions and texts.
class Damage {
 public:
  // Changes nothing, and counts what could be changed.
  Damage() = default;
  // Changes the field of this number, from 0, by this uniform word.
  Damage(std::uint64_t which, std::uint64_t how) : which_(which), how_(how), changes_(true) {}

  std::uint64_t seen() const { return seen_; }

  void visit(bool& v) {
    if (hit()) v = !v;
  }
  template <std::integral T>
  void visit(T& v) {
    if (hit()) v = static_cast<T>(v ^ static_cast<T>(T{1} << scale(how_, 4)));
  }
  template <NamedEnum E>
  void visit(E& v) {
    const std::uint64_t words = enumerators(v).size();
    if (words < 2 || !hit()) return;
    v = static_cast<E>((static_cast<std::uint64_t>(v) + 1 + scale(how_, words - 1)) % words);
  }
  template <class Tag, class Rep>
  void visit(Id<Tag, Rep>& v) {
    if constexpr (!std::is_same_v<Id<Tag, Rep>, NodeId>) visit(v.value);
  }
  template <Described T>
  void visit(T& v) {
    for_each_field(v, [&](const auto&, auto& member) { visit(member); });
  }
  template <class T>
  void visit(std::optional<T>& v) {
    if (v) visit(*v);
  }
  template <class T>
  void visit(std::vector<T>& v) {
    for (T& each : v) visit(each);
  }
  // The values of a map, not its keys: their order would be broken.
  template <class Key, class T>
  void visit(FlatMap<Key, T>& v) {
    for (auto& element : v) visit(element.second);
  }
  template <class... Ts>
  void visit(std::variant<Ts...>& v) {
    std::visit([&](auto& held) { visit(held); }, v);
  }
  void visit(Duration&) {}
  void visit(Time&) {}
  void visit(DurationRange&) {}
  void visit(Ratio&) {}
  void visit(std::string&) {}

 private:
  bool hit() { return seen_++ == which_ && changes_; }

  std::uint64_t which_ = 0;
  std::uint64_t how_ = 0;
  std::uint64_t seen_ = 0;
  bool changes_ = false;
};

// Changes one field of `message`, chosen and changed as the word says. False if it has none that
// could be.
template <class Message>
bool corrupt(Message& message, std::uint64_t word) {
  Damage count;
  count.visit(message);
  if (count.seen() == 0) return false;
  Damage change(scale(mix(word), count.seen()), mix(~word));
  change.visit(message);
  return true;
}

}  // namespace ballast
