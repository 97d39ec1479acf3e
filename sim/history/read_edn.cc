// EDN as Jepsen and Knossos write histories: maps one after the other, or a vector of them. Tags
// such as #jepsen.history.Op are skipped, keywords are texts.
#include <algorithm>
#include <charconv>

#include "sim/history/line.h"

namespace ballast::history {
namespace {

// Where the text stops being UTF-8, or its length. Overlong forms, halves of pairs and what is
// beyond Unicode are none.
std::size_t utf8_until(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t at = 0; at < text.size();) {
    const unsigned first = byte(at);
    const std::size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4) return at;
    for (std::size_t i = 1; i <= more; ++i) {
      if ((byte(at + i) & 0xC0) != 0x80) return at;
    }
    const unsigned second = byte(at + 1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool beyond = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
    if (overlong || beyond) return at;
    at += more + 1;
  }
  return text.size();
}

class EdnReader {
 public:
  EdnReader(std::string_view text, LineSink& sink) : text_(text), sink_(sink) {}

  void read() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    const std::size_t bad = utf8_until(text_);
    if (bad < text_.size()) {
      while (at_ < bad) advance();
      return complain("this is not UTF-8");
    }
    while (skip(0), at_ < text_.size()) {
      if (text_[at_] == '[' || text_[at_] == '(') {
        advance();
        read_until_close();
      } else if (text_[at_] == ']' || text_[at_] == ')') {
        return complain("a bracket that closes nothing");
      } else if (!read_operation()) {
        return;
      }
    }
  }

 private:
  // The operations of a vector as they come, so that the whole is never a tree.
  void read_until_close() {
    while (skip(0), at_ < text_.size()) {
      if (text_[at_] == ']' || text_[at_] == ')') {
        advance();
        return;
      }
      if (!read_operation()) return;
    }
    complain("the text ends within a vector");
  }

  bool read_operation() {
    Datum datum;
    if (!read_datum(datum, 0)) return false;
    line_.clear();
    line_.number = datum.line;
    line_.column = datum.column;
    if (datum.kind != Datum::Kind::map) {
      sink_.complain(line_, "an operation is a map, such as {:type :invoke, :f :read}");
      return true;
    }
    sink_.fill(line_, datum);
    sink_.add(line_);
    return true;
  }

  void complain(std::string sentence) {
    line_.clear();
    line_.number = number_;
    line_.column = static_cast<std::uint32_t>(at_ - line_begin_ + 1);
    sink_.complain(line_, std::move(sentence));
    at_ = text_.size();
  }

