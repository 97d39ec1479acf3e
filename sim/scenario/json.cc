#include "sim/scenario/json.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/text.h"

namespace ballast {
namespace {

// The parser turns each number into its floating-point type before it shows us the text, which is
// all we use, and stops at one that does not fit. The widest type lets 1e400 through to the typed
// reader, which can say what was expected there instead.
using Parser = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                    std::uint64_t, long double>;

// Follows the parser through the text. nlohmann/json tells what it found but not where; this walks
// over the same tokens, which the parser has accepted already, and knows line and column.
class Cursor {
 public:
  Cursor(std::string_view text, std::uint32_t source) : text_(text), at_{source, 1, 1} {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") offset_ = 3;
  }

  std::size_t offset() const { return offset_; }
  Position at() const { return at_; }
  // The next character, or zero at the end.
  char character() const { return offset_ < text_.size() ? text_[offset_] : '\0'; }

  void advance_to(std::size_t offset) {
    for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
      if (text_[offset_] == '\n') {
        ++at_.line;
        at_.column = 1;
      } else if ((static_cast<unsigned char>(text_[offset_]) & 0xC0) != 0x80) {
        ++at_.column;  // columns count characters: the later bytes of one do not
      }
    }
  }
  // To the next character that is neither blank nor comment.
  void skip_blanks() {
    while (offset_ < text_.size()) {
      const std::string_view rest = text_.substr(offset_);
      if (rest.substr(0, 2) == "//") {
        advance_to(text_.find_first_of("\r\n", offset_));
      } else if (rest.substr(0, 2) == "/*") {
        const std::size_t end = text_.find("*/", offset_ + 2);
        if (end == std::string_view::npos) return;  // the parser will refuse it here
        advance_to(end + 2);
      } else if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
        advance_to(offset_ + 1);
      } else {
        return;
      }
    }
  }
  // To the token of the next value, key or bracket, past the punctuation between them.
  void skip_to_value() {
    skip_blanks();
    while (offset_ < text_.size() && (text_[offset_] == ',' || text_[offset_] == ':')) {
      advance_to(offset_ + 1);
      skip_blanks();
    }
  }
  // Past one token, which is returned.
  std::string_view take_token() {
    const std::size_t start = offset_;
    advance_to(start + token_length());
    return text_.substr(start, offset_ - start);
  }

 private:
  std::size_t token_length() const {
    const std::string_view rest = text_.substr(offset_);
    if (rest.empty()) return 0;
    if (rest[0] == '"') {
      for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '\\') {
          ++i;
        } else if (rest[i] == '"') {
          return i + 1;
        }
      }
      return rest.size();
    }
    if (rest[0] == '-' || is_digit(rest[0])) return number_length(rest);
    return std::clamp<std::size_t>(rest.find_first_of(",:[]{}\"/ \t\r\n"), 1, rest.size());
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  // As far as the parser reads: in "007" the number ends after the first zero.
  static std::size_t number_length(std::string_view text) {
    std::size_t i = text[0] == '-' ? 1 : 0;
    const auto digits = [&] {
      while (i < text.size() && is_digit(text[i])) ++i;
    };
    const auto at = [&](std::string_view any) {
      return i < text.size() && any.find(text[i]) != std::string_view::npos;
    };
    if (at("0")) {
      ++i;
    } else {
      digits();
    }
    if (at(".")) {
      ++i;
      digits();
    }
    if (at("eE")) {
      ++i;
      if (at("+-")) ++i;
      digits();
    }
    return i;
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position at_;
};

// Builds the tree from the parser's events.
class Builder {
 public:
  Builder(std::string_view text, std::uint32_t source, Problems& problems)
      : text_(text), cursor_(text, source), problems_(problems) {}

  Value take_root() { return std::move(root_); }

