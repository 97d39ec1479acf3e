// Scenarios that are shipped, with changes as --set makes them.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/json.h"
#include "sim/scenario/run.h"

namespace ballast {

inline const std::filesystem::path root = BALLAST_SOURCE_DIR;

inline Scenario load(const std::string& text, const std::string& name,
                     const std::vector<std::string>& settings = {}) {
  Problems problems;
  std::optional<Value> value = parse_json(text, name, problems);
  REQUIRE_MESSAGE(value.has_value(), problems.to_text());
  for (const std::string& setting : settings) set_value(*value, setting, problems);
  std::optional<Scenario> scenario = read_scenario(*value, problems);
  REQUIRE_MESSAGE(problems.empty(), problems.to_text());
  REQUIRE(scenario.has_value());
  return *scenario;
}

inline Scenario load_file(const std::string& file, const std::vector<std::string>& settings = {}) {
  const FileText content = read_file((root / file).string());
  REQUIRE_MESSAGE(content.status == FileStatus::complete, content.why);
  return load(content.text, file, settings);
}

}  // namespace ballast
