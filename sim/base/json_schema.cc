// JSON Schema, draft-07: the newest draft that editors support fully. It says the form of each
// value; bounds of durations and what values mean together are left to the reader.
#include <map>

#include "sim/base/type_info.h"

namespace ballast {
namespace {

using Kind = TypeInfo::Kind;
using Definitions = std::map<std::string, const TypeInfo*>;

constexpr std::string_view duration_pattern = "[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)";

void collect(const TypeInfo& info, Definitions& definitions) {
  if (!info.definition.empty() && !definitions.emplace(info.definition, &info).second) return;
  for (const TypeInfo& part : info.parts) collect(part, definitions);
  for (const FieldInfo& field : info.fields) collect(field.type, definitions);
}

// Writes schemas as members into objects that are open already.
class SchemaWriter {
 public:
  explicit SchemaWriter(JsonWriter& w) : w_(w) {}

  // A schema of its own, by reference where the type has a definition.
  void schema(const TypeInfo& info, std::string_view doc = {}, std::string_view default_json = {}) {
    w_.begin_object();
    if (!doc.empty()) w_.member("description", doc);
    if (!default_json.empty()) w_.key("default").raw(default_json);
    if (info.may_be_null) {
      TypeInfo held = info;
      held.may_be_null = false;
      w_.key("anyOf").begin_array();
      schema(held);
      type_object("null");
      w_.end_array();
    } else if (info.definition.empty()) {
      if (doc.empty() && !info.doc.empty()) w_.member("description", info.doc);
      members(info);
    } else {
      // Draft-07 ignores what stands beside a $ref, hence allOf.
      w_.key("allOf").begin_array().begin_object();
      w_.member("$ref", "#/definitions/" + info.definition);
      w_.end_object().end_array();
    }
    w_.end_object();
  }

  // What the type itself allows.
  void members(const TypeInfo& info) {
    switch (info.kind) {
      case Kind::any:
        return;
      case Kind::boolean:
        type("boolean");
        return;
      case Kind::integer:
        type("integer");
        w_.key("minimum").raw(info.min).key("maximum").raw(info.max);
        return;
      case Kind::text:
        type("string");
        return;
      case Kind::duration:
        pattern(duration(info));
        return;
      case Kind::duration_range:
        duration_range(info);
        return;
      case Kind::ratio:
        ratio(info);
        return;
      case Kind::rate:
        pattern("^[0-9]+(\\.[0-9]+)?/(ns|us|ms|s|m|h|" + std::string(duration_pattern) + ")$");
        return;
      case Kind::word:
        w_.key("enum").begin_array();
        for (const std::string& word : info.words) w_.value(std::string_view(word));
        w_.end_array();
        return;
      case Kind::list:
        type("array");
        w_.key("items");
        schema(info.parts[0]);
        return;
      case Kind::map:
        type("object");
        comments();
        w_.key("additionalProperties");
        schema(info.parts[0]);
        return;
      case Kind::object:
        object(info);
        return;
      case Kind::one_of:
        w_.key("anyOf").begin_array();
        for (const TypeInfo& part : info.parts) schema(part);
        w_.end_array();
        return;
    }
  }

 private:
  void type(std::string_view name) { w_.member("type", name); }
  void type_object(std::string_view name) {
    w_.begin_object();
    type(name);
    w_.end_object();
  }
  void pattern(const std::string& regex) {
    type("string");
    w_.member("pattern", regex);
  }
  static std::string duration(const TypeInfo& info) {
    const bool negative = !info.min.empty() && info.min[0] == '-';
    return (negative ? "^-?" : "^") + std::string(duration_pattern) + "$";
  }
  void duration_range(const TypeInfo& info) {
    w_.key("anyOf").begin_array();
    w_.begin_object();
    pattern(duration(info));
    w_.end_object().begin_object();
    type("array");
    w_.key("items").begin_object();
    pattern(duration(info));
    w_.end_object().member("minItems", 2).member("maxItems", 2);
    w_.end_object().end_array();
  }
  void ratio(const TypeInfo& info) {
    w_.key("anyOf").begin_array().begin_object();
    type("number");
    w_.key("minimum").raw(info.min).key("maximum").raw(info.max);
    w_.end_object().begin_object();
    pattern("^([0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?%?|[0-9]+/[0-9]+)$");
    w_.end_object().end_array();
  }
  void comments() {
    w_.key("patternProperties").begin_object();
    w_.key("^(//|\\$comment)$").begin_object().end_object();
    w_.end_object();
  }
  void object(const TypeInfo& info) {
    type("object");
    w_.key("properties").begin_object();
    for (const FieldInfo& field : info.fields) {
      w_.key(field.name);
      if (field.chosen_by.empty()) {
        schema(field.type, field.doc, field.default_json);
      } else {
        w_.begin_object().member("description", std::string_view(field.doc));
        type("object");
        w_.end_object();
      }
    }
    w_.end_object();
    bool any = false;
    for (const FieldInfo& field : info.fields) any = any || field.is_required;
    if (any) {
      w_.key("required").begin_array();
      for (const FieldInfo& field : info.fields) {
        if (field.is_required) w_.value(std::string_view(field.name));
      }
      w_.end_array();
    }
    comments();
    w_.member("additionalProperties", false);
    choices(info);
  }
  // What one field is where another has a certain word.
  void choices(const TypeInfo& info) {
    bool any = false;
    for (const FieldInfo& field : info.fields) any = any || !field.chosen_by.empty();
    if (!any) return;
    w_.key("allOf").begin_array();
    for (const FieldInfo& field : info.fields) {
      if (field.chosen_by.empty()) continue;
      for (const TypeInfo& part : field.type.parts) {
        w_.begin_object().key("if").begin_object().key("properties").begin_object();
        w_.key(field.chosen_by).begin_object();
        w_.member("const", std::string_view(part.name));
        w_.end_object().end_object().key("required").begin_array();
        w_.value(std::string_view(field.chosen_by));
        w_.end_array().end_object().key("then").begin_object();
        w_.key("properties").begin_object().key(field.name);
        schema(part);
        w_.end_object().end_object().end_object();
      }
    }
    w_.end_array();
  }

  JsonWriter& w_;
};

}  // namespace

std::string json_schema(const TypeInfo& root, std::string_view title) {
  Definitions definitions;
  collect(root, definitions);
  std::string out;
  JsonWriter w(out, JsonWriter::Style::indented);
  SchemaWriter writer(w);
  w.begin_object();
  w.member("$schema", "http://json-schema.org/draft-07/schema#").member("title", title);
  if (!root.doc.empty()) w.member("description", root.doc);
  writer.members(root);
  w.key("definitions").begin_object();
  for (const auto& [name, info] : definitions) {
    TypeInfo itself = *info;
    itself.definition.clear();
    itself.may_be_null = false;
    w.key(name);
    writer.schema(itself);
  }
  w.end_object().end_object();
  return out + "\n";
}

}  // namespace ballast