  bool null() { return scalar(Value::Kind::null) != nullptr; }
  bool boolean(bool truth) {
    Value* v = scalar(Value::Kind::boolean);
    if (v != nullptr) v->truth = truth;
    return v != nullptr;
  }
  bool number_integer(std::int64_t) { return number(); }
  bool number_unsigned(std::uint64_t) { return number(); }
  bool number_float(Parser::number_float_t, const std::string&) { return number(); }
  bool string(std::string& text) {
    Value* v = scalar(Value::Kind::string);
    if (v != nullptr) v->text = std::move(text);
    return v != nullptr;
  }
  bool binary(Parser::binary_t&) { return false; }  // JSON text has none
  bool key(std::string& name) {
    cursor_.skip_to_value();
    key_ = std::move(name);
    key_at_ = cursor_.at();
    cursor_.take_token();
    return true;
  }
  bool start_object(std::size_t) { return open(Value::Kind::object); }
  bool start_array(std::size_t) { return open(Value::Kind::array); }
  bool end_object() {
    report_duplicates(*open_.back());
    return close();
  }
  bool end_array() { return close(); }

  bool parse_error(std::size_t read, const std::string&, const Parser::exception& e);

 private:
  bool fail(std::string sentence) {
    problems_.add(cursor_.at(), std::move(sentence));
    return false;
  }

  // Adds a value to what is open and leaves the cursor at its token.
  Value* append(Value::Kind kind) {
    cursor_.skip_to_value();
    SIM_ASSERT(can_start(kind, cursor_.character()), "the cursor sees the token that was parsed");
    if (++values_ > json_max_values) {
      fail("more than " + with_commas(json_max_values) + " values in one document");
      return nullptr;
    }
    Value* v = &root_;
    // A parent does not grow while a child of its is open, so that these pointers stay valid.
    if (!open_.empty()) v = &open_.back()->children.emplace_back();
    v->kind = kind;
    v->at = cursor_.at();
    v->key = std::exchange(key_, {});
    v->key_at = std::exchange(key_at_, {});
    return v;
  }
  Value* scalar(Value::Kind kind) {
    Value* v = append(kind);
    if (v != nullptr) token_ = cursor_.take_token();
    return v;
  }
  bool number() {
    Value* v = scalar(Value::Kind::number);
    if (v != nullptr) v->text = token_;
    return v != nullptr;
  }
  bool open(Value::Kind kind) {
    Value* v = append(kind);
    if (v == nullptr) return false;
    if (open_.size() == json_max_depth) {
      return fail("lists and objects nest more than " + std::to_string(json_max_depth) + " deep");
    }
    open_.push_back(v);
    cursor_.take_token();
    return true;
  }
  bool close() {
    cursor_.skip_to_value();
    cursor_.take_token();
    open_.pop_back();
    return true;
  }
  static bool can_start(Value::Kind kind, char c) {
    switch (kind) {
      case Value::Kind::null:
        return c == 'n';
      case Value::Kind::boolean:
        return c == 't' || c == 'f';
      case Value::Kind::number:
        return c == '-' || (c >= '0' && c <= '9');
      case Value::Kind::string:
        return c == '"';
      case Value::Kind::array:
        return c == '[';
      case Value::Kind::object:
        return c == '{';
    }
    return false;
  }
  void report_duplicates(Value& object);
  unsigned byte_at(std::size_t offset) const { return static_cast<unsigned char>(text_[offset]); }

  std::string_view text_;
  Cursor cursor_;
  Problems& problems_;
  Value root_;
  std::vector<Value*> open_;
  std::string key_;
  Position key_at_;
  std::string_view token_;
  std::size_t values_ = 0;
};

// Reports each key that the object had before and removes its value.
void Builder::report_duplicates(Value& object) {
  std::map<std::string_view, Position> first;
  std::vector<bool> again(object.children.size());
  for (std::size_t i = 0; i < object.children.size(); ++i) {
    const Value& child = object.children[i];
    if (is_comment_key(child.key)) continue;
    const auto [before, is_new] = first.emplace(child.key, child.key_at);
    again[i] = !is_new;
    if (is_new) continue;
    problems_.add(child.key_at, "key " + in_quotes(child.key) + " appears twice (first at " +
                                    std::to_string(before->second.line) + ":" +
                                    std::to_string(before->second.column) + ")");
  }
  if (first.size() == object.children.size()) return;
  std::vector<Value> kept;
  for (std::size_t i = 0; i < object.children.size(); ++i) {
    if (!again[i]) kept.push_back(std::move(object.children[i]));
  }
  object.children = std::move(kept);
}

