// A queue, and where its elements are made.
#include "sim/base/ring.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/base/random.h"

using namespace ballast;

namespace {

struct Cell {
  std::uint64_t number = 7;
  bool marked = false;
  std::vector<int> more = {1, 2};
  friend bool operator==(const Cell&, const Cell&) = default;
};

}  // namespace

TEST_CASE("a ring is a queue, however it grows and turns") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Stream draws(seed, Purpose::operation, 0);
    Ring<std::uint64_t> ring;
    std::deque<std::uint64_t> queue;
    for (int i = 0; i < 500; ++i) {
      if (queue.empty() || draws.below(5) < 3) {
        const std::uint64_t word = draws.next();
        ring.push(word);
        queue.push_back(word);
      } else {
        ring.pop();
        queue.pop_front();
      }
      REQUIRE(ring.size() == queue.size());
      if (queue.empty()) continue;
      CHECK(ring.front() == queue.front());
      CHECK(ring.back() == queue.back());
      const std::size_t at = draws.below(queue.size());
      CHECK(ring[at] == queue[at]);
    }
  }
}

TEST_CASE("a new element of a ring is as made by default, whatever was in its place before") {
  Ring<Cell> ring;
  for (int i = 0; i < 100; ++i) {
    Cell& cell = ring.push();
    CHECK(cell == Cell{});
    cell.number = 1;
    cell.marked = true;
    cell.more.clear();
    if (i % 3 != 0) ring.pop();
  }
}
