// Quorums: which sets of members may elect a leader (phase 1), and which may decide (phase 2).
//
// H. Howard, D. Malkhi and A. Spiegelman, "Flexible Paxos: Quorum Intersection Revisited", OPODIS
// 2016: Paxos only needs every quorum of phase 1 to share a member with every quorum of phase 2.
// Quorums of the same phase need not meet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/describe.h"

namespace ballast {

// The size of a majority of n members: any two majorities share a member.
constexpr std::size_t majority(std::size_t n) { return n / 2 + 1; }

namespace quorum {

struct Majority {
  friend constexpr bool operator==(const Majority&, const Majority&) = default;
  static constexpr std::string_view name = "majority";
  static constexpr std::string_view doc = "More than half of the members, in both phases.";
  static constexpr auto fields = Fields{};
};

struct Sizes {
  std::uint32_t phase1 = 1;
  std::uint32_t phase2 = 1;
  friend constexpr bool operator==(const Sizes&, const Sizes&) = default;
  static constexpr std::string_view name = "sizes";
  static constexpr std::string_view doc =
      "Any so many members. They meet if the two numbers add up to more than there are members.";
  static constexpr auto fields =
      Fields{field("phase1", &Sizes::phase1, "Members that elect.").at_least(1).needed(),
             field("phase2", &Sizes::phase2, "Members that decide.").at_least(1).needed()};
};

// Row by row, in the order of their numbers.
struct Grid {
  std::uint32_t columns = 1;
  friend constexpr bool operator==(const Grid&, const Grid&) = default;
  static constexpr std::string_view name = "grid";
  static constexpr std::string_view doc =
      "The members stand in rows and columns. All of a column elect, all of a row decide: each row "
      "meets each column.";
  static constexpr auto fields =
      Fields{field("columns", &Grid::columns, "Members in a row; the rows are full.")
                 .at_least(1)
                 .needed()};
};

struct Weights {
  std::vector<std::uint32_t> weights;
  std::uint64_t phase1 = 1;
  std::uint64_t phase2 = 1;
  friend bool operator==(const Weights&, const Weights&) = default;
  static constexpr std::string_view name = "weights";
  static constexpr std::string_view doc =
      "Members that together weigh enough. They meet if the two weights add up to more than all "
      "members weigh.";
  static constexpr auto fields =
      Fields{field("weights", &Weights::weights, "Of each member, in the order of their numbers.")
                 .at_least(0)
                 .at_most(1'000'000)
                 .needed(),
             field("phase1", &Weights::phase1, "What those that elect weigh at least.")
                 .at_least(1)
                 .needed(),
             field("phase2", &Weights::phase2, "What those that decide weigh at least.")
                 .at_least(1)
                 .needed()};
};

}  // namespace quorum

using QuorumSystem = std::variant<quorum::Majority, quorum::Sizes, quorum::Grid, quorum::Weights>;

// Phase 1 elects a leader, or prepares a ballot; phase 2 accepts, or commits.
enum class Phase : std::uint8_t { one, two };

// Whether these members are a quorum of that phase: `held` has an element for each member, in the
// order of their numbers. REQUIRES that the system suits so many members.
bool is_quorum(const QuorumSystem& system, Phase phase, const std::vector<bool>& held);
// The same for some of the members by name; others are not counted, and nobody twice.
// REQUIRES that `members` are in ascending order.
bool is_quorum(const QuorumSystem& system, Phase phase, std::span<const NodeId> members,
               const std::vector<NodeId>& some);

// The fewest members that can be a quorum of each of the two phases at once.
std::size_t fewest(const QuorumSystem& system, std::size_t members);

// The fewest members that can be a quorum of one phase.
std::size_t fewest(const QuorumSystem& system, Phase phase, std::size_t members);

// Why the system does not suit so many members, or what may go wrong with it: its quorums of phase
// 1 and phase 2 need not meet. Empty if nothing is wrong.
struct QuorumProblem {
  std::string unsuitable;  // it cannot be used
  std::string unsafe;      // it can be used, to see what happens
};
QuorumProblem problem_of(const QuorumSystem& system, std::size_t members);

}  // namespace ballast
