#include "sim/scenario/corpus.h"

#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/read.h"
#include "sim/protocol/corpora.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

Value* member_of(Value& object, std::string_view key) {
  const auto at = std::find_if(object.children.begin(), object.children.end(),
                               [&](const Value& member) { return member.key == key; });
  return at == object.children.end() ? nullptr : &*at;
}

Value& member_or_new(Value& object, std::string_view key, Value::Kind kind) {
  if (Value* known = member_of(object, key)) return *known;
  Value added{kind};
  added.key = std::string(key);
  object.children.push_back(std::move(added));
  return object.children.back();
}

// The options of the first group.
Value& config_of(Value& scenario) {
  Value* nodes = member_of(scenario, "nodes");
  SIM_ASSERT(nodes != nullptr && !nodes->children.empty(), "a scenario of the corpus has nodes");
  return member_or_new(nodes->children.front(), "config", Value::Kind::object);
}

}  // namespace

bool BugCorpus::add(std::string_view text, std::string_view name, Problems& problems) {
  const std::optional<Value> root = parse_json(text, name, problems);
  if (!root) return false;
  Reader r(problems, name);
  ObjectReader object(*root, r);
  const Value* scenarios = object.take("scenarios");
  std::vector<Mistake> mistakes;
  object.must_have("bugs", mistakes);
  if (!object.finish() || !problems.empty()) return false;
  if (scenarios != nullptr) {
    scenarios_.insert(scenarios_.end(), scenarios->children.begin(), scenarios->children.end());
  }
  mistakes_.insert(mistakes_.end(), mistakes.begin(), mistakes.end());
  return true;
}

const Mistake* BugCorpus::find(std::string_view id) const {
  const auto at = std::find_if(mistakes_.begin(), mistakes_.end(),
                               [&](const Mistake& mistake) { return mistake.id == id; });
  return at == mistakes_.end() ? nullptr : &*at;
}

const Value* BugCorpus::scenario_of(const Mistake& mistake, Problems& problems) const {
  const std::string name = mistake.planted_in();
  const auto at = std::find_if(scenarios_.begin(), scenarios_.end(),
                               [&](const Value& scenario) { return scenario.key == name; });
  if (at != scenarios_.end()) return &*at;
  Reader r(problems, "bugs");
  r.error({}, "\"" + mistake.id + "\" is planted in \"" + name + "\", which is no scenario here");
  return nullptr;
}

std::optional<Scenario> BugCorpus::planted(const Mistake& mistake, Problems& problems) const {
  const Value* found = scenario_of(mistake, problems);
  if (found == nullptr) return std::nullopt;
  Value scenario = *found;
  const bool is_word = mistake.option == "bug";
  Value& option = member_or_new(config_of(scenario), mistake.option,
                                is_word ? Value::Kind::string : Value::Kind::boolean);
  if (is_word) {
    option.text = mistake.word();
  } else {
    option.truth = true;
  }
  return read_scenario(scenario, problems);
}

std::optional<Scenario> BugCorpus::correct(const Mistake& mistake, Problems& problems) const {
  const Value* found = scenario_of(mistake, problems);
  return found == nullptr ? std::nullopt : read_scenario(*found, problems);
}

BugCorpus built_in_bugs() {
  BugCorpus corpus;
  for (const std::string_view text : bug_corpora()) {
    Problems problems;
    const bool good = corpus.add(text, "bugs.json", problems);
    SIM_ASSERT(good, "the corpora that algorithms register can be read");
  }
  return corpus;
}

}  // namespace ballast
