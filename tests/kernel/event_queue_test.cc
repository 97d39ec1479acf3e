#include "sim/kernel/event_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

#include "sim/base/random.h"
#include "tests/kernel/allocations.h"
#include "tests/support/effort.h"

using namespace ballast;

namespace {

using Key = std::tuple<std::int64_t, std::uint32_t, std::uint64_t, std::uint32_t>;

Key key_of(const EventQueue::Popped& event) {
  return {event.at.ns, event.tie, event.sequence, event.slot};
}

// An event queue and the plainest structure that does the same. Each pop compares the two; the
// answers are counted rather than checked one by one, which would take most of the time.
class Pair {
 public:
  void push(std::int64_t at, std::uint32_t tie, std::uint64_t sequence, std::uint32_t slot) {
    // However it is pushed; what comes in order does so now and then.
    if (mix(sequence) % 2 == 0) {
      queue_.push(Time{at}, tie, sequence, slot);
    } else {
      queue_.push_in_order(Time{at}, tie, sequence, slot);
    }
    model_.push(Key{at, tie, sequence, slot});
  }
  void push(std::int64_t at, std::uint32_t tie = 0) {
    push(at, tie, sequence_, static_cast<std::uint32_t>(mix(sequence_)));
    ++sequence_;
  }
  Key pop() {
    if (queue_.size() != model_.size()) ++differences_;
    const Key expected = model_.top();
    model_.pop();
    const Key popped = key_of(queue_.pop());
    if (popped != expected) ++differences_;
    now_ = std::get<0>(expected);
    return expected;
  }
  void peek() {
    EventQueue::Popped none;
    if (queue_.pop(Time{std::get<0>(model_.top()) - 1}, none)) ++differences_;
  }
  void drain() {
    while (!model_.empty()) pop();
    if (!queue_.empty()) ++differences_;
  }
  std::size_t size() const { return model_.size(); }
  std::int64_t now() const { return now_; }
  std::uint64_t differences() const { return differences_; }
  EventQueue& queue() { return queue_; }

 private:
  EventQueue queue_;
  std::priority_queue<Key, std::vector<Key>, std::greater<>> model_;
  std::uint64_t sequence_ = 0;
  std::int64_t now_ = 0;
  std::uint64_t differences_ = 0;
};

// Laws of the time between an event and the one that it causes.
struct Law {
  const char* name;
  std::int64_t (*increment)(Stream&);
};

// Roughly exponential, in integers: the highest of 64 coins that shows heads, and a uniform word.
std::int64_t exponential(Stream& s) {
  const std::uint64_t coins = s.next() | 1u << 20;
  const auto doublings = static_cast<std::uint64_t>(std::countr_zero(coins));
  return static_cast<std::int64_t>(doublings * 700'000 + s.below(700'000));
}

const Law laws[] = {
    {"exponential", exponential},
    {"bimodal",
     [](Stream& s) -> std::int64_t {
       return s.below(10) == 0 ? 100'000'000 + static_cast<std::int64_t>(s.below(1'000'000))
                               : 100'000 + static_cast<std::int64_t>(s.below(10'000));
     }},
    {"clustered",
     [](Stream& s) -> std::int64_t {
       return static_cast<std::int64_t>(s.below(4) * 1'000'000'000 + s.below(50));
     }},
    {"constant", [](Stream&) -> std::int64_t { return 1'000'000; }},
    {"zero", [](Stream&) -> std::int64_t { return 0; }},
    {"zero or one",
     [](Stream& s) -> std::int64_t { return static_cast<std::int64_t>(s.below(2)); }},
    {"every magnitude",
     [](Stream& s) -> std::int64_t {
       const std::uint64_t magnitude = s.below(40);
       return static_cast<std::int64_t>(s.next() >> (63 - magnitude));
     }},
};

enum class Ties { none, random, few };

std::uint32_t tie_of(Ties ties, Stream& s) {
  switch (ties) {
    case Ties::none:
      return 0;
    case Ties::random:
      return static_cast<std::uint32_t>(s.below(1u << 20));
    case Ties::few:
      return static_cast<std::uint32_t>(s.below(3));
  }
  return 0;
}

}  // namespace

