#include "sim/base/value.h"

namespace ballast {
namespace {

// The longest piece of a document that a sentence repeats.
constexpr std::size_t longest_quote = 60;

// At most `limit` bytes of valid UTF-8 text, cut between characters.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  for (const Value& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

bool is_comment_key(std::string_view key) { return key == "//" || key == "$comment"; }

std::string in_quotes(std::string_view text) {
  const std::string_view shown = cut(text, longest_quote);
  std::string out;
  JsonWriter(out).value(shown);
  for (char& c : out) {
    if (c == '\x7f') c = '?';
  }
  if (shown.size() < text.size()) out.insert(out.size() - 1, "...");
  return out;
}

std::string in_words(const Value& v) {
  switch (v.kind) {
    case Value::Kind::null:
      return "null";
    case Value::Kind::boolean:
      return v.truth ? "true" : "false";
    case Value::Kind::number: {
      const std::string_view shown = cut(v.text, longest_quote);
      return std::string(shown) + (shown.size() < v.text.size() ? "..." : "");
    }
    case Value::Kind::string:
      return in_quotes(v.text);
    case Value::Kind::array:
      return v.children.empty() ? "an empty list" : "a list";
    case Value::Kind::object:
      return v.children.empty() ? "an empty object" : "an object";
  }
  return {};
}

void write_json(JsonWriter& w, const Value& v) {
  switch (v.kind) {
    case Value::Kind::null:
      w.null();
      return;
    case Value::Kind::boolean:
      w.value(v.truth);
      return;
    case Value::Kind::number:
      w.raw(v.text);
      return;
    case Value::Kind::string:
      w.value(std::string_view(v.text));
      return;
    case Value::Kind::array:
      w.begin_array();
      for (const Value& child : v.children) write_json(w, child);
      w.end_array();
      return;
    case Value::Kind::object:
      w.begin_object();
      for (const Value& child : v.children) {
        w.key(child.key);
        write_json(w, child);
      }
      w.end_object();
      return;
  }
}

}  // namespace ballast
