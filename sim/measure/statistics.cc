#include "sim/measure/statistics.h"

namespace ballast {

bool read(const Value& v, Warmup& out, Reader& r, const Limits&) {
  Warmup warmup;
  if (v.is(Value::Kind::string) && v.text == "auto") {
    out = warmup;
    return true;
  }
  if (v.is(Value::Kind::string)) {
    if (v.text.empty() || v.text[0] < '0' || v.text[0] > '9') {
      return r.wrong(v, "\"auto\", a duration such as \"30s\", or a number of operations");
    }
    if (!read(v, warmup.time.emplace(), r)) return false;
  } else if (!read(v, warmup.operations.emplace(), r)) {
    return false;
  }
  out = warmup;
  return true;
}

void write_json(JsonWriter& w, const Warmup& v) {
  if (v.time) {
    write_json(w, *v.time);
  } else if (v.operations) {
    w.value(*v.operations);
  } else {
    w.value("auto");
  }
}

TypeInfo make_type_info(Type<Warmup>, const Limits&) {
  return TypeInfo::one_of(
      {TypeInfo::word({"auto"}), type_info<Duration>(), type_info<std::uint64_t>()});
}

}  // namespace ballast
