// A scenario from its text, for tests.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "sim/scenario/json.h"

namespace ballast {

inline Scenario scenario_from(const std::string& text) {
  Problems problems;
  const std::optional<Value> value = parse_json(text, "test", problems);
  const std::optional<Scenario> read = value ? read_scenario(*value, problems) : std::nullopt;
  INFO(problems.to_text());
  REQUIRE(read.has_value());
  return *read;
}

}  // namespace ballast
