// JSON Lines. Nearly every line is a flat object of integers, words without escapes and lists of
// these; a scanner of a page reads it several times as fast as a JSON library does. It gives up on
// the rest, which the library then reads or objects to.
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
      out = *at_ == 't' ? 1 : 0;
      return take(out == 1 ? "true" : "false");
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
    if (key == "process") return line.has_process = integer(line.process);
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
      Word truth = 0;
      if (!word(truth)) return false;
      line.has_applied = true;
      line.applied = truth == 1;
      return true;
    }
    if (key == "session") return line.has_session = integer(line.session);
    if (key == "sum") return line.has_sum = integer(line.sum);
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

struct TooDeep {};

Datum tree_of(const nlohmann::json& json, int depth = 0) {
  if (depth > deepest_value) throw TooDeep{};
  Datum out;
  if (json.is_boolean()) {
    out.kind = Datum::Kind::boolean;
    out.integer = json.get<bool>() ? 1 : 0;
  } else if (json.is_string()) {
    out.kind = Datum::Kind::text;
    out.text = json.get<std::string>();
  } else if (json.is_array()) {
    out.kind = Datum::Kind::list;
    for (const auto& item : json) out.items.push_back(tree_of(item, depth + 1));
  } else if (json.is_object()) {
    out.kind = Datum::Kind::map;
    for (const auto& [key, value] : json.items()) {
      Datum name;
      name.kind = Datum::Kind::text;
      name.text = key;
      out.items.push_back(std::move(name));
      out.items.push_back(tree_of(value, depth + 1));
    }
  } else if (json.is_number_integer()) {
    const auto number = json.get<std::int64_t>();
    const bool fits = number > -Values::most_integer && number < Values::most_integer;
    out.kind = fits ? Datum::Kind::integer : Datum::Kind::other;
    out.integer = number;
    if (!fits) out.text = json.dump();
  } else if (!json.is_null()) {
    out.kind = Datum::Kind::other;
    out.text = json.dump();
  }
  return out;
}

}  // namespace

Datum parse_json(std::string_view text, std::string& error) {
  try {
    return tree_of(nlohmann::json::parse(text));
  } catch (const TooDeep&) {
    error = "values are nested too deeply";
    return {};
  } catch (const nlohmann::json::parse_error& wrong) {
    const std::string_view what = wrong.what();
    const std::size_t from = what.find("column ");
    error = "this is not JSON: " +
            std::string(from == std::string_view::npos ? what : what.substr(from));
    return {};
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
    line.clear();
    line.number = number;
    if (FlatLine(one, sink.values(), sink.transactional()).read(line)) {
      sink.add(line);
      continue;
    }
    std::string error;
    const Datum tree = parse_json(one, error);
    line.clear();
    line.number = number;
    if (!error.empty()) {
      sink.complain(line, error);
    } else if (tree.kind != Datum::Kind::map) {
      sink.complain(line, "a line of a history is a JSON object");
    } else {
      sink.fill(line, tree);
      sink.add(line);
    }
  }
}

}  // namespace ballast::history
