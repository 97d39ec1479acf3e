// Changes one field of a described value: what is left of a record or a message that was corrupted
// and still reads well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/random.h"

namespace ballast {

namespace detail {

template <class T>
struct IsId : std::false_type {};
template <class Tag, class Rep>
struct IsId<Id<Tag, Rep>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... Ts>
struct IsVariant<std::variant<Ts...>> : std::true_type {};

// One of the low eight bits: a change that a range check would rarely catch.
template <class T>
T flip_bit(T v, std::uint64_t word) {
  return static_cast<T>(static_cast<std::uint64_t>(v) ^ (std::uint64_t{1} << (word & 7)));
}

// Calls visit(leaf) for each number, enumeration, truth value and identifier in `value`; texts,
// durations and ratios are left alone.
template <class T, class Visit>
void for_each_leaf(T& value, Visit& visit) {
  if constexpr (std::is_integral_v<T> || NamedEnum<T> || IsId<T>::value) {
    visit(value);
  } else if constexpr (IsVector<T>::value || std::is_same_v<T, std::string>) {
    if constexpr (IsVector<T>::value) {
      for (auto& each : value) for_each_leaf(each, visit);
    }
  } else if constexpr (IsOptional<T>::value) {
    if (value) for_each_leaf(*value, visit);
  } else if constexpr (IsVariant<T>::value) {
    std::visit([&](auto& held) { for_each_leaf(held, visit); }, value);
  } else if constexpr (Described<T>) {
    for_each_field(value, [&](const auto&, auto& member) { for_each_leaf(member, visit); });
  }
}

template <class T>
bool change_leaf(T& leaf, std::uint64_t word) {
  if constexpr (std::is_same_v<T, bool>) {
    leaf = !leaf;
  } else if constexpr (std::is_enum_v<T>) {
    const std::uint64_t words = enumerators(T{}).size();
    if (words < 2) return false;
    const auto old = static_cast<std::uint64_t>(leaf);
    leaf = static_cast<T>((old + 1 + scale(word, words - 1)) % words);
  } else if constexpr (detail::IsId<T>::value) {
    leaf.value = flip_bit(leaf.value, word);
  } else {
    leaf = flip_bit(leaf, word);
  }
  return true;
}

}  // namespace detail

// Flips a bit of one number, or takes another word of an enumeration; which one, the two draws say.
// False if `value` has nothing that can be changed. The value is never equal to what it was.
template <class T>
bool mutate(T& value, Stream& draws) {
  std::uint64_t leaves = 0;
  const auto count = [&](auto&) { ++leaves; };
  detail::for_each_leaf(value, count);
  const std::uint64_t place = draws.next();
  const std::uint64_t change = draws.next();
  if (leaves == 0) return false;
  std::uint64_t left = scale(place, leaves);
  bool changed = false;
  const auto alter = [&](auto& leaf) {
    if (left-- == 0) changed = detail::change_leaf(leaf, change);
  };
  detail::for_each_leaf(value, alter);
  return changed;
}

}  // namespace ballast
