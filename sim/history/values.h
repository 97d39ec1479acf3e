// The values of a history as words, so that to compare two of them is to compare two integers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/history/table.h"

namespace ballast::history {

// nil, an integer of less than 2^61 in magnitude, or a text or a list that Values knows.
using Word = std::int64_t;

constexpr Word nil = INT64_MIN;  // nothing was ever written; the empty text and list are nil too
// What an append makes of a value that it does not fit, or a text or list that is nowhere in the
// history: nobody can read it.
constexpr Word unreadable = INT64_MIN + (Word{1} << 34);

// Texts and lists are paths of a tree, text by text character: a value that was appended to is the
// parent of the longer one, and a long list costs what it adds to the one that it continues.
class Values {
 public:
  static constexpr Word most_integer = (Word{1} << 61) - 1;

  Word text(std::string_view characters);
  Word list(std::span<const Word> elements);

  // The list `value` (or nil) and one more element.
  Word extended(Word value, Word element) { return child(value, element, lists); }

  // The same, without a trace: `unreadable` if that list is nowhere in the history.
  Word extension(Word value, Word element) const { return find_child(value, element, lists); }

  // `value` with `tail` appended: an element, or a text or list joined to its like. `unreadable`
  // if that is nowhere in the history.
  Word appended(Word value, Word tail) const;

  static bool is_text(Word w) { return w >= texts && w < lists; }
  static bool is_list(Word w) { return w >= lists && w < unreadable; }
  // The text or list without its last element; of one element, nil. REQUIRES a text or a list.
  Word parent(Word w) const;
  Word last(Word w) const;
  // Lists and texts are numbered from 0, each after its parent.
  static std::size_t number(Word w) {
    return static_cast<std::size_t>(w - (is_list(w) ? lists : texts));
  }
  std::size_t size() const { return nodes_.size(); }
  // The list of that number. REQUIRES that it is not a text.
  static Word list_of(std::size_t number) { return lists + static_cast<Word>(number); }
  std::vector<Word> elements(Word w) const;  // of nil and of what is no list: none

  // As people read it: 5, "abc", [1 2 3], nothing.
  std::string say(Word w) const;
  // The same, but of a text what it says: abc.
  std::string plain(Word w) const;
  // As JSON.
  std::string json(Word w) const;

  std::uint64_t bytes() const { return table_.bytes() + nodes_.capacity() * sizeof(nodes_[0]); }

 private:
  // nil is the root of both trees, so that nodes count from 1.
  static constexpr Word texts = INT64_MIN + 1;
  static constexpr Word lists = INT64_MIN + (Word{1} << 33);
  struct Node {
    Word parent = nil;
    Word element = nil;
  };

  static std::uint64_t key(Word w) { return static_cast<std::uint64_t>(w); }
  Word child(Word parent, Word element, Word family);
  Word find_child(Word parent, Word element, Word family) const;
  const Node& node(Word w) const { return nodes_[number(w)]; }

  std::vector<Node> nodes_;
  PairTable table_;
};

}  // namespace ballast::history
