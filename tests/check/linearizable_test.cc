// Linearizability: known histories, and every answer against a search that tries all orders.
#include "sim/check/linearizable.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "sim/base/random.h"
#include "tests/support/print.h"

namespace ballast {

using namespace literals;

namespace {

constexpr std::uint64_t budget = 2'000'000;
using Operations = std::vector<SeenOperation>;

SeenOperation op(Operation operation, std::int64_t from, std::int64_t to, bool known = true) {
  SeenOperation o;
  o.operation = operation;
  o.known = known;
  o.invoked = {from};
  o.returned = known ? Time{to} : Time::max();
  return o;
}
SeenOperation write(std::int64_t value, std::int64_t from, std::int64_t to) {
  SeenOperation o = op(Operation::write, from, to);
  o.value = value;
  return o;
}
SeenOperation read(std::int64_t result, std::int64_t from, std::int64_t to) {
  SeenOperation o = op(Operation::read, from, to);
  o.result = result;
  return o;
}
SeenOperation cas(std::int64_t expected, std::int64_t value, bool wrote, std::int64_t from,
                  std::int64_t to) {
  SeenOperation o = op(Operation::cas, from, to);
  o.expected = expected;
  o.value = value;
  o.result = wrote ? 1 : 0;
  return o;
}
SeenOperation unknown(SeenOperation o) {
  o.known = false;
  o.returned = Time::max();
  o.result = 0;
  return o;
}

bool linearizable(const Operations& operations) {
  const LinearizabilityResult result = check_linearizable(operations, budget);
  REQUIRE(result.answer != Linearizability::unknown);
  return result.answer == Linearizability::yes;
}

// The definition, tried out: some order of all known operations and some of the unknown ones keeps
// to real time and is one that a register could have gone through.
class AllOrders {
 public:
  explicit AllOrders(const Operations& operations) : operations_(operations) {}

  bool any(std::uint32_t done = 0, std::int64_t state = 0) const {
    bool complete = true;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      complete &= !operations_[i].known || (done >> i & 1) != 0;
    }
    if (complete) return true;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if ((done >> i & 1) != 0 || !may_be_next(i, done)) continue;
      std::int64_t after = state;
      if (takes(operations_[i], after) && any(done | 1u << i, after)) return true;
    }
    return false;
  }

 private:
  // Nothing that is still to come was over before this began.
  bool may_be_next(std::size_t i, std::uint32_t done) const {
    for (std::size_t k = 0; k < operations_.size(); ++k) {
      const bool pending = (done >> k & 1) == 0 && operations_[k].known;
      if (pending && operations_[k].returned < operations_[i].invoked) return false;
    }
    return true;
  }
  static bool takes(const SeenOperation& o, std::int64_t& state) {
    if (o.operation == Operation::read) return !o.known || state == o.result;
    if (o.operation == Operation::cas) {
      const bool matches = state == o.expected;
      if (o.known && matches != (o.result != 0)) return false;
      if (matches) state = o.value;
      return true;
    }
    state = o.value;
    return true;
  }

  const Operations& operations_;
};

std::string story(const Operations& operations) {
  std::string text;
  for (const SeenOperation& o : operations) {
    text += std::string(name_of(o.operation)) + " value " + std::to_string(o.value) + " expected " +
            std::to_string(o.expected) + " result " + std::to_string(o.result) + " from " +
            std::to_string(o.invoked.ns) +
            (o.known ? " to " + std::to_string(o.returned.ns) : " unknown") + "\n";
  }
  return text;
}

struct Kind {
  bool unique = false;        // every write writes a value of its own
  bool with_cas = false;      // some of them refused
  std::int64_t unknowns = 0;  // in a hundred
  std::int64_t instants = 1;  // fewer: more ties
};

