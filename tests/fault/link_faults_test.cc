// Faults of links that stay, each through the director: which links, from when to when, what it
// does to a message meanwhile, and what is written back.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/fault/play.h"
#include "tests/support/print.h"

using namespace ballast;

namespace {

// Every 10 ms n1 sends a number to n2 and n3, and n2 one to n3: 1, 2, 3 ...
std::vector<Puppet::Config> talkers() {
  std::vector<Puppet::Config> puppets(6);
  const auto talk = [](Nodes to) {
    Puppet::Config puppet;
    puppet.start = [](Puppet&, Step<Puppet>& step) { step.set_timer(Bell::first, 10_ms, 10_ms); };
    puppet.bell = [to](Puppet& self, Bell, Step<Puppet>& step) {
      ++self.count;
      for (const NodeId node : to) step.send(node, Note{self.count});
      step.set_timer(Bell::first, 10_ms, 10_ms);
    };
    return puppet;
  };
  puppets[0] = talk({n2, n3});
  puppets[1] = talk({n3});
  return puppets;
}

struct Got {
  Time at;
  std::uint64_t number;
};

// What a node receives from another while the schedule acts, until 3 s. Links take 1 ms.
struct Talk {
  explicit Talk(std::vector<Fault> schedule, std::uint64_t seed = 1) {
    auto puppets = talkers();
    const auto listen = [this](NodeId self) {
      return [this, self](Puppet&, NodeId from, std::uint64_t number, Step<Puppet>& step) {
        got[{from, self}].push_back({step.now(), number});
      };
    };
    puppets[1].note = listen(n2);
    puppets[2].note = listen(n3);
    play.emplace(std::move(schedule), seed, std::move(puppets));
    play->run_until(3_s);
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  std::vector<std::uint64_t> numbers(NodeId from, NodeId to) {
    std::vector<std::uint64_t> all;
    for (const Got& each : got[{from, to}]) all.push_back(each.number);
    return all;
  }
  // When it is received, since it was sent.
  std::set<std::int64_t> delays_ms(NodeId from, NodeId to) {
    std::set<std::int64_t> all;
    for (const Got& each : got[{from, to}]) {
      all.insert((each.at.ns - static_cast<std::int64_t>(each.number) * 10'000'000) / 1'000'000);
    }
    return all;
  }
  bool undisturbed(NodeId from, NodeId to) {
    return delays_ms(from, to) == std::set<std::int64_t>{1} && numbers(from, to).size() == 299;
  }
  std::uint64_t acted(std::string_view name) {
    for (std::size_t i = 0; i < link_condition_kinds; ++i) {
      if (link_condition_names[i] == name) return play->world().counters().conditions_acted[i];
    }
    return 0;
  }

  std::map<std::pair<NodeId, NodeId>, std::vector<Got>> got;
  std::optional<Play> play;
};

template <class F>
F on(F fault, std::optional<Selector> from, std::optional<Selector> to) {
  fault.from = std::move(from);
  fault.to = std::move(to);
  return fault;
}

template <class F, class Condition>
F with(Condition condition) {
  F fault;
  static_cast<Condition&>(fault) = std::move(condition);
  return fault;
}

LinkDelay slow(Duration add, Ratio factor = {1, 1}) {
  return with<LinkDelay>(condition::Delay{Distribution::constant(add), factor});
}

}  // namespace

TEST_CASE("without a fault everything arrives after its delay") {
  Talk talk({});
  CHECK(talk.undisturbed(n1, n2));
  CHECK(talk.undisturbed(n1, n3));
  CHECK(talk.undisturbed(n2, n3));
}

TEST_CASE("a delay holds on its links, in its direction, from its begin to its end") {
  Talk talk({fault(1_s, on(slow(5_ms, {3, 1}), only({n1}), only({n2})), 1_s)});
  CHECK(talk.undisturbed(n1, n3));
  CHECK(talk.undisturbed(n2, n3));
  for (const Got& each : talk.got[{n1, n2}]) {
    const Time sent = Time{} + 10_ms * static_cast<std::int64_t>(each.number);
    const bool within = sent >= Time{} + 1_s && sent < Time{} + 2_s;
    CHECK(each.at - sent == (within ? 8_ms : 1_ms));
  }
  CHECK(talk.acted("latency") == 100);
  CHECK(talk.play->director.healed_at() == Time{} + 2_s);
}

TEST_CASE("links are meant by their nodes, by one end, by both, or all of them") {
  const auto hit = [](LinkDelay delay) {
    Talk talk({fault(1_ns, std::move(delay))});
    std::string links;
    if (!talk.undisturbed(n1, n2)) links += "12 ";
    if (!talk.undisturbed(n1, n3)) links += "13 ";
    if (!talk.undisturbed(n2, n3)) links += "23 ";
    return links;
  };
  const LinkDelay delay = slow(7_ms);
  LinkDelay of_n2 = delay;
  of_n2.nodes = only({n2});
  CHECK(hit(delay) == "12 13 23 ");
  CHECK(hit(of_n2) == "12 23 ");
  CHECK(hit(on(delay, only({n1}), {})) == "12 13 ");
  CHECK(hit(on(delay, {}, only({n3}))) == "13 23 ");
  CHECK(hit(on(delay, only({n1, n2}), only({n3}))) == "13 23 ");
  CHECK(hit(on(delay, only({n3}), only({n1}))).empty());
  CHECK(hit(on(delay, only({c1}), {})).empty());
}

TEST_CASE("links cannot be meant in two ways at once") {
  LinkDelay delay;
  CHECK(delay.problem().empty());
  delay.nodes = only({n1});
  CHECK(delay.problem().empty());
  delay.to = only({n2});
  CHECK(!delay.problem().empty());
}

TEST_CASE("a loss takes the share that it says, in bursts if it says so") {
  const auto loss = [](Ratio rate, Ratio correlation) {
    return with<LinkLoss>(condition::Loss{rate, correlation});
  };
  Talk total({fault(1_s, on(loss({1, 1}, {}), only({n1}), only({n2})), 1_s)});
  CHECK(total.numbers(n1, n2).size() == 199);
  CHECK(total.acted("loss") == 100);
  // Runs of what arrives: the fewer the longer the bursts.
  const auto runs = [&](Ratio correlation) {
    Talk talk({fault(1_ns, on(loss({1, 2}, correlation), only({n1}), only({n2})))});
    const auto numbers = talk.numbers(n1, n2);
    std::size_t count = 1;
    for (std::size_t i = 1; i < numbers.size(); ++i) count += numbers[i] != numbers[i - 1] + 1;
    return count;
  };
  CHECK(runs({}) > 55);
  CHECK(runs({9, 10}) < 25);
}

TEST_CASE("duplicates come twice, replays once more and late") {
  Talk twice({fault(
      1_s, on(with<LinkDuplicate>(condition::Duplicate{{1, 1}}), only({n1}), only({n2})), 1_s)});
  CHECK(twice.numbers(n1, n2).size() == 399);
  CHECK(twice.acted("duplicate") == 100);
  Talk late({fault(1_s,
                   on(with<LinkReplay>(condition::Replay{{1, 1}, Distribution::constant(500_ms)}),
                      only({n1}), only({n2})),
                   1_s)});
  CHECK(late.numbers(n1, n2).size() == 399);
  CHECK(late.delays_ms(n1, n2) == std::set<std::int64_t>{1, 500});
}

TEST_CASE("a reordering window lets later messages overtake earlier ones") {
  Talk talk({fault(
      1_ns, on(with<LinkReorder>(condition::Reorder{{1, 2}, 50_ms}), only({n1}), only({n2})))});
  const auto numbers = talk.numbers(n1, n2);
  CHECK(!std::is_sorted(numbers.begin(), numbers.end()));
  CHECK(talk.acted("reorder") > 120);
  CHECK(talk.undisturbed(n2, n3));
}

TEST_CASE("detected damage is a loss, undetected damage a wrong number") {
  const auto corrupt = [](bool detected) {
    return with<LinkCorrupt>(condition::Corrupt{{1, 1}, detected});
  };
  Talk dropped({fault(1_s, on(corrupt(true), only({n1}), only({n2})), 1_s)});
  CHECK(dropped.numbers(n1, n2).size() == 199);
  CHECK(dropped.play->world().counters().dropped[static_cast<std::size_t>(DropReason::corrupted)] ==
        100);
  Talk wrong({fault(1_s, on(corrupt(false), only({n1}), only({n2})), 1_s)});
  const auto numbers = wrong.numbers(n1, n2);
  REQUIRE(numbers.size() == 299);
  int off = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) off += numbers[i] != i + 1;
  CHECK(off == 100);
  CHECK(wrong.acted("corrupt") == 100);
}

