// Described values as words and back: what a snapshot is made of, so that it can be cut into
// pieces. Equal values give equal words.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/flat_map.h"

namespace ballast {

using Words = std::vector<std::uint64_t>;

class Packer {
 public:
  template <class T>
  void add(const T& v) {
    if constexpr (std::integral<T> || std::is_enum_v<T>) {
      words_.push_back(static_cast<std::uint64_t>(v));
    } else if constexpr (Described<T>) {
      for_each_field(v, [&](const auto&, const auto& member) { add(member); });
    } else if constexpr (requires { v.ns; }) {
      add(v.ns);
    } else {
      add_part(v);
    }
  }
  Words take() { return std::move(words_); }

 private:
  template <class Tag, class Rep>
  void add_part(const Id<Tag, Rep>& v) {
    add(v.value);
  }
  template <class T>
  void add_part(const std::optional<T>& v) {
    add(v.has_value());
    if (v) add(*v);
  }
  template <class T>
  void add_part(const std::vector<T>& v) {
    add(v.size());
    for (const T& each : v) add(each);
  }
  template <class... Ts>
  void add_part(const std::variant<Ts...>& v) {
    add(v.index());
    std::visit([&](const auto& held) { add(held); }, v);
  }
  template <class Key, class Value>
  void add_part(const FlatMap<Key, Value>& v) {
    add(v.size());
    for (const auto& element : v) {
      add(element.first);
      add(element.second);
    }
  }

  Words words_;
};

// Reads what a Packer has written. False, once and for all, if the words are none of that.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::uint64_t> words) : words_(words) {}

  bool done() const { return good_ && words_.empty(); }

  template <class T>
  void take(T& v) {
    if constexpr (NamedEnum<T>) {
      const std::uint64_t word = next();
      if (word >= enumerators(v).size()) good_ = false;
      if (good_) v = static_cast<T>(word);
    } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
      v = static_cast<T>(next());
    } else if constexpr (Described<T>) {
      for_each_field(v, [&](const auto&, auto& member) { take(member); });
    } else if constexpr (requires { v.ns; }) {
      take(v.ns);
    } else {
      take_part(v);
    }
  }

 private:
  std::uint64_t next() {
    if (words_.empty()) {
      good_ = false;
      return 0;
    }
    const std::uint64_t word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }
  // Of a list; each element has a word at least.
  std::uint64_t size() {
    const std::uint64_t size = next();
    if (size > words_.size()) good_ = false;
    return good_ ? size : 0;
  }
  template <class Tag, class Rep>
  void take_part(Id<Tag, Rep>& v) {
    take(v.value);
  }
  template <class T>
  void take_part(std::optional<T>& v) {
    v.reset();
    if (next() != 0) take(v.emplace());
  }
  template <class T>
  void take_part(std::vector<T>& v) {
    v.assign(size(), T{});
    for (T& each : v) take(each);
  }
  template <class... Ts>
  void take_part(std::variant<Ts...>& v) {
    const std::uint64_t index = next();
    if (index >= sizeof...(Ts)) good_ = false;
    std::uint64_t i = 0;
    ((index == i++ ? take(v.template emplace<Ts>()) : void()), ...);
  }
  template <class Key, class Value>
  void take_part(FlatMap<Key, Value>& v) {
    v = {};
    for (std::uint64_t left = size(); left > 0; --left) {
      Key key{};
      take(key);
      take(v[key]);
    }
  }

  std::span<const std::uint64_t> words_;
  bool good_ = true;
};

template <class T>
Words pack(const T& v) {
  Packer packer;
  packer.add(v);
  return packer.take();
}
template <class T>
bool unpack(std::span<const std::uint64_t> words, T& v) {
  Unpacker unpacker(words);
  unpacker.take(v);
  return unpacker.done();
}

}  // namespace ballast
