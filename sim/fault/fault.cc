#include "sim/fault/fault.h"

#include <array>
#include <utility>

namespace ballast {
namespace {

template <class... Actions>
constexpr auto action_names(const std::variant<Actions...>*) {
  return std::array<std::string_view, sizeof...(Actions)>{Actions::name...};
}
constexpr auto all_names = action_names(static_cast<const AnyFault*>(nullptr));

template <class... Actions>
bool read_action(const NamedBody& named, std::variant<Actions...>& out, Reader& r) {
  bool good = false;
  const auto attempt = [&](auto candidate) {
    if (named.name != decltype(candidate)::name) return;
    const Reader::Level level = r.enter(named.name);
    good = read_body(named, candidate, r);
    if (good) out = std::move(candidate);
  };
  (attempt(Actions{}), ...);
  return good;
}

// An object, or the value of its first field alone.
template <class Trigger>
void read_trigger(ObjectReader& object, std::optional<Trigger>& out, Reader& r) {
  const Value* body = object.take(Trigger::name);
  if (body == nullptr) return;
  const Reader::Level level = r.enter(Trigger::name);
  if (!read_body({Trigger::name, body, body->at}, out.emplace(), r)) object.fail();
}

}  // namespace

FaultAction::FaultAction() = default;
FaultAction::FaultAction(const FaultAction&) = default;
FaultAction::FaultAction(FaultAction&&) noexcept = default;
FaultAction& FaultAction::operator=(const FaultAction&) = default;
FaultAction& FaultAction::operator=(FaultAction&&) noexcept = default;
FaultAction::~FaultAction() = default;

bool has_duration(const FaultAction& action) {
  return std::visit(
      [](const auto& held) {
        return !requires { std::remove_cvref_t<decltype(held)>::instant; };
      },
      action);
}

bool leaves_model(const FaultAction& action) {
  return std::visit(
      [](const auto& held) {
        if constexpr (requires { held.leaves_model(); }) return held.leaves_model();
        return false;
      },
      action);
}

std::optional<Duration> own_duration(const FaultAction& action) {
  if (const auto* swizzle = std::get_if<Swizzle>(&action)) return swizzle->over;
  return std::nullopt;
}

bool read(const Value& v, Fault& out, Reader& r, const Limits&) {
  ObjectReader object(v, r);
  out.where = v.at;
  object.may_have("id", out.id);
  if (const Value* every = object.take("every")) {
    const Reader::Level level = r.enter("every");
    Distribution law;
    if (!read(*every, law, r)) {
      object.fail();
    } else if (law.max() < Fault::least_gap) {
      r.error(every->at, std::string(r.path()) + " is never more than " + to_text(law.max()) +
                             "; strikes are a microsecond apart or more");
      object.fail();
    }
    out.every = law;
  }
  read_trigger(object, out.when, r);
  read_trigger(object, out.after, r);
  object.may_have("delay", out.delay);
  if (out.every || out.when || out.after) {
    object.may_have("at", out.at);
  } else {
    object.must_have("at", out.at);
  }
  if (int{out.every.has_value()} + int{out.when.has_value()} + int{out.after.has_value()} > 1) {
    r.error(v.at, std::string(r.path()) +
                      " has several of \"every\", \"when\" and \"after\": one fault waits for one "
                      "thing");
    object.fail();
  }
  object.may_have("for", out.lasts, {1, Limits{}.max});
  object.may_have("after_event", out.after_event);
  object.may_have("optional", out.optional);
  NamedBody named;
  for (const std::string_view name : all_names) {
    const Value* body = object.take(name);
    if (body == nullptr) continue;
    if (named.body != nullptr) {
      r.error(body->key_at, "one entry is one fault; this one is \"" + std::string(named.name) +
                                "\" and \"" + std::string(name) + "\"");
      object.fail();
    }
    named = {name, body, body->key_at};
  }
  if (named.body != nullptr) {
    const bool good = read_action(named, out.action, r);
    if (!good) object.fail();
    if (good && out.lasts && !has_duration(out.action)) {
      r.error(v.find("for")->key_at,
              "\"" + std::string(named.name) + "\" happens at once and has no \"for\"");
      object.fail();
    }
  } else if (v.is(Value::Kind::object)) {
    // Say what the misspelt key was probably meant to be before finish() calls it unknown.
    const bool known = object.finish();
    if (known)
      r.error(v.at,
              std::string(r.path()) + " says when, but not what: expected " + one_of(all_names));
    return false;
  }
  return object.finish();
}

void write_json(JsonWriter& w, const Fault& fault) {
  w.begin_object();
  if (!fault.id.empty()) w.member("id", std::string_view(fault.id));
  const auto write = [&](std::string_view key, const auto& value) {
    w.key(key);
    write_json(w, value);
  };
  write("at", fault.at);
  if (fault.every) write("every", *fault.every);
  if (fault.when) write("when", *fault.when);
  if (fault.after) write("after", *fault.after);
  if (fault.delay != Duration{}) write("delay", fault.delay);
  w.key(name_of(fault.action));
  std::visit([&](const auto& held) { write_json(w, held); }, fault.action);
  if (fault.lasts) {
    w.key("for");
    w.value(to_text(*fault.lasts));
  }
  if (fault.after_event) w.member("after_event", *fault.after_event);
  if (fault.optional) w.member("optional", true);
  w.end_object();
}

namespace {

// The body of a fault: an object, or the value of its first field.
template <class Action>
TypeInfo body_info() {
  TypeInfo body = type_info<Action>();
  TypeInfo first = body.fields.front().type;
  return TypeInfo::one_of({std::move(body), std::move(first)});
}

template <class Trigger>
TypeInfo trigger_info() {
  TypeInfo body = type_info<Trigger>();
  TypeInfo first = body.fields.front().type;
  return TypeInfo::one_of({std::move(body), std::move(first)});
}

template <class... Actions>
std::vector<FieldInfo> action_fields(const std::variant<Actions...>*) {
  return {FieldInfo::optional(Actions::name, body_info<Actions>(), Actions::doc)...};
}

}  // namespace

TypeInfo make_type_info(Type<Fault>, const Limits&) {
  std::vector<FieldInfo> fields{
      FieldInfo::optional("at", type_info<Time>(),
                          "When it begins; with every, when or after, from when on these count, "
                          "and then optional."),
      FieldInfo::optional("every", type_info<Distribution>(),
                          "It strikes again and again, after gaps drawn from here: \"5s\", or "
                          "{\"exponential\": \"5s\"} for a Poisson process."),
      FieldInfo::optional("when", trigger_info<When>(), When::doc),
      FieldInfo::optional("after", trigger_info<After>(), After::doc),
      FieldInfo::optional("delay", type_info<Duration>(), "From what it waited for to the strike."),
      FieldInfo::optional("id", TypeInfo::of(TypeInfo::Kind::text),
                          "A name by which other faults can follow it."),
      FieldInfo::optional("for", type_info<Duration>({1, Limits{}.max}),
                          "How long it lasts; unless given, for the rest of the run."),
      FieldInfo::optional("optional", TypeInfo::of(TypeInfo::Kind::boolean),
                          "Whether a run is none the worse if the fault finds nobody to hit.",
                          "false"),
      FieldInfo::optional("after_event", type_info<std::uint64_t>(),
                          "Not before this many events were executed. Written by runs, so that a "
                          "replay puts the fault exactly where it was.")};
  for (FieldInfo& each : action_fields(static_cast<const AnyFault*>(nullptr))) {
    fields.push_back(std::move(each));
  }
  return TypeInfo::object("fault", "One misfortune: when, what, and for how long.",
                          std::move(fields));
}

}  // namespace ballast