TEST_CASE("a clog delivers at its end, at once, in order, all that it held back") {
  LinkClog clog;
  clog.nodes = only({n2});
  Talk talk({fault(1_s, clog, 1_s)});
  const auto numbers = talk.numbers(n1, n2);
  CHECK(numbers.size() == 299);
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  std::size_t at_once = 0;
  for (const Got& each : talk.got[{n1, n2}]) {
    CHECK((each.at <= Time{} + 1_s || each.at >= Time{} + 2_s));
    at_once += each.at == Time{} + 2_s;
  }
  CHECK(at_once == 100);
  CHECK(talk.undisturbed(n1, n3));
  CHECK(talk.acted("clog") == 200);  // n1 to n2 and n2 to n3
}

TEST_CASE("over a slow link messages queue up, and what finds the queue full is lost") {
  // 16 bytes each 10 ms need 1600 bytes a second; 1000 are there.
  const auto bandwidth = [](std::uint64_t queue) {
    return on(with<LinkBandwidth>(condition::Bandwidth{{1000, 1_s}, queue, Overflow::tail}),
              only({n1}), only({n2}));
  };
  Talk endless({fault(1_s, bandwidth(0), 1_s)});
  CHECK(endless.numbers(n1, n2).size() == 299);
  CHECK(*endless.delays_ms(n1, n2).rbegin() >= 590);
  Talk finite({fault(1_s, bandwidth(4), 1_s)});
  CHECK(*finite.delays_ms(n1, n2).rbegin() == 65);
  const auto lost =
      finite.play->world().counters().dropped[static_cast<std::size_t>(DropReason::overflow)];
  CHECK(lost >= 30);
  CHECK(lost <= 40);
}

