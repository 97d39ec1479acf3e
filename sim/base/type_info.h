// What the reader accepts, as data: a tree made from a C++ type, or composed by hand where a format
// is made of several types. `ballast describe` and the JSON Schema both come from it, so that
// neither can say anything but what read() does.
//
//   TypeInfo info = type_info<raft::Config>();           // from describe.h
//   TypeInfo group = TypeInfo::object("group", "", {     // by hand
//       FieldInfo::required("algorithm", TypeInfo::word({"raft", "paxos"}), "What runs there."),
//       FieldInfo::optional("config", info, "Its options."),
//   });
//   TypeInfo nodes = TypeInfo::map_of(group);
//
// A described struct may say what it is: `static constexpr std::string_view doc = "...";`.
#pragma once

#include <any>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/read.h"

namespace ballast {

struct FieldInfo;

struct TypeInfo {
  enum class Kind {
    any,             // anything: judged elsewhere
    boolean,         //
    integer,         // from min to max
    text,            //
    duration,        // from min to max
    duration_range,  // from min to max
    ratio,           // from min to max
    rate,            //
    word,            // one of words
    list,            // of parts[0]
    map,             // name -> parts[0]
    object,          // fields
    one_of,          // parts
  };
  Kind kind = Kind::any;
  std::string name = {};        // of an object or a one_of, such as "poisson"
  std::string doc = {};         // what it is, in a sentence
  std::string definition = {};  // if not empty, the schema says it once, under this name
  std::string min = {};         // bounds as they are written in JSON ("1ms", "5"); empty for none
  std::string max = {};
  bool may_be_null = false;
  std::vector<std::string> words = {};
  std::vector<TypeInfo> parts = {};
  std::vector<FieldInfo> fields;

  static TypeInfo of(Kind kind);
  static TypeInfo word(std::span<const std::string_view> words);
  static TypeInfo word(std::initializer_list<std::string_view> words);
  static TypeInfo list_of(TypeInfo element);
  static TypeInfo map_of(TypeInfo element);
  static TypeInfo object(std::string_view name, std::string_view doc,
                         std::vector<FieldInfo> fields);
  static TypeInfo one_of(std::vector<TypeInfo> alternatives);
  // What read_named() and the alternatives of a variant accept: {"name": body}, {"name": first
  // member of body}, and "name" alone if the body has no required member.
  static TypeInfo named(TypeInfo body);
};

struct FieldInfo {
  std::string name = {};
  TypeInfo type = {};
  std::string doc = {};
  std::string default_json = {};  // empty for none
  bool is_required = false;
  // The field of the same object whose word says which part of a one_of is meant, by the part's
  // name; empty for none: {"algorithm": "raft", "config": {...}}.
  std::string chosen_by = {};

