// One description of each struct: its name and its fields, said once, without macros. Hashing,
// trace text, JSON, configuration parsing, the JSON Schema and `ballast describe` all come from it.
//
//   struct RequestVote {
//     Term term;
//     LogIndex last_index;
//     static constexpr std::string_view name = "RequestVote";
//     static constexpr auto fields = Fields{field("term", &RequestVote::term),
//                                           field("last_index", &RequestVote::last_index)};
//   };
//
// A configuration struct adds to each field what it means and which values it may take:
//
//   field("heartbeat", &Config::heartbeat, "How often a leader sends AppendEntries (5.2).")
//       .at_least((1_ms).ns)
//
// An enumeration lists its words, from zero upwards, equal to its enumerators:
//
//   constexpr auto enumerators(Role) {
//     return std::array<std::string_view, 3>{"follower", "candidate", "leader"};
//   }
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/fields.h"
#include "sim/base/fingerprint.h"
#include "sim/base/ids.h"
#include "sim/base/json_writer.h"
#include "sim/base/ratio.h"
#include "sim/base/text.h"
#include "sim/base/time.h"

namespace ballast {

// Bounds of a number, both included: nanoseconds for durations, the value itself for integers.
struct Limits {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

template <class S, class T>
struct Field {
  std::string_view name;
  T S::*member;
  std::string_view doc;
  Limits limits = {};
  bool required = false;

