// Reads a value from JSON text as a scenario would, for tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sim/base/read.h"
#include "sim/scenario/json.h"

namespace ballast {

template <class T>
struct Reading {
  bool good = false;
  T value = {};
  // "line:column sentence [suggestion]", one line for each problem, in order.
  std::string problems = {};
};

inline std::string short_text(const Problems& problems) {
  std::string out;
  for (const Problem& p : problems.sorted()) {
    out += std::to_string(p.at.line) + ":" + std::to_string(p.at.column) + " " + p.sentence;
    if (!p.suggestion.empty()) out += " [" + p.suggestion + "]";
    out += "\n";
  }
  return out;
}

// What `text` says, read into `start`. The path of the value itself is "value".
template <class T>
Reading<T> read_text(std::string_view text, const Limits& limits = {}, T start = {}) {
  Problems problems;
  Reading<T> out{false, std::move(start), {}};
  const std::optional<Value> v = parse_json(text, "test.json", problems);
  if (v) {
    Reader reader(problems, "value");
    out.good = read(*v, out.value, reader, limits);
  }
  out.problems = short_text(problems);
  return out;
}

// The problem of a text that is wrong in one way, without its position; empty if it is right.
template <class T>
std::string problem_of(std::string_view text, const Limits& limits = {}) {
  const std::string all = read_text<T>(text, limits).problems;
  const std::size_t space = all.find(' ');
  return space == std::string::npos ? all : all.substr(space + 1, all.size() - space - 2);
}

}  // namespace ballast
