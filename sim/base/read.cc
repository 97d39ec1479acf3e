#include "sim/base/read.h"

#include <charconv>

#include "sim/base/parse.h"
#include "sim/base/text.h"

namespace ballast {
namespace {

// The longest piece of a path that comes from a key: the author's own names may be any text.
constexpr std::size_t longest_key = 40;

std::string plain(std::string_view key) {
  const std::string text = in_quotes(key.substr(0, longest_key));
  return text.substr(1, text.size() - 2);
}

std::string bound_text(WideSigned bound) {
  if (bound == std::numeric_limits<std::int64_t>::min()) return "-2^63";
  if (bound == std::numeric_limits<std::int64_t>::max()) return "2^63-1";
  if (bound == std::numeric_limits<std::uint64_t>::max()) return "2^64-1";
  return std::to_string(static_cast<std::int64_t>(bound));
}

constexpr std::string_view a_duration = "a duration such as \"250ms\"";

// What was expected where a text did not parse: its form, and the limit it exceeds if it has that.
std::string form(std::string_view expected, std::string_view limit) {
  return std::string(expected) + (limit.empty() ? "" : ", ") + std::string(limit);
}

// "a duration from 1ms to 1s", with only those bounds that the author must know of.
std::string within(std::string_view what, Duration min, Duration max) {
  std::string text(what);
  if (max != Duration::max()) return text + " from " + to_text(min) + " to " + to_text(max);
  return text + (min.ns == 0 ? ", not negative" : " of at least " + to_text(min));
}

bool read_duration(const Value& v, Duration& out, Reader& r, const Limits& limits) {
  if (!v.is(Value::Kind::string)) return r.wrong(v, a_duration);
  const Parsed<Duration> parsed = parse_duration(v.text);
  if (!parsed.value) return r.wrong(v, form(a_duration, parsed.limit));
  const Duration min = least_duration(limits);
  if (*parsed.value < min || parsed.value->ns > limits.max) {
    return r.wrong(v, within("a duration", min, {limits.max}));
  }
  out = *parsed.value;
  return true;
}

}  // namespace

Reader::Level Reader::enter(std::string_view key) {
  const std::size_t length = path_.size();
  if (length > root_length_) path_ += '.';
  path_ += plain(key);
  return {*this, length};
}

Reader::Level Reader::enter(std::size_t index) {
  const std::size_t length = path_.size();
  path_ += "[" + std::to_string(index) + "]";
  return {*this, length};
}

std::string_view Reader::path() const {
  const std::string_view path = path_;
  // Elements of a document that is a list are "faults[2]", members of an object just "loss".
  if (path.size() == root_length_ || path[root_length_] == '[') return path;
  return path.substr(root_length_);
}

bool Reader::error(Position at, std::string sentence, std::string_view suggestion) {
  problems_.add(at, std::move(sentence), std::string(suggestion));
  return false;
}

bool Reader::wrong(const Value& v, std::string_view expected) {
  return error(v.at,
               std::string(path()) + " is " + in_words(v) + "; expected " + std::string(expected));
}

bool Reader::unknown(Position at, std::string_view word, std::span<const std::string_view> words) {
  return error(at, std::string(path()) + " is " + in_quotes(word) + "; expected " + one_of(words),
               closest(word, words));
}

std::string one_of(std::span<const std::string_view> words) {
  std::string text = words.size() > 2 ? "one of " : "";
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += in_quotes(words[i]);
  }
  return text;
}

ObjectReader::ObjectReader(const Value& object, Reader& reader) : object_(object), reader_(reader) {
  if (!object.is(Value::Kind::object)) good_ = reader.wrong(object, "an object");
}

const Value* ObjectReader::take(std::string_view key) {
  known_.push_back(key);
  return object_.find(key);
}

void ObjectReader::missing(std::string_view key) {
  if (!object_.is(Value::Kind::object)) return;
  reader_.error(object_.at, "missing key " + in_quotes(key) + " in " + std::string(reader_.path()));
  good_ = false;
}

bool ObjectReader::finish() {
  if (!object_.is(Value::Kind::object)) return false;
  for (const Value& child : object_.children) {
    bool known = is_comment_key(child.key);
    for (const std::string_view key : known_) known = known || key == child.key;
    if (known) continue;
    reader_.error(child.key_at,
                  "unknown key " + in_quotes(child.key) + " in " + std::string(reader_.path()),
                  closest(child.key, known_));
    good_ = false;
  }
  return good_;
}

