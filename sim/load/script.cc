#include "sim/load/script.h"

#include <utility>

namespace ballast {

ScriptedOperation ScriptedOperation::of(Time at, std::uint32_t client, const Command& command) {
  ScriptedOperation made{at, client, {}};
  switch (command.operation) {
    case Operation::read:
      made.action = scripted::Read{command.key};
      break;
    case Operation::write:
      made.action = scripted::Write{command.value, command.key};
      break;
    case Operation::cas:
      made.action = scripted::Cas{command.value, command.expected, command.key};
      break;
    case Operation::propose:
      made.action = scripted::Propose{command.value};
      break;
    case Operation::work:
      made.action = scripted::Work{command.work, command.key};
      break;
    case Operation::delete_:
      made.action = scripted::Delete{command.key};
      break;
    case Operation::add:
      made.action = scripted::Add{command.value, command.key};
      break;
    case Operation::enqueue:
      made.action = scripted::Enqueue{command.value, command.key};
      break;
    case Operation::dequeue:
      made.action = scripted::Dequeue{command.key};
      break;
    case Operation::acquire:
      made.action = scripted::Acquire{command.key};
      break;
    case Operation::release:
      made.action = scripted::Release{command.key};
      break;
    case Operation::administer:
      made.action = scripted::Administer{static_cast<Administration>(command.key), command.value};
      break;
  }
  return made;
}

Command ScriptedOperation::command() const {
  Command made;
  made.operation = static_cast<Operation>(action.index());
  const auto take = [&](const auto& body) {
    if constexpr (requires { body.key; }) made.key = body.key;
    if constexpr (requires { body.what; }) made.key = static_cast<std::uint64_t>(body.what);
    if constexpr (requires { body.value; }) made.value = body.value;
    if constexpr (requires { body.expected; }) made.expected = body.expected;
    if constexpr (requires { body.work; }) made.work = body.work;
  };
  std::visit(take, action);
  return made;
}

namespace {

template <class... Actions>
const Value* take_action(ObjectReader& object, NamedBody& named, std::variant<Actions...>*) {
  const Value* twice = nullptr;
  for (const std::string_view name : {Actions::name...}) {
    const Value* body = object.take(name);
    if (body == nullptr) continue;
    if (named.body != nullptr) twice = body;
    named = {name, body, body->key_at};
  }
  return twice;
}

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

template <class... Actions>
void add_fields(std::vector<FieldInfo>& fields, std::variant<Actions...>*) {
  const auto add = [&](const TypeInfo& body, std::string_view name, std::string_view doc) {
    fields.push_back(
        FieldInfo::optional(name, TypeInfo::one_of({body, body.fields.front().type}), doc));
  };
  (add(type_info<Actions>(), Actions::name, Actions::doc), ...);
}

constexpr scripted::Action* actions = nullptr;

}  // namespace

bool read(const Value& v, ScriptedOperation& out, Reader& r, const Limits&) {
  ObjectReader object(v, r);
  object.must_have("at", out.at);
  object.may_have("client", out.client, {1, Limits{}.max});
  NamedBody named;
  if (const Value* twice = take_action(object, named, actions)) {
    object.fail();
    r.error(twice->key_at, "one entry is one operation");
  }
  if (named.body == nullptr) {
    if (v.is(Value::Kind::object) && object.finish()) {
      r.error(v.at, std::string(r.path()) + " says when, but not what: expected " +
                        one_of(enumerators(Operation{})));
    }
    return false;
  }
  if (!read_action(named, out.action, r)) object.fail();
  return object.finish();
}

void write_json(JsonWriter& w, const ScriptedOperation& operation) {
  w.begin_object();
  w.key("at");
  write_json(w, operation.at);
  w.member("client", operation.client);
  w.key(name_of(operation.action));
  std::visit([&](const auto& body) { write_json(w, body); }, operation.action);
  w.end_object();
}

TypeInfo make_type_info(Type<ScriptedOperation>, const Limits&) {
  std::vector<FieldInfo> fields{
      FieldInfo::required("at", type_info<Time>(), "When the client asks, by its own clock."),
      FieldInfo::optional("client", type_info<std::uint32_t>({1, Limits{}.max}),
                          "Which client, from 1.", "1")};
  add_fields(fields, actions);
  return TypeInfo::object("operation", "One request of one client: when, who and what.",
                          std::move(fields));
}

}  // namespace ballast
