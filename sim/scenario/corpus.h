// The mistakes that algorithms can be told to make, each with its source, the property that it
// breaks and a scenario in which sweeps find it: the benchmark by which the tool itself is judged.
// The texts lie beside the algorithms (bugs.json) and register themselves as they do.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/value.h"
#include "sim/scenario/scenario.h"

namespace ballast {

// How rare the violation is, with all invariants checked: the median number of events until the
// first one is up to 10^3 for R0, 10^4 for R1, 10^5 for R2, 10^6 for R3, and more for R4.
enum class Rarity : std::uint8_t { R0, R1, R2, R3, R4 };
constexpr auto enumerators(Rarity) {
  return std::array<std::string_view, 5>{"R0", "R1", "R2", "R3", "R4"};
}

struct Mistake {
  std::string id;
  std::string source;
  std::string property;
  std::vector<std::string> needs;
  std::uint32_t smallest = 3;
  Rarity rarity = Rarity::R2;
  bool equivalent = false;
  bool survives = false;
  std::string option = "bug";
  std::string scenario;
  std::string why;

  // The scenario that it is planted in: the one of its algorithm, unless another is given.
  std::string planted_in() const {
    return scenario.empty() ? id.substr(0, id.find('.')) : scenario;
  }
  std::string word() const { return id.substr(id.find('.') + 1); }
  // Whether it is one of liveness: all that it breaks is that nothing happens any more.
  bool is_of_liveness() const { return property == "liveness"; }

  static constexpr std::string_view name = "mistake";
  static constexpr auto fields = Fields{
      field("id", &Mistake::id, "The algorithm and the mistake: raft.commit_prior_term.").needed(),
      field("source", &Mistake::source, "Who made it, or who says why it is wrong.").needed(),
      field("property", &Mistake::property, "What it breaks; empty for one that breaks nothing.")
          .needed(),
      field("needs", &Mistake::needs, "The faults and options without which it does not show."),
      field("smallest", &Mistake::smallest, "The fewest nodes with which it shows."),
      field("class", &Mistake::rarity, "How rare it is, R0 to R4."),
      field("equivalent", &Mistake::equivalent,
            "Whether it looks wrong and breaks nothing: to report it is a false accusation."),
      field("survives", &Mistake::survives,
            "Whether the default sweep is known not to find it within 10^7 events; once it does, "
            "the benchmark fails until this is taken back."),
      field("option", &Mistake::option,
            "The option that makes it: bug, which then names it, or one that is switched on."),
      field("scenario", &Mistake::scenario,
            "What it is planted in, if not the scenario of its algorithm's name."),
      field("why", &Mistake::why, "What else there is to say.")};
};

class BugCorpus {
 public:
  // Adds what a text holds: {"scenarios": {name: scenario}, "bugs": [mistake]}. Reports every error
  // in it and returns false if there is any.
  bool add(std::string_view text, std::string_view name, Problems& problems);

  const std::vector<Mistake>& mistakes() const { return mistakes_; }
  const Mistake* find(std::string_view id) const;

  // The scenario of a mistake, with the mistake or without. Nothing if it is wrong.
  std::optional<Scenario> planted(const Mistake& mistake, Problems& problems) const;
  std::optional<Scenario> correct(const Mistake& mistake, Problems& problems) const;

 private:
  const Value* scenario_of(const Mistake& mistake, Problems& problems) const;

  std::vector<Value> scenarios_;  // by their keys
  std::vector<Mistake> mistakes_;
};

// Everything that has registered itself.
BugCorpus built_in_bugs();

}  // namespace ballast
