// Which of the formats a text is in, by how it begins.
#include <array>

#include "sim/history/line.h"

namespace ballast::history {
namespace {

constexpr std::string_view blank = " \t\r\n,";

std::string_view without_blanks(std::string_view text) {
  const std::size_t start = text.find_first_not_of(blank);
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

// Whether a map begins as one of EDN does, with a keyword, or as one of JSON, with a text.
bool opens_map(std::string_view text, char first) {
  return text.starts_with("{") && without_blanks(text.substr(1)).starts_with(first);
}

// What to do first with something that is no text of UTF-8; empty if it may be one.
std::string_view advice_for(std::string_view text) {
  struct Beginning {
    std::string_view bytes;
    std::string_view advice;
  };
  static constexpr std::array<Beginning, 6> beginnings{{
      {"\x1F\x8B", "this is compressed; unpack it with gzip -d"},
      {"\x28\xB5\x2F\xFD", "this is compressed; unpack it with zstd -d"},
      {"\xFD"
       "7zXZ",
       "this is compressed; unpack it with xz -d"},
      {"PK\x03\x04", "this is an archive; unpack it with unzip"},
      {"\xFF\xFE", "this is UTF-16; write it as UTF-8"},
      {"\xFE\xFF", "this is UTF-16; write it as UTF-8"},
  }};
  for (const Beginning& each : beginnings) {
    if (text.starts_with(each.bytes)) return each.advice;
  }
  return "";
}

}  // namespace

void read_lines(std::string_view text, LineSink& sink) {
  if (const std::string_view advice = advice_for(text); !advice.empty()) {
    Line line;
    line.number = 1;
    return sink.complain(line, std::string(advice));
  }
  std::string_view body = text;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  body = without_blanks(body);
  if (body.starts_with("[") && opens_map(without_blanks(body.substr(1)), '"')) {
    return read_json_array(text, sink);
  }
  const bool edn = opens_map(body, ':') ||
                   (!body.empty() && std::string_view("[(#^;").find(body[0]) != std::string::npos);
  edn ? read_edn(text, sink) : read_json_lines(text, sink);
}

}  // namespace ballast::history
