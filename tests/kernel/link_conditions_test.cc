// Conditions of links: what each does to the messages, how often, and to nothing else.
#include "sim/kernel/link_conditions.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/kernel/network.h"
#include "tests/support/print.h"
#include "tests/support/stage.h"

using namespace ballast;
using namespace ballast::literals;

namespace {

constexpr NodeId n1{1}, n2{2}, n3{3};
constexpr std::uint64_t seed = 7;

LinkProfile jitter(bool fifo = false) { return {Distribution::uniform(1_ms, 9_ms), {}, {}, fifo}; }
LinkProfile constant() { return {Distribution::constant(5_ms), {}, {}, false}; }

std::vector<Passage> send_many(Network& network, int count, std::uint64_t bytes = 8) {
  std::vector<Passage> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(network.send(n1, n2, Time{} + 1_ms * i, bytes));
  }
  return all;
}

bool same(const Passage& a, const Passage& b) {
  return a.arrivals == b.arrivals && a.at == b.at && a.damage == b.damage;
}

// The count is within five standard deviations of n draws of probability p / q: one failure in two
// million.
void check_share(std::int64_t count, std::int64_t n, std::int64_t p, std::int64_t q) {
  const std::int64_t off = count * q - n * p;
  CAPTURE(count);
  CHECK(off / q * (off / q) <= 25 * n * p / q * (q - p) / q + 1);
}

}  // namespace

TEST_CASE("a delay multiplies what the link draws and adds to it") {
  Network plain(seed, 2, jitter());
  Network slow(seed, 2, jitter());
  slow.impose(n1, n2, {}, condition::Delay{Distribution::constant(7_ms), {3, 2}});
  for (int i = 0; i < 100; ++i) {
    const Time now = Time{} + 1_s * i;
    const Duration drawn = plain.send(n1, n2, now).at[0] - now;
    const Passage passage = slow.send(n1, n2, now);
    CHECK(passage.at[0] - now == Duration{drawn.ns * 3 / 2} + 7_ms);
    CHECK(passage.acted == condition_bit<condition::Delay>());
  }
}

TEST_CASE("a loss with correlation loses exactly its rate, and in bursts") {
  const int n = 200'000;
  for (const int rho : {0, 50, 75, 90}) {
    CAPTURE(rho);
    Network network(seed, 2, constant());
    network.impose(n1, n2, {}, condition::Loss{{1, 5}, {static_cast<std::uint64_t>(rho), 100}});
    std::vector<std::int64_t> lost;
    for (const Passage& passage : send_many(network, n)) {
      lost.push_back(passage.arrivals == 0);
      if (passage.arrivals == 0) CHECK(passage.reason == DropReason::lost);
    }
    const std::int64_t total = std::count(lost.begin(), lost.end(), 1);
    // The variance of the mean of a chain is (1 + rho) / (1 - rho) times that of independent draws.
    const std::int64_t off = total - n / 5;
    CHECK(off * off <= 25 * (n * 4 / 25) * (100 + rho) / (100 - rho));
    // Lag-1 autocorrelation in percent: (P(both lost) - m^2) / (m (1 - m)), to within 2 points.
    std::int64_t both = 0;
    std::int64_t bursts = lost[0];
    for (std::size_t i = 1; i < lost.size(); ++i) {
      both += lost[i - 1] & lost[i];
      bursts += lost[i] & ~lost[i - 1];
    }
    const std::int64_t correlation =
        (both * n - total * total) * 100 / (total * (n - total));
    CHECK(std::abs(correlation - rho) <= 2);
    // Mean burst: 1 / ((1 - p) (1 - rho)) messages, to within 5 percent.
    const std::int64_t expected = 1000 * 100 * 5 / (4 * (100 - rho));
    CHECK(std::abs(total * 1000 / bursts - expected) * 20 <= expected);
  }
}

TEST_CASE("full correlation decides once; no rate is no loss, a certain one loses all") {
  for (const std::uint64_t rate : {0u, 1u}) {
    for (const std::uint64_t rho : {0u, 1u}) {
      Network network(seed, 2, constant());
      network.impose(n1, n2, {}, condition::Loss{{rate, 1}, {rho, 1}});
      for (const Passage& p : send_many(network, 100)) CHECK(p.arrivals == 1 - rate);
    }
  }
  Network stuck(seed, 2, constant());
  stuck.impose(n1, n2, {}, condition::Loss{{1, 2}, {1, 1}});
  const auto all = send_many(stuck, 100);
  CHECK(std::all_of(all.begin(), all.end(),
                    [&](const Passage& p) { return p.arrivals == all[0].arrivals; }));
}

