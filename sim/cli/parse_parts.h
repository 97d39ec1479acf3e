// What the parsers of the command line share. Only they may include this: it brings CLI11 along.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/problems.h"
#include "sim/base/read.h"
#include "sim/cli/options.h"

namespace ballast {

struct UsageError {
  std::string sentence;
};

inline std::string in_double_quotes(std::string_view word) {
  return "\"" + std::string(word) + "\"";
}

inline std::string did_you_mean(std::string_view word,
                                std::span<const std::string_view> candidates) {
  const std::string_view meant = closest(word, candidates);
  return meant.empty() ? "" : "; did you mean " + std::string(meant) + "?";
}

template <NamedEnum E>
E parse_word(std::string_view option, const std::string& text) {
  static constexpr auto words = enumerators(E{});
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (text == words[i]) return static_cast<E>(i);
  }
  throw UsageError{std::string(option) + " is " + in_double_quotes(text) + "; expected " +
                   one_of(words) + did_you_mean(text, words)};
}

template <NamedEnum E>
std::string choices() {
  std::string text;
  for (const std::string_view word : enumerators(E{})) {
    text += (text.empty() ? "" : "|") + std::string(word);
  }
  return text;
}

inline std::uint64_t parse_count(std::string_view option, const std::string& text,
                                 std::uint64_t least, std::uint64_t most) {
  const auto number = parse_seed(text);
  if (number && *number >= least && *number <= most) return *number;
  throw UsageError{std::string(option) + " is " + in_double_quotes(text) +
                   "; expected a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most)};
}

// The commands that there are: how each is spelt, and what its words come to.
using Commands = std::vector<std::pair<CLI::App*, std::function<AnyCommand()>>>;

inline CLI::App* add_command(CLI::App& app, Commands& commands, const std::string& name,
                             const std::string& description, const std::string& examples,
                             std::function<AnyCommand()> make) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->set_help_flag("-h,--help", "Show this text");
  sub->footer(examples);
  commands.emplace_back(sub, std::move(make));
  return sub;
}

// parse_explain.cc: shrink, fork, diff, frontier.
void add_explaining_commands(CLI::App& app, Commands& commands);
// parse_check.cc
void add_check_command(CLI::App& app, Commands& commands);
// parse_compare.cc
void add_compare_command(CLI::App& app, Commands& commands);
// parse_bugs.cc
void add_bugs_command(CLI::App& app, Commands& commands);

}  // namespace ballast
