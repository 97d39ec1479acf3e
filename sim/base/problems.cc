#include "sim/base/problems.h"

#include <algorithm>

#include "sim/base/text.h"

namespace ballast {
namespace {

// A line longer than this is cut to what stands around the mistake, in bytes.
constexpr std::size_t long_line = 160;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string_view line_of(std::string_view text, std::uint32_t line) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);  // a byte order mark has no width
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

// The byte at which character number `column` (from 1) of a line starts.
std::size_t byte_of(std::string_view line, std::uint32_t column) {
  std::size_t i = 0;
  for (; column > 1 && i < line.size(); --column) {
    ++i;
    while (i < line.size() && continues_character(line[i])) ++i;
  }
  return i;
}

// The number of bytes of the JSON token at the start of `text`: what the caret underlines.
std::size_t token_length(std::string_view text) {
  if (text.empty()) return 1;
  if (text[0] == '"') {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        return i + 1;
      }
    }
    return text.size();
  }
  return std::clamp<std::size_t>(text.find_first_of(",:[]{}\" \t"), 1, text.size());
}

// Line `text` with everything that would not print as one column replaced, and as a second line the
// marks under it.
struct Snippet {
  std::string source;
  std::string marks;
};

Snippet snippet(std::string_view line, std::uint32_t column) {
  const std::size_t start = byte_of(line, column);
  const std::size_t end = std::min(line.size(), start + token_length(line.substr(start)));
  std::size_t from = 0;
  std::size_t to = line.size();
  if (to > long_line) {
    from = start > long_line / 2 ? start - long_line / 2 : 0;
    to = std::min(to, from + long_line);
  }
  while (from > 0 && from < line.size() && continues_character(line[from])) --from;
  while (to < line.size() && continues_character(line[to])) ++to;

  Snippet out;
  if (from > 0) out = {"...", "   "};
  for (std::size_t i = from; i < to; ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
    out.source += control ? '?' : line[i];
    if (continues_character(line[i]) || (i > start && i >= end)) continue;
    out.marks += i == start ? '^' : i > start ? '~' : line[i] == '\t' ? '\t' : ' ';
  }
  if (start >= to) out.marks += '^';
  if (to < line.size()) out.source += "...";
  return out;
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::uint32_t Problems::add_source(std::string name, std::string_view text) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].name == name && sources_[i].text == text) return static_cast<std::uint32_t>(i);
  }
  sources_.push_back({std::move(name), std::string(text)});
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

void Problems::add(Position at, std::string sentence, std::string suggestion) {
  ++count_;
  Problem problem{at, std::move(sentence), std::move(suggestion)};
  if (std::find(problems_.begin(), problems_.end(), problem) != problems_.end()) return;
  if (problems_.size() < most_kept) {
    problems_.push_back(std::move(problem));
  } else {
    ++dropped_;  // and not compared with what was dropped before: it counts as different
  }
}

std::vector<Problem> Problems::sorted() const {
  std::vector<Problem> all = problems_;
  std::sort(all.begin(), all.end());
  return all;
}

void Problems::append(std::string& out, const Problem& problem) const {
  const Position at = problem.at;
  const bool known = at.source < sources_.size();
  out += known ? sources_[at.source].name : "input";
  if (at.line > 0) out += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  out += ": error: " + problem.sentence;
  const std::string hint =
      problem.suggestion.empty() ? "" : " did you mean " + in_quotes(problem.suggestion) + "?";
  if (!known || at.line == 0 || sources_[at.source].text.empty()) {
    out += hint.empty() ? "\n" : ";" + hint + "\n";
    return;
  }
  const Snippet shown = snippet(line_of(sources_[at.source].text, at.line), at.column);
  std::string number = std::to_string(at.line);
  if (number.size() < 5) number.insert(0, 5 - number.size(), ' ');
  out += "\n" + number + " | " + shown.source + "\n";
  out += std::string(number.size(), ' ') + " | " + shown.marks + hint + "\n";
}

std::string Problems::to_text() const {
  if (empty()) return {};
  std::string out;
  const std::vector<Problem> all = sorted();
  for (const Problem& problem : all) append(out, problem);
  const std::size_t total = all.size() + dropped_;
  if (total > all.size()) {
    out += "The first " + with_commas(all.size()) + " of " + with_commas(total) + " are shown.\n";
  }
  out += with_commas(total) + (total == 1 ? " error" : " errors") + "; nothing was run.\n";
  return out;
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t allowed = std::min<std::size_t>(2, (word.size() + 1) / 3);
  const std::string plain = lower(word);
  for (const std::string_view candidate : candidates) {
    const std::size_t gap = word.size() > candidate.size() ? word.size() - candidate.size()
                                                           : candidate.size() - word.size();
    if (gap > allowed) continue;
    const std::size_t distance = edit_distance(plain, lower(candidate));
    if (distance > allowed || (distance == allowed && !best.empty())) continue;
    best = candidate;
    allowed = distance;
  }
  return best;
}

}  // namespace ballast