  void advance() {
    if (text_[at_] == '\n') {
      ++number_;
      line_begin_ = at_ + 1;
    }
    ++at_;
  }
  static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
  }
  // What is to be ignored may hold what is to be ignored.
  void skip(int depth) {
    while (at_ < text_.size()) {
      const bool discard = text_.substr(at_).starts_with("#_");
      if (text_[at_] == ';') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (discard) {
        at_ += 2;
        Datum ignored;
        if (!read_datum(ignored, depth + 1)) return;
      } else if (is_blank(text_[at_])) {
        advance();
      } else {
        return;
      }
    }
  }

  bool read_datum(Datum& out, int depth) {
    if (depth > deepest_value) return complain("values are nested too deeply"), false;
    skip(depth);
    if (at_ >= text_.size()) return complain("the text ends within an operation"), false;
    out.line = number_;
    out.column = static_cast<std::uint32_t>(at_ - line_begin_ + 1);
    const char c = text_[at_];
    if (c == '"') return read_text(out);
    if (c == '{') return read_items(out, '}', Datum::Kind::map, depth);
    if (c == '[') return read_items(out, ']', Datum::Kind::list, depth);
    if (c == '(') return read_items(out, ')', Datum::Kind::list, depth);
    if (c == '^') {
      ++at_;  // what is said about a value comes before it
      Datum ignored;
      return read_datum(ignored, depth + 1) && read_datum(out, depth + 1);
    }
    if (c == '#') {
      ++at_;
      if (at_ < text_.size() && text_[at_] == '{') {
        return read_items(out, '}', Datum::Kind::set, depth);
      }
      token();  // a tag: what follows it is the value
      return read_datum(out, depth + 1);
    }
    return read_atom(out);
  }

  bool read_items(Datum& out, char close, Datum::Kind kind, int depth) {
    out.kind = kind;
    advance();
    while (skip(depth), at_ < text_.size() && text_[at_] != close) {
      out.items.emplace_back();
      if (!read_datum(out.items.back(), depth + 1)) return false;
    }
    if (at_ >= text_.size()) {
      return complain(std::string("the text ends before a closing ") + close), false;
    }
    ++at_;
    if (kind == Datum::Kind::map && out.items.size() % 2 != 0) {
      return complain("a map with a key that has no value"), false;
    }
    return true;
  }

  bool read_text(Datum& out) {
    out.kind = Datum::Kind::text;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; advance()) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        const char c = text_[at_];
        if (c == 'u') {
          if (!read_letter(out.text)) return false;
          continue;
        }
        out.text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        out.text += text_[at_];
      }
    }
    if (at_ >= text_.size()) return complain("the text ends within a string"), false;
    ++at_;
    return true;
  }

  // The letter that \u and four digits name, in UTF-8: up to the last of these digits.
  bool read_letter(std::string& out) {
    unsigned letter = 0;
    const char* begin = text_.data() + at_ + 1;
    const char* end = begin + std::min<std::size_t>(4, text_.size() - at_ - 1);
    const bool is_half = std::from_chars(begin, end, letter, 16).ptr != begin + 4 ||
                         (letter >= 0xD800 && letter < 0xE000);
    if (is_half) return complain("\\u is followed by the four digits of a letter"), false;
    const auto add = [&](unsigned bits) { out += static_cast<char>(bits); };
    if (letter < 0x80) {
      add(letter);
    } else if (letter < 0x800) {
      add(0xC0 | (letter >> 6));
      add(0x80 | (letter & 0x3F));
    } else {
      add(0xE0 | (letter >> 12));
      add(0x80 | ((letter >> 6) & 0x3F));
      add(0x80 | (letter & 0x3F));
    }
    at_ += 4;
    return true;
  }

  std::string_view token() {
    const std::size_t begin = at_;
    // The letter \{ is no bracket.
    if (text_.substr(at_).starts_with("\\")) at_ = std::min(at_ + 2, text_.size());
    while (at_ < text_.size() && !is_blank(text_[at_]) &&
           std::string_view("{}[]()\";").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  bool read_atom(Datum& out) {
    const std::string_view word = token();
    if (word.empty()) {
      return complain("this is not EDN: unexpected " + in_quotes(text_.substr(at_, 1))), false;
    }
    if (word == "nil") return true;
    if (word == "true" || word == "false") {
      out.kind = Datum::Kind::boolean;
      out.integer = word == "true" ? 1 : 0;
      return true;
    }
    // Of whole numbers, 5, +5 and 5N are the same.
    std::string_view digits = word.substr(word.size() > 1 && word[0] == '+' ? 1 : 0);
    if (digits.size() > 1 && digits.ends_with('N')) digits.remove_suffix(1);
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, out.integer);
    const bool fits = out.integer > -Values::most_integer && out.integer < Values::most_integer;
    if (error == std::errc() && stop == end && fits) {
      out.kind = Datum::Kind::integer;
      return true;
    }
    const bool is_whole =
        digits.find_first_not_of("0123456789", digits[0] == '-' ? 1 : 0) == std::string_view::npos;
    out.kind = word[0] == ':' ? Datum::Kind::text : Datum::Kind::other;
    out.text = word[0] == ':' ? word.substr(1) : is_whole ? digits : word;
    return true;
  }

  std::string_view text_;
  LineSink& sink_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  std::uint32_t number_ = 1;
  Line line_;
};

}  // namespace

void read_edn(std::string_view text, LineSink& sink) { EdnReader(text, sink).read(); }

}  // namespace ballast::history
