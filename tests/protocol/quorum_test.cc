// Quorum systems: every set of members tried out.
#include "sim/protocol/quorum.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/print.h"

using namespace ballast;

namespace {

std::vector<bool> set_of(std::uint32_t bits, std::size_t members) {
  std::vector<bool> held(members);
  for (std::size_t i = 0; i < members; ++i) held[i] = (bits >> i & 1) != 0;
  return held;
}

std::vector<std::uint32_t> quorums(const QuorumSystem& system, Phase phase, std::size_t members) {
  std::vector<std::uint32_t> all;
  for (std::uint32_t bits = 0; bits < 1u << members; ++bits) {
    if (is_quorum(system, phase, set_of(bits, members))) all.push_back(bits);
  }
  return all;
}

// The definition: every quorum of phase 1 shares a member with every quorum of phase 2.
bool all_meet(const QuorumSystem& system, std::size_t members) {
  for (const std::uint32_t one : quorums(system, Phase::one, members)) {
    for (const std::uint32_t two : quorums(system, Phase::two, members)) {
      if ((one & two) == 0) return false;
    }
  }
  return true;
}

std::size_t smallest_of_both(const QuorumSystem& system, std::size_t members) {
  std::size_t least = members + 1;
  for (const std::uint32_t one : quorums(system, Phase::one, members)) {
    for (const std::uint32_t two : quorums(system, Phase::two, members)) {
      const auto held = set_of(one | two, members);
      least = std::min(least, static_cast<std::size_t>(std::count(held.begin(), held.end(), true)));
    }
  }
  return least;
}

std::size_t smallest_of(const QuorumSystem& system, Phase phase, std::size_t members) {
  std::size_t least = members + 1;
  for (const std::uint32_t bits : quorums(system, phase, members)) {
    const auto held = set_of(bits, members);
    least = std::min(least, static_cast<std::size_t>(std::count(held.begin(), held.end(), true)));
  }
  return least;
}

// Holds a system to the definition, whatever it says of itself.
void judge(const QuorumSystem& system, std::size_t members) {
  const QuorumProblem problem = problem_of(system, members);
  if (!problem.unsuitable.empty()) return;
  CHECK(problem.unsafe.empty() == all_meet(system, members));
  CHECK(!quorums(system, Phase::one, members).empty());
  CHECK(!quorums(system, Phase::two, members).empty());
  if (problem.unsafe.empty()) CHECK(fewest(system, members) == smallest_of_both(system, members));
  for (const Phase phase : {Phase::one, Phase::two}) {
    CHECK(fewest(system, phase, members) == smallest_of(system, phase, members));
  }
}

}  // namespace

TEST_CASE("quorums of the two phases meet exactly where nothing is said to be unsafe") {
  for (std::uint32_t members = 1; members <= 6; ++members) {
    CAPTURE(members);
    judge(quorum::Majority{}, members);
    for (std::uint32_t one = 1; one <= members + 1; ++one) {
      for (std::uint32_t two = 1; two <= members + 1; ++two) {
        CAPTURE(one);
        CAPTURE(two);
        judge(quorum::Sizes{one, two}, members);
      }
    }
    for (std::uint32_t columns = 1; columns <= members; ++columns) {
      CAPTURE(columns);
      judge(quorum::Grid{columns}, members);
    }
  }
}

TEST_CASE("weighted quorums meet if together they weigh more than all members") {
  CHECK(problem_of(quorum::Weights{{3, 1, 1, 1}, 4, 3}, 4).unsafe.empty());
  CHECK(all_meet(quorum::Weights{{3, 1, 1, 1}, 4, 3}, 4));
  CHECK(fewest(quorum::Weights{{3, 1, 1, 1}, 4, 3}, 4) == 2);
  CHECK_FALSE(problem_of(quorum::Weights{{3, 1, 1, 1}, 3, 3}, 4).unsafe.empty());
  CHECK_FALSE(all_meet(quorum::Weights{{3, 1, 1, 1}, 3, 3}, 4));
}

TEST_CASE("a system that does not suit the members says why") {
  CHECK(problem_of(quorum::Sizes{6, 1}, 5).unsuitable == "takes 6 members; there are 5");
  CHECK(problem_of(quorum::Grid{2}, 5).unsuitable == "has rows of 2, which 5 members do not fill");
  CHECK(problem_of(quorum::Weights{{1, 1}, 1, 1}, 3).unsuitable == "has 2 weights for 3 members");
  CHECK(problem_of(quorum::Weights{{1, 1}, 3, 1}, 2).unsuitable ==
        "takes 3 units of weight; there are 2");
  CHECK(
      problem_of(quorum::Sizes{2, 3}, 5).unsafe ==
      "a quorum of phase 1 (2) and one of phase 2 (3) need not share a member: together they must "
      "be more than 5 members");
}

TEST_CASE("of members by name none counts twice, and no stranger does") {
  const std::vector<NodeId> members{{1}, {2}, {5}};
  const QuorumSystem system;
  CHECK(is_quorum(system, Phase::one, members, {{1}, {5}}));
  CHECK_FALSE(is_quorum(system, Phase::one, members, {{5}, {5}, {3}}));
}
