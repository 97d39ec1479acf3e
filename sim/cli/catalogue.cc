#include <algorithm>
#include <filesystem>

#include "sim/base/problems.h"
#include "sim/check/checker.h"
#include "sim/cli/load.h"
#include "sim/history/consistency.h"
#include "sim/protocol/register.h"
#include "sim/scenario/json.h"
#include "sim/scenario/misfortune.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

// Something with a name that a person may look up.
struct Entry {
  std::string name;
  std::string summary;
  std::string details;  // the options
};

struct Kind {
  std::string_view one;
  std::string_view many;
  std::vector<Entry> (*entries)();
};

std::string options(const TypeInfo& info) {
  return info.fields.empty() ? "No options.\n" : options_table(info);
}

// What a sweep should bring about, one line each.
std::string goals(const std::vector<GoalInfo>& all) {
  std::string text;
  for (const GoalInfo& goal : all) {
    text += wrap("  " + std::string(goal.name) + ": ", goal.doc, 4);
  }
  return text.empty() ? text : "\nGoals of a sweep:\n" + text;
}

std::vector<Entry> algorithm_entries() {
  std::vector<Entry> entries;
  for (const AlgorithmInfo& info : algorithms()) {
    std::string details;
    for (const Operation operation : info.operations) {
      details += (details.empty() ? "Serves: " : ", ") + std::string(name_of(operation));
    }
    details += details.empty() ? "Serves no requests.\n\n" : ".\n\n";
    entries.push_back({std::string(info.name), std::string(info.summary),
                       details + options(info.config.info) + goals(info.goals)});
  }
  return entries;
}

std::vector<Entry> policy_entries() {
  std::vector<Entry> entries;
  for (const CatalogueEntry& each : catalogue()) {
    if (each.kind != "policy") continue;
    std::string details;
    if (!each.source.empty()) details += wrap("Source: ", each.source, 2) + "\n";
    details += each.options == nullptr ? options({}) : options(each.options().info);
    entries.push_back({std::string(each.name), std::string(each.summary), details});
  }
  return entries;
}

std::vector<Entry> typed_entries(const std::vector<TypeInfo>& types) {
  std::vector<Entry> entries;
  for (const TypeInfo& type : types) entries.push_back({type.name, type.doc, options(type)});
  return entries;
}

std::vector<Entry> fault_entries() { return typed_entries(fault_infos()); }
std::vector<Entry> trigger_entries() { return typed_entries(trigger_infos()); }

std::vector<Entry> check_entries() {
  std::vector<Entry> entries;
  for (const CheckInfo& info : checks()) {
    entries.push_back({std::string(info.name), std::string(info.summary),
                       "Source: " + std::string(info.source) + "\n\nNo options.\n"});
  }
  for (Entry& entry : typed_entries(run_check_infos())) entries.push_back(std::move(entry));
  return entries;
}

// What `ballast check --consistency` holds a history to.
std::vector<Entry> consistency_entries() {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < enumerators(history::Consistency{}).size(); ++i) {
    const auto info = history::consistency_info(static_cast<history::Consistency>(i));
    entries.push_back({std::string(info.name), std::string(info.summary),
                       wrap("", info.definition, 0) + "\n" +
                           wrap("Source: ", std::string(info.source) + ".", 2)});
  }
  return entries;
}

std::vector<Entry> distribution_entries() { return typed_entries(distribution_infos()); }

// With their files, for whoever wants to copy one.
std::vector<Entry> profile_entries() {
  std::vector<Entry> entries;
  for (const NamedProfile& each : built_in_profiles()) {
    const Profile profile = *find_profile(each.name);
    entries.push_back({std::string(each.name), profile.description,
                       std::string(each.text) + "\n" + options(type_info<Profile>())});
  }
  return entries;
}