TEST_CASE("a swizzle clogs nodes one after the other and frees them in another order") {
  const auto swizzle = [](std::uint64_t pairs, Ratio share) {
    Swizzle s;
    s.over = 2_s;
    s.pairs = pairs;
    s.share = share;
    return s;
  };
  bool another_order = false;
  std::set<std::size_t> counts;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Talk talk({fault(500_ms, swizzle(3, {1, 2}))}, seed);
    CHECK(talk.numbers(n1, n2).size() == 299);  // nothing is lost, and all is free at the end
    const FiredFault& fired = talk.play->director.fired().front();
    const auto& spans = *std::get<Swizzle>(fired.fault.action).spans;
    std::size_t nodes = 0;
    std::vector<std::pair<Duration, Duration>> times;
    for (const ClogSpan& span : spans) {
      CHECK(span.begin < span.end);
      CHECK(span.end <= 2_s);
      if (span.to) continue;
      ++nodes;
      CHECK(span.begin < 1_s);
      CHECK(span.end >= 1_s);
      times.push_back({span.begin, span.end});
    }
    CHECK(spans.size() == nodes + 3);
    counts.insert(nodes);
    std::sort(times.begin(), times.end());
    another_order |= !std::is_sorted(times.begin(), times.end(), [](const auto& a, const auto& b) {
      return a.second < b.second;
    });
    CHECK(fired.fault.lasts == 2_s);
    CHECK(talk.play->director.healed_at() == Time{} + 2500_ms);
    // The written schedule is the same run.
    Talk again({fired.fault}, seed);
    CHECK(again.play->world().fingerprint() == talk.play->world().fingerprint());
  }
  CHECK(another_order);
  CHECK(counts.size() > 2);
  Talk none({fault(500_ms, swizzle(0, {}))});
  Talk quiet({});
  CHECK(none.play->world().fingerprint() == quiet.play->world().fingerprint());
}

