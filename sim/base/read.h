// From JSON into C++ values, strictly and with every mistake reported: the one reader behind
// scenarios, algorithm configurations, faults and checks.
//
//   Reader reader(problems, "scenario");
//   Network network;                       // a described struct (describe.h)
//   read(value, network, reader);          // false if anything was wrong; problems says what
//
// What is written how:
//   bool             true, false
//   integers, Id     a whole number within the type and its limits; never a fraction
//   Duration, Time   "150ms", "1.5s": a decimal and a unit (ns us ms s m h). Not negative, unless
//                    the field's at_least() says so
//   DurationRange    ["150ms", "300ms"], or one duration for both bounds
//   Ratio            "2%", "1/50", 0.02 or "0.02". At most 1, unless the field's at_most() says
//                    otherwise: a ratio is a probability unless it is declared as a factor
//   Rate             "50/s"
//   enumerations     one of their words
//   std::string, std::optional (null for none), std::vector
//   described struct an object; members that are not given keep the value that they have
//   std::variant     of described structs: {"name": {members}}. What is no object stands for the
//                    first member: {"poisson": "50/s"} is {"poisson": {"rate": "50/s"}}. The name
//                    alone, "poisson", leaves every member at its default
// The limits of an optional or of a vector are those of what it holds. Keys "//" and "$comment" are
// skipped everywhere.
//
// A described struct may judge its members together: `std::string problem() const` returns what is
// wrong with them ("the lease outlasts the session") or nothing, and is asked once all of them have
// been read without error.
//
// Other types join by an overload `bool read(const Value&, T&, Reader&, const Limits& = {})` in
// namespace ballast or in their own.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/problems.h"
#include "sim/base/rate.h"
#include "sim/base/value.h"
#include "sim/base/wide.h"

namespace ballast {

// Where reading is and where its mistakes go. The path ("nodes.server.config.heartbeat") opens
// every sentence.
class Reader {
 public:
  // `root` names the whole document in sentences: "scenario".
  Reader(Problems& problems, std::string_view root)
      : problems_(problems), path_(root), root_length_(root.size()) {}

  // The name of what is being read: "network.loss", "faults[2].at", or the root.
  std::string_view path() const;

  // Reading goes one level down until the Level goes out of scope.
  class Level {
   public:
    Level(Reader& reader, std::size_t length) : reader_(reader), length_(length) {}
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { reader_.path_.resize(length_); }

   private:
    Reader& reader_;
    std::size_t length_;
  };
  [[nodiscard]] Level enter(std::string_view key);
  [[nodiscard]] Level enter(std::size_t index);

  // Each of these adds a problem and returns false, so that a read ends in `return r.wrong(...)`:
  // "<path> is <value>; expected <what>",
  bool wrong(const Value& v, std::string_view expected);
  // "<path> is <word>; expected <one of words>", with the word that was probably meant,
  bool unknown(Position at, std::string_view word, std::span<const std::string_view> words);
  // and any other sentence.
  bool error(Position at, std::string sentence, std::string_view suggestion = {});

 private:
  Problems& problems_;
  std::string path_;
  std::size_t root_length_;
};

// The members of one object, each asked for by its key. What nobody asked for is an unknown key.
//
//   ObjectReader object(value, reader);
//   object.must_have("algorithm", name);
//   object.may_have("count", count, {1, 1000});
//   return object.finish();
class ObjectReader {
 public:
  // Reports a value that is not an object; it then has no members, and nothing else is reported.
  ObjectReader(const Value& object, Reader& reader);

  // The member with this key, if it is there, for the caller to read; the key is known from now on.
  const Value* take(std::string_view key);

  template <class T>
  void may_have(std::string_view key, T& out, const Limits& limits = {}) {
    if (const Value* v = take(key)) read_member(key, *v, out, limits);
  }
  template <class T>
  void must_have(std::string_view key, T& out, const Limits& limits = {}) {
    if (const Value* v = take(key)) {
      read_member(key, *v, out, limits);
    } else {
      missing(key);
    }
  }
  // Reports that the key should be there.
  void missing(std::string_view key);
  // For what a caller found wrong with a member that it took.
  void fail() { good_ = false; }

