#include "sim/cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace ballast {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool wants_color(ColorChoice choice) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR")) return true;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb" || is_set("CI")) return false;
  return isatty(STDOUT_FILENO) != 0;
}

constexpr std::string_view code(Color color) {
  switch (color) {
    case Color::red:
      return "\033[1;31m";
    case Color::green:
      return "\033[1;32m";
    case Color::yellow:
      return "\033[1;33m";
    case Color::bold:
      return "\033[1m";
    case Color::dim:
      return "\033[2m";
  }
  return {};
}

}  // namespace

Painter::Painter(ColorChoice choice) : on_(wants_color(choice)) {}

std::string Painter::operator()(Color color, std::string_view text) const {
  if (!on_) return std::string(text);
  return std::string(code(color)) + std::string(text) + "\033[0m";
}

bool print(std::string_view text) {
  const bool good =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!good) complain("ballast: cannot write to the standard output\n");
  return good;
}

void complain(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

bool stderr_is_watched() { return isatty(STDERR_FILENO) != 0 && !is_set("CI"); }

std::string wrap(std::string_view first, std::string_view text, std::size_t indent) {
  constexpr std::size_t width = 100;
  std::string out;
  std::string line(first);
  for (bool done = false; !done;) {
    std::size_t end = text.size();
    if (line.size() + end > width) {
      end = text.rfind(' ', width > line.size() ? width - line.size() : 0);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' ', 1), text.size());
    }
    done = end == text.size();
    out += line + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(done ? end : end + 1);
    line.assign(indent, ' ');
  }
  return out;
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%^";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace ballast