// A history that a real register made, in which some answers are then changed.
Operations random_history(const Kind& kind, Stream& random) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
  };
  Operations all;
  const std::int64_t count = 2 + below(6);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t from = below(kind.instants);
    const std::int64_t to = from + below(kind.instants / 2 + 1);
    const std::int64_t value = kind.unique ? i + 1 : 1 + below(3);
    const std::int64_t what = below(kind.with_cas ? 4 : 2);
    SeenOperation o = what == 0   ? read(0, from, to)
                      : what == 1 ? write(value, from, to)
                                  : cas(below(kind.unique ? count + 1 : 4), value, false, from, to);
    if (below(100) < kind.unknowns) o = unknown(o);
    all.push_back(o);
  }
  // Each takes effect somewhere in its time; reads and cas are answered accordingly.
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::int64_t last = all[i].known ? all[i].returned.ns : 2 * kind.instants;
    order.emplace_back(all[i].invoked.ns + below(last - all[i].invoked.ns + 1), i);
  }
  std::sort(order.begin(), order.end());
  std::int64_t state = 0;
  for (const auto& [at, i] : order) {
    SeenOperation& o = all[i];
    if (!o.known && below(2) == 0) continue;  // it never takes effect
    if (o.operation == Operation::read && o.known) o.result = state;
    if (o.operation == Operation::write) state = o.value;
    if (o.operation == Operation::cas) {
      if (o.known) o.result = state == o.expected ? 1 : 0;
      if (state == o.expected) state = o.value;
    }
  }
  // Half of the histories are then made to lie a little.
  if (below(2) == 0) return all;
  SeenOperation& liar = all[random.below(all.size())];
  if (liar.known && liar.operation == Operation::read) {
    liar.result = below(kind.unique ? count + 1 : 4);
  } else if (liar.known && liar.operation == Operation::cas) {
    liar.result = 1 - liar.result;
  } else if (liar.known) {
    liar.returned = {liar.invoked.ns + below(3)};
  }
  return all;
}

}  // namespace