// The parser's own words without what stands around them: "[json.exception.parse_error.101] parse
// error at line 1, column 8: syntax error while parsing value - unexpected '}'; last read: '{}';
// expected string literal". What was read may be anything, and the snippet shows it.
std::string reason(std::string text) {
  struct Expectation {
    std::string_view theirs;
    std::string_view ours;
  };
  static constexpr std::array<Expectation, 6> expectations = {{
      {"; expected string literal", "; expected a key in double quotes"},
      {"; expected '[', '{', or a literal", "; expected a value"},
      {"; expected ']'", "; expected ',' or ']'"},
      {"; expected '}'", "; expected ',' or '}'"},
      {"; expected ':'", "; expected ':'"},
      {"; expected end of input", "; expected nothing more"},
  }};
  std::string expected;
  for (const Expectation& each : expectations) {
    if (!text.ends_with(each.theirs)) continue;
    text.resize(text.size() - each.theirs.size());
    expected = each.ours;
    break;
  }
  text.erase(std::min(text.find("; last read: '"), text.size()));
  if (const std::size_t dash = text.find(" - "); dash != std::string::npos) text.erase(0, dash + 3);
  static constexpr std::string_view at_end = "unexpected end of input";
  return (text == at_end ? "the text ends too early" : text) + expected;
}

bool Builder::parse_error(std::size_t read, const std::string&, const Parser::exception& e) {
  std::string why = reason(e.what());
  if (why.starts_with("the text ends")) {
    cursor_.advance_to(std::min(text_.size(), text_.find_last_not_of(" \t\r\n") + 1));
    return fail("not JSON: " + why);
  }
  if (why.find("missing closing '*/'") != std::string::npos) {
    cursor_.skip_to_value();
    return fail("not JSON: a comment without an end");
  }
  if (why.find("unexpected") == std::string::npos && e.id != 406) {
    // Within a token: the last character that was read is the wrong one, or in text that is not
    // UTF-8 the start of the character that it does not continue.
    std::size_t wrong = std::min(read - 1, text_.size());
    if (why.find("UTF-8") != std::string::npos) {
      why = "this character is not UTF-8";
      std::size_t lead = wrong;
      while (lead > 0 && wrong - lead < 3 && (byte_at(lead - 1) & 0xC0) == 0x80) --lead;
      if (lead > 0 && byte_at(lead - 1) >= 0xC0) wrong = lead - 1;
    }
    cursor_.advance_to(wrong);
    return fail("not JSON: " + why);
  }
  // The token that ends where the parser stopped.
  std::string_view before;
  std::string_view token;
  Position start;
  do {
    cursor_.skip_blanks();
    start = cursor_.at();
    before = token;
    token = cursor_.take_token();
  } while (cursor_.offset() < read && !token.empty());
  if (e.id == 406) why = "a number this large fits no value";
  if (before == "," && (token == "}" || token == "]")) {
    why = "there is a comma before the closing '" + std::string(token) + "'";
  }
  problems_.add(start, "not JSON: " + why);
  return false;
}

// Text that the parser cannot explain well, said in our own words. Empty if there is nothing.
std::string not_json(std::string_view text) {
  if (text.size() > json_max_bytes) {
    return "the text is longer than " + std::to_string(json_max_bytes >> 20) + " MiB";
  }
  const std::string_view start = text.substr(0, 2);
  if (start == "\xFF\xFE" || start == "\xFE\xFF") return "the text is UTF-16; expected UTF-8";
  return {};
}

std::optional<Value> parse(std::string_view text, std::uint32_t source, Problems& problems) {
  const auto place = [&](std::size_t offset) {
    Cursor cursor(text, source);
    cursor.advance_to(offset);
    return cursor.at();
  };
  if (const std::string why = not_json(text); !why.empty()) {
    problems.add({source, 1, 1}, why);
    return std::nullopt;
  }
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    problems.add(place(zero), "this is not text: it contains a zero byte");
    return std::nullopt;
  }
  Cursor cursor(text, source);
  cursor.skip_blanks();
  if (cursor.offset() == text.size()) {
    problems.add({source, 1, 1}, "the text is empty; expected a JSON object");
    return std::nullopt;
  }
  Builder builder(text, source, problems);
  const bool complete = Parser::sax_parse(text.begin(), text.end(), &builder,
                                          Parser::input_format_t::json, true, true);
  if (!complete) return std::nullopt;
  return builder.take_root();
}