  // The outermost bounds move in by one: what is given is told from what is not, and a duration may
  // be negative, a ratio above 1, only where a bound says so (see read.h).
  constexpr Field at_least(std::int64_t bound) const {
    Field f = *this;
    f.limits.min = bound == Limits{}.min ? bound + 1 : bound;
    return f;
  }
  constexpr Field at_most(std::int64_t bound) const {
    Field f = *this;
    f.limits.max = bound == Limits{}.max ? bound - 1 : bound;
    return f;
  }
  // The member must be present: its default value is not a value anybody would want.
  constexpr Field needed() const {
    Field f = *this;
    f.required = true;
    return f;
  }
};

template <class S, class T>
constexpr Field<S, T> field(std::string_view name, T S::*member, std::string_view doc = {}) {
  return {name, member, doc};
}

template <class T>
concept Described = requires {
  T::fields;
};

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T e) {
  enumerators(e);
};

template <NamedEnum E>
constexpr std::string_view name_of(E e) {
  return enumerators(e)[static_cast<std::size_t>(e)];
}

// Calls visit(field, value) for each field of a described struct, in order.
template <class T, class Visit>
[[gnu::always_inline]] constexpr void for_each_field(T&& object, Visit&& visit) {
  std::remove_cvref_t<T>::fields.each([&](const auto& f) __attribute__((always_inline)) {
    visit(f, object.*(f.member));
  });
}

// The name of the alternative that a variant of named structs holds.
template <class... Ts>
constexpr std::string_view name_of(const std::variant<Ts...>& v) {
  return std::visit([](const auto& held) { return std::remove_cvref_t<decltype(held)>::name; }, v);
}

template <class A, class V>
constexpr std::size_t index_in = 0;
// The index of an alternative in a variant; the number of alternatives if it is none of them.
template <class A, class... Ts>
constexpr std::size_t index_in<A, std::variant<Ts...>> = [] {
  std::size_t index = 0;
  (void)((!std::is_same_v<A, Ts> && ++index != 0) && ...);
  return index;
}();

// --- Hashing -----------------------------------------------------------------------------------
// Folds values, field by field, in a fixed width. Containers fold their length first, variants
// their index, so that no two different values of a type fold the same words.

template <std::integral T>
constexpr void fold(Fingerprint& f, T v) {
  f.fold(static_cast<std::uint64_t>(v));
}
template <class E>
requires std::is_enum_v<E>
constexpr void fold(Fingerprint& f, E v) { f.fold(static_cast<std::uint64_t>(v)); }
template <class Tag, class Rep>
constexpr void fold(Fingerprint& f, const Id<Tag, Rep>& v) {
  f.fold(static_cast<std::uint64_t>(v.value));
}
constexpr void fold(Fingerprint& f, Duration v) { f.fold(static_cast<std::uint64_t>(v.ns)); }
constexpr void fold(Fingerprint& f, Time v) { f.fold(static_cast<std::uint64_t>(v.ns)); }
constexpr void fold(Fingerprint& f, DurationRange v) {
  fold(f, v.min);
  fold(f, v.max);
}
constexpr void fold(Fingerprint& f, const Ratio& v) {
  f.fold(v.numerator);
  f.fold(v.denominator);
}
void fold(Fingerprint& f, std::string_view text);
inline void fold(Fingerprint& f, const std::string& text) { fold(f, std::string_view(text)); }

template <Described T>
constexpr void fold(Fingerprint& f, const T& v);
template <class T>
constexpr void fold(Fingerprint& f, const std::optional<T>& v);
template <class T>
constexpr void fold(Fingerprint& f, const std::vector<T>& v);
template <class... Ts>
constexpr void fold(Fingerprint& f, const std::variant<Ts...>& v);

template <Described T>
[[gnu::always_inline]] constexpr void fold(Fingerprint& f, const T& v) {
  // Not in memory while it lasts: each word waits for the one before it.
  Fingerprint whole = f;
  for_each_field(
      v, [&](const auto&, const auto& value)
             __attribute__((always_inline)) { fold(whole, value); });
  f = whole;
}
template <class T>
constexpr void fold(Fingerprint& f, const std::optional<T>& v) {
  f.fold(v.has_value());
  if (v) fold(f, *v);
}
template <class T>
constexpr void fold(Fingerprint& f, const std::vector<T>& v) {
  f.fold(v.size());
  for (const T& each : v) fold(f, each);
}
template <class... Ts>
constexpr void fold(Fingerprint& f, const std::variant<Ts...>& v) {
  f.fold(v.index());
  std::visit([&](const auto& held) { fold(f, held); }, v);
}

// The hash of one value by itself.
template <class T>
constexpr std::uint64_t digest(const T& v) {
  Fingerprint f;
  fold(f, v);
  return f.value();
}

// --- JSON --------------------------------------------------------------------------------------
// Written as read() takes it back: durations and times with their unit ("150ms"), ratios as text
// ("1/50"), enumerations as their word, variants as an object whose one member is named after the
// alternative.

template <std::integral T>
void write_json(JsonWriter& w, T v) {
  w.value(v);
}
template <NamedEnum E>
void write_json(JsonWriter& w, E v) {
  w.value(name_of(v));
}
template <class Tag, class Rep>
void write_json(JsonWriter& w, const Id<Tag, Rep>& v) {
  w.value(v.value);
}
inline void write_json(JsonWriter& w, Duration v) { w.value(to_text(v)); }
inline void write_json(JsonWriter& w, Time v) { w.value(to_text(Duration{v.ns})); }
inline void write_json(JsonWriter& w, const DurationRange& v) {
  w.begin_array().value(to_text(v.min)).value(to_text(v.max)).end_array();
}
inline void write_json(JsonWriter& w, const Ratio& v) { w.value(to_text(v)); }
inline void write_json(JsonWriter& w, const std::string& v) { w.value(std::string_view(v)); }
inline void write_json(JsonWriter& w, std::string_view v) { w.value(v); }

template <Described T>
void write_json(JsonWriter& w, const T& v);
template <class T>
void write_json(JsonWriter& w, const std::optional<T>& v);
template <class T>
void write_json(JsonWriter& w, const std::vector<T>& v);
template <class... Ts>
void write_json(JsonWriter& w, const std::variant<Ts...>& v);

// The members of a described struct, into an object that is already open.
template <Described T>
void write_members(JsonWriter& w, const T& v) {
  for_each_field(v, [&](const auto& f, const auto& value) {
    w.key(f.name);
    write_json(w, value);
  });
}
template <Described T>
void write_json(JsonWriter& w, const T& v) {
  w.begin_object();
  write_members(w, v);
  w.end_object();
}
template <class T>
void write_json(JsonWriter& w, const std::optional<T>& v) {
  if (v) {
    write_json(w, *v);
  } else {
    w.null();
  }
}
template <class T>
void write_json(JsonWriter& w, const std::vector<T>& v) {
  w.begin_array();
  for (const T& each : v) write_json(w, each);
  w.end_array();
}
template <class... Ts>
void write_json(JsonWriter& w, const std::variant<Ts...>& v) {
  w.begin_object();
  w.key(name_of(v));
  std::visit([&](const auto& held) { write_json(w, held); }, v);
  w.end_object();
}

template <class T>
std::string to_json(const T& v, JsonWriter::Style style = JsonWriter::Style::compact) {
  std::string out;
  JsonWriter w(out, style);
  write_json(w, v);
  return out;
}

}  // namespace ballast
