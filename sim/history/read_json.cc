// JSON Lines. Nearly every line is a flat object of integers, words without escapes and lists of
// these; a scanner of a page reads it several times as fast as a JSON library does. It gives up on
// the rest, which the library then reads or objects to.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/history/line.h"

namespace ballast::history {
namespace {

class FlatLine {
 public:
  FlatLine(std::string_view text, Values& values, bool transactional)
      : at_(text.data()),
        end_(text.data() + text.size()),
        values_(values),
        transactional_(transactional) {}

  // False if this line is none of its kind; `line` is half filled then.
  bool read(Line& line) {
    if (!take('{')) return false;
    if (take('}')) return at_end();
    do {
      std::string_view key;
      if (!text(key) || !take(':') || !member(key, line)) return false;
    } while (take(','));
    return take('}') && at_end();
  }

 private:
  void skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool at_end() {
    skip();
    return at_ == end_;
  }
  bool take(char c) {
    skip();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    skip();
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  bool text(std::string_view& out) {
    if (!take('"')) return false;
    const char* begin = at_;
    while (at_ != end_ && *at_ != '"') {
      // Whether letters beyond ASCII are UTF-8 is for the library to say.
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '\\' || byte < 0x20 || byte >= 0x80) return false;
      ++at_;
    }
    if (at_ == end_) return false;
    out = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  bool integer(std::int64_t& out) {
    skip();
    const bool leading_zero = end_ - at_ > 1 && *at_ == '0' && at_[1] >= '0' && at_[1] <= '9';
    const auto [end, error] = std::from_chars(at_, end_, out);
    if (error != std::errc() || leading_zero) return false;
    if (end != end_ && (*end == '.' || *end == 'e' || *end == 'E')) return false;
    at_ = end;
    return true;
  }
  bool word(Word& out) {
    skip();
    if (at_ == end_) return false;
    if (*at_ == '"') {
      std::string_view characters;
      if (!text(characters)) return false;
      out = values_.text(characters);
      return true;
    }
    if (*at_ == 'n') {
      out = nil;
      return take("null");
    }
    if (*at_ == 't' || *at_ == 'f') {
      const std::string_view truth = *at_ == 't' ? "true" : "false";
      out = values_.text(truth);
      return take(truth);
    }
    return integer(out) && out > -Values::most_integer && out < Values::most_integer;
  }
  bool list(std::vector<Word>& out) {
    out.clear();
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      Word element = nil;
      if (!word(element)) return false;
      out.push_back(element);
    } while (take(','));
    return take(']');
  }
  // [["append", 7, 1], ["r", 7, [1]]]
  bool micros(std::vector<LineMicro>& out) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      LineMicro micro;
      if (!take('[') || !text(micro.f) || !take(',') || !word(micro.key) || !take(',')) {
        return false;
      }
      skip();
      if (at_ != end_ && *at_ == '[') {
        if (!list(elements_)) return false;
        micro.value = values_.list(elements_);
      } else if (!word(micro.value)) {
        return false;
      }
      if (!take(']')) return false;
      out.push_back(micro);
    } while (take(','));
    return take(']');
  }
  bool member(std::string_view key, Line& line) {
    if (key == "process") {
      skip();
      std::string_view name;
      if (at_ == end_ || *at_ != '"') return line.has_process = integer(line.process);
      if (!text(name) || name.empty()) return false;
      line.by_nemesis = name == "nemesis";
      line.has_process = !line.by_nemesis;
      if (line.has_process) line.process = values_.text(name);
      return true;
    }
    if (key == "time") return line.has_time = integer(line.time);
    if (key == "type") return text(line.type);
    if (key == "f") return text(line.f);
    if (key == "key") {
      if (!word(line.key)) return false;
      line.has_key = line.key != nil;
      return true;
    }
    if (key == "value") {
      if (transactional_) return line.has_micros = micros(line.micros);
      skip();
      line.value.is_list = at_ != end_ && *at_ == '[';
      return line.value.is_list ? list(line.value.list) : word(line.value.word);
    }
    if (key == "client") return line.has_client = word(line.client);
    if (key == "applied") {
      line.applied = take("true");
      return line.has_applied = line.applied || take("false");
    }
    if (key == "session") return line.has_session = word(line.session);
    if (key == "sum") {
      return line.has_sum = word(line.sum) && line.sum > -Values::most_integer &&
                            line.sum < Values::most_integer;
    }
    std::string_view ignored;
    std::int64_t number = 0;
    return text(ignored) || integer(number) || take("null") || take("true") || take("false");
  }