void move_to(Value& v, Position at) {
  v.at = at;
  v.key_at = at;
  for (Value& child : v.children) move_to(child, at);
}

// The value of an option: JSON if it is JSON, else a string.
Value option_value(std::string_view text, Position at, Problems& problems) {
  Problems found;
  std::optional<Value> parsed = parse(text, found.add_source("option"), found);
  if (parsed) {
    for (const Problem& problem : found.sorted()) problems.add(at, problem.sentence);
  } else {
    parsed.emplace();
    parsed->kind = Value::Kind::string;
    parsed->text = text;
  }
  move_to(*parsed, at);
  return std::move(*parsed);
}

// The child of `parent` that one part of a path names, made if it is a missing member of an object.
// Null, and `why`, if it cannot have any.
Value* child_of(Value& parent, std::string_view name, Position at, std::string& why) {
  if (name.empty()) {
    why = "no empty name in a path";
    return nullptr;
  }
  if (parent.is(Value::Kind::array)) {
    std::size_t index = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), index);
    if (end.ec == std::errc() && end.ptr == name.data() + name.size() &&
        index < parent.children.size()) {
      return &parent.children[index];
    }
    why = "no element " + in_quotes(name) + " in a list of " +
          std::to_string(parent.children.size()) + ", numbered from 0";
    return nullptr;
  }
  if (!parent.is(Value::Kind::object)) {
    why = "no member " + in_quotes(name) + " in " + in_words(parent);
    return nullptr;
  }
  for (Value& child : parent.children) {
    if (child.key == name) return &child;
  }
  Value made;
  made.kind = Value::Kind::object;
  made.at = at;
  made.key = name;
  made.key_at = at;
  return &parent.children.emplace_back(std::move(made));
}

}  // namespace

std::optional<Value> parse_json(std::string_view text, std::string_view name, Problems& problems) {
  const bool shown = text.size() <= json_max_bytes;
  return parse(text, problems.add_source(std::string(name), shown ? text : ""), problems);
}

bool set_value(Value& root, std::string_view assignment, Problems& problems,
               std::string_view option) {
  const std::size_t equals = assignment.find('=');
  const std::string_view path = assignment.substr(0, equals);
  const std::string name = std::string(option) + " " + std::string(path);
  const Position at{problems.add_source(name), 0, 0};
  if (equals == std::string_view::npos || path.empty()) {
    problems.add(at, "expected path=value, such as network.loss=2%");
    return false;
  }
  Value* place = &root;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    std::string why;
    place = child_of(*place, path.substr(start, end - start), at, why);
    if (place == nullptr) {
      problems.add(at, why);
      return false;
    }
    start = end + 1;
  }
  Value value = option_value(assignment.substr(equals + 1), at, problems);
  value.key = std::move(place->key);
  value.key_at = place->key_at;
  *place = std::move(value);
  return true;
}

FileText read_file(const std::string& path) {
  const auto failure = [&](int error) {
    const bool missing = error == ENOENT || error == ENOTDIR;
    return FileText{missing ? FileStatus::missing : FileStatus::unreadable,
                    {},
                    path + ": " + std::generic_category().message(error)};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return failure(errno);
  FileText out;
  std::array<char, 16'384> part;
  std::size_t got = part.size();
  while (got == part.size() && out.text.size() <= json_max_bytes) {
    got = std::fread(part.data(), 1, part.size(), file.get());
    out.text.append(part.data(), got);
  }
  if (std::ferror(file.get()) != 0) return failure(errno);
  if (out.text.size() > json_max_bytes) {
    return {FileStatus::too_large,
            {},
            path + ": the file is larger than " + std::to_string(json_max_bytes >> 20) + " MiB"};
  }
  out.text.shrink_to_fit();
  return out;
}

}  // namespace ballast