  static FieldInfo required(std::string_view name, TypeInfo type, std::string_view doc);
  static FieldInfo optional(std::string_view name, TypeInfo type, std::string_view doc,
                            std::string_view default_json = {});
};

// --- From types --------------------------------------------------------------------------------
// Types of one's own join by an overload `TypeInfo make_type_info(Type<T>, const Limits&)`.

template <class T>
struct Type {};

template <class T>
TypeInfo type_info(const Limits& limits = {}) {
  return make_type_info(Type<T>{}, limits);
}

TypeInfo make_type_info(Type<bool>, const Limits&);
TypeInfo make_type_info(Type<std::string>, const Limits&);
TypeInfo make_type_info(Type<Duration>, const Limits& limits);
TypeInfo make_type_info(Type<Time>, const Limits& limits);
TypeInfo make_type_info(Type<DurationRange>, const Limits& limits);
TypeInfo make_type_info(Type<Ratio>, const Limits& limits);
TypeInfo make_type_info(Type<Rate>, const Limits&);
TypeInfo integer_info(const IntegerBounds& bounds);

template <std::integral T>
TypeInfo make_type_info(Type<T>, const Limits& limits) {
  return integer_info(bounds_of<T>(limits));
}
template <class Tag, class Rep>
TypeInfo make_type_info(Type<Id<Tag, Rep>>, const Limits& limits) {
  return type_info<Rep>(limits);
}
template <NamedEnum E>
TypeInfo make_type_info(Type<E>, const Limits&) {
  static constexpr auto words = enumerators(E{});
  return TypeInfo::word(words);
}
template <class T>
TypeInfo make_type_info(Type<std::optional<T>>, const Limits& limits) {
  TypeInfo info = type_info<T>(limits);
  info.may_be_null = true;
  return info;
}
template <class T>
TypeInfo make_type_info(Type<std::vector<T>>, const Limits& limits) {
  return TypeInfo::list_of(type_info<T>(limits));
}
// The defaults of a struct within a struct are those that the outer one gives it.
template <Described T>
TypeInfo object_info(const T& defaults) {
  TypeInfo info = TypeInfo::of(TypeInfo::Kind::object);
  if constexpr (requires { T::name; }) info.name = T::name;
  if constexpr (requires { T::doc; }) info.doc = T::doc;
  for_each_field(defaults, [&](const auto& field, const auto& value) {
    using Member = std::remove_cvref_t<decltype(value)>;
    FieldInfo f;
    f.name = field.name;
    f.doc = field.doc;
    f.is_required = field.required;
    if (!field.required) f.default_json = to_json(value);
    if constexpr (Described<Member>) {
      f.type = object_info(value);
    } else {
      f.type = type_info<Member>(field.limits);
    }
    info.fields.push_back(std::move(f));
  });
  return info;
}
template <Described T>
TypeInfo make_type_info(Type<T>, const Limits&) {
  return object_info(T{});
}
template <class... Ts>
TypeInfo make_type_info(Type<std::variant<Ts...>>, const Limits&) {
  return TypeInfo::one_of({TypeInfo::named(type_info<Ts>())...});
}

// --- For people and for editors ----------------------------------------------------------------

// A type in a few words: "duration of at least 1ms", "one of "random" or "round_robin"".
std::string in_words(const TypeInfo& info);

// The options of an object as a table of name, type, default and meaning, 100 columns wide. Options
// within options follow as "retry.attempts". Ends in a newline.
std::string options_table(const TypeInfo& object);

// A whole JSON Schema (draft-07) for documents of this type.
std::string json_schema(const TypeInfo& root, std::string_view title);

// --- A configuration whose type the caller does not know
// ------------------------------------------

// How a registry reads, describes and writes the Config of an algorithm, a policy or a check:
//
//   std::any config = spec.defaults;
//   if (const Value* given = object.take("config")) spec.read(*given, config, reader);
//   ... std::any_cast<const raft::Config&>(config)
struct ConfigSpec {
  TypeInfo info = {};
  std::any defaults = {};  // a Config as default-constructed
  // The three take an `any` that holds this Config. Members that are not given stay as they are.
  bool (*read)(const Value& v, std::any& config, Reader& r) = nullptr;
  // As read, from what read_named() found: the body of "name", {"name": {...}} or {"name": value}.
  bool (*read_body)(const NamedBody& named, std::any& config, Reader& r) = nullptr;
  void (*write)(JsonWriter& w, const std::any& config) = nullptr;
};

template <Described Config>
ConfigSpec config_spec() {
  ConfigSpec spec;
  spec.info = type_info<Config>();
  spec.defaults = Config{};
  spec.read = [](const Value& v, std::any& config, Reader& r) {
    return ballast::read(v, *std::any_cast<Config>(&config), r);
  };
  spec.read_body = [](const NamedBody& named, std::any& config, Reader& r) {
    return ballast::read_body(named, *std::any_cast<Config>(&config), r);
  };
  spec.write = [](JsonWriter& w, const std::any& config) {
    write_json(w, *std::any_cast<Config>(&config));
  };
  return spec;
}

}  // namespace ballast