TEST_CASE("the hold model pops the same sequence as std::priority_queue, whatever the times are") {
  for (const Law& law : laws) {
    for (const Ties ties : {Ties::none, Ties::random, Ties::few}) {
      for (const std::size_t pending : {1u, 2u, 16u, 17u, 100u, 2'048u, 2'049u, 5'000u, 60'000u}) {
        if (sanitized && pending > 5'000) continue;
        CAPTURE(law.name);
        CAPTURE(static_cast<int>(ties));
        CAPTURE(pending);
        Stream s(pending, Purpose::delay, static_cast<std::uint64_t>(ties));
        Pair pair;
        for (std::size_t i = 0; i < pending; ++i) {
          const std::int64_t at = law.increment(s);
          pair.push(at, tie_of(ties, s));
        }
        for (std::size_t i = 0; i < 4'000 + 2 * pending; ++i) {
          pair.pop();
          const std::int64_t at = pair.now() + law.increment(s);
          pair.push(at, tie_of(ties, s));
        }
        pair.drain();
        REQUIRE(pair.differences() == 0);
      }
    }
  }
}

TEST_CASE("a queue that grows and shrinks, is peeked at and is pushed to before its first event") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    Stream s(seed, Purpose::operation, 0);
    Pair pair;
    for (int phase = 0; phase < 12; ++phase) {
      const Law& law = laws[s.below(std::size(laws))];
      const std::uint64_t pushes_of_ten = 1 + s.below(9);
      const std::uint64_t steps = s.below(6'000);
      for (std::uint64_t i = 0; i < steps; ++i) {
        if (s.below(10) < pushes_of_ten || pair.size() == 0) {
          const std::int64_t at = pair.now() + law.increment(s);
          pair.push(at, tie_of(seed % 2 == 0 ? Ties::none : Ties::random, s));
        } else {
          if (s.below(3) == 0) pair.peek();
          pair.pop();
        }
      }
      if (pair.size() > 0) pair.peek();
    }
    pair.drain();
    REQUIRE(pair.differences() == 0);
  }
}