std::optional<NamedBody> read_named(const Value& v, std::string_view expected, Reader& reader) {
  if (v.is(Value::Kind::string)) return NamedBody{v.text, nullptr, v.at};
  NamedBody named;
  int members = 0;
  for (const Value& child : v.children) {
    if (!v.is(Value::Kind::object) || is_comment_key(child.key)) continue;
    named = {child.key, &child, child.key_at};
    ++members;
  }
  if (members == 1) return named;
  if (members == 0) {
    reader.wrong(v, expected);
  } else {
    reader.error(v.at, std::string(reader.path()) + " has " + std::to_string(members) +
                           " keys; expected " + std::string(expected));
  }
  return std::nullopt;
}

bool read_integer(const Value& v, WideSigned& out, Reader& r, const IntegerBounds& bounds) {
  const char* const end = v.text.data() + v.text.size();
  const auto complete = [&](std::from_chars_result result) {
    return result.ec == std::errc() && result.ptr == end;
  };
  std::int64_t small = 0;
  std::uint64_t large = 0;
  bool whole = false;
  if (v.is(Value::Kind::number)) {
    if (complete(std::from_chars(v.text.data(), end, small))) {
      whole = true;
      out = small;
    } else if (complete(std::from_chars(v.text.data(), end, large))) {
      whole = true;
      out = large;
    }
  }
  if (whole && out >= bounds.min && out <= bounds.max) return true;
  return r.wrong(v,
                 "a whole number from " + bound_text(bounds.min) + " to " + bound_text(bounds.max));
}

bool read(const Value& v, bool& out, Reader& r, const Limits&) {
  if (!v.is(Value::Kind::boolean)) return r.wrong(v, "true or false");
  out = v.truth;
  return true;
}

bool read(const Value& v, std::string& out, Reader& r, const Limits&) {
  if (!v.is(Value::Kind::string)) return r.wrong(v, "text in double quotes");
  out = v.text;
  return true;
}

bool read(const Value& v, Duration& out, Reader& r, const Limits& limits) {
  return read_duration(v, out, r, limits);
}

bool read(const Value& v, Time& out, Reader& r, const Limits& limits) {
  Duration since_start;
  if (!read_duration(v, since_start, r, limits)) return false;
  out = Time{since_start.ns};
  return true;
}

bool read(const Value& v, DurationRange& out, Reader& r, const Limits& limits) {
  static constexpr std::string_view a_range = "a range such as [\"150ms\", \"300ms\"]";
  if (v.is(Value::Kind::string)) {
    Duration both;
    if (!read_duration(v, both, r, limits)) return false;
    out = {both, both};
    return true;
  }
  if (!v.is(Value::Kind::array)) return r.wrong(v, std::string(a_range) + " or one duration");
  if (v.children.size() != 2) return r.wrong(v, std::string(a_range) + ": two durations");
  DurationRange range;
  bool good = true;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const Reader::Level level = r.enter(i);
    good = read_duration(v.children[i], i == 0 ? range.min : range.max, r, limits) && good;
  }
  if (!good) return false;
  if (range.max < range.min) {
    return r.error(v.at, std::string(r.path()) + " starts at " + to_text(range.min) +
                             " and ends at " + to_text(range.max) +
                             "; expected the smaller bound first");
  }
  out = range;
  return true;
}

bool read(const Value& v, Ratio& out, Reader& r, const Limits& limits) {
  const RatioBounds bounds = bounds_of_ratio(limits);
  const std::string expected = bounds.min == 0 && bounds.max == 1
                                   ? "a probability from 0 to 1, such as \"2%\" or \"1/50\""
                                   : "a ratio from " + std::to_string(bounds.min) + " to " +
                                         std::to_string(bounds.max) + ", such as \"3/2\" or 1.5";
  if (!v.is(Value::Kind::number) && !v.is(Value::Kind::string)) return r.wrong(v, expected);
  const Parsed<Ratio> parsed = parse_ratio(v.text);
  if (!parsed.value) return r.wrong(v, form(expected, parsed.limit));
  if (*parsed.value < Ratio{bounds.min, 1} || Ratio{bounds.max, 1} < *parsed.value) {
    return r.wrong(v, expected);
  }
  out = *parsed.value;
  return true;
}

bool read(const Value& v, Rate& out, Reader& r, const Limits&) {
  const Parsed<Rate> parsed = parse_rate(v.is(Value::Kind::string) ? v.text : std::string());
  if (!parsed.value) return r.wrong(v, form("a rate such as \"50/s\"", parsed.limit));
  out = *parsed.value;
  return true;
}

}  // namespace ballast
