// How the program talks: results on stdout, everything else on stderr, colour where it is welcome.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ballast {

enum class ColorChoice : std::uint8_t { automatic, always, never };
constexpr auto enumerators(ColorChoice) {
  return std::array<std::string_view, 3>{"auto", "always", "never"};
}

enum class Color : std::uint8_t { red, green, yellow, bold, dim };

// Text in a colour, or as it is. On its own the program colours what goes to a terminal, unless
// NO_COLOR or CI is set or TERM is "dumb"; CLICOLOR_FORCE and FORCE_COLOR make it colour always.
class Painter {
 public:
  explicit Painter(ColorChoice choice);
  std::string operator()(Color color, std::string_view text) const;

 private:
  bool on_ = false;
};

// Writes to stdout; if that fails, says so and returns false.
bool print(std::string_view text);
// Writes to stderr.
void complain(std::string_view text);

// Whether somebody watches stderr: then progress is one line that is rewritten.
bool stderr_is_watched();

// `first` and the text as lines of at most 100 columns, all but the first indented. Ends in a
// newline.
std::string wrap(std::string_view first, std::string_view text, std::size_t indent);

// A word as the shell takes it: quoted if need be.
std::string shell_quoted(std::string_view word);

}  // namespace ballast
