// What the reader of scenarios accepts, as data. Everything that has a description of its own comes
// from there; only how the parts are put together is said here, as read_scenario() has it.
#include "sim/check/checker.h"
#include "sim/scenario/fit.h"
#include "sim/scenario/scenario.h"

namespace ballast {
namespace {

using Kind = TypeInfo::Kind;

template <class T>
FieldInfo field_info(std::string_view name, const T& usual, std::string_view doc) {
  return FieldInfo::optional(name, type_info<T>(), doc, to_json(usual));
}

TypeInfo group_info() {
  std::vector<std::string_view> names;
  std::vector<TypeInfo> configs;
  for (const AlgorithmInfo& info : algorithms()) {
    names.push_back(info.name);
    configs.push_back(info.config.info);
    configs.back().name = info.name;
  }
  const TypeInfo variant = TypeInfo::object(
      "variant", "Nodes of the group whose options differ.",
      {FieldInfo::required("nodes", type_info<Selector>(), "Which ones, by number."),
       FieldInfo::required("config", TypeInfo::one_of(configs),
                           "The options that differ from those of the group.")});
  FieldInfo config = FieldInfo::optional(
      "config", TypeInfo::one_of(std::move(configs)),
      "The options of the algorithm; `ballast describe algorithm NAME` shows them.");
  config.chosen_by = "algorithm";
  return TypeInfo::object(
      "group", "Nodes that run the same algorithm.",
      {FieldInfo::optional("count", type_info<std::uint32_t>({1, most_nodes}), "How many nodes.",
                           "1"),
       FieldInfo::required("algorithm", TypeInfo::word(names), "What they run."), config,
       FieldInfo::optional("variants", TypeInfo::list_of(variant),
                           "Nodes of the group with options of their own."),
       FieldInfo::optional("members", type_info<std::vector<std::string>>(),
                           "The groups that they work with; unless given, their own."),
       FieldInfo::optional("disk", type_info<DiskSpec>(), "Their disks, if they differ."),
       FieldInfo::optional("clock", type_info<ClockSpec>(), "Their clocks, if they differ.")});
}

TypeInfo check_info() {
  std::vector<std::string_view> names;
  for (const CheckInfo& info : checks()) names.push_back(info.name);
  std::vector<TypeInfo> forms{TypeInfo::word(names)};
  for (TypeInfo& info : run_check_infos()) forms.push_back(TypeInfo::named(std::move(info)));
  TypeInfo info = TypeInfo::one_of(std::move(forms));
  info.name = "check";
  return info;
}

// The bodies of the alternatives {"name": body} of a variant.
std::vector<TypeInfo> bodies(const TypeInfo& variant) {
  std::vector<TypeInfo> found;
  for (const TypeInfo& form : variant.parts) {
    if (form.kind != Kind::object || form.fields.size() != 1 || !form.name.empty()) continue;
    const TypeInfo& content = form.fields[0].type;
    found.push_back(content.kind == Kind::one_of ? content.parts[0] : content);
    found.back().name = form.fields[0].name;
  }
  return found;
}

}  // namespace

TypeInfo scenario_info() {
  const Scenario usual;
  return TypeInfo::object(
      "scenario", "An experiment: who runs what, in which world, with which misfortunes.",
      {FieldInfo::optional("$schema", TypeInfo::of(Kind::text), "For editors: this schema."),
       FieldInfo::required("name", TypeInfo::of(Kind::text), "What it is called."),
       FieldInfo::optional("description", TypeInfo::of(Kind::text), "What it shows."),
       field_info("seed", usual.seed, "All chance comes from it."),
       FieldInfo::optional("duration", type_info<Duration>({1, Limits{}.max}),
                           "How long the run lasts, in simulated time.", to_json(usual.duration)),
       field_info("ties", usual.ties,
                  "The order of events at one instant: as they were scheduled, or shuffled by the "
                  "seed."),
       FieldInfo::required("nodes", TypeInfo::map_of(group_info()),
                           "Groups of nodes by name. Nodes are numbered through, from 1."),
       FieldInfo::optional("network", type_info<NetworkSpec>(), NetworkSpec::doc),
       FieldInfo::optional("disk", type_info<DiskSpec>(), DiskSpec::doc),
       FieldInfo::optional("clock", type_info<ClockSpec>(), ClockSpec::doc),
       FieldInfo::optional("workload", type_info<Workload>(),
                           "What clients do. Without it there are none."),
       FieldInfo::optional("faults", type_info<std::vector<Fault>>(), "What goes wrong, and when."),
       FieldInfo::optional("check", TypeInfo::list_of(check_info()),
                           "What is judged; unless safety checks are named, all of them are."),
       FieldInfo::optional("expect", type_info<ExpectSpec>(), ExpectSpec::doc),
       FieldInfo::optional("statistics", type_info<StatisticsSpec>(), StatisticsSpec::doc),
       FieldInfo::optional("budget", type_info<BudgetSpec>(), BudgetSpec::doc)});
}

std::vector<TypeInfo> fault_infos() {
  const TypeInfo fault = type_info<Fault>();
  std::vector<TypeInfo> infos;
  for (const FieldInfo& field : fault.fields) {
    if (field.type.kind != Kind::one_of || field.type.parts[0].name != field.name) continue;
    if (field.name == When::name || field.name == After::name) continue;
    infos.push_back(field.type.parts[0]);
  }
  return infos;
}

std::vector<TypeInfo> trigger_infos() { return {type_info<When>(), type_info<After>()}; }

std::vector<TypeInfo> run_check_infos() {
  return {type_info<Linearizable>(), type_info<Progress>(), type_info<Liveness>(),
          type_info<Availability>(), type_info<StableLeader>()};
}

std::vector<TypeInfo> distribution_infos() { return bodies(type_info<Distribution>()); }

}  // namespace ballast
