#include "sim/cli/bands.h"

#include <filesystem>

#include "sim/report/words.h"
#include "sim/scenario/json.h"

namespace ballast {
namespace {

std::optional<Value> tree_of(const std::string& path) {
  const FileText file = read_file(path);
  if (file.status != FileStatus::complete) return std::nullopt;
  Problems problems;
  return parse_json(file.text, path, problems);
}

history::Band band_of(const Fault& fault, const Names& names) {
  history::Band band;
  band.text = std::string(name_of(fault.action));
  const std::string options = options_in_words(fault.action, names);
  if (!options.empty()) band.text += ", " + options;
  band.from = fault.at;
  const std::optional<Duration> lasts = fault.lasts ? fault.lasts : own_duration(fault.action);
  if (lasts) {
    band.to = saturating_add(fault.at, *lasts);
  } else if (!has_duration(fault.action)) {
    band.to = fault.at;
  }
  return band;
}

}  // namespace

std::vector<history::Band> bands_beside(const std::string& history_file) {
  const std::filesystem::path folder = std::filesystem::path(history_file).parent_path();
  const std::optional<Value> summary = tree_of((folder / "summary.json").string());
  const std::optional<Value> resolved = tree_of((folder / "scenario.resolved.json").string());
  if (!summary || !resolved) return {};
  Problems problems;
  const std::optional<Scenario> scenario = read_scenario(*resolved, problems);
  const Value* faults = summary->find("faults");
  if (!scenario || faults == nullptr) return {};
  std::vector<history::Band> bands;
  for (const Value& each : faults->children) {
    const Value* fired = each.find("fired");
    const Value* what = each.find("fault");
    Reader reader(problems, "faults");
    Fault fault;
    if (fired == nullptr || !fired->truth || what == nullptr) continue;
    if (read(*what, fault, reader)) bands.push_back(band_of(fault, Names(*scenario)));
  }
  return bands;
}

}  // namespace ballast