  const char* at_;
  const char* end_;
  Values& values_;
  bool transactional_;
  std::vector<Word> elements_;
};

// The tree of what the library reads. Numbers that do not fit are kept to the digit.
class Tree : public nlohmann::json_sax<nlohmann::json> {
 public:
  Datum take() { return std::move(root_); }
  std::string take_error() { return std::move(error_); }

  bool null() override { return add({}); }
  bool boolean(bool value) override {
    return add({.kind = Datum::Kind::boolean, .integer = value ? 1 : 0});
  }
  bool number_integer(number_integer_t value) override {
    if (value <= -Values::most_integer || value >= Values::most_integer) {
      return other(std::to_string(value));
    }
    return add({.kind = Datum::Kind::integer, .integer = value});
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value >= static_cast<std::uint64_t>(Values::most_integer)) {
      return other(std::to_string(value));
    }
    return number_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t& digits) override {
    const bool whole = digits.find_first_of(".eE") == std::string::npos;
    return other(whole ? digits : nlohmann::json(value).dump());
  }
  bool string(string_t& value) override {
    return add({.kind = Datum::Kind::text, .text = std::move(value)});
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Datum::Kind::map); }
  bool key(string_t& value) override { return string(value); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Datum::Kind::list); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    if (e.id == 406) {
      error_ = "this is not JSON: a number this large fits no value";
      return false;
    }
    const std::string_view what = e.what();
    const std::size_t from = what.find("column ");
    error_ = "this is not JSON: " +
             std::string(from == std::string_view::npos ? what : what.substr(from));
    return false;
  }

 private:
  bool add(Datum datum) {
    (open_.empty() ? root_ : open_.back().items.emplace_back()) = std::move(datum);
    return true;
  }
  bool other(std::string text) {
    return add({.kind = Datum::Kind::other, .text = std::move(text)});
  }
  bool open(Datum::Kind kind) {
    if (open_.size() == deepest_value) {
      error_ = "values are nested too deeply";
      return false;
    }
    open_.push_back({.kind = kind});
    return true;
  }
  bool close() {
    Datum done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }

  Datum root_;
  std::vector<Datum> open_;  // those that the text is within
  std::string error_;
};

// An operation, which is text of its own in this line.
void read_operation(std::string_view text, std::uint32_t number, Line& line, LineSink& sink) {
  line.clear();
  line.number = number;
  if (FlatLine(text, sink.values(), sink.transactional()).read(line)) return sink.add(line);
  line.clear();
  line.number = number;
  std::string error;
  const Datum tree = parse_json(text, error);
  if (!error.empty()) return sink.complain(line, error);
  if (tree.kind != Datum::Kind::map) {
    return sink.complain(line, "a line of a history is a JSON object");
  }
  sink.fill(line, tree);
  sink.add(line);
}

// Where the element of an array with which the text begins ends, or the end of the text.
std::size_t end_of_element(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoted) {
      if (text[at] == '\\')
        ++at;
      else
        quoted = text[at] != '"';
    } else if (text[at] == '"') {
      quoted = true;
    } else if (text[at] == '{' || text[at] == '[') {
      ++depth;
    } else if (depth == 0 && (text[at] == ',' || text[at] == ']')) {
      return at;
    } else if ((text[at] == '}' || text[at] == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

}  // namespace

Datum parse_json(std::string_view text, std::string& error) {
  Tree tree;
  nlohmann::json::sax_parse(text, &tree);
  error = tree.take_error();
  return tree.take();
}

void read_json_array(std::string_view text, LineSink& sink) {
  Line line;
  std::uint32_t number = 1;
  std::size_t at = text.find('[') + 1;
  number += static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + at, '\n'));
  for (; at < text.size() && text[at] != ']'; ++at) {
    if (text[at] == '\n') ++number;
    if (std::string_view(" \t\r\n,").find(text[at]) != std::string_view::npos) continue;
    const std::string_view one = text.substr(at, end_of_element(text.substr(at)));
    read_operation(one, number, line, sink);
    number += static_cast<std::uint32_t>(std::count(one.begin(), one.end(), '\n'));
    at += one.size() - 1;
  }
  line.clear();
  line.number = number;
  if (at >= text.size()) return sink.complain(line, "the text ends within an array");
  if (text.find_first_not_of(" \t\r\n", at + 1) != std::string_view::npos) {
    sink.complain(line, "there is more after the array");
  }
}

void read_json_lines(std::string_view text, LineSink& sink) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Line line;
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    read_operation(one, number, line, sink);
  }
}

}  // namespace ballast::history