// The scenarios below the folder of that name, here or in a folder above.
std::vector<Entry> scenario_entries() {
  std::error_code error;
  fs::path root = "scenarios";
  for (int up = 0; up < 8 && !fs::is_directory(root, error); ++up) root = ".." / root;
  std::vector<Entry> entries;
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    const Loaded loaded = load({at->path().string(), {}, std::nullopt});
    if (!loaded.scenario) continue;
    entries.push_back(
        {at->path().string(), loaded.scenario->name, loaded.scenario->description + "\n"});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

constexpr std::array kinds{
    Kind{"algorithm", "algorithms", algorithm_entries},
    Kind{"policy", "policies", policy_entries},
    Kind{"fault", "faults", fault_entries},
    Kind{"trigger", "triggers", trigger_entries},
    Kind{"profile", "profiles", profile_entries},
    Kind{"check", "checks", check_entries},
    Kind{"consistency", "consistencies", consistency_entries},
    Kind{"distribution", "distributions", distribution_entries},
    Kind{"scenario", "scenarios", scenario_entries},
};

const Kind* find_kind(std::string_view word) {
  for (const Kind& kind : kinds) {
    if (word == kind.one || word == kind.many) return &kind;
  }
  return nullptr;
}

ExitCode unknown(std::string_view command, std::string_view what, std::string_view word,
                 const std::vector<std::string_view>& known) {
  const std::string_view meant = closest(word, known);
  std::string text = "ballast " + std::string(command) + ": there is no " + std::string(what) +
                     " \"" + std::string(word) + "\"";
  if (!meant.empty()) text += "; did you mean " + std::string(meant) + "?";
  complain(text + "\n");
  return ExitCode::usage;
}

ExitCode unknown_kind(std::string_view command, std::string_view word, bool many) {
  std::vector<std::string_view> words;
  for (const Kind& kind : kinds) words.push_back(many ? kind.many : kind.one);
  const ExitCode code = unknown(command, "kind of thing called", word, words);
  complain("Expected " + one_of(words) + ".\n");
  return code;
}

// Whether a type has members that deserve a table of their own.
bool has_members(const TypeInfo& info) {
  if (!info.definition.empty()) return false;
  if (info.kind == TypeInfo::Kind::object) return !info.fields.empty();
  return std::any_of(info.parts.begin(), info.parts.end(), has_members);
}

// Without the members, but with the names of alternatives: {"ring": ...}.
TypeInfo surface(TypeInfo info) {
  const bool is_alternative = info.name.empty() && info.fields.size() == 1;
  if (is_alternative) {
    info.fields[0].type = surface(std::move(info.fields[0].type));
  } else {
    info.fields.clear();
  }
  for (TypeInfo& part : info.parts) part = surface(std::move(part));
  return info;
}

// A table of the members of a type, then one for each member that has members in turn; none twice.
void describe_members(const std::string& path, const TypeInfo& type, const std::string& doc,
                      std::vector<std::string>& done, std::string& text) {
  TypeInfo shown = type;
  std::vector<const FieldInfo*> deeper;
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const FieldInfo& field = type.fields[i];
    if (!field.chosen_by.empty() || !has_members(field.type)) continue;
    shown.fields[i].type = surface(field.type);
    const bool told = std::find(done.begin(), done.end(), field.name) != done.end();
    // Each kind of fault has a page of its own: ballast describe fault NAME.
    if (!told && path != "faults") deeper.push_back(&field);
    if (path.empty()) done.push_back(field.name);
  }
  text += wrap(path.empty() ? "" : path + ": ", doc, 2) + "\n" + options_table(shown);
  for (const FieldInfo* field : deeper) {
    const bool of_parts =
        field->type.kind == TypeInfo::Kind::map || field->type.kind == TypeInfo::Kind::list;
    const TypeInfo& member = of_parts ? field->type.parts[0] : field->type;
    if (member.kind == TypeInfo::Kind::one_of && !member.name.empty()) continue;
    text += "\n";
    describe_members(path.empty() ? field->name : path + "." + field->name, member,
                     member.doc.empty() ? field->doc : member.doc, done, text);
  }
}

std::string scenario_in_words() {
  std::string text;
  std::vector<std::string> done;
  const TypeInfo info = scenario_info();
  describe_members("", info, info.doc, done, text);
  return text;
}

std::string list_of(const Kind& kind) {
  const std::vector<Entry> entries = kind.entries();
  std::size_t widest = 0;
  for (const Entry& entry : entries) widest = std::max(widest, entry.name.size());
  std::string text;
  for (const Entry& entry : entries) {
    std::string line = "  " + entry.name;
    line.resize(2 + widest + 2, ' ');
    const std::size_t sentence = std::min(entry.summary.find(". "), entry.summary.size() - 1);
    text += wrap(line, entry.summary.substr(0, sentence + 1), line.size());
  }
  return text;
}

}  // namespace

ExitCode execute(const ListCommand& command, const std::string&) {
  std::string text;
  if (command.kind.empty()) {
    for (const Kind& kind : kinds) text += std::string(kind.many) + "\n" + list_of(kind) + "\n";
    text.pop_back();
  } else if (const Kind* kind = find_kind(command.kind)) {
    text = list_of(*kind);
  } else {
    return unknown_kind("list", command.kind, true);
  }
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

ExitCode execute(const DescribeCommand& command, const std::string&) {
  if (command.name.empty() && (command.kind.empty() || command.kind == "scenario")) {
    return print(scenario_in_words()) ? ExitCode::held : ExitCode::io_error;
  }
  const Kind* kind = find_kind(command.kind);
  if (kind == nullptr) return unknown_kind("describe", command.kind, false);
  const std::vector<Entry> entries = kind->entries();
  std::string text;
  std::vector<std::string_view> names;
  for (const Entry& entry : entries) {
    names.push_back(entry.name);
    if (!command.name.empty() && entry.name != command.name) continue;
    if (!text.empty()) text += "\n";
    text += wrap(entry.name + ": ", entry.summary, 2);
    if (!entry.details.empty()) text += "\n" + entry.details;
  }
  if (text.empty()) return unknown("describe", kind->one, command.name, names);
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

ExitCode execute(const SchemaCommand&, const std::string&) {
  const std::string text = json_schema(scenario_info(), "Ballast scenario");
  return print(text) ? ExitCode::held : ExitCode::io_error;
}

}  // namespace ballast
