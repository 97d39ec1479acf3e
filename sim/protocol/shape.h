// The shape of a state: what is left of it when terms and ballots count only by their order. Two
// states of one shape are the same but for how high the numbers have climbed, so that a world which
// comes back to a shape without having made progress goes round in circles.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/fingerprint.h"
#include "sim/protocol/fact.h"

namespace ballast {

class Shape {
 public:
  // Takes in a described state, field by field.
  template <class T>
  void add(const T& v) {
    if constexpr (std::is_same_v<T, Term>) {
      ranked_.push_back({words_.size(), v.value});
      words_.push_back(0);
    } else if constexpr (std::is_same_v<T, Ballot>) {
      ranked_.push_back({words_.size(), v.round});
      words_.push_back(0);
      words_.push_back(v.proposer.value);
    } else if constexpr (Described<T>) {
      for_each_field(v, [&](const auto&, const auto& member) { add(member); });
    } else {
      Fingerprint content;
      fold(content, v);
      words_.push_back(content.value());
    }
  }
  void add_word(std::uint64_t word) { words_.push_back(word); }

  // Replaces each term by its rank among all that were taken in.
  std::uint64_t digest() {
    std::vector<std::uint64_t> terms;
    for (const auto& [place, term] : ranked_) terms.push_back(term);
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    Fingerprint whole;
    for (const auto& [place, term] : ranked_) {
      words_[place] = static_cast<std::uint64_t>(
          std::lower_bound(terms.begin(), terms.end(), term) - terms.begin());
    }
    for (const std::uint64_t word : words_) whole.fold(word);
    return whole.value();
  }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<std::pair<std::size_t, std::uint64_t>> ranked_;  // place among the words, term
};

}  // namespace ballast
