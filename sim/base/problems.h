// Everything that is wrong with the input, collected so that a person mends it in one go. Input is
// judged whole: whoever finds a mistake adds it here and goes on reading.
//
//   raft-5.json:5:3: error: unknown key "sede" in scenario
//       5 |   "sede": 7,
//         |   ^~~~~~ did you mean "seed"?
//   1 error; nothing was run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/value.h"

namespace ballast {

struct Problem {
  Position at = {};
  std::string sentence = {};    // without a full stop, as it follows "error: "
  std::string suggestion = {};  // the word that was probably meant, or empty
  friend auto operator<=>(const Problem&, const Problem&) = default;
};

class Problems {
 public:
  // Problems beyond this many are counted but neither kept nor shown: a file with a million
  // mistakes has one, made a million times.
  static constexpr std::size_t most_kept = 100;

  // Makes a text known, by the name that errors call it ("raft-5.json", "--set network.loss"), and
  // returns its number for Position::source. The text is copied, for the lines that errors show.
  // The same text by the same name keeps its number: what is read twice is wrong once.
  std::uint32_t add_source(std::string name, std::string_view text = {});

  void add(Position at, std::string sentence, std::string suggestion = {});

  bool empty() const { return count_ == 0; }
  // The number of calls of add.
  std::size_t count() const { return count_; }

  // The problems that were kept, each once, in the order of their positions.
  std::vector<Problem> sorted() const;

  // All of it as a person reads it, in the shape above; empty if there is no problem. Ends in a
  // newline.
  std::string to_text() const;

 private:
  struct Source {
    std::string name;
    std::string text;
  };
  void append(std::string& out, const Problem& problem) const;

  std::vector<Source> sources_;
  std::vector<Problem> problems_;
  std::size_t count_ = 0;
  std::size_t dropped_ = 0;
};

// The candidate that a misspelt word was probably meant to be: the nearest one, if no more than two
// edits away, one for a short word; letter case does not count. Empty if there is none.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace ballast
