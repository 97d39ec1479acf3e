#include "sim/base/type_info.h"

#include <algorithm>
#include <array>
#include <limits>

#include "sim/base/text.h"

namespace ballast {
namespace {

using Kind = TypeInfo::Kind;

constexpr std::string_view no_duration = "0s";

TypeInfo duration_like(Kind kind, const Limits& limits) {
  TypeInfo info = TypeInfo::of(kind);
  const Duration least = least_duration(limits);
  info.min = to_text(least);
  if (limits.max != Limits{}.max) info.max = to_text(Duration{limits.max});
  const std::string_view what = kind == Kind::duration ? "duration" : "duration_range";
  info.definition = (least.ns < 0 ? "signed_" : "") + std::string(what);
  return info;
}

std::string decimal(WideSigned number) {
  return number < 0 ? std::to_string(static_cast<std::int64_t>(number))
                    : std::to_string(static_cast<std::uint64_t>(number));
}

}  // namespace

TypeInfo TypeInfo::of(Kind kind) {
  TypeInfo info;
  info.kind = kind;
  return info;
}

TypeInfo TypeInfo::word(std::span<const std::string_view> words) {
  TypeInfo info = of(Kind::word);
  info.words.assign(words.begin(), words.end());
  return info;
}

TypeInfo TypeInfo::word(std::initializer_list<std::string_view> words) {
  return word(std::span<const std::string_view>(words.begin(), words.size()));
}

TypeInfo TypeInfo::list_of(TypeInfo element) {
  TypeInfo info = of(Kind::list);
  info.parts.push_back(std::move(element));
  return info;
}

TypeInfo TypeInfo::map_of(TypeInfo element) {
  TypeInfo info = of(Kind::map);
  info.parts.push_back(std::move(element));
  return info;
}

TypeInfo TypeInfo::object(std::string_view name, std::string_view doc,
                          std::vector<FieldInfo> fields) {
  TypeInfo info = of(Kind::object);
  info.name = name;
  info.doc = doc;
  info.fields = std::move(fields);
  return info;
}

// Alternatives within alternatives are alternatives: the tree stays flat unless one has a name.
TypeInfo TypeInfo::one_of(std::vector<TypeInfo> alternatives) {
  TypeInfo info = of(Kind::one_of);
  for (TypeInfo& each : alternatives) {
    if (each.kind == Kind::one_of && each.name.empty() && each.definition.empty()) {
      for (TypeInfo& part : each.parts) info.parts.push_back(std::move(part));
    } else {
      info.parts.push_back(std::move(each));
    }
  }
  return info;
}

TypeInfo TypeInfo::named(TypeInfo body) {
  const std::string name = body.name;
  const std::string doc = body.doc;
  const auto none_required_from = [&](std::size_t first) {
    return std::none_of(body.fields.begin() + static_cast<std::ptrdiff_t>(first), body.fields.end(),
                        [](const FieldInfo& f) { return f.is_required; });
  };
  const bool bare = none_required_from(0);
  TypeInfo content = body;
  if (!body.fields.empty() && body.fields[0].type.kind != Kind::object && none_required_from(1)) {
    content = one_of({body, body.fields[0].type});
  }
  std::vector<TypeInfo> forms;
  forms.push_back(object("", "", {FieldInfo::required(name, std::move(content), doc)}));
  if (bare) forms.push_back(word({name}));
  return one_of(std::move(forms));
}

FieldInfo FieldInfo::required(std::string_view name, TypeInfo type, std::string_view doc) {
  FieldInfo field = optional(name, std::move(type), doc);
  field.is_required = true;
  return field;
}

FieldInfo FieldInfo::optional(std::string_view name, TypeInfo type, std::string_view doc,
                              std::string_view default_json) {
  FieldInfo field;
  field.name = name;
  field.type = std::move(type);
  field.doc = doc;
  field.default_json = default_json;
  return field;
}

TypeInfo make_type_info(Type<bool>, const Limits&) { return TypeInfo::of(Kind::boolean); }
TypeInfo make_type_info(Type<std::string>, const Limits&) { return TypeInfo::of(Kind::text); }
TypeInfo make_type_info(Type<Duration>, const Limits& limits) {
  return duration_like(Kind::duration, limits);
}
TypeInfo make_type_info(Type<Time>, const Limits& limits) {
  return duration_like(Kind::duration, limits);
}
TypeInfo make_type_info(Type<DurationRange>, const Limits& limits) {
  return duration_like(Kind::duration_range, limits);
}
TypeInfo make_type_info(Type<Ratio>, const Limits& limits) {
  TypeInfo info = TypeInfo::of(Kind::ratio);
  const RatioBounds bounds = bounds_of_ratio(limits);
  info.min = std::to_string(bounds.min);
  info.max = std::to_string(bounds.max);
  if (bounds.min == 0 && bounds.max == 1) info.definition = "probability";
  return info;
}
TypeInfo make_type_info(Type<Rate>, const Limits&) {
  TypeInfo info = TypeInfo::of(Kind::rate);
  info.definition = "rate";
  return info;
}
TypeInfo integer_info(const IntegerBounds& bounds) {
  TypeInfo info = TypeInfo::of(Kind::integer);
  info.min = decimal(bounds.min);
  info.max = decimal(bounds.max);
  return info;
}

// --- The table ---------------------------------------------------------------------------------

namespace {

// The widest bounds of the integer types go without saying.
bool says_nothing(const std::string& bound) {
  static const std::array<std::string, 7> widest = {
      "0",
      decimal(std::numeric_limits<std::int64_t>::min()),
      decimal(std::numeric_limits<std::int64_t>::max()),
      decimal(std::numeric_limits<std::uint64_t>::max()),
      decimal(std::numeric_limits<std::uint32_t>::max()),
      std::string(no_duration),
      to_text(-Duration::max()),
  };
  return bound.empty() || std::find(widest.begin(), widest.end(), bound) != widest.end();
}

std::string with_bounds(std::string_view what, const TypeInfo& info) {
  std::string text(what);
  if (!says_nothing(info.max)) return text + " from " + info.min + " to " + info.max;
  return says_nothing(info.min) ? text : text + " of at least " + info.min;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

// {"name": ...}: what a named alternative looks like.
bool is_named(const TypeInfo& info) {
  return info.kind == Kind::object && info.name.empty() && info.fields.size() == 1;
}

// "closed" beside {"closed": ...} is the same alternative again.
bool only_shortens(const TypeInfo& info, const std::vector<TypeInfo>& alternatives) {
  return info.kind == Kind::word &&
         std::any_of(alternatives.begin(), alternatives.end(), [&](const TypeInfo& other) {
           return is_named(other) && info.words[0] == other.fields[0].name;
         });
}

std::string kind_in_words(const TypeInfo& info) {
  switch (info.kind) {
    case Kind::any:
      return "any value";
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return with_bounds("whole number", info);
    case Kind::text:
      return "text";
    case Kind::duration:
      return with_bounds("duration", info);
    case Kind::duration_range:
      return with_bounds("range of durations", info);
    case Kind::ratio:
      return info.definition == "probability" ? "probability"
                                              : "ratio from " + info.min + " to " + info.max;
    case Kind::rate:
      return "rate";
    case Kind::word:
    case Kind::one_of: {
      if (!info.name.empty()) return info.name;
      std::vector<std::string> parts;
      for (const std::string& word : info.words) parts.push_back(in_quotes(word));
      for (const TypeInfo& part : info.parts) {
        if (!only_shortens(part, info.parts)) parts.push_back(in_words(part));
      }
      return joined(parts);
    }
    case Kind::list:
      return "list of: " + in_words(info.parts[0]);
    case Kind::map:
      return "object of names, each with: " + in_words(info.parts[0]);
    case Kind::object:
      return is_named(info) ? "{" + in_quotes(info.fields[0].name) + ": ...}" : "object";
  }
  return {};
}

struct Row {
  std::array<std::string, 4> cells;
};

void add_rows(std::vector<Row>& rows, const std::string& path, const TypeInfo& info) {
  // A shared definition, such as a distribution, is described once and elsewhere.
  if (!info.definition.empty() && info.kind != Kind::object) return;
  switch (info.kind) {
    case Kind::any:
    case Kind::boolean:
    case Kind::integer:
    case Kind::text:
    case Kind::duration:
    case Kind::duration_range:
    case Kind::ratio:
    case Kind::rate:
    case Kind::word:
      return;
    case Kind::list:
      add_rows(rows, path + "[]", info.parts[0]);
      return;
    case Kind::map:
      add_rows(rows, path + (path.empty() ? "NAME" : ".NAME"), info.parts[0]);
      return;
    case Kind::one_of:
      for (const TypeInfo& part : info.parts) add_rows(rows, path, part);
      return;
    case Kind::object:
      for (const FieldInfo& field : info.fields) {
        const std::string name = path.empty() ? field.name : path + "." + field.name;
        std::string usual = field.default_json;
        if (field.is_required) usual = "required";
        // What another field decides has options of its own, described elsewhere.
        if (!field.chosen_by.empty()) {
          rows.push_back({{name, "object", usual, field.doc}});
          continue;
        }
        // Members speak for an object, and no alternative is the usual one or required.
        if (field.type.kind == Kind::object || is_named(info)) usual.clear();
        rows.push_back(
            {{name, in_words(field.type), usual, field.doc.empty() ? field.type.doc : field.doc}});
        add_rows(rows, name, field.type);
      }
      return;
  }
}

// Text in lines of at most `width` bytes, broken at spaces where possible.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (text.size() > width) {
    std::size_t end = text.rfind(' ', width);
    if (end == std::string_view::npos || end == 0) end = width;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
    if (text[0] == ' ') text.remove_prefix(1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace

std::string in_words(const TypeInfo& info) {
  return kind_in_words(info) + (info.may_be_null ? " or null" : "");
}

std::string options_table(const TypeInfo& object) {
  constexpr std::size_t page = 100;
  constexpr std::size_t gap = 2;
  std::vector<Row> rows = {{{"option", "type", "default", "meaning"}}};
  add_rows(rows, "", object);
  std::array<std::size_t, 4> widths = {40, 26, 20, page};
  std::size_t left = page;
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t widest = 0;
    for (const Row& row : rows) widest = std::max(widest, row.cells[c].size());
    widths[c] = std::min(widths[c], widest);
    left -= widths[c] + gap;
  }
  widths[3] = left;
  std::string out;
  for (const Row& row : rows) {
    std::array<std::vector<std::string>, 4> cells;
    std::size_t height = 0;
    for (std::size_t c = 0; c < 4; ++c) {
      cells[c] = wrapped(row.cells[c], widths[c]);
      height = std::max(height, cells[c].size());
    }
    for (std::size_t i = 0; i < height; ++i) {
      std::string line;
      std::size_t column = 0;
      for (std::size_t c = 0; c < 4; ++c) {
        line.resize(column, ' ');
        if (i < cells[c].size()) line += cells[c][i];
        column += widths[c] + gap;
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace ballast