TEST_CASE("what is pushed before an event that was already looked at comes out before it") {
  // Looking at the first event may make the wheel ready for its time: that happens when what was
  // near is used up and much is pending after a gap, into which the pushes then fall.
  for (std::int64_t near = 500; near < 520; ++near) {
    CAPTURE(near);
    Stream s(1, Purpose::delay, 1);
    Pair pair;
    for (std::int64_t i = 0; i < near; ++i) pair.push(i);
    for (std::int64_t i = 0; i < 10'000; ++i) pair.push(10'000'000'000 + i);
    for (std::int64_t i = 0; i < near; ++i) pair.pop();
    pair.peek();
    for (int i = 0; i < 5'000; ++i) {
      pair.push(pair.now() + static_cast<std::int64_t>(s.below(1'000'000'000)));
    }
    pair.drain();
    REQUIRE(pair.differences() == 0);
  }
}

TEST_CASE("a timer that was pushed back is pushed again with its older sequence number") {
  Stream s(3, Purpose::timer, 1);
  Pair pair;
  std::uint64_t sequence = 0;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    pair.push(static_cast<std::int64_t>(s.below(1'000'000)), 0, sequence, i);
    sequence += 10;
  }
  for (int i = 0; i < 100'000; ++i) {
    const Key first = pair.pop();
    // Half of them come back at the same instant, before events that are there already.
    const bool same_instant = s.below(2) == 0;
    const std::uint64_t own = std::get<2>(first);
    const std::uint64_t again = same_instant&& own % 10 < 9 ? own + 1 : sequence += 10;
    const std::int64_t delay = same_instant ? 0 : static_cast<std::int64_t>(s.below(100'000));
    pair.push(pair.now() + delay, 0, again, std::get<3>(first));
  }
  pair.drain();
  CHECK(pair.differences() == 0);
}

TEST_CASE("the ends of the ranges: time 0, the end of time, the greatest tie and sequence") {
  constexpr std::int64_t last_time = Time::max().ns;
  constexpr std::uint32_t last_tie = (1u << 20) - 1;
  constexpr std::uint64_t last_sequence = (std::uint64_t{1} << 44) - 1;
  // With few events they all live in the tournament, with many the extremes lie in the wheel.
  for (const int others : {0, 5'000}) {
    CAPTURE(others);
    Pair pair;
    pair.push(last_time, last_tie, last_sequence, 0xFFFFFFFF);
    pair.push(last_time, last_tie, 0, 0);
    pair.push(last_time, 0, last_sequence, 1);
    pair.push(0, last_tie, last_sequence, 2);
    pair.push(0, 0, 0, 3);
    pair.push(last_time - 1, 0, 1, 4);
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(others); ++i) {
      pair.push(static_cast<std::int64_t>(mix(i) >> 1), 7, 10 + i, i);
    }
    pair.drain();
    CHECK(pair.differences() == 0);
    // The end of time is still not the past.
    pair.push(last_time, 0, 5, 5);
    pair.drain();
    CHECK(pair.differences() == 0);
  }
}

TEST_CASE("a copy goes its own way: it pops what the original would have popped") {
  for (const std::size_t pending : {10u, 1'000u, 40'000u}) {
    CAPTURE(pending);
    Stream s(pending, Purpose::delay, 5);
    EventQueue original;
    std::uint64_t sequence = 0;
    for (std::size_t i = 0; i < pending; ++i) {
      original.push(Time{exponential(s)}, 0, sequence++, static_cast<std::uint32_t>(i));
    }
    const auto step = [](EventQueue& queue, Stream& stream, std::uint64_t& next_sequence) {
      const EventQueue::Popped event = queue.pop();
      queue.push(event.at + Duration{exponential(stream)}, 0, next_sequence++, event.slot);
      return key_of(event);
    };
    for (int i = 0; i < 5'000; ++i) step(original, s, sequence);

    EventQueue copy = original;
    Stream copy_stream = s;
    std::uint64_t copy_sequence = sequence;
    std::vector<Key> from_copy;
    for (int i = 0; i < 20'000; ++i) from_copy.push_back(step(copy, copy_stream, copy_sequence));
    std::vector<Key> from_original;
    for (int i = 0; i < 20'000; ++i) from_original.push_back(step(original, s, sequence));
    CHECK(from_copy == from_original);
  }
}

TEST_CASE("a queue that has been as full before allocates nothing") {
  for (const std::size_t pending : {100u, 2'000u, 10'000u, 100'000u}) {
    CAPTURE(pending);
    Stream s(pending, Purpose::delay, 9);
    EventQueue queue;
    std::uint64_t sequence = 0;
    const auto hold = [&](std::size_t steps) {
      for (std::size_t i = 0; i < steps; ++i) {
        const EventQueue::Popped event = queue.pop();
        queue.push(event.at + Duration{exponential(s)}, 0, sequence++, event.slot);
      }
    };
    for (std::size_t i = 0; i < pending; ++i) {
      queue.push(Time{exponential(s)}, 0, sequence++, static_cast<std::uint32_t>(i));
    }
    hold(20 * pending);
    const std::uint64_t before = allocations();
    hold(5 * pending);
    CHECK(allocations() == before);
  }
}

TEST_CASE("the content of a tournament does not include what was popped last") {
  Tournament tournament;
  for (std::uint64_t at = 0; at < 5; ++at) tournament.push(Pending{at, 0, 0});
  CHECK(tournament.top().at == 0);
  tournament.drop_top();
  std::vector<Pending> content;
  tournament.copy_to(content);
  std::sort(content.begin(), content.end());
  REQUIRE(content.size() == 4);
  CHECK(content.front().at == 1);
}

TEST_CASE("an empty queue allocates nothing, not even when it is copied") {
  const std::uint64_t before = allocations();
  EventQueue queue;
  const EventQueue copy = queue;
  CHECK(copy.empty());
  CHECK(allocations() == before);
}
