#include <algorithm>
#include <functional>
#include <numeric>

#include "sim/protocol/electors.h"

namespace ballast {
namespace {

std::size_t count_of(const std::vector<bool>& held) {
  return static_cast<std::size_t>(std::count(held.begin(), held.end(), true));
}

// All of some line of the grid: of a column, or of a row.
bool has_line(const std::vector<bool>& held, std::size_t columns, bool column) {
  const std::size_t rows = held.size() / columns;
  const std::size_t lines = column ? columns : rows;
  const std::size_t length = column ? rows : columns;
  for (std::size_t line = 0; line < lines; ++line) {
    bool whole = true;
    for (std::size_t i = 0; i < length; ++i) {
      whole = whole && held[column ? i * columns + line : line * columns + i];
    }
    if (whole) return true;
  }
  return false;
}

std::uint64_t total(const std::vector<std::uint32_t>& weights) {
  return std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
}

std::uint64_t weight_of(const std::vector<bool>& held, const std::vector<std::uint32_t>& weights) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < held.size(); ++i) sum += held[i] ? weights[i] : 0;
  return sum;
}

struct IsQuorum {
  Phase phase;
  const std::vector<bool>& held;

  bool operator()(const quorum::Majority&) const { return count_of(held) >= majority(held.size()); }
  bool operator()(const quorum::Sizes& s) const {
    return count_of(held) >= (phase == Phase::one ? s.phase1 : s.phase2);
  }
  bool operator()(const quorum::Grid& g) const {
    return has_line(held, g.columns, phase == Phase::one);
  }
  bool operator()(const quorum::Weights& w) const {
    return weight_of(held, w.weights) >= (phase == Phase::one ? w.phase1 : w.phase2);
  }
};

// How many members weigh so much together, the heaviest first; all if they do not.
std::size_t heaviest(std::vector<std::uint32_t> weights, std::uint64_t least) {
  std::sort(weights.begin(), weights.end(), std::greater<>());
  std::uint64_t sum = 0;
  std::size_t count = 0;
  while (count < weights.size() && sum < least) sum += weights[count++];
  return count;
}

struct Fewest {
  std::size_t members;

  std::size_t operator()(const quorum::Majority&) const { return majority(members); }
  std::size_t operator()(const quorum::Sizes& s) const { return std::max(s.phase1, s.phase2); }
  // A row and a column share one member.
  std::size_t operator()(const quorum::Grid& g) const {
    return g.columns + members / g.columns - 1;
  }
  std::size_t operator()(const quorum::Weights& w) const {
    return heaviest(w.weights, std::max(w.phase1, w.phase2));
  }
};

struct FewestOf {
  Phase phase;
  std::size_t members;

  std::size_t operator()(const quorum::Majority&) const { return majority(members); }
  std::size_t operator()(const quorum::Sizes& s) const {
    return phase == Phase::one ? s.phase1 : s.phase2;
  }
  std::size_t operator()(const quorum::Grid& g) const {
    return phase == Phase::one ? members / g.columns : g.columns;
  }
  std::size_t operator()(const quorum::Weights& w) const {
    return heaviest(w.weights, phase == Phase::one ? w.phase1 : w.phase2);
  }
};

std::string more_than(std::uint64_t needed, std::uint64_t given, std::string_view what) {
  return "takes " + std::to_string(needed) + " " + std::string(what) + "; there are " +
         std::to_string(given);
}

// Where quorums are sets of at least so much out of a whole.
std::string apart(std::uint64_t phase1, std::uint64_t phase2, std::uint64_t whole,
                  std::string_view what) {
  if (phase1 + phase2 > whole) return {};
  return "a quorum of phase 1 (" + std::to_string(phase1) + ") and one of phase 2 (" +
         std::to_string(phase2) + ") need not share a member: together they must be more than " +
         std::to_string(whole) + " " + std::string(what);
}

struct FindProblem {
  std::size_t members;

  QuorumProblem operator()(const quorum::Majority&) const { return {}; }
  QuorumProblem operator()(const quorum::Sizes& s) const {
    const std::uint32_t larger = std::max(s.phase1, s.phase2);
    if (larger > members) return {more_than(larger, members, "members"), {}};
    return {{}, apart(s.phase1, s.phase2, members, "members")};
  }
  QuorumProblem operator()(const quorum::Grid& g) const {
    if (members % g.columns == 0) return {};
    return {"has rows of " + std::to_string(g.columns) + ", which " + std::to_string(members) +
                " members do not fill",
            {}};
  }
  QuorumProblem operator()(const quorum::Weights& w) const {
    if (w.weights.size() != members) {
      return {"has " + std::to_string(w.weights.size()) + " weights for " +
                  std::to_string(members) + " members",
              {}};
    }
    const std::uint64_t all = total(w.weights);
    const std::uint64_t heavier = std::max(w.phase1, w.phase2);
    if (heavier > all) return {more_than(heavier, all, "units of weight"), {}};
    return {{}, apart(w.phase1, w.phase2, all, "units of weight")};
  }
};

struct FindElectorsApart {
  std::size_t members;

  static std::string why(std::uint64_t each, std::uint64_t whole, std::string_view what) {
    if (2 * each > whole) return {};
    return "two quorums of phase 1 (" + std::to_string(each) +
           ") need not share a member: each must be more than half of " + std::to_string(whole) +
           " " + std::string(what) + ", or two leaders can be elected in one term";
  }

  std::string operator()(const quorum::Majority&) const { return {}; }
  std::string operator()(const quorum::Sizes& s) const { return why(s.phase1, members, "members"); }
  std::string operator()(const quorum::Grid& g) const {
    if (g.columns == 1) return {};
    return "two columns share no member: two leaders can be elected in one term";
  }
  std::string operator()(const quorum::Weights& w) const {
    return why(w.phase1, total(w.weights), "units of weight");
  }
};

}  // namespace

bool is_quorum(const QuorumSystem& system, Phase phase, const std::vector<bool>& held) {
  return std::visit(IsQuorum{phase, held}, system);
}

bool is_quorum(const QuorumSystem& system, Phase phase, std::span<const NodeId> members,
               const std::vector<NodeId>& some) {
  std::vector<bool> held(members.size());
  for (const NodeId node : some) {
    const auto at = std::lower_bound(members.begin(), members.end(), node);
    if (at == members.end() || *at != node) continue;
    held[static_cast<std::size_t>(at - members.begin())] = true;
  }
  return is_quorum(system, phase, held);
}

std::size_t fewest(const QuorumSystem& system, std::size_t members) {
  return std::visit(Fewest{members}, system);
}

std::size_t fewest(const QuorumSystem& system, Phase phase, std::size_t members) {
  return std::visit(FewestOf{phase, members}, system);
}

QuorumProblem problem_of(const QuorumSystem& system, std::size_t members) {
  return std::visit(FindProblem{members}, system);
}

std::string electors_apart(const QuorumSystem& system, std::size_t members) {
  return std::visit(FindElectorsApart{members}, system);
}

}  // namespace ballast
