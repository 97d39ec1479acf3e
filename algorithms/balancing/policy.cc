#include "algorithms/balancing/policy.h"

#include <algorithm>
#include <utility>

#include "sim/protocol/register.h"

namespace ballast::balancing {
namespace {

// Filled while static objects are constructed, in an order that the linker chooses; sorted on
// insertion, so that nothing can depend on it.
std::vector<PolicyEntry>& entries() {
  static std::vector<PolicyEntry> all;
  return all;
}

const PolicyEntry* find(std::string_view name) {
  for (const PolicyEntry& entry : entries()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

void register_policy(const PolicyEntry& entry) {
  register_entry({"policy", entry.name, entry.summary, entry.source, entry.options});
  std::vector<PolicyEntry>& all = entries();
  const auto place = std::find_if(
      all.begin(), all.end(), [&](const PolicyEntry& other) { return entry.name < other.name; });
  all.insert(place, entry);
}

std::unique_ptr<Policy> make_policy(const PolicyChoice& choice) {
  const PolicyEntry* entry = find(choice.text);
  return entry == nullptr ? nullptr : entry->make(choice.options);
}

std::vector<std::string_view> policy_names() {
  std::vector<std::string_view> names;
  for (const PolicyEntry& entry : entries()) names.push_back(entry.name);
  return names;
}

bool read(const Value& v, PolicyChoice& out, Reader& r, const Limits&) {
  const std::vector<std::string_view> names = policy_names();
  const std::optional<NamedBody> named = read_named(v, one_of(names), r);
  if (!named) return false;
  const PolicyEntry* entry = find(named->name);
  if (entry == nullptr) return r.unknown(named->name_at, named->name, names);
  const ConfigSpec spec = entry->options();
  std::any options = spec.defaults;
  const Reader::Level level = r.enter(named->name);
  if (!spec.read_body(*named, options, r)) return false;
  out = {std::string(named->name), named->body == nullptr ? std::any{} : std::move(options)};
  return true;
}

// The schema cannot name the policies: it is made before all of them have registered themselves.
TypeInfo make_type_info(Type<PolicyChoice>, const Limits&) {
  return TypeInfo::one_of(
      {TypeInfo::of(TypeInfo::Kind::text), TypeInfo::map_of(TypeInfo::of(TypeInfo::Kind::any))});
}

void write_json(JsonWriter& w, const PolicyChoice& v) {
  const PolicyEntry* entry = find(v.text);
  if (entry == nullptr || !v.options.has_value()) {
    w.value(std::string_view(v.text));
    return;
  }
  w.begin_object().key(v.text);
  entry->options().write(w, v.options);
  w.end_object();
}

}  // namespace ballast::balancing