TEST_CASE("a fault that ends early frees what its swizzle still clogs") {
  Swizzle swizzle;
  swizzle.share = {1, 1};
  Talk talk({fault(1_s, swizzle, 900_ms)});
  const World& world = talk.play->world();
  for (std::uint32_t a = 1; a <= 6; ++a) {
    for (std::uint32_t b = 1; b <= 6; ++b) {
      if (a != b) CHECK(!world.network().is_impaired({a}, {b}));
    }
  }
  CHECK(talk.acted("clog") > 0);
  CHECK(talk.numbers(n1, n2).size() == 299);
}

TEST_CASE("an intensity of nothing is no event: the run is the one without the fault") {
  Talk quiet({});
  const std::vector<FaultAction> idle{
      LinkDelay{},
      LinkLoss{},
      LinkDuplicate{},
      LinkReplay{},
      LinkReorder{},
      LinkCorrupt{},
      on(with<LinkLoss>(condition::Loss{{}, {1, 2}}), only({n1}), {})};
  for (const FaultAction& action : idle) {
    Talk talk({fault(1_s, action, 1_s)});
    CHECK(talk.play->world().fingerprint() == quiet.play->world().fingerprint());
    CHECK(talk.play->director.fired().size() == 1);
  }
}

TEST_CASE("overlapping conditions add up, and each ends for itself") {
  const LinkDelay delay = on(slow(4_ms), only({n1}), only({n2}));
  Talk talk({fault(500_ms, delay, 1_s), fault(1_s, delay, 1_s)});
  for (const Got& each : talk.got[{n1, n2}]) {
    const Time sent = Time{} + 10_ms * static_cast<std::int64_t>(each.number);
    const bool first = sent >= Time{} + 500_ms && sent < Time{} + 1500_ms;
    const bool second = sent >= Time{} + 1_s && sent < Time{} + 2_s;
    CHECK(each.at - sent == 1_ms + 4_ms * (first + second));
  }
}

TEST_CASE("what a role came to is written back, and the replay draws the same luck") {
  Play play(
      {fault(1_s, on(with<LinkLoss>(condition::Loss{{1, 2}, {1, 2}}), by_role({Role::leader}), {}),
             1_s)},
      5, talkers());
  play.run_until(1500_ms);
  play.elect(n1, 1);
  play.run_until(1505_ms);
  play.run_until(4_s);
  const Fault written = play.director.fired().front().fault;
  CHECK(nodes_of(*std::get<LinkLoss>(written.action).from) == Nodes{n1});
  Play again({written}, 5, talkers());
  again.run_until(1505_ms);
  again.run_until(4_s);
  CHECK(again.world().fingerprint() == play.world().fingerprint());
  CHECK(play.world().counters().all_dropped() > 50);
}

TEST_CASE("who counts acknowledgements instead of those who sent them is fooled by duplicates") {
  const auto acknowledged = [](std::vector<Fault> schedule) {
    std::vector<Puppet::Config> puppets(6);
    puppets[0].start = [](Puppet&, Step<Puppet>& step) {
      for (const NodeId node : {n2, n3, n4, n5}) step.send(node, Note{1});
    };
    puppets[0].note = [](Puppet& self, NodeId, std::uint64_t, Step<Puppet>&) { ++self.count; };
    puppets[1].note = [](Puppet&, NodeId from, std::uint64_t, Step<Puppet>& step) {
      step.send(from, Note{2});
    };
    Play play(std::move(schedule), 1, std::move(puppets));
    play.run_until(1_s);
    return play.stage.puppet(n1).count;
  };
  const auto twice = with<LinkDuplicate>(condition::Duplicate{{1, 1}});
  CHECK(acknowledged({}) == 1);
  CHECK(acknowledged({fault(1_us, twice)}) == 2);  // itself and two others: a majority, it thinks
}