  // Reports the keys that nobody asked for. True if all went well.
  bool finish();

 private:
  template <class T>
  void read_member(std::string_view key, const Value& v, T& out, const Limits& limits) {
    const Reader::Level level = reader_.enter(key);
    if (!read(v, out, reader_, limits)) good_ = false;
  }

  const Value& object_;
  Reader& reader_;
  std::vector<std::string_view> known_;
  bool good_ = true;
};

// A value that names something and may say more about it: "agreement", or {"progress": {...}}.
struct NamedBody {
  std::string_view name;
  const Value* body = nullptr;  // null where only the name was given
  Position name_at = {};
};
// Reports any other form, with `expected` ("the name of a check, or an object with that one key").
std::optional<NamedBody> read_named(const Value& v, std::string_view expected, Reader& reader);

// Calls visit(name, value) for each member of an object whose keys are names that the author chose,
// such as node groups. Reports a value that is not an object, and returns false.
template <class Visit>
bool for_each_member(const Value& object, Reader& reader, Visit&& visit) {
  if (!object.is(Value::Kind::object)) return reader.wrong(object, "an object");
  for (const Value& child : object.children) {
    if (is_comment_key(child.key)) continue;
    const Reader::Level level = reader.enter(child.key);
    visit(std::string_view(child.key), child);
  }
  return true;
}

// "a" or "b"; one of "a", "b" or "c".
std::string one_of(std::span<const std::string_view> words);

// --- The types ---------------------------------------------------------------------------------

bool read(const Value& v, bool& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, std::string& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, Duration& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, Time& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, DurationRange& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, Ratio& out, Reader& r, const Limits& limits = {});
bool read(const Value& v, Rate& out, Reader& r, const Limits& limits = {});

template <std::integral T>
bool read(const Value& v, T& out, Reader& r, const Limits& limits = {});
template <class Tag, class Rep>
bool read(const Value& v, Id<Tag, Rep>& out, Reader& r, const Limits& limits = {});
template <NamedEnum E>
bool read(const Value& v, E& out, Reader& r, const Limits& limits = {});
template <class T>
bool read(const Value& v, std::optional<T>& out, Reader& r, const Limits& limits = {});
template <class T>
bool read(const Value& v, std::vector<T>& out, Reader& r, const Limits& limits = {});
template <Described T>
bool read(const Value& v, T& out, Reader& r, const Limits& limits = {});
template <class... Ts>
bool read(const Value& v, std::variant<Ts...>& out, Reader& r, const Limits& limits = {});

// --- How ---------------------------------------------------------------------------------------

// What the limits of a field mean for its type. For integers they narrow the range of the type; 128
// bits hold both signs.
struct IntegerBounds {
  WideSigned min = 0;
  WideSigned max = 0;
};
template <std::integral T>
constexpr IntegerBounds bounds_of(const Limits& limits) {
  IntegerBounds b{std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  if (limits.min > b.min) b.min = limits.min;
  // The largest limit says "no limit", also for unsigned types that reach further.
  if (limits.max < b.max && limits.max != Limits{}.max) b.max = limits.max;
  return b;
}
// A duration is negative only where a field asks for it.
constexpr Duration least_duration(const Limits& limits) {
  return {limits.min == Limits{}.min ? 0 : limits.min};
}
// A ratio exceeds 1 only where a field asks for it.
struct RatioBounds {
  std::uint64_t min = 0;
  std::uint64_t max = 1;
};
constexpr RatioBounds bounds_of_ratio(const Limits& limits) {
  RatioBounds b;
  if (limits.min > 0) b.min = static_cast<std::uint64_t>(limits.min);
  if (limits.max != Limits{}.max) {
    b.max = limits.max > 0 ? static_cast<std::uint64_t>(limits.max) : 0;
  }
  return b;
}

bool read_integer(const Value& v, WideSigned& out, Reader& r, const IntegerBounds& bounds);

template <std::integral T>
bool read(const Value& v, T& out, Reader& r, const Limits& limits) {
  WideSigned number = 0;
  if (!read_integer(v, number, r, bounds_of<T>(limits))) return false;
  out = static_cast<T>(number);
  return true;
}

template <class Tag, class Rep>
bool read(const Value& v, Id<Tag, Rep>& out, Reader& r, const Limits& limits) {
  return read(v, out.value, r, limits);
}

template <NamedEnum E>
bool read(const Value& v, E& out, Reader& r, const Limits&) {
  static constexpr auto words = enumerators(E{});
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (v.is(Value::Kind::string) && v.text == words[i]) {
      out = static_cast<E>(i);
      return true;
    }
  }
  if (!v.is(Value::Kind::string)) return r.wrong(v, one_of(words));
  return r.unknown(v.at, v.text, words);
}

template <class T>
bool read(const Value& v, std::optional<T>& out, Reader& r, const Limits& limits) {
  if (v.is(Value::Kind::null)) {
    out.reset();
    return true;
  }
  T held{};
  if (!read(v, held, r, limits)) return false;
  out = std::move(held);
  return true;
}

template <class T>
bool read(const Value& v, std::vector<T>& out, Reader& r, const Limits& limits) {
  if (!v.is(Value::Kind::array)) return r.wrong(v, "a list");
  std::vector<T> all;
  bool good = true;
  for (std::size_t i = 0; i < v.children.size(); ++i) {
    const Reader::Level level = r.enter(i);
    T element{};
    good = read(v.children[i], element, r, limits) && good;
    all.push_back(std::move(element));
  }
  if (good) out = std::move(all);
  return good;
}

template <Described T>
bool read(const Value& v, T& out, Reader& r, const Limits&) {
  ObjectReader object(v, r);
  for_each_field(out, [&](const auto& field, auto& member) {
    if (field.required) {
      object.must_have(field.name, member, field.limits);
    } else {
      object.may_have(field.name, member, field.limits);
    }
  });
  if (!object.finish()) return false;
  if constexpr (requires { out.problem(); }) {
    const std::string problem = out.problem();
    if (!problem.empty()) return r.error(v.at, std::string(r.path()) + ": " + problem);
  }
  return true;
}

// The body of something named: an object, the value of the first field, or nothing but defaults.
// `name_at` is where errors of a missing body are shown.
template <Described T>
bool read_body(const NamedBody& named, T& out, Reader& r) {
  constexpr std::size_t fields = T::fields.count;
  Value whole{Value::Kind::object};
  whole.at = named.name_at;
  if (named.body == nullptr) return read(whole, out, r, {});
  if (named.body->is(Value::Kind::object)) return read(*named.body, out, r, {});
  if constexpr (fields == 0) {
    return r.wrong(*named.body, "an object without members");
  } else {
    whole.children.push_back(*named.body);
    whole.children.back().key = T::fields.first().name;
    whole.at = named.body->at;
    return read(whole, out, r, {});
  }
}

template <class... Ts>
bool read(const Value& v, std::variant<Ts...>& out, Reader& r, const Limits&) {
  static constexpr std::string_view names[] = {Ts::name...};
  const std::optional<NamedBody> named = read_named(v, one_of(names), r);
  if (!named) return false;
  bool found = false;
  bool good = false;
  const auto attempt = [&](auto candidate) {
    if (found || named->name != decltype(candidate)::name) return;
    found = true;
    const Reader::Level level = r.enter(named->name);
    good = read_body(*named, candidate, r);
    if (good) out = std::move(candidate);
  };
  (attempt(Ts{}), ...);
  return found ? good : r.unknown(named->name_at, named->name, names);
}

}  // namespace ballast