TEST_CASE("every answer is the one that trying all orders gives") {
  int yes = 0;
  int no = 0;
  std::uint64_t number = 0;
  for (const bool unique : {true, false}) {
    for (const bool with_cas : {true, false}) {
      for (const std::int64_t unknowns : {0, 15, 50}) {
        for (const std::int64_t instants : {3, 8, 30}) {
          Stream random(++number, Purpose::choice, 0);
          for (int i = 0; i < 1500; ++i) {
            const Operations history =
                random_history({unique, with_cas, unknowns, instants}, random);
            const bool truth = AllOrders(history).any();
            const bool answer = linearizable(history);
            if (answer != truth) {
              const std::string told = story(history);
              CAPTURE(told);
              REQUIRE(answer == truth);
            }
            (truth ? yes : no) += 1;
          }
        }
      }
    }
  }
  CHECK(yes + no == 54'000);
  CHECK(yes > 10'000);
  CHECK(no > 8'000);
}

TEST_CASE("a read sees the last write that was over, or one that is under way") {
  CHECK(linearizable({write(1, 0, 10), read(1, 20, 30)}));
  CHECK(!linearizable({write(1, 0, 10), read(0, 20, 30)}));
  CHECK(linearizable({write(1, 0, 100), read(0, 20, 30), read(1, 40, 50)}));
  CHECK(!linearizable({write(1, 0, 100), read(1, 20, 30), read(0, 40, 50)}));
}

TEST_CASE("operations that touch are concurrent, those that do not are not") {
  CHECK(linearizable({write(1, 0, 10), read(0, 10, 20)}));
  CHECK(!linearizable({write(1, 0, 10), read(0, 11, 20)}));
}

TEST_CASE("a write whose outcome is unknown may take effect at any later time, or never") {
  const SeenOperation lost = unknown(write(1, 0, 10));
  CHECK(linearizable({lost, read(0, 100, 110)}));
  CHECK(linearizable({lost, read(0, 100, 110), read(1, 120, 130)}));
  CHECK(!linearizable({lost, read(1, 100, 110), read(0, 120, 130)}));
  CHECK(!linearizable({write(2, 0, 5), unknown(write(1, 50, 0)), read(1, 20, 30)}));
}

TEST_CASE("a refused cas is an observation") {
  CHECK(linearizable({write(1, 0, 10), cas(0, 2, false, 20, 30), read(1, 40, 50)}));
  CHECK(!linearizable({write(1, 0, 10), cas(1, 2, false, 20, 30)}));
  // Only the unknown write, which nobody reads, explains the refusal.
  CHECK(linearizable({unknown(write(5, 0, 10)), cas(0, 2, false, 20, 30)}));
  CHECK(!linearizable({cas(0, 2, false, 20, 30)}));
}

TEST_CASE("keys are registers of their own") {
  SeenOperation other = read(0, 20, 30);
  other.key = 1;
  CHECK(linearizable({write(1, 0, 10), other}));
}

TEST_CASE("a verdict of no says what cannot be, when and for whom") {
  SeenOperation stale = read(1, 40, 50);
  stale.client = {7};
  const auto unique = check_linearizable({write(1, 0, 10), write(2, 20, 30), stale}, budget);
  CHECK(unique.answer == Linearizability::no);
  CHECK(unique.client == NodeId{7});
  CHECK(unique.at == Time{50});
  CHECK(unique.sentence ==
        "key 0: read -> 1 (0.00000004 s to 0.00000005 s) returned 1, but write 1 (0.000 s "
        "to 0.00000001 s) was the last that could leave this value, and write 2 "
        "(0.00000002 s to 0.00000003 s) came after that and had completed before the read "
        "began at 0.00000004 s");

  const auto nobody = check_linearizable({write(1, 0, 10), read(9, 20, 30)}, budget);
  CHECK(nobody.sentence.find("what nobody wrote") != std::string::npos);

  // With a cas the search decides.
  const auto searched = check_linearizable(
      {write(1, 0, 10), write(2, 20, 30), stale, cas(8, 9, false, 0, 100)}, budget);
  CHECK(searched.answer == Linearizability::no);
  CHECK(searched.client == NodeId{7});
  CHECK(searched.at == Time{50});
  CHECK(searched.sentence == unique.sentence);
}

TEST_CASE("no write is blamed that may have been overwritten again") {
  // The write of 1 is unknown: it may have come last. What is wrong is the read of 0 after it.
  const auto late = check_linearizable(
      {unknown(write(1, 0, 10)), write(2, 20, 30), read(1, 40, 50), cas(2, 9, true, 60, 70)},
      budget);
  CHECK(late.answer == Linearizability::no);
  // 1 is written twice; the second time after 2.
  const auto twice = check_linearizable(
      {write(1, 0, 10), write(2, 20, 30), write(1, 35, 36), read(2, 40, 50)}, budget);
  CHECK(twice.answer == Linearizability::no);
  CHECK(twice.sentence ==
        "key 0: read -> 2 (0.00000004 s to 0.00000005 s) returned 2, but write 2 "
        "(0.00000002 s to 0.00000003 s) was the last that could leave this value, and "
        "write 1 (0.000000035 s to 0.000000036 s) came after that and had completed "
        "before the read began at 0.00000004 s");
  const auto either = check_linearizable(
      {write(1, 0, 1), write(2, 2, 3), write(1, 4, 9), read(2, 5, 6), read(1, 5, 6), read(2, 7, 8)},
      budget);
  CHECK(either.answer == Linearizability::no);
}

TEST_CASE("a bad key is found though another one is too hard, and a spent budget is said") {
  Operations hard;
  for (std::int64_t i = 0; i < 40; ++i) hard.push_back(write(1 + i % 3, 0, 1000));
  for (std::int64_t i = 0; i < 10; ++i) hard.push_back(cas(1 + i % 3, 4, true, 0, 1000));
  const auto undecided = check_linearizable(hard, 1000);
  CHECK(undecided.answer == Linearizability::unknown);
  CHECK(undecided.sentence == "linearizable: the search budget of 1,000 steps for key 0 was spent");
  SeenOperation bad = read(9, 0, 1);
  bad.key = 1;
  hard.push_back(bad);
  CHECK(check_linearizable(hard, 1000).answer == Linearizability::no);
}

TEST_CASE("many operations that are open at once are judged") {
  Operations crowd;
  for (std::int64_t i = 0; i < 200; ++i) crowd.push_back(write(1 + i % 7, 0, 1000));
  CHECK(linearizable(crowd));
  crowd.push_back(read(8, 0, 1000));
  CHECK(!linearizable(crowd));
}

TEST_CASE("a long history of unique writes takes few steps") {
  constexpr std::uint64_t two_for_each = 80'000;
  Operations history;
  for (std::int64_t i = 1; i <= 20'000; ++i) {
    history.push_back(write(i, 10 * i, 10 * i + 15));
    history.push_back(read(i, 10 * i + 16, 10 * i + 18));
    if (i % 50 == 0) history.push_back(unknown(write(1'000'000 + i, 10 * i, 0)));
  }
  // Each read may come after the next write has begun.
  CHECK(check_linearizable(history, two_for_each).answer == Linearizability::yes);
  history[20'001].result = 3;
  CHECK(check_linearizable(history, two_for_each).answer == Linearizability::no);
}

}  // namespace ballast
