#include "sim/history/values.h"

#include <algorithm>

#include "sim/base/json_writer.h"

namespace ballast::history {
namespace {

// Texts and lists have one table; an element of a list never looks like a character.
constexpr std::uint64_t character_mark = std::uint64_t{1} << 62;

std::uint64_t edge(Word element, bool text) {
  return static_cast<std::uint64_t>(element) ^ (text ? character_mark : 0);
}

constexpr std::size_t most_shown = 12;

}  // namespace

Word Values::child(Word parent, Word element, Word family) {
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t number = table_.insert(key(parent), edge(element, family == texts), fresh);
  if (number == fresh) nodes_.push_back({parent, element});
  return family + number;
}

Word Values::find_child(Word parent, Word element, Word family) const {
  const std::uint32_t number = table_.find(key(parent), edge(element, family == texts));
  return number == PairTable::none ? unreadable : family + number;
}

Word Values::text(std::string_view characters) {
  Word at = nil;
  for (const char c : characters) at = child(at, static_cast<unsigned char>(c), texts);
  return at;
}

Word Values::list(std::span<const Word> elements) {
  Word at = nil;
  for (const Word element : elements) at = child(at, element, lists);
  return at;
}

Word Values::appended(Word value, Word tail) const {
  if (tail == nil) return value;
  const bool joins = is_text(tail) || is_list(tail);
  if (!joins) {
    return value == nil || is_list(value) ? find_child(value, tail, lists) : unreadable;
  }
  const Word family = is_text(tail) ? texts : lists;
  if (value != nil && (family == texts ? !is_text(value) : !is_list(value))) return unreadable;
  for (const Word element : elements(tail)) {
    if (value == unreadable) break;
    value = find_child(value, element, family);
  }
  return value;
}

Word Values::parent(Word w) const { return node(w).parent; }
Word Values::last(Word w) const { return node(w).element; }

std::vector<Word> Values::elements(Word w) const {
  std::vector<Word> all;
  while (is_text(w) || is_list(w)) {
    all.push_back(node(w).element);
    w = node(w).parent;
  }
  std::reverse(all.begin(), all.end());
  return all;
}

std::string Values::say(Word w) const {
  if (w == nil) return "nothing";
  if (w == unreadable) return "something nobody reads";
  if (is_text(w)) {
    const std::string quoted = json(w);
    if (quoted.size() <= 40) return quoted;
    std::size_t end = 37;  // not within a letter
    while ((static_cast<unsigned char>(quoted[end]) & 0xC0) == 0x80) --end;
    return quoted.substr(0, end) + "...\"";
  }
  if (!is_list(w)) return std::to_string(w);
  std::string text = "[";
  const std::vector<Word> all = elements(w);
  const std::size_t skipped = all.size() > most_shown ? all.size() - most_shown : 0;
  if (skipped > 0) text += "... ";
  for (std::size_t i = skipped; i < all.size(); ++i) text += (i > skipped ? " " : "") + say(all[i]);
  return text + "]";
}

std::string Values::plain(Word w) const {
  const std::string said = say(w);
  return is_text(w) ? said.substr(1, said.size() - 2) : said;
}

std::string Values::json(Word w) const {
  std::string out;
  JsonWriter writer(out);
  if (w == nil || w == unreadable) {
    writer.null();
  } else if (is_text(w)) {
    std::string text;
    for (const Word c : elements(w)) text += static_cast<char>(c);
    writer.value(std::string_view(text));
  } else if (is_list(w)) {
    writer.begin_array();
    for (const Word element : elements(w)) writer.raw(json(element));
    writer.end_array();
  } else {
    writer.value(w);
  }
  return out;
}

}  // namespace ballast::history