TEST_CASE("duplicates and replays are further arrivals, one with a fresh delay, one late") {
  Network network(seed, 2, jitter());
  const auto duplicate = network.impose(n1, n2, {}, condition::Duplicate{{1, 4}});
  int twice = 0;
  for (const Passage& passage : send_many(network, 20'000)) twice += passage.arrivals == 2;
  check_share(twice, 20'000, 1, 4);
  network.lift(duplicate);
  network.impose(n1, n2, {}, condition::Replay{{1, 10}, Distribution::uniform(1_s, 3_s)});
  int late = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Time now = Time{} + 1_ms * i;
    const Passage passage = network.send(n1, n2, now);
    CHECK(passage.at[0] <= now + 9_ms);
    if (passage.arrivals == 1) continue;
    ++late;
    CHECK(passage.at[1] >= now + 1_s);
    CHECK(passage.at[1] <= now + 3_s);
  }
  check_share(late, 20'000, 1, 10);
}

TEST_CASE("a reordering window lets messages overtake each other though delays are constant") {
  Network network(seed, 2, constant());
  network.impose(n1, n2, {}, condition::Reorder{{1, 5}, 20_ms});
  int held = 0;
  int overtaken = 0;
  Time latest;
  const auto all = send_many(network, 10'000);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Duration extra = all[i].at[0] - (Time{} + 1_ms * static_cast<std::int64_t>(i)) - 5_ms;
    CHECK(extra >= Duration{});
    CHECK(extra <= 20_ms);
    held += extra > Duration{};
    overtaken += all[i].at[0] < latest;
    latest = std::max(latest, all[i].at[0]);
  }
  check_share(held, 10'000, 1, 5);
  CHECK(overtaken > 3000);
}

TEST_CASE("a fifo link keeps its order under every condition but replays") {
  Network network(seed, 2, jitter(true));
  network.impose(n1, n2, {}, condition::Reorder{{1, 2}, 50_ms});
  network.impose(n1, n2, {}, condition::Duplicate{{1, 2}});
  network.impose(n1, n2, {}, condition::Bandwidth{{1000, 1_s}, 0, Overflow::tail});
  network.impose(n1, n2, {}, condition::Delay{Distribution::uniform({}, 30_ms), {1, 1}});
  Time last{-1};
  for (const Passage& passage : send_many(network, 2000)) {
    for (std::size_t i = 0; i < passage.arrivals; ++i) {
      CHECK(passage.at[i] > last);
      last = passage.at[i];
    }
  }
}

TEST_CASE("detected damage drops the message, undetected damage is left to the world") {
  Network network(seed, 2, constant());
  const auto id = network.impose(n1, n2, {}, condition::Corrupt{{1, 4}, true});
  int dropped = 0;
  for (const Passage& passage : send_many(network, 10'000)) {
    dropped += passage.arrivals == 0;
    if (passage.arrivals == 0) CHECK(passage.reason == DropReason::corrupted);
  }
  check_share(dropped, 10'000, 1, 4);
  network.lift(id);
  network.impose(n1, n2, {}, condition::Corrupt{{1, 4}, false});
  int damaged = 0;
  for (const Passage& passage : send_many(network, 10'000)) {
    CHECK(passage.arrivals == 1);
    damaged += passage.damage != 0;
  }
  check_share(damaged, 10'000, 1, 4);
}

TEST_CASE("a slow link sends one message after the other, and a full queue loses the last") {
  Network network(seed, 2, constant());
  network.impose(n1, n2, {}, condition::Bandwidth{{1000, 1_s}, 3, Overflow::tail});
  // 8 ms each on the wire, and 5 ms more on the way.
  std::vector<Duration> arrivals;
  for (int i = 0; i < 5; ++i) {
    const Passage passage = network.send(n1, n2, Time{}, 8);
    if (passage.arrivals == 1) {
      arrivals.push_back(passage.at[0] - Time{});
    } else {
      CHECK(passage.reason == DropReason::overflow);
    }
  }
  CHECK(arrivals == std::vector<Duration>{13_ms, 21_ms, 29_ms});
  // One has left by then, so that there is room for one.
  CHECK(network.send(n1, n2, Time{} + 8_ms, 16).at[0] == Time{} + 24_ms + 16_ms + 5_ms);
  CHECK(network.send(n1, n2, Time{} + 8_ms, 8).arrivals == 0);
  // The other direction has a wire of its own.
  CHECK(network.send(n2, n1, Time{}, 8).at[0] == Time{} + 5_ms);
}

TEST_CASE("a queue that drops early never fills where one that drops the last does") {
  std::array<std::int64_t, 2> longest{};
  std::array<std::int64_t, 2> lost{};
  for (const Overflow overflow : {Overflow::tail, Overflow::random}) {
    Network network(seed, 2, constant());
    network.impose(n1, n2, {}, condition::Bandwidth{{8000, 1_s}, 20, overflow});  // one in 1 ms
    const auto which = static_cast<std::size_t>(overflow);
    for (int i = 0; i < 4000; ++i) {
      const Time now = Time{} + 500_us * i;
      const Passage passage = network.send(n1, n2, now, 8);
      lost[which] += passage.arrivals == 0;
      if (passage.arrivals == 0) continue;
      longest[which] = std::max(longest[which], (passage.at[0] - now - 5_ms).ns / 1'000'000);
    }
  }
  CHECK(longest[0] == 20);
  CHECK(longest[1] < 20);
  // Twice as much comes as can leave: half is lost, however it is chosen.
  CHECK(std::abs(lost[0] - 2000) < 60);
  CHECK(std::abs(lost[1] - 2000) < 60);
}

TEST_CASE("what one condition draws depends on no other, nor on cuts, nor on other links") {
  const condition::Loss bursts{{1, 4}, {1, 2}};
  Network alone(seed, 3, jitter());
  Network crowded(seed, 3, jitter());
  crowded.impose(n1, n2, {}, condition::Loss{{1, 3}, {1, 3}});
  crowded.impose(n1, n2, Time{} + 1_s, condition::Corrupt{{1, 5}, true});
  crowded.impose(n1, n3, {}, bursts);
  alone.impose(n1, n2, Time{} + 2_s, bursts);
  crowded.impose(n1, n2, Time{} + 2_s, bursts);
  int compared = 0;
  for (int i = 0; i < 2000; ++i) {
    const Time now = Time{} + 1_ms * i;
    if (i % 100 == 50) crowded.cut(n1, n2);
    if (i % 100 == 60) crowded.heal(n1, n2);
    crowded.send(n1, n3, now);
    const Passage a = alone.send(n1, n2, now);
    const Passage b = crowded.send(n1, n2, now);
    // Whatever arrives under all of them arrives under the one, at the same time.
    if (b.arrivals == 0) continue;
    ++compared;
    CHECK(same(a, b));
  }
  CHECK(compared > 500);
}

TEST_CASE("after its end a condition leaves no mark, and in a copy of the network it lives on") {
  Network plain(seed, 2, jitter());
  Network visited(seed, 2, jitter());
  const auto id = visited.impose(n1, n2, {}, condition::Delay{Distribution::constant(1_s), {1, 1}});
  Network copy = visited;
  send_many(plain, 100);
  send_many(visited, 100);
  visited.lift(id);
  CHECK(!visited.is_impaired(n1, n2));
  const auto after = send_many(visited, 100);
  const auto expected = send_many(plain, 100);
  CHECK(std::equal(after.begin(), after.end(), expected.begin(), same));
  CHECK(copy.send(n1, n2, {}).at[0] > Time{} + 1_s);
}

// --- In a world ----------------------------------------------------------------------------------

namespace {

// Sends the numbers 1, 2, ... to n2, one each millisecond.
Puppet::Config ticker(std::uint64_t last) {
  Puppet::Config puppet;
  puppet.start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 1_ms, 1_ms); };
  puppet.bell = [last](Puppet& self, Bell, Step<Puppet>& step) {
    step.send(n2, Note{++self.count});
    if (self.count < last) step.set_timer(Bell::first, 1_ms, 1_ms);
  };
  return puppet;
}

std::uint64_t acted(const World& world, std::string_view name) {
  for (std::size_t i = 0; i < link_condition_kinds; ++i) {
    if (link_condition_names[i] == name) return world.counters().conditions_acted[i];
  }
  return 0;
}

}  // namespace

TEST_CASE("the names of the kinds are those of the conditions") {
  std::size_t kind = 0;
  const auto check = [&](const auto& condition) {
    CHECK(link_condition_names[kind] == condition.name);
    CHECK(LinkCondition(condition).index() == kind);
    ++kind;
  };
  using namespace condition;
  std::apply([&](const auto&... each) { (check(each), ...); },
             std::tuple{Delay{}, Loss{}, Duplicate{}, Replay{}, Reorder{}, Corrupt{}, Clog{},
                        Bandwidth{}});
  CHECK(kind == link_condition_kinds);
}

TEST_CASE("a clogged link delivers nothing, loses nothing, and bursts in order when it is freed") {
  Stage stage({.puppets = {ticker(4), {}},
               .ties = Ties::shuffled,
               .wanted = sight(Sight::received) | sight(Sight::imposed) | sight(Sight::lifted)});
  stage.run_until(1500_us);
  const LinkConditionId clog = stage.world.impose(n1, n2, condition::Clog{});  // one is under way
  const LinkConditionId other = stage.world.impose(n1, n2, condition::Clog{});
  stage.run_until(10_ms);
  stage.world.lift(other);
  stage.run_until(20_ms);
  CHECK(stage.seen() ==
        "1.5ms n1 imposed clog to n2\n1.5ms n1 imposed clog to n2\n10ms n1 lifted clog to n2\n");
  stage.world.lift(clog);
  stage.run_until(20_ms);
  CHECK(stage.seen() ==
        "20ms n1 lifted clog to n2\n20ms n2 received 1 from n1\n20ms n2 received 2 from n1\n"
        "20ms n2 received 3 from n1\n20ms n2 received 4 from n1\n");
  CHECK(acted(stage.world, "clog") == 4);
  CHECK(stage.world.counters().all_dropped() == 0);
}

TEST_CASE("a clog holds back one direction, and a copied world frees its own") {
  Puppet::Config echo;
  echo.note = [](Puppet&, NodeId from, std::uint64_t number, Step<Puppet>& step) {
    step.send(from, Note{number + 10});
  };
  Stage stage({.puppets = {ticker(1), echo}, .wanted = sight(Sight::received)});
  const LinkConditionId clog = stage.world.impose(n2, n1, condition::Clog{});
  stage.run_until(5_ms);
  CHECK(stage.seen() == "2ms n2 received 1 from n1\n");
  World fork = stage.world;
  fork.lift(clog);
  while (fork.step(Time{} + 5_ms)) {
  }
  CHECK(fork.counters().received == 2);
  CHECK(stage.world.counters().received == 1);
}

TEST_CASE("a replay arrives after its receiver has started again") {
  Stage stage(
      {.puppets = {ticker(1), {}}, .wanted = sight(Sight::received) | sight(Sight::booted)});
  stage.seen();
  stage.world.impose(n1, n2, condition::Replay{{1, 1}, Distribution::constant(1_s)});
  stage.run_until(100_ms);
  stage.world.crash(n2);
  stage.world.restart(n2);
  stage.run_until(2_s);
  CHECK(stage.seen() ==
        "2ms n2 received 1 from n1\n100ms n2 booted\n1001ms n2 received 1 from n1\n");
  CHECK(acted(stage.world, "replay") == 1);
}

TEST_CASE("undetected damage changes one field of what the receiver handles, and only there") {
  std::vector<std::uint64_t> got;
  Puppet::Config listener;
  listener.note = [&](Puppet&, NodeId, std::uint64_t number, Step<Puppet>&) {
    got.push_back(number);
  };
  Stage heard({.puppets = {ticker(50), listener}, .wanted = sight(Sight::corrupted)});
  heard.world.impose(n1, n2, condition::Corrupt{{1, 2}, false});
  heard.run_until(100_ms);
  REQUIRE(got.size() == 50);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::uint64_t difference = got[i] ^ (i + 1);
    if (difference == 0) continue;
    ++wrong;
    CHECK((difference & (difference - 1)) == 0);  // one bit
    CHECK(difference <= 8);
  }
  CHECK(wrong > 10);
  CHECK(wrong < 40);
  CHECK(acted(heard.world, "corrupt") == wrong);
  CHECK(heard.log.all.size() == wrong);
  CHECK(heard.world.pools().in_use() == 0);
}

TEST_CASE("damage stays within the type of the field, and leaves addresses alone") {
  Command command{Operation::work, 5, -1, 7, 9};
  Request request{{n3, 2, 11}, command};
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Request damaged = request;
    REQUIRE(corrupt(damaged, draw(seed, i)));
    CHECK(damaged != request);
    CHECK(damaged.id.client == n3);
    CHECK(static_cast<std::size_t>(damaged.command.operation) < enumerators(Operation{}).size());
  }
  Response nobody{Outcome::ok, 0, n3};
  nobody.outcome = Outcome::redirect;
  for (std::uint64_t i = 0; i < 100; ++i) {
    Response damaged = nobody;
    REQUIRE(corrupt(damaged, draw(seed, i)));
    CHECK(damaged.leader == n3);
  }
  std::vector<NodeId> only_addresses{n1, n2};
  CHECK(!corrupt(only_addresses, 1));
}

TEST_CASE("a condition that never acts changes the fingerprint by its own events alone") {
  const auto fingerprint = [](bool imposed, bool acting) {
    Stage stage({.puppets = {ticker(20), {}}});
    if (imposed) stage.world.impose(n2, n1, condition::Loss{{1, 2}, {}});
    if (acting) stage.world.impose(n1, n2, condition::Loss{{1, 2}, {}});
    stage.run_until(50_ms);
    return std::pair{stage.world.fingerprint(), stage.world.counters().received};
  };
  CHECK(fingerprint(false, false) == fingerprint(false, false));
  CHECK(fingerprint(false, false).first != fingerprint(true, false).first);
  CHECK(fingerprint(false, false).second == fingerprint(true, false).second);
  CHECK(fingerprint(false, true).second < 20);
}
