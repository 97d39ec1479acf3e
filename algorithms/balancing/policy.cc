#include "algorithms/balancing/policy.h"

#include <algorithm>
#include <utility>

#include "sim/protocol/register.h"

namespace ballast::balancing {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Policy> (*make)() = nullptr;
};

// Filled while static objects are constructed, in an order that the linker chooses; sorted on
// insertion, so that nothing can depend on it.
std::vector<Entry>& entries() {
  static std::vector<Entry> all;
  return all;
}

}  // namespace

void register_policy(std::string_view name, std::string_view summary,
                     std::unique_ptr<Policy> (*make)()) {
  register_entry({"policy", name, summary});
  std::vector<Entry>& all = entries();
  const auto place =
      std::find_if(all.begin(), all.end(), [&](const Entry& other) { return name < other.name; });
  all.insert(place, {name, make});
}

std::unique_ptr<Policy> make_policy(std::string_view name) {
  for (const Entry& entry : entries()) {
    if (entry.name == name) return entry.make();
  }
  return nullptr;
}

std::vector<std::string_view> policy_names() {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries()) names.push_back(entry.name);
  return names;
}

bool read(const Value& v, PolicyName& out, Reader& r, const Limits&) {
  const std::vector<std::string_view> names = policy_names();
  if (!v.is(Value::Kind::string)) return r.wrong(v, one_of(names));
  if (std::find(names.begin(), names.end(), v.text) == names.end()) {
    return r.unknown(v.at, v.text, names);
  }
  out.text = v.text;
  return true;
}

// The schema says "text": it is made before all policies have registered themselves.
TypeInfo make_type_info(Type<PolicyName>, const Limits& limits) {
  return type_info<std::string>(limits);
}

void write_json(JsonWriter& w, const PolicyName& v) { w.value(std::string_view(v.text)); }

}  // namespace ballast::balancing
