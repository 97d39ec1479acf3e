// Distributions in scenarios: read, written and described.
#include "sim/base/distribution.h"
#include "sim/base/read.h"
#include "sim/base/type_info.h"
#include "sim/base/value.h"

namespace ballast {
namespace {

// {"name": value}, which reads as {"name": {"first member": value}}.
template <class T>
void write_short(JsonWriter& w, std::string_view name, const T& value) {
  w.begin_object().key(name);
  write_json(w, value);
  w.end_object();
}

}  // namespace

void write_json(JsonWriter& w, const Distribution& d) {
  if (const auto* constant = std::get_if<law::Constant>(&d.parameters())) {
    write_json(w, constant->value);
  } else if (const auto* uniform = std::get_if<law::Uniform>(&d.parameters())) {
    write_short(w, law::Uniform::name, uniform->range);
  } else if (const auto* empirical = std::get_if<law::Empirical>(&d.parameters())) {
    write_short(w, law::Empirical::name, empirical->points);
  } else if (const auto* recorded = std::get_if<law::Recorded>(&d.parameters())) {
    write_short(w, law::Recorded::name, recorded->values);
  } else {
    write_json(w, d.parameters());
  }
}

bool read(const Value& v, Distribution& out, Reader& r, const Limits& limits) {
  Distribution::Parameters parameters;
  if (v.is(Value::Kind::string)) {
    Duration value;
    if (!read(v, value, r, limits)) return false;
    parameters = law::Constant{value};
  } else if (v.is(Value::Kind::object)) {
    if (!read(v, parameters, r)) return false;
  } else {
    return r.wrong(
        v, "a duration such as \"250ms\" or a law such as {\"uniform\": [\"1ms\", \"20ms\"]}");
  }
  out = Distribution(std::move(parameters));
  return true;
}

TypeInfo make_type_info(Type<Distribution>, const Limits& limits) {
  TypeInfo info =
      TypeInfo::one_of({type_info<Duration>(limits), type_info<Distribution::Parameters>()});
  info.name = "distribution";
  info.definition = "distribution";
  info.doc = "A duration, or a law from which durations are drawn.";
  return info;
}

void write_json(JsonWriter& w, const law::Point& point) {
  w.begin_array();
  write_json(w, point.quantile);
  write_json(w, point.value);
  w.end_array();
}

bool read(const Value& v, law::Point& out, Reader& r, const Limits&) {
  if (!v.is(Value::Kind::array) || v.children.size() != 2) {
    return r.wrong(v, "a quantile and its value, such as [\"50%\", \"1ms\"]");
  }
  bool good = true;
  {
    const Reader::Level level = r.enter(0);
    good = read(v.children[0], out.quantile, r);
  }
  const Reader::Level level = r.enter(1);
  return read(v.children[1], out.value, r) && good;
}

TypeInfo make_type_info(Type<law::Point>, const Limits&) {
  return TypeInfo::list_of(TypeInfo::one_of({type_info<Ratio>(), type_info<Duration>()}));
}

}  // namespace ballast
