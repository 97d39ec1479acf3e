// A JSON document as a tree that remembers where each value stood, so that an error found long
// after parsing can still name file, line and column. It keeps what the author wrote: a number is
// its text, never a double, and an object keeps its members in the order of the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/json_writer.h"

namespace ballast {

// A place in one of the texts that a Problems knows: lines and columns count from 1, columns in
// characters. Line 0 means the text as a whole, such as an option of the command line.
struct Position {
  std::uint32_t source = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

struct Value {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool truth = false;     // of a boolean
  std::string text = {};  // the characters of a string, or a number exactly as written
  std::vector<Value> children =
      {};  // the elements of an array, or the values of an object's members
  Position at = {};
  std::string key = {};  // of a member: its name, and where that stands
  Position key_at = {};

  bool is(Kind k) const { return kind == k; }

  // The member of an object with this name, or null. The keys of an object are all different.
  const Value* find(std::string_view name) const;
};

// The keys "//" and "$comment" may stand in any object, any number of times, and mean nothing.
bool is_comment_key(std::string_view key);

// A value as a sentence names it: 250, "50msec", true, a list, an object. Long text is cut short.
std::string in_words(const Value& v);

// Text in double quotes, safe to print: control characters are escaped and long text is cut short.
std::string in_quotes(std::string_view text);

void write_json(JsonWriter& w, const Value& v);

}  // namespace ballast
